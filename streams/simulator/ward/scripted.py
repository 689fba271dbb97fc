"""Anomalies that are known in advance: goods that nothing else is done with, used so many times a month by script."""

from dataclasses import dataclass
from typing import Final

from models.money import PRICE_SCALE
from models.udi.canonical import gtin
from streams.simulator.clock import HOUR, day_start, days_of
from streams.simulator.hospital.goods import ALWAYS, Goods
from streams.simulator.plan import Plan
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.stories import used

FIRST_NUMBER: Final = 90_000
PER_SCAN: Final = 25
"""Units in one scan of a script."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a script must lead to: an alert, or none."""

    month: int
    """Index of the month."""
    rule: str
    """Name of the rule."""
    measure: str
    """`amount` or `quantity`."""
    department: bool = True
    """Of the department; else of the hospital."""
    change: str | None = None
    """`change_percent` of the alert; `None`: it is not that kind of alert."""
    rank: int | None = None
    """`rank` of the alert; `None`: it is not that kind of alert."""
    run: int | None = None
    """`months_in_a_row`."""
    silent: bool = False
    """No such alert."""


@dataclass(frozen=True, slots=True)
class Script:
    """Goods used by script in one department, and perhaps another."""

    name: str
    """What it is about."""
    department: int
    """Index of the department."""
    units: dict[int, int]
    """By index of the month; the highest of all months with an expectation must lie in the plan."""
    prices: dict[int, str]
    """Yuan a unit from that month on; month 0 stands for always."""
    expected: tuple[Expected, ...]
    """What it must lead to."""
    beside: tuple[int, dict[int, int]] | None = None
    """Another department and its units."""

    @property
    def last(self) -> int:
        """Index of the last month it needs."""
        return max(each.month for each in self.expected)

    @property
    def highest(self) -> int:
        """The highest place of a department it needs."""
        return max(self.department, self.beside[0] if self.beside else 0)


MOM, YOY, TOP, NEW = "growth-month-on-month", "growth-year-on-year", "top-three-three-months", "new-item"


def _silent(month: int, rule: str, measure: str, *, department: bool = True) -> Expected:
    return Expected(month, rule, measure, department, silent=True)


def _top(month: int, rank: int, run: int) -> tuple[Expected, ...]:
    return tuple(Expected(month, TOP, measure, rank=rank, run=run) for measure in ("quantity", "amount"))


SCRIPTS: Final = (
    Script("quantity rises by exactly 20 %", 0, {1: 50, 2: 60, 3: 71}, {0: "100.00"}, (
        Expected(2, MOM, "quantity", change="20.00"), Expected(2, MOM, "quantity", False, "20.00"),
        Expected(2, MOM, "amount", change="20.00"), _silent(3, MOM, "quantity"))),
    Script("quantity rises by 19.9 %", 1, {1: 1000, 2: 1199}, {0: "1.00"}, (
        _silent(2, MOM, "quantity"), _silent(2, MOM, "amount"))),
    Script("price rises by exactly 20 %", 2, {1: 20, 2: 20}, {0: "1000.00", 2: "1200.00"}, (
        Expected(2, MOM, "amount", change="20.00"), _silent(2, MOM, "quantity"))),
    Script("price rises by 19.995 %", 3, {1: 20, 2: 20}, {0: "1000.00", 2: "1199.95"}, (
        _silent(2, MOM, "amount"), _silent(2, MOM, "amount", department=False))),
    Script("rises in one department, falls in another", 4, {1: 20, 2: 30}, {0: "100.00"}, (
        Expected(2, MOM, "quantity", change="50.00"), _silent(2, MOM, "quantity", department=False)),
        beside=(5, {1: 30, 2: 20})),
    Script("base below the floor of units", 6, {1: 4, 2: 8}, {0: "10.00"}, (
        _silent(2, MOM, "quantity"), _silent(2, MOM, "amount"))),
    Script("base at the floor of units", 7, {1: 5, 2: 6}, {0: "10.00"}, (
        Expected(2, MOM, "quantity", change="20.00"), _silent(2, MOM, "amount"))),
    Script("base below the floor of yuan", 8, {1: 3, 2: 6}, {0: "333.33"}, (
        _silent(2, MOM, "amount"), _silent(2, MOM, "quantity"))),
    Script("base at the floor of yuan", 9, {1: 2, 2: 3}, {0: "500.00"}, (
        Expected(2, MOM, "amount", change="50.00"), _silent(2, MOM, "quantity"))),
    Script("new item", 10, {2: 8}, {0: "200.00"}, (
        Expected(2, NEW, "quantity"), Expected(2, NEW, "amount"), _silent(2, MOM, "quantity"))),
    Script("the first month has no base", 11, {0: 8, 1: 8}, {0: "200.00"}, (
        _silent(0, NEW, "quantity"), _silent(0, MOM, "quantity"), _silent(1, NEW, "quantity"))),
    Script("first of the top three", 12, {3: 400, 4: 400, 5: 400, 6: 400}, {0: "2000.00"}, (
        _silent(4, TOP, "quantity"), *_top(5, 1, 3), *_top(6, 1, 4))),
    Script("second of the top three", 12, {3: 300, 4: 300, 5: 300}, {0: "2000.00"}, _top(5, 2, 3)),
    Script("third of the top three, tied", 12, {3: 250, 4: 250, 5: 250}, {0: "2000.00"}, _top(5, 3, 3)),
    Script("also third of the top three, tied", 12, {3: 250, 4: 250, 5: 250}, {0: "2000.00"}, _top(5, 3, 3)),
    Script("fourth behind a tie", 12, {3: 225, 4: 225, 5: 225}, {0: "2000.00"}, (
        _silent(5, TOP, "quantity"), _silent(5, TOP, "amount"))),
    Script("a month without use resets the run", 13, {2: 400, 3: 400, 5: 400, 6: 400, 7: 400}, {0: "2000.00"}, (
        _silent(5, TOP, "quantity"), _silent(6, TOP, "quantity"), *_top(7, 1, 3))),
    Script("quantity rises by 20 % in a year", 14, {0: 50, **dict.fromkeys(range(1, 11), 50), 11: 55, 12: 60},
        {0: "100.00"}, (Expected(12, YOY, "quantity", change="20.00"), _silent(12, MOM, "quantity"))),
    Script("price rises by 20 % in a year", 15, dict.fromkeys(range(13), 20),
        {0: "1000.00", 6: "1100.00", 12: "1200.00"}, (
        Expected(12, YOY, "amount", change="20.00"), _silent(12, MOM, "amount"), _silent(12, YOY, "quantity"))),
    Script("quantity rises by less than 20 % in a year", 16, {0: 60, **dict.fromkeys(range(1, 12), 65), 12: 71},
        {0: "100.00"}, (_silent(12, YOY, "quantity"), _silent(12, MOM, "quantity"))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cast:
    """A script with the goods that play it."""

    script: Script
    """What is done with them."""
    goods: Goods
    """The item."""

    def used_in(self, index: int) -> list[tuple[int, int]]:
        """(department, units) in a month."""
        places = [(self.script.department, self.script.units)] + ([self.script.beside] if self.script.beside else [])
        return [(department, units[index]) for department, units in places if units.get(index)]


def cast(plan: Plan) -> list[Cast]:
    """The scripts for which the plan has months and departments enough."""
    if not plan.anomalies:
        return []
    fitting = [each for each in SCRIPTS if each.last < plan.months and each.highest < plan.departments]
    return [Cast(script, _goods(place, script, plan)) for place, script in enumerate(fitting)]


def _goods(place: int, script: Script, plan: Plan) -> Goods:
    number = FIRST_NUMBER + place
    steps = tuple(
        (days_of(plan.month(index)).start if index else ALWAYS, _price(yuan)) for index, yuan in script.prices.items()
    )
    return Goods(
        code=f"H{number:05d}", name=f"scripted: {script.name}", issuer="GS1",
        levels=((gtin(f"0{6_999_999}{number:05d}"), 1),), steps=steps, monitored=True, lot="@@####",
    )  # fmt: skip


def _price(yuan: str) -> int:
    whole, _, part = yuan.partition(".")
    return int(whole) * PRICE_SCALE + int(part.ljust(4, "0"))


def play(desk: Desk, played: list[Cast]) -> None:
    """A month of all scripts, on the desk: goods are received, and used for patients who are known."""
    for each in played:
        for place, units in each.used_in(desk.index):
            department = desk.departments[place]
            unit = desk.unit(each.goods, desk.days.stop)
            at = day_start(desk.days.start) + 6 * HOUR
            desk.scan(at, "receive", department, department.stores[0], unit, units)
            for before in range(0, units, PER_SCAN):
                day = desk.chance.pick(desk.days)
                stay, quantity = desk.wards.known(department, day), min(PER_SCAN, units - before)
                used(desk, day, department=department, unit=unit, quantity=quantity, stay=stay)
