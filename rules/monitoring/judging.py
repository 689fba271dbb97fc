"""What the rules say of cells, from facts gathered before: claims first, then with their causes the alert versions.

References:
    docs/alerts.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from models.calendar import Month, shift
from models.monitoring.alert import (
    AlertKey,
    AlertVersion,
    Cell,
    Facts,
    Judgement,
    QuotaUse,
    ScopeMonth,
    UsageSums,
)
from rules.monitoring.book import RuleBook
from rules.monitoring.causes.cause import Parts
from rules.monitoring.causes.explaining import cause_of, explained, with_cause
from rules.monitoring.causes.windows import CauseFacts
from rules.monitoring.kinds.rank import TopRank
from rules.monitoring.kinds.rule import Rule, told_by
from rules.monitoring.standings import Ranking, TraitsOf
from rules.monitoring.touched import months_read
from rules.monitoring.versions import STANDS, next_version


@dataclass(frozen=True, slots=True)
class Known:
    """What was gathered of the cells to judge."""

    book: RuleBook
    """The rules that hold, by hospital and month."""
    traits_of: TraitsOf
    """What the newest catalogue version says of an item."""
    closed_through: Mapping[str, Month]
    """By hospital, the newest closed month; 0 or missing: none."""
    first_months: Mapping[str, Month]
    """By hospital, the first month of records."""
    usage: Mapping[Cell, UsageSums]
    """Of the cells and of the months their rules read."""
    newest: Mapping[AlertKey, AlertVersion]
    """Every alert on the cells."""
    ranking: Ranking = field(default_factory=Ranking)
    """What has changed at the top of closed months."""
    categories: Mapping[tuple[ScopeMonth, str], UsageSums] = field(default_factory=dict)
    """Of whole categories, where a rule asks for them."""
    quotas: Mapping[tuple[ScopeMonth, str], QuotaUse] = field(default_factory=dict)
    """Of controlled categories in departments, where a rule asks for them."""

    def closed(self, cell: Cell) -> bool:
        """The month of the cell is closed."""
        return cell.month <= self.closed_through.get(cell.scope.hospital, 0)


class Claim(NamedTuple):
    """A judgement of which something may have to be said: it fires, or its alert stands."""

    rule: Rule
    """The rule, by one measure."""
    key: AlertKey
    """Alert it would be, or is."""
    judgement: Judgement
    """Whether it fires, and by which figures."""
    fired_at: datetime
    """Instant of what touched the cell."""


def quotas_used(
    released: Mapping[tuple[ScopeMonth, str], int], usage: Mapping[Cell, UsageSums], traits_of: TraitsOf
) -> dict[tuple[ScopeMonth, str], QuotaUse]:
    """What departments used of what was released to them.

    Args:
        released: Units by department and month, and controlled category.
        usage: All use of those departments and months.
        traits_of: What is known of items.
    """
    used: dict[tuple[ScopeMonth, str], list[tuple[int, str]]] = {key: [] for key in released}
    for cell, sums in usage.items():
        category = traits_of(cell.scope.hospital, cell.item_code).controlled_category
        key = (ScopeMonth(cell.scope, cell.month), category or "")
        if key in used:
            used[key].append((-sums.quantity, cell.item_code))
    return {
        key: QuotaUse(units, -sum(quantity for quantity, _ in used[key]), min(used[key])[1])
        for key, units in released.items()
        if used[key]
    }


def categories_of(usage: Mapping[Cell, UsageSums], traits_of: TraitsOf) -> dict[tuple[ScopeMonth, str], UsageSums]:
    """The use of whole categories, by scope and month; items without category are left out."""
    found: dict[tuple[ScopeMonth, str], UsageSums] = {}
    for cell, sums in usage.items():
        category = traits_of(cell.scope.hospital, cell.item_code).category
        if category is not None:
            key = (ScopeMonth(cell.scope, cell.month), category)
            before = found.get(key, UsageSums())
            found[key] = UsageSums(before.quantity + sums.quantity, before.amount_fen + sums.amount_fen)
    return found


def claims(touched: Mapping[Cell, datetime], known: Known) -> list[Claim]:
    """Judge every touched cell by every rule that holds in its month."""
    backs = months_read(known.book.every)
    found: list[Claim] = []
    for cell in sorted(touched):
        facts = _facts(cell, known, backs)
        found.extend(_claims(facts, known, touched[cell]))
    return found


def _facts(cell: Cell, known: Known, backs: Iterable[int]) -> Facts:
    hospital = cell.scope.hospital
    first, traits = known.first_months.get(hospital), known.traits_of(hospital, cell.item_code)
    sums: dict[int, UsageSums | None] = {}
    whole: dict[int, UsageSums] = {}
    for back in backs:
        month = shift(cell.month, -back)
        recorded = first is not None and month >= first
        sums[back] = known.usage.get(cell._replace(month=month), UsageSums()) if recorded else None
        if known.categories and traits.category is not None:
            whole[back] = known.categories.get((ScopeMonth(cell.scope, month), traits.category), UsageSums())
    ranked = known.ranking.places.get(ScopeMonth(cell.scope, cell.month), {})
    standings = {told: items[cell.item_code] for told, items in ranked.items() if cell.item_code in items}
    quota = known.quotas.get((ScopeMonth(cell.scope, cell.month), traits.controlled_category or ""))
    return Facts(cell, traits, sums, standings, whole, quota)


def _claims(facts: Facts, known: Known, fired_at: datetime) -> Iterable[Claim]:
    cell, closed = facts.cell, known.closed(facts.cell)
    place_ranked = ScopeMonth(cell.scope, cell.month) in known.ranking.places
    for rule in known.book.at(cell.scope.hospital, cell.month):
        judged_now = place_ranked if isinstance(rule, TopRank) else closed or rule.provisional
        if cell.scope.type not in rule.row.scopes or not judged_now:
            continue
        key = AlertKey(cell, told_by(rule))
        newest = known.newest.get(key)
        stands = newest is not None and newest.status in STANDS
        judged = rule.row.judges(facts.traits)
        if not judged and not stands:
            continue
        judgement = rule.judge(facts)
        judgement = judgement._replace(fires=judgement.fires and judged)
        if judgement.fires or stands:
            yield Claim(rule, key, judgement, fired_at)


def versions(found: Iterable[Claim], known: Known, facts: CauseFacts, recaused: frozenset[Cell]) -> list[AlertVersion]:
    """The versions that follow from claims.

    Args:
        found: The claims.
        known: What they were judged from.
        facts: What their causes are split from.
        recaused: Cells of closed months whose cause alone is news now.
    """
    said = []
    for claim in found:
        judgement, exact = _caused(claim, facts)
        version = next_version(
            claim.key, known.newest.get(claim.key), judgement, closed=known.closed(claim.key.cell),
            fired_at=claim.fired_at, explained=explained(claim.rule, judgement, exact),
            recaused=claim.key.cell in recaused,
        )  # fmt: skip
        if version is not None:
            said.append(version)
    return said


def has_cause(claim: Claim) -> bool:
    """It has earlier months to split the rise from."""
    return (
        bool(claim.rule.reads_back)
        and claim.judgement.figures.base_value is not None
        and claim.judgement.figures.base_value > 0
    )


def _caused(claim: Claim, facts: CauseFacts) -> tuple[Judgement, Parts]:
    if not has_cause(claim):
        return claim.judgement, {}
    base = claim.judgement.figures.base_value
    assert base is not None  # noqa: S101 -- has_cause has seen it
    cause = cause_of(facts.windows(claim.key.cell, claim.rule.measure, claim.rule.reads_back), base)
    return with_cause(claim.judgement, cause.parts), cause.exact
