"""The chance that a unit whose label was not read is meant: how many of each lie in a place, by the moves of the books.

References:
    docs/store.md, "Recall" and "Places".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from models.stock.exposure import ItemScan
from models.stock.places import INSIDE, OUTSIDE, PATIENT, SET, WASTE, brought_set, lent
from models.stock.recall import plain
from rules.stock.recall_matching import Match

_Goods = tuple[str, str | None, str | None]
"""Place, item, and the lot as `plain` has it; `None`: of whatever lot."""


@dataclass(slots=True)
class Shares:
    """Of the units in each place: how many are meant, how many are not; unread ones count by their chance.

    What moves is what the books moved, from place to place, whatever the action. An unread unit that leaves takes its
    expected share of both: the next one finds what is then to be expected. Where the lot was read, and only its serial
    or day was not, it is one of the units of that lot: those are counted by themselves besides.
    """

    _meant: dict[_Goods, Decimal] = field(default_factory=dict)
    _others: dict[_Goods, Decimal] = field(default_factory=dict)

    def before(self, scan: ItemScan) -> Decimal | None:
        """The chance that a unit of the scan is meant; `None` when nothing of the item was where it was taken from."""
        return self.of(_taken_from(scan), scan.item_code, scan.lot)

    def of(self, place: str, item_code: str | None, lot: str | None) -> Decimal | None:
        """The share of the meant units among those in the place; in a store with its rooms, cabinets and carts.

        `lot`: among the units of that lot; `None`: among all of the item.
        """
        goods = (place, item_code, plain(lot) if lot is not None else None)
        meant = max(self._meant.get(goods, Decimal()), Decimal())
        others = max(self._others.get(goods, Decimal()), Decimal())
        return meant / (meant + others) if meant + others > 0 else None

    def move(self, scan: ItemScan, found: Match) -> None:
        """The scan's units leave one place and come to another.

        Unread ones of which nothing can be known come as meant, because they can't be ruled out; where the books had
        none of them, they leave no fewer meant ones behind.
        """
        chance = self.before(scan) if found is Match.POSSIBLE else Decimal(found is Match.CERTAIN)
        left, came = (Decimal(0), Decimal(1)) if chance is None else (chance, chance)
        if scan.from_place is not None:
            self._add(scan.from_place, scan, -left, left - 1)
        if scan.to_place is not None:
            self._add(scan.to_place, scan, came, 1 - came)

    def _add(self, place: str, scan: ItemScan, meant: Decimal, others: Decimal) -> None:
        for each in _counted_in(place):
            for lot in {None, plain(scan.lot) if scan.lot is not None else None}:
                key = (each, scan.item_code, lot)
                self._meant[key] = self._meant.get(key, Decimal()) + meant * scan.units
                self._others[key] = self._others.get(key, Decimal()) + others * scan.units


def _taken_from(scan: ItemScan) -> str:
    """The store of a shelf and of every room of it; what lies in no store, as a set or goods on the way, by itself.

    Of a use nobody can say whether its store's own goods were taken or those that it has on loan.
    """
    if scan.from_place == lent(scan.store) and scan.to_place in {PATIENT, WASTE, None}:
        return scan.store
    if scan.from_place is not None and scan.from_place.startswith(INSIDE):
        return scan.from_place
    if not scan.moved and scan.place == SET and scan.document is not None:
        return brought_set(scan.document)
    return scan.store


def _counted_in(place: str) -> Iterator[str]:
    """The place, and what it is a room of: each store of which `udi.is_of_store` says that it is a place.

    What is lent to a store lies in that store.
    """
    if place in OUTSIDE:
        return
    yield place
    if place.startswith(lent("")):
        place = place.removeprefix(lent(""))
        yield place
    while not place.startswith(INSIDE) and "/" in place:
        place = place.rpartition("/")[0]
        yield place
