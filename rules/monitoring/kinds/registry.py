"""The kinds of rules, and whether a row is one that can be judged."""

from collections.abc import Iterable
from typing import Final, Protocol

from models.monitoring.alert import Measure, ScopeType
from models.monitoring.rule import CATEGORY, Population, RuleBase, RuleKind, RuleRow
from rules.monitoring.kinds.growth import Growth
from rules.monitoring.kinds.new_item import NewItem
from rules.monitoring.kinds.price_drift import PriceDrift
from rules.monitoring.kinds.rule import Rule
from rules.monitoring.kinds.share import Share
from rules.monitoring.kinds.top_three import TopRank

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
}


def made_of(row: RuleRow) -> tuple[Rule, ...]:
    """The rules of a row, one for each measure."""
    return tuple(KINDS[row.kind](row, measure) for measure in row.measures)


def rules_of(rows: Iterable[RuleRow]) -> tuple[Rule, ...]:
    """The rules of several rows."""
    return tuple(rule for row in rows for rule in made_of(row))


def wrong(row: RuleRow) -> str | None:
    """What contradicts itself in a row, in one sentence; `None` when it can be judged."""
    return _wrong_figures(row) or _wrong_set(row) or _wrong_population(row.population)


def _wrong_figures(row: RuleRow) -> str | None:
    percent, floors = row.threshold_percent, (row.floor_quantity, row.floor_fen)
    if percent is not None and not (percent.is_finite() and 0 < percent <= 10_000):
        return f"Expected threshold_percent above 0 and up to 10000, got {percent}."
    if row.kind is RuleKind.SHARE and percent is not None and percent > 100:
        return f"Expected a share of at most 100 per cent, got {percent}."
    if any(floor < 0 for floor in floors):
        return f"Expected floors from 0 on, got {min(floors)}."
    if row.months is not None and not 1 <= row.months <= MONTHS_MAX:
        return f"Expected 1 to {MONTHS_MAX} months, got {row.months}."
    if row.rank_max is not None and row.rank_max < 1:
        return f"Expected rank_max from 1 on, got {row.rank_max}."
    return None


COUNTED: Final = (ScopeType.HOSPITAL, ScopeType.DEPARTMENT)
"""The scopes by which use is counted. A rule for another one would never fire."""
_NEEDS: Final[dict[RuleKind, frozenset[str]]] = {
    RuleKind.GROWTH: frozenset({"base", "threshold_percent"}),
    RuleKind.NEW_ITEM: frozenset({"base"}),
    RuleKind.RANK: frozenset({"rank_max", "months"}),
    RuleKind.SHARE: frozenset({"threshold_percent", "months"}),
    RuleKind.PRICE_DRIFT: frozenset({"base", "threshold_percent"}),
}
"""What a kind needs of these four; what it does not need contradicts it."""


def _wrong_set(row: RuleRow) -> str | None:
    for name in ("base", "threshold_percent", "rank_max", "months"):
        given, needed = getattr(row, name) is not None, name in _NEEDS[row.kind]
        if given != needed:
            return f"Expected {name} {'in' if needed else 'not in'} a rule of the kind {row.kind}."
    if row.kind is RuleKind.NEW_ITEM and row.base is not RuleBase.MONTH:
        return f"Expected the base month in a rule of the kind new-item, got {row.base}."
    if row.kind is RuleKind.PRICE_DRIFT and row.measures != (Measure.AMOUNT,):
        return "Expected the measure amount in a rule of the kind price-drift."
    if not row.measures or not row.scopes:
        return "Expected at least one measure and one scope."
    uncounted = [scope for scope in row.scopes if scope not in COUNTED]
    if uncounted:
        return f"Expected scopes {', '.join(COUNTED)}, got {', '.join(uncounted)}: use is not counted by it."
    return None


def _wrong_population(population: str) -> str | None:
    if population in set(Population) or (population.startswith(CATEGORY) and population != CATEGORY):
        return None
    return f"Expected population {', '.join(Population)} or category:NAME, got {population!r}."
