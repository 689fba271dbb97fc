"""What a version of a rule would have said of past months. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from models.calendar import Month
from models.monitoring.alert import Cell, ScopeMonth, UsageSums
from models.monitoring.rule import HeldRule, RuleRow
from rules.monitoring.book import RuleBook
from rules.monitoring.judging import Claim, Known, claims
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
        _categories(past) if book.asks_categories else {},
    )  # fmt: skip
    return [claim for claim in claims(touched, known) if claim.judgement.fires]


def _categories(past: Past) -> dict[tuple[ScopeMonth, str], UsageSums]:
    found: dict[tuple[ScopeMonth, str], UsageSums] = {}
    for cell, sums in past.usage.items():
        category = past.traits_of(cell.scope.hospital, cell.item_code).category
        if category is not None:
            key = (ScopeMonth(cell.scope, cell.month), category)
            before = found.get(key, UsageSums())
            found[key] = UsageSums(before.quantity + sums.quantity, before.amount_fen + sums.amount_fen)
    return found


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

    @property
    def both(self) -> frozenset[str]:
        """Named by both."""
        return self.items & self.others

    @property
    def missed(self) -> frozenset[str]:
        """Named by other rules and not by this one."""
        return self.others - self.items


def by_month(found: Sequence[Claim], others: Mapping[Month, frozenset[str]], months: Sequence[Month]) -> list[Tested]:
    """The months of a back-test beside what other rules said."""
    return [
        Tested(
            month,
            sum(1 for claim in found if claim.key.cell.month == month),
            frozenset(claim.key.cell.item_code for claim in found if claim.key.cell.month == month),
            others.get(month, frozenset()),
        )
        for month in months
    ]
