"""A batch as arrays of rows, in the column order of the tables: the arguments of `udi.record`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.charging.books import BadRecord, BalanceKey, Decision, Ref, UnitKey, WasteCost
from models.wire.topics import LANE_OUTPUTS
from sinks.messages.outgoing import Outgoing, outgoing_of
from sinks.ports.batch import Batch

Row = tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """One list per table, each row in its table's column order (sinks/postgres/migrations/sql/0001_tables.sql)."""

    claims: list[Row] = field(default_factory=list)
    units: list[Row] = field(default_factory=list)
    freed: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    scans: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    closed_open: list[Row] = field(default_factory=list)
    open: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    settlement: list[Row] = field(default_factory=list)
    balances: list[Row] = field(default_factory=list)
    store_items: list[Row] = field(default_factory=list)
    usage: list[Row] = field(default_factory=list)
    outbox: list[Row] = field(default_factory=list)
    readings: list[Row] = field(default_factory=list)
    pairs: list[Row] = field(default_factory=list)
    commands: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    waste: list[Row] = field(default_factory=list)

    def arguments(self) -> Sequence[list[Row]]:
        """In the order of the parameters of `udi.record`."""
        return (
            self.claims, self.units, self.freed, self.changes, self.scans, self.decisions, self.closed_open, self.open,
            self.ledger, self.settlement, self.balances, self.store_items, self.usage, self.outbox,
            self.readings, self.pairs, self.commands, self.cases, self.waste,
        )  # fmt: skip


def rows_of(batch: Batch) -> Rows:
    """Every row the batch writes; rows of one key are summed, so that no statement touches a row twice."""
    rows = Rows()
    units = _Units()
    newest: dict[Ref, Decision] = {}
    reopened: dict[Ref, bool] = {}
    for result in batch.results:
        if isinstance(result, BadRecord):
            rows.scans.append(_bad_row(result, batch))
            continue
        ref = result.subject.ref
        newest[ref] = result
        reopened.setdefault(ref, result.n > 0)
        if result.n:
            rows.decisions.append(_decision_row(result))
        else:
            rows.scans.append(_scan_row(result, batch))
            if result.claims:
                event = result.subject.event
                rows.claims.append((event.hospital, event.scan_id, *ref, result.subject.fingerprint))
        if result.label.suspect is not None:
            rows.readings.extend(_reading_rows(result))
        if result.partner is not None and result.label.di is not None:
            rows.pairs.append((*ref, result.n, *result.partner))
        units.add(result)
        rows.ledger.extend(_ledger_row(result, n) for n in range(len(result.charges)))
        rows.settlement.extend(_settlement_row(result, n) for n in range(len(result.settlement)))
        if result.account is not None:
            use = result.account
            rows.changes.append((*use.ref, use.changes + 1, 0 if use.ref == ref else result.units, *ref))
        if result.waste is not None:
            rows.waste.append(_waste_row(result, result.waste))
    rows.commands = [(batch.lane, each.seq, each.done, each.detail) for each in batch.carried]
    rows.units, rows.freed = units.rows()
    rows.closed_open = [_open_row(newest[ref]) for ref, was_open in reopened.items() if was_open]
    rows.open = [_open_row(decision) for decision in newest.values() if decision.open]
    decisions = [result for result in batch.results if isinstance(result, Decision)]
    _add_balances(rows, decisions, batch.lane)
    _add_usage(rows, decisions, batch)
    _add_cases(rows, decisions)
    _add_outbox(rows, outgoing_of(batch), batch)
    return rows


class _Units:
    """Who holds a unit before and after the batch, whatever happened between."""

    def __init__(self) -> None:
        self._before: dict[UnitKey, Ref | None] = {}
        self._after: dict[UnitKey, Ref | None] = {}

    def add(self, decision: Decision) -> None:
        if not decision.takes_unit and decision.frees_unit is None:
            return
        unit = decision.label.unit(decision.subject.event.hospital)
        if unit is None:
            return
        self._before.setdefault(unit, decision.frees_unit)
        self._after[unit] = decision.subject.ref if decision.takes_unit else None

    def rows(self) -> tuple[list[Row], list[Row]]:
        taken = [(*unit, *ref) for unit, ref in self._after.items() if ref is not None]
        freed = [(*unit, *ref) for unit, ref in self._before.items() if ref is not None]
        return taken, freed


def _scan_row(decision: Decision, batch: Batch) -> Row:
    subject, event, label = decision.subject, decision.subject.event, decision.label
    raw = batch.raw[subject.ref]
    return (
        *subject.ref, batch.lane, subject.recorded_at, event.hospital, event.scan_id, event.device_id, event.boot,
        event.sequence, event.scanned_at, event.action.value, event.entry.value, event.quantity, event.store,
        event.to_store, event.department, event.encounter, event.operation, event.team, event.staff, event.corrects,
        event.reason, label.issuer, label.di, label.lot, label.serial, label.expiry, label.production,
        decision.verdict.value, decision.reasons, decision.item.item_code if decision.item else None, decision.units,
        decision.move.owner if decision.move else None, raw.key, raw.value,
        label.flags or None,
    )  # fmt: skip


def _bad_row(bad: BadRecord, batch: Batch) -> Row:
    raw = batch.raw[bad.ref]
    return (
        *bad.ref, batch.lane, bad.recorded_at, bad.hospital, bad.scan_id, bad.device_id, *(None,) * 14, bad.detail,
        *(None,) * 6, "refused", (bad.reason.value,), None, None, None, raw.key, raw.value, None,
    )  # fmt: skip


def _decision_row(decision: Decision) -> Row:
    subject, label = decision.subject, decision.label
    return (
        *subject.ref, decision.n, subject.lane, decision.decided_at, decision.verdict.value, decision.reasons,
        label.issuer, label.di, label.lot, label.serial, label.expiry, label.production,
        decision.item.item_code if decision.item else None, decision.units,
        decision.move.owner if decision.move else None, label.flags or None, decision.takes_back,
    )  # fmt: skip


def _reading_rows(decision: Decision) -> Iterable[Row]:
    """What a label held as ambiguous may say; what is possible first, as it was read first among equals."""
    suspect, possible = decision.label.suspect, decision.label.possible
    if suspect is None or not decision.open:
        return
    own = () if suspect.error is not None else (suspect,)
    readings = [(each, each in possible) for each in (*own, *suspect.alternatives)]
    readings.sort(key=lambda reading: not reading[1])
    for number, (each, is_possible) in enumerate(readings, 1):
        yield (
            *decision.subject.ref, decision.n, number, each is suspect, is_possible, str(each.issuer), each.di,
            each.lot, each.serial, each.expiry, each.production,
        )  # fmt: skip


def _open_row(decision: Decision) -> Row:
    subject, event, label = decision.subject, decision.subject.event, decision.label
    reason = decision.reasons[0] if decision.reasons else ""
    return (
        *subject.ref, subject.lane, decision.verdict.value, reason, event.action.value, event.hospital,
        label.issuer, label.di, label.serial, decision.item.item_code if decision.item else event.item_code,
        event.encounter, decision.decided_at,
    )  # fmt: skip


def _ledger_row(decision: Decision, n: int) -> Row:
    charge = decision.charges[n]
    of, number = charge.reverses, charge.credit_number
    return (
        *charge.ref, charge.n, "credit" if of else "charge", charge.billing_id, *(of.ref if of else (None, None)),
        of.n if of else None, number, decision.subject.event.hospital, charge.encounter, charge.department, charge.team,
        charge.item.item_code, charge.item.insurance_code, charge.quantity, charge.unit_price, charge.amount_fen,
        charge.item.version, charge.period, decision.decided_at, charge.flags, None,
    )  # fmt: skip


def _settlement_row(decision: Decision, n: int) -> Row:
    line, event = decision.settlement[n], decision.subject.event
    return (
        *decision.subject.ref, line.n, line.line_id, line.reverses, event.hospital, line.supplier, event.scan_id,
        line.item_code, line.quantity, line.cost, line.amount_fen, line.period, line.status, None,
    )  # fmt: skip


def _waste_row(decision: Decision, waste: WasteCost) -> Row:
    event, item = decision.subject.event, decision.item
    assert item is not None  # noqa: S101 -- waste is of known goods
    return (
        *decision.subject.ref, decision.n, event.hospital, waste.department, item.item_code, event.action.value,
        event.reason, waste.units, waste.cost, waste.amount_fen, waste.period, None,
    )  # fmt: skip


def _add_balances(rows: Rows, decisions: list[Decision], lane: int) -> None:
    balances: dict[BalanceKey, list[Any]] = {}
    totals: dict[tuple[str, str, str], int] = {}
    for decision in decisions:
        move, item = decision.move, decision.item
        if move is None or item is None:
            continue
        for store, units in ((move.from_store, -move.units), (move.to_store, move.units)):
            if store is None:
                continue
            key = decision.balance_key(store)
            balance = balances.setdefault(key, [*item.unit_identifier, decision.label.expiry, 0])
            balance[3] += units
            total = (key.hospital, store, item.item_code)
            totals[total] = totals.get(total, 0) + units
    rows.balances = [(*key, lane, *rest) for key, rest in sorted(balances.items())]
    rows.store_items = [(*key, lane, units) for key, units in sorted(totals.items())]


def _add_usage(rows: Rows, decisions: list[Decision], batch: Batch) -> None:
    usage: dict[tuple[str, str, str, int], list[int]] = {}
    instants = [decision.decided_at for decision in decisions if decision.usage]
    for decision in decisions:
        for each in decision.usage:
            key = (each.hospital, each.department or "", each.item_code, each.month)
            sums = usage.setdefault(key, [0, 0])
            sums[0] += each.quantity
            sums[1] += each.amount_fen
    if usage:
        columns = [[key[place] for key in usage] for place in range(4)]
        quantities, amounts = [s[0] for s in usage.values()], [s[1] for s in usage.values()]
        rows.usage.append((batch.lane, batch.gathered.lane_version + 1, *columns, quantities, amounts, max(instants)))


def _add_cases(rows: Rows, decisions: list[Decision]) -> None:
    """The encounters of which something changed."""
    cases = set()
    for decision in decisions:
        event, account = decision.subject.event, decision.account
        if event.encounter is not None and (decision.claims or decision.n):
            cases.add((event.hospital, event.encounter))
        if account is not None and account.encounter is not None:
            # A return may name another encounter than its use, or none.
            cases.add((event.hospital, account.encounter))
    if cases:
        hospitals, encounters = zip(*sorted(cases), strict=True)
        rows.cases.append((None, None, hospitals, encounters, max(each.decided_at for each in decisions)))


def _add_outbox(rows: Rows, records: Iterable[Outgoing], batch: Batch) -> None:
    by_topic: dict[str, list[Outgoing]] = {topic: [] for topic in LANE_OUTPUTS}
    for record in records:
        by_topic[record.topic].append(record)
    for topic, block in by_topic.items():
        if block:
            rows.outbox.append(outbox_row(topic, batch.lane, 1, block, batch.arrived_at))


def outbox_row(
    topic: str, partition: int, first_seq: int, block: list[Outgoing], arrived_at: datetime | None = None
) -> Row:
    """A block of the outbox; `udi.record` gives a lane's blocks their real sequence numbers."""
    lettered = block[0].reason is not None
    return (
        topic, partition, first_seq, first_seq + len(block) - 1, [each.id for each in block],
        [each.key for each in block], [each.body for each in block],
        [each.reason for each in block] if lettered else None,
        [each.origin for each in block] if lettered else None, arrived_at, None,
    )  # fmt: skip
