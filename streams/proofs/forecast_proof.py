"""`udi forecast-proof`: simulated stores order by forecast, and their shelves are compared with what was wanted.

A forecast is judged by what it is for: how often the shelf had enough, and how many units lay there for it. Errors in
per cent say nothing of goods of which most weeks use none (Teunter, Duncan: Forecasting intermittent demand: a
comparative study, Journal of the Operational Research Society 60 (2009) 321-329). Each item has a year of history and
half a year that is judged: once a week as much is ordered as brings shelf and orders up to a level, and comes after the
lead time; what is used beyond the shelf is owed. Levels are set three ways: by forecast; by one who knows how the item
is used, but not what chance brings; by days of the last 90 days' use, as many for all as reach the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Final

import numpy as np
from numpy.random import Generator

from models.policy import POLICY
from models.stock.demand import DAYS_A_WEEK, REVIEW_DAYS, WEEKS_READ
from rules.stock.forecasting import bounds_of, moments_of

JUDGED_WEEKS: Final = 26
LEADS_DAYS: Final = (3, 7, 14)
DRAWS: Final = 1_000
"""Of the days ahead, for who knows how the item is used."""
RECENT_DAYS: Final = 90
WORKDAYS: Final = np.array([0.19, 0.18, 0.18, 0.18, 0.17, 0.07, 0.03])
"""Shares of the days of a week. No source: ours."""
REACHED_MIN: Final = 0.93
REACHED_MIN_MOVING: Final = 0.85
"""Of an item whose use changes: the forecast has no trend, and may lag so far."""
UNITS_MAX: Final = 1.35
"""Times the units of one who knows how the item is used. Both bounds are ours."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A way in which items are used."""

    name: str
    """As it is printed."""
    chance: tuple[float, float]
    """Least and greatest chance that a week has any use."""
    size: tuple[float, float]
    """Least and greatest mean of a week with use, in units."""
    clump: float
    """Variance of a week's size, times its mean: 1 is a count's."""
    weekly_change: float = 0.0
    """How the mean changes from week to week in the year and a half, as a share of what it is at first."""
    ends: bool = False
    """Nobody uses it any more from the middle of the judged weeks on."""

    @property
    def moves(self) -> bool:
        """Its use changes: what a forecast without a trend can't know."""
        return self.ends or self.weekly_change != 0


KINDS: Final = (
    Kind("steady", (1.0, 1.0), (2.0, 40.0), 1.0),
    Kind("clumped", (1.0, 1.0), (5.0, 60.0), 3.0),
    Kind("slow", (0.05, 0.5), (1.0, 2.5), 1.0),
    Kind("lumpy", (0.1, 0.5), (5.0, 20.0), 4.0),
    Kind("growing", (1.0, 1.0), (4.0, 30.0), 1.0, weekly_change=0.01),
    Kind("no longer used", (0.3, 1.0), (2.0, 20.0), 1.0, ends=True),
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a way of ordering came to."""

    reached: float
    """Share of the orders whose goods and shelf were enough until the goods of the next one came, 0 to 1."""
    served: float
    """Share of the units that were on the shelf when they were used, 0 to 1."""
    units: float
    """Mean units on the shelf at the end of a day."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The items of one kind."""

    kind: Kind
    """How they are used."""
    items: int
    """How many."""
    forecast: Shelf
    """Ordered by forecast."""
    known: Shelf
    """Ordered by one who knows how each item is used."""
    days: Shelf
    """Ordered by days of recent use."""

    @property
    def good(self) -> bool:
        """As often enough as is wanted, for not many more units than are needed."""
        least = REACHED_MIN_MOVING if self.kind.moves else REACHED_MIN
        return self.forecast.reached >= least and (
            self.kind.moves or self.forecast.units <= UNITS_MAX * self.known.units
        )


class _Item:
    """An item: how it is used, what was used, and when its goods come."""

    def __init__(self, kind: Kind, lead_days: int, rng: Generator) -> None:
        self._kind = kind
        self._chance, self._size = rng.uniform(*kind.chance), rng.uniform(*kind.size)
        self.lead_days = lead_days
        self.ahead = lead_days + REVIEW_DAYS
        weeks = range(WEEKS_READ + JUDGED_WEEKS + max(LEADS_DAYS))
        self._weeks = [int(self._drawn(week, 1, rng)[0]) for week in weeks]
        self.days = np.concatenate([rng.multinomial(units, WORKDAYS) for units in self._weeks])

    def weeks(self, week: int) -> list[int]:
        """The year before a week."""
        return self._weeks[week - WEEKS_READ : week]

    def recent(self, week: int) -> float:
        """Units a day lately."""
        return float(self.days[week * DAYS_A_WEEK - RECENT_DAYS : week * DAYS_A_WEEK].mean())

    def known_level(self, week: int, level_percent: float, rng: Generator) -> int:
        """Units that are enough for the days ahead in so many of a hundred cases."""
        whole, part = divmod(self.ahead, DAYS_A_WEEK)
        used = sum((self._drawn(week + each, DRAWS, rng) for each in range(whole)), np.zeros(DRAWS))
        if part:
            used += rng.binomial(self._drawn(week + whole, DRAWS, rng).astype(np.int64), WORKDAYS[:part].sum())
        return int(np.quantile(used, level_percent / 100, method="inverted_cdf"))

    def _drawn(self, week: int, count: int, rng: Generator) -> np.ndarray:
        if self._kind.ends and week >= WEEKS_READ + JUDGED_WEEKS // 2:
            return np.zeros(count)
        mean = self._size * (1 + self._kind.weekly_change * week)
        some = rng.random(count) < self._chance
        if self._kind.clump > 1:
            share = 1 / self._kind.clump
            return some * rng.negative_binomial(mean * share / (1 - share), share, count)
        # A week with use has one unit at least; the rest is a count.
        least = 1 if self._chance < 1 else 0
        return some * (least + rng.poisson(max(mean - least, 0), count))


def forecast_proof(items: int, seed: int) -> Iterator[Judged]:
    """Each kind with so many items."""
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, number])
        goods = [_Item(kind, LEADS_DAYS[place % len(LEADS_DAYS)], rng) for place in range(items)]
        by_forecast = _shelf(goods, partial(_forecast_levels, goods))
        known = _shelf(goods, partial(_known_levels, goods, rng))
        yield Judged(kind, items, by_forecast, known, _by_days(goods, by_forecast.reached))


def _forecast_levels(goods: Sequence[_Item], week: int) -> list[int]:
    moments = [moments_of(item.weeks(week), item.ahead) for item in goods]
    return [each.high for each in bounds_of(moments, POLICY.service_level_percent)]


def _known_levels(goods: Sequence[_Item], rng: Generator, week: int) -> list[int]:
    return [item.known_level(week, POLICY.service_level_percent, rng) for item in goods]


def _levels_of_days(goods: Sequence[_Item], spare_days: int, week: int) -> list[int]:
    return [ceil((item.ahead + spare_days) * item.recent(week)) for item in goods]


def _by_days(goods: Sequence[_Item], wanted: float) -> Shelf:
    """The fewest whole weeks of recent use beyond the lead time that are enough as often."""
    for spare in range(20):
        found = _shelf(goods, partial(_levels_of_days, goods, spare * DAYS_A_WEEK))
        if found.reached >= wanted:
            break
    return found


def _shelf(goods: Sequence[_Item], levels: Callable[[int], list[int]]) -> Shelf:
    """Order and use, day by day; the first order fills an empty shelf at once and is not judged."""
    first = WEEKS_READ
    on_hand = np.array(levels(first), dtype=np.int64)
    on_order = np.zeros((JUDGED_WEEKS * DAYS_A_WEEK + max(LEADS_DAYS) + 1, len(goods)), dtype=np.int64)
    used = np.array([item.days[first * DAYS_A_WEEK :] for item in goods])
    leads = np.array([item.lead_days for item in goods])
    held = orders = short = 0
    lying = 0.0
    for day in range(JUDGED_WEEKS * DAYS_A_WEEK):
        on_hand += on_order[day]
        on_order[day] = 0
        if day % REVIEW_DAYS == 0 and day > 0:
            wanted = np.array(levels(first + day // DAYS_A_WEEK)) - on_hand - on_order.sum(axis=0)
            on_order[day + leads, np.arange(len(goods))] += np.maximum(wanted, 0)
        before = np.maximum(on_hand, 0)
        on_hand -= used[:, day]
        short += int(np.maximum(used[:, day] - before, 0).sum())
        lying += float(np.maximum(on_hand, 0).sum())
        # The last day before the goods of the next order come.
        due = (day + 1 - leads) % REVIEW_DAYS == 0
        due &= day + 1 - leads > REVIEW_DAYS
        held, orders = held + int((on_hand[due] >= 0).sum()), orders + int(due.sum())
    days = JUDGED_WEEKS * DAYS_A_WEEK
    return Shelf(held / orders, 1 - short / int(used[:, :days].sum()), lying / days / len(goods))
