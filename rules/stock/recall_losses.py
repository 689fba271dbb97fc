"""What a recalled lot lost without a scan: units that a posted count missed, and since when they may have been gone.

References:
    docs/store.md, "Recall".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from models.reasons import Verdict
from models.stock.exposure import ItemScan, Loss, Patient
from models.stock.places import OUTSIDE, shelf
from models.stock.recall import Recall, plain
from rules.stock.recall_matching import Match, Meant

MISSING: Final = "missing"
FOUND: Final = "found"
_BOOKED: Final = frozenset({MISSING, FOUND})
Goods = tuple[str | None, str]
"""Item, and the unit's serial or else the lot, however it is spelled."""


def losses(
    notice: Recall, identifiers: Mapping[str, frozenset[tuple[str, str]]], scans: Sequence[ItemScan]
) -> list[Loss]:
    """What posted counts missed of the units that the notice means or may mean; see `lines_of` for the arguments.

    A serial unit that was scanned anywhere afterwards is not lost, nor is what a later count of the shelf has found.
    """
    meant = Meant(notice, identifiers, scans)
    mine = _net([scan for scan in scans if _told(scan) and meant.scan(scan) is not Match.NO])
    # What a count booked stands behind the scans that counted it, which may be of the same instant.
    mine.sort(key=lambda scan: (scan.scanned_at, scan.action in _BOOKED))
    shelves: dict[tuple[str, Goods], _Shelf] = {}
    seen = {_goods(scan): scan.scanned_at for scan in scans if scan.serial is not None and scan.action != MISSING}
    for scan in mine:
        for place, units in _parts(scan):
            shelves.setdefault((place, _goods(scan)), _Shelf(scan.scanned_at)).take(scan, units)
    return [
        loss for (_, goods), each in shelves.items() for loss in each.lost
        if goods not in seen or seen[goods] <= loss.until
    ]  # fmt: skip


def _net(scans: Sequence[ItemScan]) -> list[ItemScan]:
    """The scans without what one count both missed and found of the same goods: they lay there, spelled otherwise."""
    found: Counter[tuple[str | None, str | None, Goods]] = Counter()
    for scan in scans:
        if scan.action == FOUND and scan.document is not None:
            found[scan.to_place, scan.document, _goods(scan)] += scan.units
    both: Counter[tuple[str | None, str | None, Goods]] = Counter()
    netted = []
    for scan in sorted(scans, key=lambda scan: scan.action == FOUND) if found else scans:
        units = scan.units
        if scan.action == MISSING and (key := (scan.from_place, scan.document, _goods(scan))) in found:
            units -= (same := min(units, found[key] - both[key]))
            both[key] += same
        elif scan.action == FOUND and (key := (scan.to_place, scan.document, _goods(scan))) in both:
            units -= (same := min(units, both[key]))
            both[key] -= same
        if units == scan.units:
            netted.append(scan)
        elif units:
            netted.append(replace(scan, units=units))
    return netted


def patients_of(loss: Loss, patients: Iterable[Patient]) -> list[Patient]:
    """Those whose stay touches the time in which the units were lost."""
    return [
        each for each in patients if each.from_at <= loss.until and (each.to_at is None or each.to_at >= loss.since)
    ]


@dataclass(slots=True)
class _Shelf:
    """What lies on a shelf of one lot or unit by the scans, and when all of it was last seen for sure.

    A use of one unit of a lot does not show that the others are there. A count that has found all of them does, and so
    does their coming when nothing lay there.
    """

    since: datetime
    held: int = 0
    document: str | None = None
    """Of the count that goes on."""
    counted: int = 0
    """By its scans so far."""
    before: datetime | None = None
    """`since` as it was when that count began: what it missed was gone after that."""
    lost: list[Loss] = field(default_factory=list)
    explained: int = 0
    """Units that counts missed and that are known to have been used: the next count finds as many too many."""

    def take(self, scan: ItemScan, units: int) -> None:
        """A scan of these goods on the shelf; `units` come, or go when below 0, or are counted."""
        at = scan.scanned_at
        if scan.action == "count":
            if scan.document is None or scan.document != self.document:
                self.document, self.counted, self.before = scan.document, 0, self.since
            self.counted += units
            if self.counted >= self.held:
                self.since = at
            return
        if scan.action == MISSING:
            self._missed(scan)
        elif scan.action == FOUND:
            self._found(units)
        if scan.action in _BOOKED or self.held <= 0:
            self.since = at
        self.held += units

    def _missed(self, scan: ItemScan) -> None:
        """Goods were not there: since the last sure sight before their count, and without what was known only later.

        A use that came to the books after the post explains what the count missed: by the books as they are now, it has
        seen more than would be left.
        """
        mine = scan.document is not None and scan.document == self.document
        unexplained = max(min(scan.units, self.held - (self.counted if mine else 0)), 0)
        self.explained += scan.units - unexplained
        if unexplained:
            since = self.before if mine and self.before is not None else self.since
            self.lost.append(Loss(scan.scan_id, scan.store, since, scan.scanned_at, unexplained))

    def _found(self, units: int) -> None:
        """Units are there again: those that are known to have been used, else those that were missed last."""
        known = min(units, self.explained)
        self.explained, units = self.explained - known, units - known
        while units and self.lost:
            last = self.lost.pop()
            if last.units > units:
                self.lost.append(replace(last, units=last.units - units))
            units -= min(units, last.units)


def _told(scan: ItemScan) -> bool:
    """The scan says something of where goods are."""
    return scan.moved or (scan.action == "count" and scan.verdict == Verdict.RECORDED)


def _goods(scan: ItemScan) -> Goods:
    return scan.item_code, f"serial {plain(scan.serial)}" if scan.serial else plain(scan.lot or "")


def _parts(scan: ItemScan) -> Iterator[tuple[str, int]]:
    """What the scan does to shelves."""
    if scan.action == "count":
        yield shelf(scan.store, scan.place), scan.units
        return
    for place, units in ((scan.from_place, -scan.units), (scan.to_place, scan.units)):
        if place is not None and place not in OUTSIDE:
            yield place, units
