"""What a version of a rule would have said of past months. Nothing is written."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from models.calendar import Month
from models.monitoring.alert import Cell, ScopeMonth, UsageSums
from models.monitoring.rule import HeldRule, RuleRow
from rules.monitoring.book import RuleBook
from rules.monitoring.judging import Claim, Known, categories_of, claims, quotas_used
from rules.monitoring.standings import PlaceFacts, TraitsOf, rank

_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing of a back-test is dated."""


@dataclass(frozen=True, slots=True)
class Past:
    """The use of a hospital in past months, all closed."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    first_month: Month
    """Of the hospital's records."""
    usage: Mapping[Cell, UsageSums]
    """From the earliest month a rule may read on."""
    traits_of: TraitsOf
    """What the newest catalogue version says of an item."""
    released: Mapping[tuple[ScopeMonth, str], int] = field(default_factory=dict)
    """Units of controlled categories released to departments."""


def back_test(row: RuleRow, past: Past, first: Month, last: Month) -> list[Claim]:
    """What the rule says of the months, judged as closed ones, without causes."""
    book = RuleBook([HeldRule(past.hospital, 1, row, None, None)])
    every = sorted({cell.month for cell in past.usage})
    closed = {past.hospital: last}
    by_place: dict[ScopeMonth, dict[str, UsageSums]] = {}
    for cell, sums in past.usage.items():
        by_place.setdefault(ScopeMonth(cell.scope, cell.month), {})[cell.item_code] = sums
    places = [place for place in by_place if place.month <= last and place.month in every]
    ranking = rank(places, PlaceFacts(by_place, {}, closed), book.ranks, past.traits_of)
    touched = {cell: _AT for cell in past.usage if first <= cell.month <= last}
    known = Known(
        book, past.traits_of, closed, {past.hospital: past.first_month}, past.usage, {}, ranking,
        categories_of(past.usage, past.traits_of) if book.asks_categories else {},
        quotas_used(past.released, past.usage, past.traits_of) if book.asks_quotas else {},
    )  # fmt: skip
    return [claim for claim in claims(touched, known) if claim.judgement.fires]


ItemMonth = tuple[str, Month]


@dataclass(frozen=True, slots=True)
class Tested:
    """A month of a back-test, in items."""

    month: Month
    """Month that was judged."""
    alerts: int
    """Alerts of the rule, in all scopes and measures."""
    items: frozenset[str]
    """What it names: each would be one finding."""
    others: frozenset[str]
    """Items that standing alerts of other rules name."""
    known: frozenset[str] = frozenset()
    """Items known to be cases: something was done about them, or a person says so."""

    @property
    def both(self) -> frozenset[str]:
        """Named by both."""
        return self.items & self.others

    @property
    def left_out(self) -> frozenset[str]:
        """Named by other rules and not by this one."""
        return self.others - self.items

    @property
    def missed(self) -> frozenset[str]:
        """Known cases that it does not name."""
        return self.known - self.items


def by_month(
    found: Sequence[Claim],
    others: Mapping[Month, frozenset[str]],
    months: Sequence[Month],
    known: Mapping[Month, frozenset[str]] | None = None,
) -> list[Tested]:
    """The months of a back-test beside what other rules said, and what is known to be a case."""
    alerts = Counter(claim.key.cell.month for claim in found)
    items: dict[Month, set[str]] = defaultdict(set)
    for claim in found:
        items[claim.key.cell.month].add(claim.key.cell.item_code)
    none = frozenset[str]()
    return [
        Tested(month, alerts[month], frozenset(items[month]), others.get(month, none), (known or {}).get(month, none))
        for month in months
    ]
