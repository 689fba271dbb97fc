"""Units that came in and are in no balance: their scans wait for a fact or a person, and so does what became of them.

What such scans move stands in no book yet, so they are followed by where their actions bring goods.

References:
    docs/store.md, "Recall" and "Places".
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from models.scan.event import Action
from models.stock.exposure import ItemScan
from models.stock.places import OUTSIDE, in_transit
from rules.stock.moving import way_of
from rules.stock.recall_matching import Match

_STAYS: Final = frozenset({Action.COUNT, Action.IDENTIFY})
"""Actions that bring nothing anywhere."""
_WAITS: Final = frozenset({"parked", "held"})
_ELSEWHERE: Final = frozenset({"serial-present", "serial-used"})
"""Reasons of a receipt whose unit another line has: where the books have it, or with the patient who got it."""


class Lies(NamedTuple):
    """Goods of one label in a place."""

    place: str
    """A store with its rooms, or a place of moves that is no shelf (`models.stock.places`)."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""


class Left(NamedTuple):
    """Units that wait in a place."""

    goods: Lies
    """Which, and where."""
    units: int
    """Units of use, above 0."""
    scan: ItemScan
    """The first that brought some there."""
    found: Match
    """Whether they are meant."""


@dataclass(slots=True)
class Waiting:
    """Where waiting units are; in whatever order their scans came, because receipts come late."""

    _units: Counter[Lies] = field(default_factory=Counter)
    """What came to a place less what left it; below 0: some of what left is in the books."""
    _brought: dict[Lies, tuple[ItemScan, Match]] = field(default_factory=dict)
    _inside: list["_Carried"] = field(default_factory=list)

    def take(self, scan: ItemScan, found: Match) -> None:
        """A scan that moved nothing: its units came, left, or went from place to place."""
        if scan.action in _STAYS:
            return
        way = way_of(scan)
        source, target = _lies(way.from_place, scan), _lies(way.to_place, scan)
        if scan.action == Action.RECEIVE:
            if scan.verdict in _WAITS and not _ELSEWHERE & set(scan.reasons):
                self._brought.setdefault(target, (scan, found))
                self._units[target] += scan.units
        elif way.from_place in OUTSIDE:
            return  # Of a return its use says it (`returned`).
        elif way.to_place in OUTSIDE:
            self._units[source] -= scan.units - scan.returned
        elif source != target:
            self._units[source] -= scan.units
            self._units[target] += scan.units
            self._inside.append(_Carried(source, target, scan.units, scan, found))

    def left(self) -> list[Left]:
        """What is left in each place; to be asked once, when all scans were taken."""
        # Goods of the books have not waited: what a place lacks was carried on from it without being there.
        while sum(map(self._taken_back, reversed(self._inside))):
            pass
        for each in self._inside:
            if each.units > 0:
                self._brought.setdefault(each.target, (each.scan, each.found))
        return [Left(goods, self._units[goods], *by) for goods, by in self._brought.items() if self._units[goods] > 0]

    def used_of_books(self) -> Counter[Lies]:
        """Units of the books that scans without a move used up, by where they lay; to be asked after `left`.

        What waited there is used first: of the balance only the rest is gone.
        """
        return Counter({goods: -units for goods, units in self._units.items() if units < 0})

    def _taken_back(self, carried: "_Carried") -> bool:
        """Whether it carried units that its source did not have, which then are not where it brought them."""
        wrong = min(carried.units, -self._units[carried.source])
        if wrong <= 0:
            return False
        carried.units -= wrong
        self._units[carried.source] += wrong
        self._units[carried.target] -= wrong
        return True


@dataclass(slots=True)
class _Carried:
    """Units that went from one place of the house to another."""

    source: Lies
    target: Lies
    units: int
    scan: ItemScan
    found: Match


def _lies(place: str, scan: ItemScan) -> Lies:
    """A store is one place with its rooms; what is on the way is looked for where it goes."""
    if place.startswith(in_transit("")):
        place = place.removeprefix(in_transit(""))
    elif place.startswith(f"{scan.store}/"):
        place = scan.store
    return Lies(place, scan.issuer, scan.di, scan.lot, scan.serial)
