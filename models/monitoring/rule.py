"""Monitoring rules as dated data: what a rule counts, against what, from where on it fires, for whom, and when it held.

References:
    docs/alerts.md, section "The rules". docs/studies.md, "Gansu study" (2022, table 2), names the two rules; where it
    leaves something open, docs/alerts.md says what we chose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from models.calendar import Month
from models.monitoring.alert import Measure, ScopeType, Traits

EVERY_HOSPITAL = "*"
"""Rules under this name hold for every hospital that has none of its own of the same name."""


class RuleKind(StrEnum):
    """What a rule asks. Each kind is one module of `rules/monitoring`."""

    GROWTH = "growth"
    """Rose by so many per cent against its base."""
    NEW_ITEM = "new-item"
    """Used now and not at all the month before."""
    RANK = "rank"
    """Among the first of its scope for so many months in a row."""
    SHARE = "share"
    """So many per cent of its category, for so many months in a row."""
    PRICE_DRIFT = "price-drift"
    """The mean price paid rose by so many per cent against its base."""
    FORECAST = "forecast"
    """Above what the months before lead to expect."""
    QUOTA = "quota"
    """A department used so many per cent of its quota of a controlled category."""


class RuleBase(StrEnum):
    """Against what a rise is counted."""

    MONTH = "month"
    """The month before."""
    YEAR = "year"
    """The same month a year before."""
    THREE_MONTHS = "three-months"
    """The mean of the three months before."""


class Population(StrEnum):
    """Which items a rule judges, by the newest catalogue version."""

    MONITORED = "monitored"
    ALL = "all"
    CONTROLLED = "controlled"
    """Those with a controlled category."""
    AUXILIARY = "auxiliary"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One version of a rule, as data."""

    rule: str
    """Its name, as it stands in alerts."""
    kind: RuleKind
    """What the rule asks."""
    measures: tuple[Measure, ...]
    """Each is judged by itself."""
    scopes: tuple[ScopeType, ...]
    """Each is judged on its own sums."""
    population: str = Population.MONITORED
    """One of `Population`, or `category:` and the name of a category."""
    base: RuleBase | None = None
    """Against what a rise is counted; `None` of rules that compare nothing."""
    threshold_percent: Decimal | None = None
    """Of growth and price drift the rise, of share and quota the share; reached exactly, it fires. Of a forecast the
    level of its prediction interval."""
    rank_max: int | None = None
    """Ranks up to this count as top."""
    months: int | None = None
    """Consecutive months until it fires; of a forecast the months before that it is made from."""
    floor_quantity: int = 0
    """Units the base must reach (of a new item the value); equal is enough."""
    floor_fen: int = 0
    """Fen the base must reach (of a new item the value); equal is enough."""
    open_from_fen: int | None = None
    """Of a new item: what it must cost in the month to lie open on the desk; below it is filed."""

    def judges(self, traits: Traits) -> bool:
        """The item belongs to its population."""
        if self.population.startswith(CATEGORY):
            return traits.category == self.population.removeprefix(CATEGORY)
        return {
            Population.MONITORED: traits.monitored,
            Population.ALL: True,
            Population.CONTROLLED: traits.controlled_category is not None,
            Population.AUXILIARY: traits.auxiliary,
        }[Population(self.population)]


CATEGORY = "category:"


class HeldRule(NamedTuple):
    """A version of a rule and the months it holds for."""

    hospital: str
    """Or `EVERY_HOSPITAL`."""
    version: int
    """1, 2, 3 … of the rule in its hospital."""
    row: RuleRow
    """What it says."""
    valid_from: Month | None
    """The first month it judges; `None`: from the beginning."""
    valid_to: Month | None
    """The first month it no longer judges; `None`: open."""

    def holds(self, month: Month) -> bool:
        """It judges the month."""
        return (self.valid_from is None or self.valid_from <= month) and (
            self.valid_to is None or month < self.valid_to
        )


def held_in(rules: Sequence[HeldRule], hospital: str, month: Month) -> tuple[RuleRow, ...]:
    """The rules of a hospital in a month: its own, and those for every hospital whose name it does not use itself."""
    own = {each.row.rule for each in rules if each.hospital == hospital}
    return tuple(
        each.row
        for each in rules
        if each.holds(month)
        and (each.hospital == hospital or (each.hospital == EVERY_HOSPITAL and each.row.rule not in own))
    )


_BOTH = (Measure.AMOUNT, Measure.QUANTITY)
_SCOPES = (ScopeType.HOSPITAL, ScopeType.DEPARTMENT)
FLOOR_QUANTITY = 5
"""Units. Source: ours (docs/alerts.md): a rise from 1 to 2 is no news."""
FLOOR_FEN = 100_000
"""1,000.00 yuan. Source: as above."""
STUDY_RULES: tuple[RuleRow, ...] = (
    RuleRow(
        "growth-month-on-month", RuleKind.GROWTH, _BOTH, _SCOPES, base=RuleBase.MONTH,
        threshold_percent=Decimal(20), floor_quantity=FLOOR_QUANTITY, floor_fen=FLOOR_FEN,
    ),
    RuleRow(
        "growth-year-on-year", RuleKind.GROWTH, _BOTH, _SCOPES, base=RuleBase.YEAR,
        threshold_percent=Decimal(20), floor_quantity=FLOOR_QUANTITY, floor_fen=FLOOR_FEN,
    ),
    RuleRow("top-three-three-months", RuleKind.RANK, _BOTH, _SCOPES, rank_max=3, months=3),
    RuleRow(
        "new-item", RuleKind.NEW_ITEM, _BOTH, _SCOPES, base=RuleBase.MONTH,
        floor_quantity=FLOOR_QUANTITY, floor_fen=FLOOR_FEN, open_from_fen=5_000_000,
    ),
)  # fmt: skip
"""The rules a fresh installation holds from the beginning. Source: docs/studies.md, "Gansu study" (table 2: 20 % or
more; top three for three consecutive months); the new item is what is left of a rise when its base is zero. 50,000.00
yuan for an open new item: ours, no source."""
