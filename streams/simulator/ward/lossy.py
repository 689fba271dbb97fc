"""Scanners that lose all separators: one from a day on, one that sends them only since its repair; and their goods.

What is known changes between months, not within them: a scanner is noticed by the last label of the month it fails in.
So whoever plays the run has a month's labels learned from before the next month begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from models.udi.issuers.gs1.application_identifiers import GS
from streams.simulator.account.entries import Department
from streams.simulator.clock import MINUTE
from streams.simulator.hospital.goods import Goods, LossyGoods, Unit
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.scanned import Scan
from streams.simulator.ward.stories import returned, used

DEVICE: Final = "gun9"
"""The device of a department that loses separators."""
TAUGHT: Final = 12
"""Labels with separators from which a maker's lots are learned."""


@dataclass(frozen=True, slots=True)
class Lossy:
    """A scanner that loses separators. Months by index."""

    fails: int
    """First month in which it loses them."""
    mended: int | None
    """It sends them again from this month on; `None`: never."""


LOSSY: Final = (Lossy(0, 2), Lossy(1, None))
"""The first has never sent any until its repair, the second did for a month. The places are those of its department."""


def lose(desk: Desk) -> None:
    """A month of the lossy scanners, on the desk."""
    for place, lossy in enumerate(LOSSY):
        if place < len(desk.departments):
            _Gun(desk, desk.departments[place], desk.shelf.lossy[place], lossy).scan()


class _Gun:
    """A lossy scanner in a month."""

    def __init__(self, desk: Desk, department: Department, goods: LossyGoods, lossy: Lossy) -> None:
        self._desk, self._department, self._goods, self._lossy = desk, department, goods, lossy
        self._device = f"{department.code.lower()}-{DEVICE}"

    def scan(self) -> None:
        index, lossy = self._desk.index, self._lossy
        if index == 0:
            self._teach(self._goods.known)
        if index == lossy.fails + 2:
            self._teach(self._goods.learned_later)
        if index < lossy.fails or (lossy.mended is not None and index >= lossy.mended):
            self._sends()
        elif index == lossy.fails:
            self._fails()
        else:
            self._is_known_to_lose()

    def _teach(self, goods: Goods) -> None:
        """Other scanners of the department read labels with separators."""
        for unit in self._units(goods, TAUGHT):
            self._use(unit, unit, GS, device=None)

    def _sends(self) -> None:
        for unit in self._units(self._goods.known, 3):
            self._use(unit, unit, GS)

    def _fails(self) -> None:
        """The first is taken as the standard reads it: the lot has swallowed the expiry.

        Of two others, scanned later, what was swallowed makes the lot too long to be one. They give the scanner away.
        """
        first, *later = self._desk.days
        short, *long = self._goods.unknown
        for unit in self._units(short, 1):
            self._use(unit, Unit(short, 0, f"{unit.lot}{_expiry(unit)}"), "", day=first)
        for goods in long:
            for unit in self._units(goods, 1):
                day = self._desk.chance.pick(later)
                self._use(unit, Unit(goods), "", day=day).doubt = "lot-uncertain"

    def _is_known_to_lose(self) -> None:
        """Charged without a lot; repaired where the maker's lots are known; held where a serial is not certain."""
        for unit in self._units(self._goods.known, 1):
            self._use(unit, unit, "")
        doubtful = [self._goods.unknown[0], self._goods.unknown[1]]
        if self._desk.index == self._lossy.fails + 1:
            doubtful.append(self._goods.learned_later)
        for goods in doubtful:
            for unit in self._units(goods, 1):
                told = goods is self._goods.learned_later and self._desk.index + 1 < self._desk.plan.months
                scan = self._use(unit, unit if told else Unit(goods), "")
                scan.doubt = None if told else "lot-uncertain"
                if goods is doubtful[0]:
                    back = returned(self._desk, scan, 1, 30 * MINUTE, named=self._desk.chance.below(2) == 0)
                    back.codes, back.doubt = [_text(unit, GS)], scan.doubt
        for unit in self._units(self._goods.serial, 1):
            self._held(unit)

    def _held(self, unit: Unit) -> None:
        desk, day = self._desk, self._desk.chance.pick(self._desk.days)
        text = f"]d201{unit.di}10{unit.lot}21{unit.serial}"
        scan = desk.bare(desk.moment(day), "use", self._department, [text], "ambiguous-code")
        scan.stay, scan.device = desk.wards.known(self._department, day), self._device
        scan.unit = Unit(unit.goods)  # The identifier is certain, and so are the goods.

    def _units(self, goods: Goods, count: int) -> Iterator[Unit]:
        return (self._desk.unit(goods, self._desk.days.stop) for _ in range(count))

    def _use(self, printed: Unit, known: Unit, separator: str, device: str | None = "", day: int | None = None) -> Scan:
        """One use, on any day unless one is given. `known` is what the books must know of the printed unit."""
        desk = self._desk
        day = desk.chance.pick(desk.days) if day is None else day
        scan = used(desk, day, unit=known, quantity=1, department=self._department,
                    stay=desk.wards.known(self._department, day))  # fmt: skip
        scan.codes = [_text(printed, separator)]
        scan.device = scan.device if device is None else self._device
        return scan


def _text(unit: Unit, separator: str) -> str:
    return f"]d201{unit.di}10{unit.lot}{separator}{_expiry(unit)}"


def _expiry(unit: Unit) -> str:
    return f"17{date.fromordinal(unit.expiry or 0):%y%m%d}"
