"""The case close proof: whether scans, stock out, charges and settlement of a case tie, and the gaps by name.

Each use is tied by itself: units used = units out of stock, = units charged where it is chargeable, = units owed where
the goods are a supplier's; and the charge is the units at its price. So every item and lot or serial ties, too.

References:
    docs/semantics/closing.md, "Case close proof" (what ties with what, the canonical listing).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from models.closing.case import (
    CaseKey,
    CaseScan,
    CaseVerdict,
    Closing,
    Entry,
    Gap,
    GapKind,
    LedgerSums,
    Numbers,
    OwedLine,
    Proof,
    Proven,
    Trigger,
    UseLine,
    owned_by_supplier,
)
from models.money import fen_text, line_amount_fen
from models.reasons import Reason, Verdict, deciding_reason
from models.scan.event import Action

_OPEN_GAP = {Verdict.WAITING: GapKind.WAITING, Verdict.PARKED: GapKind.PARKED, Verdict.HELD: GapKind.HELD}


def prove(key: CaseKey, gathered: Sequence[CaseScan]) -> Proven:
    """Tie the four ledgers of a case.

    Args:
        key: The case.
        gathered: Every scan that has to do with the encounter, in any order: its uses, the returns that took them back,
            what waits, and whatever else has an entry on its ledger.
    """
    scans, strays = _of_case(key, gathered)
    backs: dict[UUID, list[CaseScan]] = {}
    for scan in scans:
        if scan.takes_back is not None:
            backs.setdefault(scan.takes_back, []).append(scan)
    uses = [_tied(scan, backs.get(scan.scan_id, [])) for scan in scans if scan.action is Action.USE]
    uses.sort(key=lambda line: (line.scan.scanned_at, line.scan.scan_id))
    found = [gap for line in uses for gap in _gaps_of(line)]
    found += [_open_gap(scan) for scan in scans if scan.open and scan.action is not Action.USE]
    found += [_stray_gap(scan) for scan in strays]
    gaps = tuple(_together(found))
    verdict = CaseVerdict.GAPS if gaps else CaseVerdict.CLOSED
    listed = sha256(listing(key, scans).encode()).digest()
    return Proven(key, verdict, _numbers(uses), gaps, tuple(uses), listed)


def _of_case(key: CaseKey, gathered: Sequence[CaseScan]) -> tuple[list[CaseScan], list[CaseScan]]:
    """The scans of the case, and those of the encounter that have entries and are no part of any case of it."""
    in_encounter = {scan.scan_id for scan in gathered if scan.action is Action.USE and scan.encounter == key.encounter}
    strays = [
        scan
        for scan in gathered
        if scan.scan_id not in in_encounter and scan.takes_back not in in_encounter and scan.entries
    ]
    uses = {
        scan.scan_id
        for scan in gathered
        if scan.scan_id in in_encounter and (not key.operation or scan.operation == key.operation)
    }
    scans = [
        scan
        for scan in gathered
        if scan.scan_id in uses
        or scan.takes_back in uses
        or (scan.open and scan.encounter == key.encounter and key.operation in {"", scan.operation})
    ]
    return scans, strays


def _tied(use: CaseScan, backs: Sequence[CaseScan]) -> UseLine:
    both = (use, *backs)
    entries = [entry for scan in both for entry in scan.entries]
    lines = [line for scan in both for line in scan.lines]
    used = (use.units or 0) - sum(scan.units or 0 for scan in backs) if use.stands else 0
    return UseLine(
        use,
        used,
        out=sum(move.to_patient for scan in both for move in scan.moves),
        charged=sum(entry.sign * entry.units for entry in entries),
        charged_fen=sum(entry.sign * entry.amount_fen for entry in entries),
        due_fen=_due_fen(entries) if _chargeable(use) else 0,
        owed=sum(line.sign * line.units for line in lines),
        owed_fen=sum(line.sign * (line.amount_fen or 0) for line in lines),
        uncosted=sum(line.sign * line.units for line in lines if line.amount_fen is None),
    )


def _chargeable(use: CaseScan) -> bool:
    return use.stands and use.verdict is Verdict.BILLED


def _due_fen(entries: Sequence[Entry]) -> int:
    """What is to be on the ledger of a charged use: its newest charge, priced anew, less each part returned since.

    The price is the catalogue's as known at the decision, never the ledger's own: a wrong price is a gap. Every part is
    rounded for itself and the last one takes the rest, so parts and charge are equal in the end.
    """
    charges = [entry for entry in entries if entry.reverses is None]
    if not charges:
        return 0
    charge = charges[-1]
    parts = [entry.units for entry in entries if entry.reverses == charge.billing_id]
    if sum(parts) == charge.units:
        return 0
    price = charge.catalogue_price or 0
    whole = line_amount_fen(charge.units, price)
    return max(0, whole - sum(line_amount_fen(part, price) for part in parts))


def _numbers(uses: Iterable[UseLine]) -> Numbers:
    scans = stock_out = charges = settlement = LedgerSums(0, 0)
    chargeable = supplied = 0
    for line in uses:
        scans = scans.plus(line.used, line.due_fen)
        stock_out = stock_out.plus(line.out, _value_fen(line))
        charges = charges.plus(line.charged, line.charged_fen)
        settlement = settlement.plus(line.owed, line.owed_fen)
        chargeable += line.used if _chargeable(line.scan) else 0
        supplied += line.used if _supplied(line) else 0
    return Numbers(scans, stock_out, charges, settlement, chargeable, supplied)


def _value_fen(line: UseLine) -> int:
    """What is out of stock, at the price of its use; 0 of what is free or not priced."""
    if line.out == line.used:
        return line.due_fen
    prices = (entry.catalogue_price for entry in reversed(line.scan.entries) if entry.reverses is None)
    return line_amount_fen(max(0, line.out), (next(prices, None) or 0) if _chargeable(line.scan) else 0)


def _supplied(line: UseLine) -> bool:
    """It has a supplier's goods by all its moves: what was taken of him first may have gone back as another's."""
    return sum(move.to_patient for move in line.scan.moves if owned_by_supplier(move.owner)) > 0


def _gaps_of(line: UseLine) -> Iterator[Gap]:
    """What does not tie of a use. Of one that waits only that: what it will come to is not decided."""
    if line.scan.open:
        yield _open_gap(line.scan)
        return
    due = line.used if _chargeable(line.scan) else 0
    yield from _difference(line, line.used - line.out, GapKind.STOCK_MISSING, GapKind.STOCK_SURPLUS)
    lacks = line.due_fen - line.charged_fen
    yield from _difference(line, due - line.charged, GapKind.CHARGE_MISSING, GapKind.CHARGE_SURPLUS, lacks or None)
    if due == line.charged and lacks:
        yield _gap(line.scan, GapKind.CHARGE_AMOUNT, amount_fen=lacks)
    owed = line.used if _supplied(line) else 0
    yield from _difference(line, owed - line.owed, GapKind.SETTLEMENT_MISSING, GapKind.SETTLEMENT_SURPLUS)
    if line.owed > 0 and line.uncosted > 0:
        yield _gap(line.scan, GapKind.COST_MISSING, units=line.uncosted)


def _difference(
    line: UseLine, lacks: int, missing: GapKind, surplus: GapKind, amount_fen: int | None = None
) -> Iterator[Gap]:
    if lacks:
        yield _gap(line.scan, missing if lacks > 0 else surplus, units=abs(lacks), amount_fen=amount_fen)


def _open_gap(scan: CaseScan) -> Gap:
    return _gap(scan, _OPEN_GAP[scan.verdict], reason=deciding_reason(scan.reasons), units=scan.units)


def _stray_gap(scan: CaseScan) -> Gap:
    units = sum(entry.sign * entry.units for entry in scan.entries)
    fen = sum(entry.sign * entry.amount_fen for entry in scan.entries)
    kind = GapKind.CHARGE_SURPLUS if units > 0 else GapKind.CHARGE_MISSING
    return _gap(scan, kind, units=abs(units), amount_fen=-fen or None)


def _gap(
    scan: CaseScan, kind: GapKind, *, reason: Reason | None = None, units: int | None = None,
    amount_fen: int | None = None,
) -> Gap:  # fmt: skip
    return Gap(kind, reason, scan.item_code, scan.lot, scan.serial, units, amount_fen, (scan.scan_id,))


def _together(gaps: Iterable[Gap]) -> Iterator[Gap]:
    """One gap for each kind, reason, item, lot and serial, in the order of the kinds."""
    groups: dict[tuple[str | None, ...], list[Gap]] = {}
    for gap in gaps:
        groups.setdefault((gap.kind, gap.reason, gap.item_code, gap.lot, gap.serial), []).append(gap)
    order = list(GapKind)
    for key in sorted(groups, key=lambda key: (order.index(GapKind(str(key[0]))), *(part or "" for part in key[1:]))):
        some = groups[key]
        first, units = some[0], [gap.units for gap in some if gap.units is not None]
        amounts = [gap.amount_fen for gap in some if gap.amount_fen is not None]
        ids = tuple(sorted(each for gap in some for each in gap.scan_ids))
        yield Gap(
            first.kind, first.reason, first.item_code, first.lot, first.serial, sum(units) if units else None,
            sum(amounts) if amounts else None, ids,
        )  # fmt: skip


def listing(key: CaseKey, scans: Iterable[CaseScan]) -> str:
    """The canonical listing of a case: a line for the case, each scan and all it did, sorted by their bytes.

    Fields are separated by tabs, lines by line feeds; what is not known is empty; money is yuan with two digits.
    """
    lines = [_line("case", *key)]
    for scan in scans:
        lines += _scan_lines(scan)
    return "\n".join(sorted(lines, key=str.encode))


def _scan_lines(scan: CaseScan) -> Iterator[str]:
    own = scan.scan_id
    yield _line(
        "scan", own, scan.action.value, scan.item_code, scan.issuer, scan.di, scan.lot, scan.serial, scan.units,
        scan.verdict.value, deciding_reason(scan.reasons) if scan.open else None,
    )  # fmt: skip
    for move in scan.moves:
        yield _line(
            "move", own, move.from_place, move.to_place, move.owner, move.item_code, move.lot, move.serial, move.units
        )
    for entry in scan.entries:
        kind = "charge" if entry.reverses is None else "credit"
        yield _line(
            kind, own, entry.billing_id, entry.reverses, entry.item_code, entry.units, fen_text(entry.amount_fen)
        )
    for line in scan.lines:
        yield _line(
            "settlement", own, line.line_id, line.reverses, line.supplier, line.item_code, line.units, _amount(line),
            line.status,
        )  # fmt: skip


def _amount(line: OwedLine) -> str | None:
    return None if line.amount_fen is None else fen_text(line.amount_fen)


def _line(*fields: object) -> str:
    return "\t".join("" if field is None else str(field) for field in fields)


def next_proof(
    proven: Proven, closing: Closing, newest: Proof | None, at: datetime, differences_open: int = 0
) -> Proof | None:
    """The proof to write of a closed case; `None` when the newest one says it already.

    Args:
        proven: What its ledgers come to now.
        closing: What has closed it.
        newest: The newest proof written of it.
        at: The broker's timestamp of what made somebody look.
        differences_open: Open differences with the HIS.
    """
    trigger = _trigger(closing, newest.closing if newest else Closing())
    if not closing.closed or (newest is not None and trigger is Trigger.CHANGED and proven.same_as(newest)):
        return None
    return Proof(
        proven.key,
        newest.version + 1 if newest else 1,
        trigger,
        closing,
        proven.verdict,
        proven.numbers,
        proven.gaps,
        sum(line.used > 0 for line in proven.uses),
        differences_open,
        proven.hash,
        at,
    )


def _trigger(closing: Closing, before: Closing) -> Trigger:
    """The closing event that is new, the last one in a stay's order first."""
    if closing.settled_at not in {None, before.settled_at}:
        return Trigger.SETTLED
    if closing.discharged_at not in {None, before.discharged_at}:
        return Trigger.DISCHARGED
    if closing.by_person > before.by_person:
        return Trigger.CLOSED_BY_PERSON
    return Trigger.CHANGED
