"""A batch as rows of the tables it writes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from models.charging.books import BadRecord, BalanceKey, Ref, UnitKey
from models.charging.decision import Decision
from models.charging.effects import Charge, SettlementLine, WasteCost
from models.wire.topics import LANE_OUTPUTS
from sinks.messages.outgoing import Outgoing, outgoing_of
from sinks.ports.batch import Batch
from sinks.postgres.charging.arguments import Rows
from sinks.postgres.charging.entry_tables import (
    BalanceRow,
    CaseDeltaRow,
    LedgerRow,
    OutboxRow,
    SettlementRow,
    StoreItemRow,
    UsageRow,
    WasteRow,
)
from sinks.postgres.charging.scan_rows import (
    bad_row,
    decision_row,
    open_row,
    override_row,
    raw_row,
    reading_rows,
    scan_row,
)
from sinks.postgres.charging.tables import ChangeRow, ClaimRow, CommandOutcomeRow, PairRow, UnitRow


def rows_of(batch: Batch) -> Rows:
    """Every row the batch writes; rows of one key are summed, so that no statement touches a row twice."""
    rows = Rows()
    units = _Units()
    newest: dict[Ref, Decision] = {}
    reopened: dict[Ref, bool] = {}
    for result in batch.results:
        if isinstance(result, BadRecord):
            rows.scans.append(bad_row(result, batch))
            _add_raw(rows, result.ref, batch)
            continue
        ref = result.subject.ref
        newest[ref] = result
        reopened.setdefault(ref, result.n > 0)
        if result.n:
            rows.decisions.append(decision_row(result))
        else:
            _add_first(rows, result, batch)
        if result.label.suspect is not None:
            rows.readings.extend(reading_rows(result))
        if result.partner is not None and result.label.di is not None:
            rows.pairs.append(PairRow(*ref, result.n, *result.partner))
        units.add(result)
        for entry in result.charging.entries:
            rows.ledger.append(_ledger_row(result, entry))
        for line in result.settlement:
            rows.settlement.append(_settlement_row(result, line))
        if result.account is not None:
            use = result.account
            units_back = 0 if use.ref == ref else result.units
            assert units_back is not None  # noqa: S101 -- a return that takes back knows how much
            rows.changes.append(ChangeRow(*use.ref, use.changes + 1, units_back, *ref))
        if result.stock.waste is not None:
            rows.waste.append(_waste_row(result, result.stock.waste))
    rows.commands = [CommandOutcomeRow(batch.lane, each.seq, each.done, each.detail) for each in batch.carried]
    rows.units, rows.freed = units.rows()
    newest = {ref: decision for ref, decision in newest.items() if not decision.waits_on}
    rows.closed_open = [open_row(newest[ref]) for ref, was_open in reopened.items() if was_open and ref in newest]
    rows.open = [open_row(decision) for decision in newest.values() if decision.open]
    decisions = [result for result in batch.results if isinstance(result, Decision)]
    _add_balances(rows, decisions, batch.lane)
    _add_usage(rows, decisions, batch)
    _add_cases(rows, decisions)
    _add_outbox(rows, outgoing_of(batch), batch)
    return rows


def _add_first(rows: Rows, decision: Decision, batch: Batch) -> None:
    """The first decision of a scan, with what came of its record."""
    ref, event = decision.subject.ref, decision.subject.event
    rows.scans.append(scan_row(decision, batch))
    _add_raw(rows, ref, batch)
    if event.override is not None:
        rows.overrides.append(override_row(ref, event.override))
    if decision.claims:
        rows.claims.append(ClaimRow(event.hospital, event.scan_id, *ref, decision.subject.fingerprint))


def _add_raw(rows: Rows, ref: Ref, batch: Batch) -> None:
    row = raw_row(ref, batch)
    if row is not None:
        rows.raws.append(row)


class _Units:
    """Who holds a unit before and after the batch, whatever happened between."""

    def __init__(self) -> None:
        self._before: dict[UnitKey, Ref | None] = {}
        self._after: dict[UnitKey, Ref | None] = {}

    def add(self, decision: Decision) -> None:
        stock = decision.stock
        if not stock.takes_unit and stock.frees_unit is None:
            return
        unit = decision.label.unit(decision.subject.event.hospital)
        if unit is None:
            return
        self._before.setdefault(unit, stock.frees_unit)
        self._after[unit] = decision.subject.ref if stock.takes_unit else None

    def rows(self) -> tuple[list[UnitRow], list[UnitRow]]:
        taken = [UnitRow(*unit, *ref) for unit, ref in self._after.items() if ref is not None]
        freed = [UnitRow(*unit, *ref) for unit, ref in self._before.items() if ref is not None]
        return taken, freed


def _ledger_row(decision: Decision, charge: Charge) -> LedgerRow:
    of, item = charge.reverses, charge.item
    # In the order of the columns, as `scan_row`.
    return LedgerRow(
        *charge.ref, charge.n, "credit" if of else "charge", charge.billing_id,
        of.ref.position if of else None, of.ref.offset if of else None, of.n if of else None, charge.credit_number,
        decision.subject.event.hospital, charge.encounter, charge.department, charge.team,
        item.item_code, item.insurance_code, charge.quantity, charge.unit_price, charge.amount_fen, item.version,
        charge.period, decision.decided_at, charge.flags,
    )  # fmt: skip


def _settlement_row(decision: Decision, line: SettlementLine) -> SettlementRow:
    event = decision.subject.event
    return SettlementRow(
        *decision.subject.ref,
        n=line.n,
        line_id=line.line_id,
        reverses=line.reverses,
        hospital=event.hospital,
        supplier=line.supplier,
        scan_id=event.scan_id,
        item_code=line.item_code,
        quantity=line.quantity,
        cost=line.cost,
        amount_fen=line.amount_fen,
        period=line.period,
        status=line.status,
    )


def _waste_row(decision: Decision, waste: WasteCost) -> WasteRow:
    event, item = decision.subject.event, decision.item
    assert item is not None  # noqa: S101 -- waste is of known goods
    return WasteRow(
        *decision.subject.ref,
        n=decision.n,
        hospital=event.hospital,
        department=waste.department,
        item_code=item.item_code,
        action=event.action.value,
        explanation=event.reason,
        units=waste.units,
        cost=waste.cost,
        amount_fen=waste.amount_fen,
        period=waste.period,
    )


def _add_balances(rows: Rows, decisions: list[Decision], lane: int) -> None:
    balances: dict[BalanceKey, list[Any]] = {}
    totals: dict[tuple[str, str, str], int] = {}
    for decision in decisions:
        move, item = decision.stock.move, decision.item
        if move is None or item is None:
            continue
        for store, units in ((move.from_store, -move.units), (move.to_store, move.units)):
            if store is None:
                continue
            key = decision.balance_key(store)
            if key in balances:
                balances[key][3] += units
            else:
                balances[key] = [*item.unit_identifier, decision.label.expiry, units]
            total = (key.hospital, store, item.item_code)
            totals[total] = totals.get(total, 0) + units
    rows.balances = [BalanceRow(*key, lane, *balances[key]) for key in sorted(balances)]
    rows.store_items = [StoreItemRow(*key, lane, totals[key]) for key in sorted(totals)]


def _add_usage(rows: Rows, decisions: list[Decision], batch: Batch) -> None:
    usage: dict[tuple[str, str, str, int], list[int]] = {}
    instants = [decision.decided_at for decision in decisions if decision.charging.usage]
    for decision in decisions:
        for each in decision.charging.usage:
            key = (each.hospital, each.department or "", each.item_code, each.month)
            sums = usage.setdefault(key, [0, 0])
            sums[0] += each.quantity
            sums[1] += each.amount_fen
    if usage:
        rows.usage.append(
            UsageRow(
                lane=batch.lane,
                version=batch.gathered.lane_version + 1,
                hospitals=[hospital for hospital, *_ in usage],
                departments=[department for _, department, _, _ in usage],
                items=[item for _, _, item, _ in usage],
                months=[month for *_, month in usage],
                quantities=[quantity for quantity, _ in usage.values()],
                amounts=[amount for _, amount in usage.values()],
                recorded_at=max(instants),
            )
        )


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
        changed_at = max(each.decided_at for each in decisions)
        rows.cases.append(CaseDeltaRow(None, None, hospitals, encounters, changed_at))


def _add_outbox(rows: Rows, records: Iterable[Outgoing], batch: Batch) -> None:
    by_topic: dict[str, list[Outgoing]] = {topic: [] for topic in LANE_OUTPUTS}
    for record in records:
        by_topic[record.topic].append(record)
    for topic, block in by_topic.items():
        if block:
            rows.outbox.append(outbox_row(topic, batch.lane, 1, block, batch.arrived_at))


def outbox_row(
    topic: str, partition: int, first_seq: int, block: list[Outgoing], arrived_at: datetime | None = None
) -> OutboxRow:
    """A block of the outbox; `udi.record_4` gives a lane's blocks their real sequence numbers."""
    lettered = block[0].reason is not None
    return OutboxRow(
        topic,
        partition,
        first_seq,
        last_seq=first_seq + len(block) - 1,
        ids=[each.id for each in block],
        keys=[each.key for each in block],
        bodies=[each.body for each in block],
        reasons=[each.reason for each in block] if lettered else None,
        origins=[each.origin for each in block] if lettered else None,
        arrived_at=arrived_at,
    )
