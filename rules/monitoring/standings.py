"""Standings of closed months, brought up to date: who was at the top, and for how many months in a row.

Only places (scope and month) whose use has changed are ranked anew. The months after them keep their ranks; their runs
follow as far as anything changes, never further.
"""

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from models.calendar import Month, shift
from models.monitoring.alert import (
    Cell,
    RuleMeasure,
    ScopeMonth,
    Standing,
    StandingKey,
    Tops,
    Traits,
    UsageSums,
)
from rules.monitoring.kinds.rank import TopRank
from rules.monitoring.kinds.rule import told_by

Ranked = dict[RuleMeasure, dict[str, Standing]]
RanksOf = Callable[[str, Month], Sequence[TopRank]]
"""The ranking rules of a hospital in a month."""
TraitsOf = Callable[[str, str], Traits]
"""What is known of an item of a hospital."""


class PlaceFacts(NamedTuple):
    """What is known of the places to rank."""

    usage: Mapping[ScopeMonth, Mapping[str, UsageSums]]
    """Of each place to rank anew, by item."""
    standings: Mapping[StandingKey, Tops]
    """Those in the books, from the month before the earliest place on."""
    closed_through: Mapping[str, Month]
    """By hospital."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What has changed."""

    places: dict[ScopeMonth, Ranked] = field(default_factory=dict)
    """The standings of every place that was looked at, by rule and item."""
    before: dict[StandingKey, Tops] = field(default_factory=dict)
    """The tops in the books of each place and rule that has others now."""
    after: dict[StandingKey, Tops] = field(default_factory=dict)
    """The tops that take their place."""
    cells: list[Cell] = field(default_factory=list)
    """Those that were or are at the top of a place that was looked at and has changed."""

    def add(self, other: "Ranking") -> None:
        """Take in what has changed in other scopes."""
        self.places.update(other.places)
        self.before.update(other.before)
        self.after.update(other.after)
        self.cells.extend(other.cells)


def rank(places: Collection[ScopeMonth], facts: PlaceFacts, ranks_of: RanksOf, traits_of: TraitsOf) -> Ranking:
    """Rank closed places anew, and let the runs of later closed months follow."""
    ranking = Ranking()
    known: dict[StandingKey, Tops] = dict(facts.standings)
    waiting = [(place.month, place.scope) for place in places]
    heapq.heapify(waiting)
    while waiting:
        month, scope = heapq.heappop(waiting)
        place, previous = ScopeMonth(scope, month), ScopeMonth(scope, shift(month, -1))
        if place in ranking.places:
            continue
        ranked: Ranked = {}
        for rule in ranks_of(scope.hospital, month):
            if scope.type not in rule.row.scopes:
                continue
            told = told_by(rule)
            before = known.get((previous, told), {})
            if place in places:
                ranked[told] = rule.standings(_values(place, rule, facts, traits_of), before)
            else:
                ranked[told] = rule.continued(known.get((place, told), {}), before)
        if _keep(ranking, known, place, ranked) and month < facts.closed_through[scope.hospital]:
            heapq.heappush(waiting, (shift(month, 1), scope))
    return ranking


def _values(place: ScopeMonth, rule: TopRank, facts: PlaceFacts, traits_of: TraitsOf) -> dict[str, int]:
    return {
        item: sums.of(rule.measure)
        for item, sums in facts.usage.get(place, {}).items()
        if rule.row.judges(traits_of(place.scope.hospital, item))
    }


def _keep(ranking: Ranking, known: dict[StandingKey, Tops], place: ScopeMonth, ranked: Ranked) -> bool:
    """Note the standings of a place; true when its tops are others than before."""
    changed = False
    ranking.places[place] = ranked
    for told, standings in ranked.items():
        tops = {item: standing for item, standing in standings.items() if standing.months_in_a_row}
        before = known.get((place, told), {})
        ranking.cells.extend(Cell(place.scope, item, place.month) for item in before.keys() | tops.keys())
        if tops != before:
            changed = True
            ranking.before[place, told], ranking.after[place, told] = before, tops
        known[place, told] = tops
    return changed
