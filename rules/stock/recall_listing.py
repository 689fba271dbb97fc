"""What a recall lists: exposed encounters, certain and possible, and where the rest lies.

References:
    docs/store.md, "Recall".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from models.ids import made_id
from models.stock.exposure import ExposureLine, Holding, ItemScan, LineKind, Loss, Patient
from models.stock.recall import Recall
from rules.stock.recall_losses import MISSING
from rules.stock.recall_matching import Match, Meant
from rules.stock.recall_shares import Shares

RETURNED_WHOLE: Final = "came back whole"
BY_STOCK: Final = "share of the recalled units among those in the store before it, unread ones by their chance"
NOTHING_KNOWN: Final = "nothing of the item was in the store: it can't be ruled out"
LOST: Final = "lost without a scan: units lost among the patients of the department since they were last seen"
NOBODY_KNOWN: Final = "lost without a scan, and no patient is known from then: it can't be ruled out"
_ORDER: Final = {kind: place for place, kind in enumerate(LineKind)}
_FOUR: Final = Decimal("0.0001")
_PLACES: Final = (
    ("in-transit/", LineKind.IN_TRANSIT), ("lent/", LineKind.LENT), ("quarantine/", LineKind.QUARANTINE),
)  # fmt: skip
_LEAVES: Final = frozenset({"use", "opened", "waste", "transfer", MISSING})
_WAITS: Final = frozenset({"parked", "held"})
_ELSEWHERE: Final = frozenset({"serial-present", "serial-used"})
"""Reasons of a receipt whose unit another line has: where the books have it, or with the patient who got it."""


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
    waiting = _Waiting()
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
    for holding in holdings:
        found = meant.holding(holding)
        if found is not Match.NO:
            lines.append(_line_of_holding(notice, holding, found, shares))
    lines += waiting.lines(notice)
    return sorted(lines, key=lambda line: (_ORDER[line.kind], str(line.happened_at), line.line_id))


@dataclass(slots=True)
class _Waiting:
    """Units that came in and are in no balance: their receipts wait for a fact or a person."""

    _first: dict[tuple[str | None, ...], tuple[ItemScan, Match]] = field(default_factory=dict)
    _units: dict[tuple[str | None, ...], int] = field(default_factory=dict)

    def take(self, scan: ItemScan, found: Match) -> None:
        """A scan that moved nothing: its units came, or left those that had come."""
        key = (scan.store, scan.issuer, scan.di, scan.lot, scan.serial)
        if scan.action == "receive" and scan.verdict in _WAITS and not _ELSEWHERE & set(scan.reasons):
            self._first.setdefault(key, (scan, found))
            self._units[key] = self._units.get(key, 0) + scan.units
        elif scan.action in _LEAVES:
            self._units[key] = self._units.get(key, 0) - scan.units + scan.returned

    def lines(self, notice: Recall) -> Iterator[ExposureLine]:
        """A line for each store, lot and serial of which units are left and may be meant."""
        for key, (scan, found) in self._first.items():
            if found is Match.NO or self._units[key] <= 0:
                continue
            possible = found is Match.POSSIBLE
            yield ExposureLine(
                made_id("recall-line", notice.hospital, notice.recall, "waiting", *(each or "" for each in key)),
                LineKind.SHELF, None, scan.store, None, scan.item_code, scan.issuer, scan.di, scan.lot, scan.serial,
                scan.expiry, self._units[key], Decimal(1).quantize(_FOUR) if possible else None,
                NOTHING_KNOWN if possible else None, scan.scan_id, scan.scanned_at,
            )  # fmt: skip


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
    if scan.action in {"waste", "opened"}:
        return replace(line, kind=LineKind.WASTE)
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
    kind = next((kind for prefix, kind in _PLACES if holding.place.startswith(prefix)), LineKind.SHELF)
    where = (holding.place, holding.owner, holding.item_code, holding.lot or "", holding.serial or "")
    chance = reckoned = None
    if found is Match.POSSIBLE:
        share = shares.of(holding.place, holding.item_code)
        chance = Decimal(1) if share is None else share.quantize(_FOUR)
        reckoned = NOTHING_KNOWN if share is None else BY_STOCK
    return ExposureLine(
        made_id("recall-line", notice.hospital, notice.recall, "place", *where), kind, None,
        holding.place.rpartition("/")[2] if kind is not LineKind.SHELF else holding.place, None, holding.item_code,
        holding.issuer, holding.di, holding.lot, holding.serial, holding.expiry, holding.quantity, chance, reckoned,
        None, None,
    )  # fmt: skip
