"""Standings of closed months, brought up to date: who was at the top, and for how many months in a row.

Only places (scope and month) whose use has changed are ranked anew. The months after them keep their ranks; their runs
follow as far as anything changes, never further.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from models.calendar import Month, shift
from models.monitoring.alert import Cell, RuleMeasure, Standing
from rules.monitoring import TopRank, told_by
from sinks.postgres.monitoring.alert_rows import ScopeMonth, StandingKey, Tops
from sinks.postgres.monitoring.alerts import AlertSession

Ranked = dict[RuleMeasure, dict[str, Standing]]


class Ranking(NamedTuple):
    """What has changed."""

    places: dict[ScopeMonth, Ranked]
    """The standings of every place that was looked at, by rule and item."""
    before: dict[StandingKey, Tops]
    """The tops in the books of each place and rule that has others now."""
    after: dict[StandingKey, Tops]
    cells: list[Cell]
    """Those that were or are at the top of a place that was looked at and has changed."""


class Standings:
    """Ranks places of one session."""

    def __init__(self, session: AlertSession, rules: Iterable[TopRank], closed_through: Mapping[str, Month]) -> None:
        self._session = session
        self._rules = {told_by(rule): rule for rule in rules}
        self._closed_through = closed_through
        self._known: dict[ScopeMonth, Ranked] = {}

    async def rank(self, places: Collection[ScopeMonth]) -> Ranking:
        """Rank closed places anew, and let the runs of later closed months follow."""
        ranking = Ranking({}, {}, {}, [])
        usage = await self._session.usage_of_scopes(places)
        await self._load({each for place in places for each in (_previous(place), place)})
        waiting = [(place.month, place.scope) for place in places]
        heapq.heapify(waiting)
        while waiting:
            month, scope = heapq.heappop(waiting)
            place = ScopeMonth(scope, month)
            if place in ranking.places:
                continue
            await self._load({place, _previous(place)})
            ranked = {}
            for told, rule in self._rules.items():
                before = self._known[_previous(place)].get(told, {})
                if scope.type not in rule.scope_types:
                    continue
                if place in places:
                    values = {
                        item: sums.of(told.measure)
                        for item, sums in usage.get(place, {}).items()
                        if self._session.monitored(scope.hospital, item)
                    }
                    ranked[told] = rule.standings(values, before)
                else:
                    ranked[told] = rule.continued(self._known[place].get(told, {}), before)
            if self._keep(ranking, place, ranked) and month < self._closed_through[scope.hospital]:
                heapq.heappush(waiting, (shift(month, 1), scope))
        return ranking

    def _keep(self, ranking: Ranking, place: ScopeMonth, ranked: Ranked) -> bool:
        """Note the standings of a place; true when its tops are others than before."""
        changed = False
        known = self._known[place]
        ranking.places[place] = ranked
        for told, standings in ranked.items():
            tops = {item: standing for item, standing in standings.items() if standing.months_in_a_row}
            before = known.get(told, {})
            items = before.keys() | tops.keys()
            ranking.cells.extend(Cell(place.scope, item, place.month) for item in items)
            if tops != before:
                changed = True
                ranking.before[place, told], ranking.after[place, told] = before, tops
        self._known[place] = {told: dict(ranking.after.get((place, told), known.get(told, {}))) for told in self._rules}
        return changed

    async def _load(self, places: Collection[ScopeMonth]) -> None:
        missing = [place for place in places if place not in self._known]
        if not missing:
            return
        for place in missing:
            self._known[place] = {}
        for (place, told), tops in (await self._session.standings(missing)).items():
            self._known[place][told] = tops


def _previous(place: ScopeMonth) -> ScopeMonth:
    return ScopeMonth(place.scope, shift(place.month, -1))
