"""A count of a shelf: what was scanned beside what the books had there when it was scanned.

References:
    docs/store.md, "Counts".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.calendar import local_day
from models.catalogue.item import Item, Tracking
from models.charging.costs import noted_on
from models.policy import POLICY
from models.reasons import TAKEN_BACK, Reason, Verdict
from models.scan.event import QUANTITY_MAX
from models.stock.count import (
    DEVICE,
    Booking,
    CountLimit,
    CountLine,
    CountScan,
    Goods,
    LineFinding,
    Lying,
    ScanFinding,
    ShelfMove,
    Tally,
)
from models.stock.places import ADJUSTMENT, PATIENT, SUPPLIER
from models.stock.recall import plain
from rules.catalogue.joining import cost_on, price_on

_STRANGE: Final = frozenset({Reason.UNKNOWN_IDENTIFIER, Reason.UNKNOWN_ITEM})
_NOWHERE: Final = frozenset({ADJUSTMENT, SUPPLIER})
_USED: Final = frozenset({PATIENT})


def holds_up(scan: CountScan) -> bool:
    """Whether a scan that waits may be of goods the books know: a count is not posted without it."""
    return scan.finding == ScanFinding.WAITS and not _STRANGE.intersection(scan.reasons)


@dataclass(frozen=True, slots=True)
class Known:
    """What the books know of the shelf."""

    lying: Sequence[Lying]
    """What lies there now."""
    moves: Sequence[ShelfMove]
    """What moved there since the count's first scan; nothing that a count has booked."""
    items: Mapping[str, Item]
    """The newest version of each item of them and of the scans, by its code."""
    zone: ZoneInfo
    """The hospital's own time: costs are of local days."""
    costs: Mapping[tuple[Goods, str], Sequence[tuple[date, int | None]]] = field(default_factory=dict)
    """From which day on goods of an owner cost what by their delivery notes, in order; `None`: by the catalogue."""


def lines_of(scans: Iterable[CountScan], known: Known) -> list[CountLine]:
    """The lines of a count, by item, lot, serial and owner; none when nothing was counted.

    What is expected of goods is what lay there by the books when their last scan was made, by the time of the scans,
    so that what moves before or after does not differ. What nobody scanned is expected to the extent that it lay there
    from the count's first scan to its last. Differences of counts that were posted before stand in both.
    """
    counted = [
        scan for scan in scans
        if scan.verdict is Verdict.RECORDED and scan.quantity and scan.item_code and scan.finding is None
        and not TAKEN_BACK.intersection(scan.reasons)
    ]  # fmt: skip
    if not counted:
        return []
    times = [scan.scanned_at for scan in counted]
    book = _Book(known, min(times), max(times))
    by_goods: dict[Goods, list[CountScan]] = {}
    for scan in counted:
        by_goods.setdefault(book.spelled(scan), []).append(scan)
    lines = [line for goods, its in by_goods.items() for line in book.counted(goods, its)]
    lines += [line for goods in book.owners if goods not in by_goods for line in book.unseen(goods)]
    return sorted(_with_unread(lines, known.items), key=lambda line: (*line.goods, line.owner))


def surplus_serials(lines: Iterable[CountLine]) -> list[Goods]:
    """Serial units of which more was counted than the books have there: where are they?"""
    return [line.goods for line in lines if _is_surplus(line)]


def placed(lines: Iterable[CountLine], whereabouts: Mapping[Goods, str | None]) -> list[CountLine]:
    """The lines with units named that lie elsewhere by the books, and with differences that have no cost.

    Args:
        lines: Of a count.
        whereabouts: Of `surplus_serials`: the place each moved to last; `None` when it never moved.
    """
    return [_with_cost(_with_size(_with_place(line, whereabouts.get(line.goods)))) for line in lines]


def _with_size(line: CountLine) -> CountLine:
    over = abs(line.difference) > QUANTITY_MAX
    return replace(line, findings=(*line.findings, LineFinding.TOO_MANY)) if over else line


def _is_surplus(line: CountLine) -> bool:
    return bool(line.serial) and line.difference > 0


def _with_place(line: CountLine, place: str | None) -> CountLine:
    """A unit that was counted may have come from nowhere; one that nobody counted is not brought here by a count.

    One that was used before the books knew it is with its patient whatever is booked: its balance is made good.
    """
    known = _NOWHERE if line.counted else _USED
    if not _is_surplus(line) or place is None or place in known:
        return line
    return replace(line, elsewhere=place, findings=(*line.findings, LineFinding.ELSEWHERE))


def _with_cost(line: CountLine) -> CountLine:
    return line if line.cost or not line.difference else replace(line, findings=(*line.findings, LineFinding.NO_COST))


def _with_unread(lines: Iterable[CountLine], items: Mapping[str, Item]) -> Iterator[CountLine]:
    lines = list(lines)
    unread = {line.item_code for line in lines if line.counted and line.difference and _is_unread(line, items)}
    for line in lines:
        named = line.item_code in unread and line.difference
        yield replace(line, findings=(*line.findings, LineFinding.UNREAD)) if named else line


def _is_unread(line: CountLine, items: Mapping[str, Item]) -> bool:
    item = items.get(line.item_code)
    tracking = item.tracking if item is not None else Tracking.NONE
    return (tracking is Tracking.SERIAL and not line.serial) or (
        tracking is Tracking.LOT and not line.lot and not line.serial
    )


class _Book:
    """The shelf by the books, at any instant since the count began."""

    def __init__(self, known: Known, first: datetime, last: datetime) -> None:
        self.owners: dict[Goods, dict[str, Lying]] = {}
        self._known, self._first, self._last = known, first, last
        self._alike: dict[tuple[str, str], list[Goods]] = {}
        self._moves: dict[tuple[Goods, str], list[ShelfMove]] = {}
        for each in known.lying:
            if each.goods not in self.owners:
                self._alike.setdefault(_mark(each.goods), []).append(each.goods)
            self.owners.setdefault(each.goods, {})[each.owner] = each
        for move in known.moves:
            self._moves.setdefault((move.goods, move.owner), []).append(move)

    def spelled(self, scan: CountScan) -> Goods:
        """What was scanned, as the books spell it: a unit by its serial, a lot without regard to case and blanks."""
        said = Goods(scan.item_code or "", scan.lot or "", scan.serial or "")
        if said in self.owners:
            return said
        alike = self._alike.get(_mark(said), [])
        return next((goods for goods in alike if self._lies(goods)), alike[0] if alike else said)

    def counted(self, goods: Goods, scans: Sequence[CountScan]) -> Iterator[CountLine]:
        """What was counted of it, given to its owners: to the item's first, and to others what lies there of them."""
        times = [scan.scanned_at for scan in scans]
        at, units = max(times), sum(scan.quantity or 0 for scan in scans)
        owners = self._owners(goods)
        expected = {owner: self._at(goods, owner, at) for owner in owners}
        left = 1 if goods.serial else units
        given = dict.fromkeys(owners, 0)
        for owner in owners:
            given[owner] = min(max(expected[owner], 0), left)
            left -= given[owner]
        given[owners[0]] += left
        findings = tuple(self._findings(goods, scans, min(times), at))
        ids = tuple(sorted(scan.scan_id for scan in scans))
        for owner in owners:
            if expected[owner] or given[owner]:
                yield self._line(goods, owner, (expected[owner], given[owner]), at, scans[-1], findings, ids)
                ids = ()

    def unseen(self, goods: Goods) -> Iterator[CountLine]:
        """Of what nobody scanned: what lay there all the while."""
        for owner in self.owners[goods]:
            first, last = self._at(goods, owner, self._first), self._at(goods, owner, self._last)
            expected = min(first, last, key=abs) if (first > 0) == (last > 0) else 0
            if expected:
                yield self._line(goods, owner, (expected, 0), self._last)

    def _line(  # noqa: PLR0917 -- the parts of a line
        self, goods: Goods, owner: str, units: tuple[int, int], at: datetime, scan: CountScan | None = None,
        findings: tuple[LineFinding, ...] = (), scans: tuple[Any, ...] = (),
    ) -> CountLine:  # fmt: skip
        lies = self.owners.get(goods, {}).get(owner) or next(iter(self.owners.get(goods, {}).values()), None)
        item, day = self._known.items.get(goods.item_code), local_day(at, self._known.zone)
        cost = noted_on(self._known.costs.get((goods, owner), ()), day)
        if cost is None:
            cost = cost_on(item, day) if item is not None else None
        price = price_on(item.prices, day) if item is not None else Reason.NO_PRICE
        return CountLine(
            *(goods.item_code, owner),
            *((lies.issuer, lies.di) if lies else ((scan and scan.issuer) or "", (scan and scan.di) or "")),
            *(goods.lot, goods.serial),
            (scan.expiry if scan else None) or (lies.expiry if lies else None),
            *units,
            at,
            cost,
            cost if cost is not None or isinstance(price, Reason) else price,
            findings,
            scans=scans,
        )

    def _findings(
        self, goods: Goods, scans: Sequence[CountScan], first: datetime, last: datetime
    ) -> Iterator[LineFinding]:
        if goods.serial and (len(scans) > 1 or any((scan.quantity or 0) > 1 for scan in scans)):
            yield LineFinding.COUNTED_TWICE
        if any(scan.lot and scan.lot != goods.lot for scan in scans) or any(
            scan.serial != goods.serial for scan in scans if goods.serial
        ):
            yield LineFinding.SPELLED_OTHERWISE
        between = (move for owner in self._owners(goods) for move in self._moves.get((goods, owner), ()))
        if not goods.serial and any(first < move.moved_at <= last for move in between):
            yield LineFinding.MOVED_MEANWHILE

    def _owners(self, goods: Goods) -> list[str]:
        """Whose it may be: the owner of the item by the catalogue first, unless the lot is known here as others'."""
        item, known = self._known.items.get(goods.item_code), sorted(self.owners.get(goods, {}))
        first = [item.owner] if item is not None and (item.owner in known or not known) else []
        return [*first, *(owner for owner in known if owner not in first)]

    def _at(self, goods: Goods, owner: str, at: datetime) -> int:
        lies = self.owners.get(goods, {}).get(owner)
        later = sum(move.units for move in self._moves.get((goods, owner), ()) if move.moved_at > at)
        return (lies.quantity if lies else 0) - later

    def _lies(self, goods: Goods) -> bool:
        return any(each.quantity > 0 for each in self.owners[goods].values())


def _mark(goods: Goods) -> tuple[str, str]:
    """What goods of the same mark have in common: a unit its serial, others their lot, however they are spelled."""
    return (goods.item_code, f"serial {plain(goods.serial)}" if goods.serial else plain(goods.lot))


def tally_of(lines: Sequence[CountLine]) -> Tally:
    """What the lines come to together."""
    booked = [line for line in lines if line.booked]
    exact = sum(line.difference == 0 for line in lines)
    return Tally(len(lines), exact, len(booked), sum(line.weight_fen for line in booked))


def above(tally: Tally, limit: CountLimit) -> bool:
    """Whether the differences need another person; the share of lines is judged from `count_lines_min` lines on."""
    many = tally.lines >= POLICY.count_lines_min and 100 * tally.differing > limit.lines_percent * tally.lines
    return tally.weight_fen > limit.value_fen or many


def adjusting_event(booking: Booking) -> dict[str, Any]:
    """The scan that books a line, as JSON can hold it: its lane takes lot, owner and cost from the posted count."""
    event: dict[str, Any] = {
        "schema": "udi.scan/1", "scan_id": str(booking.scan_id), "hospital": booking.hospital, "device_id": DEVICE,
        "scanned_at": booking.counted_at.isoformat(), "action": booking.action, "item_code": booking.item_code,
        "quantity": booking.units, "store": booking.store, "document": booking.document, "staff": booking.by,
        "reason": booking.reason, "entry": "manual",
    }  # fmt: skip
    return event if booking.place is None else event | {"place": booking.place}
