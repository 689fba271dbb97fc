"""Hospital-years as months of use and discharges, with seeded misuse and growth that is caseload alone.

Only what the evaluator reads is simulated: use by department, item and month, and the discharges beside it. Volumes are
those of the studies: 22 departments, some 13,000 discharges and 9,000 units of monitored goods a month, four brands of
each of 18 kinds. Misuse is seeded large enough to be told from chance: in 120 units a month or more, by 30 % or more.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.random import Generator

from models.calendar import Month, shift
from models.monitoring.alert import Cell, Scope, ScopeMonth, ScopeType, Traits, UsageSums
from models.monitoring.cause import Caseload

HOSPITAL: Final = "H1"
WARM_UP: Final = 13
"""Months before the year that is judged: a year back, and one for the first run."""
MONTHS: Final = WARM_UP + 12
DEPARTMENTS: Final = 22
ITEMS: Final = 72
CATEGORIES: Final = 18
FIRST: Final = Month(202012)
UNITS_MONTHLY: Final = 9_000
CASES_MONTHLY: Final = 13_000


class Misuse(StrEnum):
    """What is seeded."""

    OVERUSE = "overuse"
    """More units for each case in one department."""
    DEARER = "dearer"
    """The price of an item rises by a quarter or more."""
    SWITCH = "switch"
    """A department changes to a dearer brand of the same type."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A seeded misuse: from the month on, in the item."""

    kind: Misuse
    """What kind of misuse."""
    item: str
    """Code of the item that is misused."""
    month: Month
    """Month in which it begins."""


@dataclass(slots=True)
class World:
    """A hospital over all months."""

    usage: dict[Cell, UsageSums] = field(default_factory=dict)
    """Use by item, scope and month."""
    caseloads: dict[ScopeMonth, Caseload] = field(default_factory=dict)
    """Discharges by scope and month."""
    traits: dict[str, Traits] = field(default_factory=dict)
    """Of the items, by their codes."""
    seeds: list[Seed] = field(default_factory=list)
    """What was put there to be found."""
    grown: dict[ScopeMonth, dict[str, int]] = field(default_factory=dict)
    """Where cases have grown against the month before: by item the units that are there for the new cases alone."""

    def traits_of(self, _: str, item: str) -> Traits:
        """What is known of an item."""
        return self.traits.get(item, Traits())


def department(number: int) -> Scope:
    """A department."""
    return Scope(HOSPITAL, ScopeType.DEPARTMENT, f"D{number + 1:02d}")


WHOLE: Final = Scope(HOSPITAL, ScopeType.HOSPITAL, HOSPITAL)


def months() -> list[Month]:
    """All months, the first twelve and one to warm up."""
    return [shift(FIRST, place) for place in range(MONTHS)]


def hospital_year(seed: int) -> World:
    """A hospital with a year to judge."""
    return _Maker(np.random.default_rng(seed)).make()


class _Maker:
    def __init__(self, rng: Generator) -> None:
        self._rng = rng
        self._world = World()
        sizes = rng.dirichlet(np.full(DEPARTMENTS, 3.0)) * CASES_MONTHLY
        self._cases = np.outer(np.ones(MONTHS), np.maximum(sizes, 120))
        self._weights = np.outer(np.ones(MONTHS), rng.uniform(0.7, 2.4, DEPARTMENTS))
        self._growth = np.ones((MONTHS, DEPARTMENTS))
        self._category = rng.integers(0, CATEGORIES, ITEMS)
        self._prices = np.outer(np.ones(MONTHS), np.exp(rng.normal(6.6, 1.0, ITEMS)).round(2))
        self._rates = self._rates_of_items()
        """Units for each weighted case, by month, department and item."""

    def _rates_of_items(self) -> np.ndarray:
        rng = self._rng
        volume = rng.dirichlet(np.full(ITEMS, 0.8)) * UNITS_MONTHLY
        rates = np.zeros((MONTHS, DEPARTMENTS, ITEMS))
        for item in range(ITEMS):
            count = 1 + int(rng.integers(0, 3))
            users = rng.choice(DEPARTMENTS, count, replace=False)
            parts = rng.dirichlet(np.full(count, 1.0))
            for user, part in zip(users, parts, strict=True):
                rates[:, user, item] = volume[item] * part / (self._cases[0, user] * self._weights[0, user])
        return rates

    def make(self) -> World:
        rng, world = self._rng, self._world
        season = np.array([1.0, 0.88, 1.03, 1.0, 1.02, 1.01, 1.0, 1.0, 0.99, 0.97, 1.0, 1.02])
        for place, month in enumerate(months()):
            self._cases[place] *= season[month % 100 - 1] * rng.normal(1.0, 0.02, DEPARTMENTS)
            self._weights[place] *= rng.normal(1.0, 0.015, DEPARTMENTS)
        self._grow()
        self._misuse()
        for item in range(ITEMS):
            world.traits[_code(item)] = Traits(True, f"type-{self._category[item]:02d}")
        for place, month in enumerate(months()):
            self._month(place, month)
        return world

    def _grow(self) -> None:
        """A ward is opened, or heavier cases are sent: in a third of the department-years, from a month on."""
        for user in range(DEPARTMENTS):
            if self._rng.random() < 0.35:
                place = int(self._rng.integers(WARM_UP, MONTHS))
                factor = self._rng.uniform(1.4, 2.2)
                self._growth[place:, user] *= factor
                if self._rng.random() < 0.25:
                    self._weights[place:, user] *= factor
                else:
                    self._cases[place:, user] *= factor

    def _misuse(self) -> None:
        """One or two a month, each in an item that is used enough for anybody to care."""
        rng, taken = self._rng, set[int]()
        for place in range(WARM_UP, MONTHS):
            for _ in range(int(rng.integers(1, 3))):
                kind = list(Misuse)[rng.integers(len(Misuse))]
                found = self._candidate(kind, place, taken)
                if found is not None:
                    item, user = found
                    taken.add(item)
                    self._seed(kind, place, item, user)

    def _candidate(self, kind: Misuse, place: int, taken: set[int]) -> tuple[int, int] | None:
        """An item and its main department: 120 units and 40,000 yuan a month or more, and no other change."""
        expected = self._rates[place] * (self._cases[place] * self._weights[place])[:, None]
        whole = expected.sum(axis=0)
        for item in self._rng.permutation(ITEMS):
            user = int(expected[:, item].argmax())
            units, still = expected[user, item], self._growth[place, user] == self._growth[place - 1, user]
            enough = units >= 120 and units * self._prices[place, item] >= 40_000 and units >= 0.6 * whole[item]
            if int(item) in taken or not enough or not still:
                continue
            if kind is Misuse.SWITCH and self._rival(place, int(item), user, taken) is None:
                continue
            return int(item), user
        return None

    def _rival(self, place: int, item: int, user: int, taken: set[int]) -> int | None:
        """A cheaper item of the same type in the same department, used at least as much."""
        same = [
            other
            for other in range(ITEMS)
            if other != item
            and other not in taken
            and self._category[other] == self._category[item]
            and self._rates[place, user, other] >= self._rates[place, user, item]
            and self._prices[place, other] < self._prices[place, item]
        ]
        return same[0] if same else None

    def _seed(self, kind: Misuse, place: int, item: int, user: int) -> None:
        if kind is Misuse.OVERUSE:
            self._rates[place:, user, item] *= self._rng.uniform(2.0, 2.8)
        elif kind is Misuse.DEARER:
            self._prices[place:, item] = (self._prices[place:, item] * self._rng.uniform(1.3, 1.6)).round(2)
        else:
            rival = self._rival(place, item, user, set())
            assert rival is not None  # noqa: S101 -- _candidate has seen it
            moved = self._rates[place:, user, rival] * 0.9
            self._rates[place:, user, rival] -= moved
            self._rates[place:, user, item] += moved
        self._world.seeds.append(Seed(kind, _code(item), months()[place]))

    def _month(self, place: int, month: Month) -> None:
        rng, world = self._rng, self._world
        cases = rng.poisson(self._cases[place])
        load = cases * self._weights[place]
        before = self._growth[max(0, place - 1)] / self._growth[place]
        whole: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for user in range(DEPARTMENTS):
            scope = department(user)
            weights = Decimal(f"{cases[user] * self._weights[place, user]:.4f}")
            world.caseloads[ScopeMonth(scope, month)] = Caseload(int(cases[user]), weights)
            for item in np.flatnonzero(self._rates[place, user]):
                units = int(rng.poisson(self._rates[place, user, item] * load[user]))
                if not units:
                    continue
                fen = round(units * self._prices[place, item] * 100)
                world.usage[Cell(scope, _code(int(item)), month)] = UsageSums(units, fen)
                whole[_code(int(item))][0] += units
                whole[_code(int(item))][1] += fen
                if before[user] < 1:
                    extra = int(rng.binomial(units, 1 - before[user]))
                    world.grown.setdefault(ScopeMonth(scope, month), {})[_code(int(item))] = extra
        for code, (units, fen) in whole.items():
            world.usage[Cell(WHOLE, code, month)] = UsageSums(units, fen)


def _code(item: int) -> str:
    return f"I{item + 1:03d}"
