"""What a recall lists: exposed encounters, certain and possible, and where the rest lies.

References:
    docs/store.md, "Recall".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from models.ids import made_id
from models.scan.event import Action
from models.stock.exposure import ExposureLine, Holding, ItemScan, LineKind, Loss, Patient
from models.stock.recall import Recall
from rules.stock.recall_matching import Match, Meant
from rules.stock.recall_shares import Shares
from rules.stock.recall_waiting import Left, Lies, Waiting

RETURNED_WHOLE: Final = "came back whole"
BY_STOCK: Final = "share of the recalled units among those in the store before it, unread ones by their chance"
NOTHING_KNOWN: Final = "nothing of the item was in the store: it can't be ruled out"
LOST: Final = "lost without a scan: units lost among the patients of the department since they were last seen"
NOBODY_KNOWN: Final = "lost without a scan, and no patient is known from then: it can't be ruled out"
_ORDER: Final = {kind: place for place, kind in enumerate(LineKind)}
_ENDS: Final[dict[str, LineKind]] = {
    Action.WASTE: LineKind.WASTE, Action.OPENED: LineKind.WASTE, Action.SEND_BACK: LineKind.SUPPLIER,
}  # fmt: skip
"""Actions after which units are gone for good."""
_FOUR: Final = Decimal("0.0001")
_PLACES: Final = (
    ("in-transit/", LineKind.IN_TRANSIT), ("lent/", LineKind.LENT), ("quarantine/", LineKind.QUARANTINE),
)  # fmt: skip
_NO_SHELF: Final = (*(prefix for prefix, _ in _PLACES), "set/")


def lines_of(
    notice: Recall,
    identifiers: Mapping[str, frozenset[tuple[str, str]]],
    scans: Sequence[ItemScan],
    holdings: Iterable[Holding],
    lost: Iterable[tuple[Loss, Sequence[Patient]]] = (),
) -> list[ExposureLine]:
    """Every line of the notice, in a fixed order.

    Args:
        notice: The version that holds.
        identifiers: Of each item that a line names by its code or by an identifier: all identifiers it has.
        scans: Of units with one of them, oldest first.
        holdings: Of these items.
        lost: What counts missed (`losses`), each with the patients who lay in its department meanwhile.
    """
    meant = Meant(notice, identifiers, scans)
    shares, lines = Shares(), []
    lost_by = {loss.scan_id: (loss, patients) for loss, patients in lost}
    used = {_unit_in(scan) for scan in scans if scan.action == "use" and scan.moved}
    waiting = Waiting()
    for scan in scans:
        found = meant.scan(scan)
        chance = shares.before(scan) if found is Match.POSSIBLE else None
        if scan.moved:
            shares.move(scan, found)
        else:
            waiting.take(scan, found)
        line = _line_of_scan(notice, scan, found, chance)
        # A unit scanned twice for one patient is one exposure; for another patient it is one more.
        twice = "serial-used" in scan.reasons and not scan.moved and _unit_in(scan) in used
        if line is not None and not twice:
            lines.append(line)
        if scan.scan_id in lost_by:
            lines += _lines_of_loss(notice, scan, chance, *lost_by[scan.scan_id])
    lines += [_line_of_waiting(notice, left) for left in waiting.left() if left.found is not Match.NO]
    for holding in _still_there(holdings, waiting.used_of_books()):
        found = meant.holding(holding)
        if found is not Match.NO:
            lines.append(_line_of_holding(notice, holding, found, shares))
    return sorted(lines, key=lambda line: (_ORDER[line.kind], str(line.happened_at), line.line_id))


def _still_there(holdings: Iterable[Holding], used: Counter[Lies]) -> Iterator[Holding]:
    """What lies there without units that a use has which is held and has moved nothing: they are on its own line."""
    for holding in holdings:
        goods = Lies(_shelf_of(holding.place), holding.issuer, holding.di, holding.lot, holding.serial)
        taken = min(holding.quantity, used[goods])
        used[goods] -= taken
        if taken < holding.quantity:
            yield replace(holding, quantity=holding.quantity - taken)


def _shelf_of(place: str) -> str:
    """A store is one place with its rooms; other places of the books are what they are."""
    return place if place.startswith(_NO_SHELF) else place.partition("/")[0]


def _line_of_waiting(notice: Recall, left: Left) -> ExposureLine:
    goods, possible = left.goods, left.found is Match.POSSIBLE
    kind, where = _placed(goods.place)
    return ExposureLine(
        made_id("recall-line", notice.hospital, notice.recall, "waiting", *(each or "" for each in goods)),
        kind, None, where, None, left.scan.item_code, goods.issuer, goods.di, goods.lot, goods.serial,
        left.scan.expiry, left.units, Decimal(1).quantize(_FOUR) if possible else None,
        NOTHING_KNOWN if possible else None, left.scan.scan_id, left.scan.scanned_at,
    )  # fmt: skip


def _placed(place: str) -> tuple[LineKind, str]:
    """What a line of goods in a place is about, and the store it names."""
    kind = next((kind for prefix, kind in _PLACES if place.startswith(prefix)), LineKind.SHELF)
    return kind, place if kind is LineKind.SHELF else place.rpartition("/")[2]


def _line_of_scan(notice: Recall, scan: ItemScan, found: Match, chance: Decimal | None) -> ExposureLine | None:
    if found is Match.NO:
        return None
    line = ExposureLine(
        made_id("recall-line", notice.hospital, notice.recall, "scan", scan.scan_id),
        LineKind.CERTAIN, scan.encounter, scan.store, scan.department, scan.item_code, scan.issuer, scan.di, scan.lot,
        scan.serial, scan.expiry, scan.units, None, None, scan.scan_id, scan.scanned_at,
    )  # fmt: skip
    if found is Match.POSSIBLE:
        line = replace(
            line,
            kind=LineKind.POSSIBLE,
            chance=Decimal(1) if chance is None else chance.quantize(_FOUR),
            reckoned=NOTHING_KNOWN if chance is None else BY_STOCK,
        )
    if scan.action in _ENDS:
        return replace(line, kind=_ENDS[scan.action])
    if scan.action != "use":
        return None
    if scan.returned >= scan.units:
        return replace(line, kind=LineKind.POSSIBLE, chance=Decimal(0).quantize(_FOUR), reckoned=RETURNED_WHOLE)
    return replace(line, quantity=scan.units - scan.returned)


def _lines_of_loss(
    notice: Recall, scan: ItemScan, share: Decimal | None, loss: Loss, patients: Sequence[Patient]
) -> Iterator[ExposureLine]:
    """A line for each who may have got one of the units; `share`: the chance that one is meant, where that is not sure.

    One alone, of nobody, when no patient is known: what was lost is not passed over.
    """
    many = len(patients)
    chance = min(Decimal(loss.units) / max(many, 1), Decimal(1)) * (Decimal(1) if share is None else share)
    chance = chance.quantize(_FOUR)
    among: list[tuple[str | None, str | None]] = [(each.encounter, each.department) for each in patients]
    for encounter, department in among or [(None, scan.department)]:
        yield ExposureLine(
            made_id("recall-line", notice.hospital, notice.recall, "lost", scan.scan_id, encounter or ""),
            LineKind.POSSIBLE, encounter, loss.store, department, scan.item_code, scan.issuer, scan.di, scan.lot,
            scan.serial, scan.expiry, -(-loss.units // max(many, 1)), chance,
            LOST if many else NOBODY_KNOWN, scan.scan_id, loss.until,
        )  # fmt: skip


def _unit_in(scan: ItemScan) -> tuple[str | None, ...]:
    return scan.encounter, scan.issuer, scan.di, scan.serial


def _line_of_holding(notice: Recall, holding: Holding, found: Match, shares: Shares) -> ExposureLine:
    kind, store = _placed(holding.place)
    where = (holding.place, holding.owner, holding.item_code, holding.lot or "", holding.serial or "")
    chance = reckoned = None
    if found is Match.POSSIBLE:
        share = shares.of(holding.place, holding.item_code, holding.lot)
        chance = Decimal(1) if share is None else share.quantize(_FOUR)
        reckoned = NOTHING_KNOWN if share is None else BY_STOCK
    return ExposureLine(
        made_id("recall-line", notice.hospital, notice.recall, "place", *where), kind, None, store, None,
        holding.item_code, holding.issuer, holding.di, holding.lot, holding.serial, holding.expiry,
        holding.quantity, chance, reckoned, None, None,
    )  # fmt: skip
