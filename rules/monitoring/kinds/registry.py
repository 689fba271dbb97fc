"""The kinds of rules, and whether a row is one that can be judged."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from models.monitoring.alert import Measure, ScopeType
from models.monitoring.rule import CATEGORY, Population, RuleBase, RuleKind, RuleRow
from rules.monitoring.kinds.forecast import MONTHS_MIN, Forecast
from rules.monitoring.kinds.growth import Growth
from rules.monitoring.kinds.new_item import NewItem
from rules.monitoring.kinds.price_drift import PriceDrift
from rules.monitoring.kinds.quota import QuotaUsed
from rules.monitoring.kinds.rank import TopRank
from rules.monitoring.kinds.rule import Rule
from rules.monitoring.kinds.share import Share

MONTHS_MAX: Final = 24
"""A run longer than two years is a typing error. No source: ours."""


class _Kind(Protocol):
    def __call__(self, row: RuleRow, measure: Measure) -> Rule: ...


KINDS: Final[dict[RuleKind, _Kind]] = {
    RuleKind.GROWTH: Growth,
    RuleKind.NEW_ITEM: NewItem,
    RuleKind.RANK: TopRank,
    RuleKind.SHARE: Share,
    RuleKind.PRICE_DRIFT: PriceDrift,
    RuleKind.FORECAST: Forecast,
    RuleKind.QUOTA: QuotaUsed,
}


def made_of(row: RuleRow) -> tuple[Rule, ...]:
    """The rules of a row, one for each measure."""
    return tuple(KINDS[row.kind](row, measure) for measure in row.measures)


def rules_of(rows: Iterable[RuleRow]) -> tuple[Rule, ...]:
    """The rules of several rows."""
    return tuple(rule for row in rows for rule in made_of(row))


def wrong(row: RuleRow) -> str | None:
    """What contradicts itself in a row, in one sentence; `None` when it can be judged."""
    return next(
        chain(_wrong_figures(row), _wrong_fields(row), _wrong_sets(row), _wrong_population(row.population)), None
    )


def _wrong_figures(row: RuleRow) -> Iterator[str]:
    percent, floors = row.threshold_percent, (row.floor_quantity, row.floor_fen)
    if percent is not None and not (percent.is_finite() and 0 < percent <= 10_000):
        yield f"Expected threshold_percent above 0 and up to 10000, got {percent}."
    elif percent is not None and row.kind is RuleKind.SHARE and percent > 100:
        yield f"Expected a share of at most 100 per cent, got {percent}."
    elif percent is not None and row.kind is RuleKind.FORECAST and not 50 < percent < 100:
        yield f"Expected a level of prediction above 50 and below 100 per cent, got {percent}."
    if any(floor < 0 for floor in floors):
        yield f"Expected floors from 0 on, got {min(floors)}."
    if row.months is not None and not 1 <= row.months <= MONTHS_MAX:
        yield f"Expected 1 to {MONTHS_MAX} months, got {row.months}."
    elif row.months is not None and row.kind is RuleKind.FORECAST and row.months < MONTHS_MIN:
        yield f"Expected a forecast from at least {MONTHS_MIN} months, got {row.months}."
    if row.rank_max is not None and row.rank_max < 1:
        yield f"Expected rank_max from 1 on, got {row.rank_max}."


_NEEDS: Final[dict[RuleKind, frozenset[str]]] = {
    RuleKind.GROWTH: frozenset({"base", "threshold_percent"}),
    RuleKind.NEW_ITEM: frozenset({"base"}),
    RuleKind.RANK: frozenset({"rank_max", "months"}),
    RuleKind.SHARE: frozenset({"threshold_percent", "months"}),
    RuleKind.PRICE_DRIFT: frozenset({"base", "threshold_percent"}),
    RuleKind.FORECAST: frozenset({"threshold_percent", "months"}),
    RuleKind.QUOTA: frozenset({"threshold_percent"}),
}
"""What a kind needs of these four; what it does not need contradicts it."""


def _wrong_fields(row: RuleRow) -> Iterator[str]:
    for name in ("base", "threshold_percent", "rank_max", "months"):
        given, needed = getattr(row, name) is not None, name in _NEEDS[row.kind]
        if given != needed:
            yield f"Expected {name} {'in' if needed else 'not in'} a rule of the kind {row.kind}."
    if row.kind is RuleKind.NEW_ITEM and row.base is not RuleBase.MONTH:
        yield f"Expected the base month in a rule of the kind new-item, got {row.base}."
    if row.kind is not RuleKind.NEW_ITEM and row.open_from_fen is not None:
        yield f"Expected open_from_amount not in a rule of the kind {row.kind}."


def _wrong_sets(row: RuleRow) -> Iterator[str]:
    if row.kind is RuleKind.PRICE_DRIFT and row.measures != (Measure.AMOUNT,):
        yield "Expected the measure amount in a rule of the kind price-drift."
    if row.kind is RuleKind.QUOTA and (row.measures, row.scopes) != ((Measure.QUANTITY,), (ScopeType.DEPARTMENT,)):
        yield "Expected the measure quantity and the scope department in a rule of the kind quota."
    if not row.measures or not row.scopes:
        yield "Expected at least one measure and one scope."
    if len(set(row.measures)) < len(row.measures) or len(set(row.scopes)) < len(row.scopes):
        yield "Expected each measure and each scope once."


def _wrong_population(population: str) -> Iterator[str]:
    if population not in set(Population) and (not population.startswith(CATEGORY) or population == CATEGORY):
        yield f"Expected population {', '.join(Population)} or category:NAME, got {population!r}."
