"""The evaluator: folds usage into months and says what the monitoring rules say of them.

It works alone by a lease, and correctly without it: a session is one transaction, and sessions come one after the
other. What a session judges follows from what changed, never from how much history there is.

References:
    docs/alerts.md; docs/contract.md, section "Alerts".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from models.calendar import Month, local_day, month_of, shift
from models.monitoring.alert import AlertKey, AlertVersion, Cell, Facts, UsageSums
from rules.monitoring import RULES, Rule, TopRank, judged_again, months_read, next_version, told_by
from sinks.postgres.monitoring.alert_rows import ScopeMonth
from sinks.postgres.monitoring.alerts import AlertBooks, AlertSession, Evaluated, PendingClose, Periods
from streams.services.leased import while_leased
from streams.services.standings import Ranking, Standings

log = structlog.get_logger(__name__)

DELTAS_MAX: Final = 500
"""Batches folded in one transaction."""
POLL_SECONDS: Final = 0.5
"""Between sessions: an alert is no faster than that, and a replay is judged in as many steps."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a session has done."""

    deltas: int
    versions: int
    judged: int
    """Closes."""


class Evaluator:
    """Evaluates the alerts of all hospitals of an installation."""

    def __init__(self, pool: asyncpg.Pool, zone: ZoneInfo, rules: tuple[Rule, ...] = RULES) -> None:
        self._pool = pool
        self._books = AlertBooks(pool)
        self._zone = zone
        self._rules = rules

    async def run(self) -> None:
        """Evaluate until cancelled, while no other evaluator holds the lease."""
        await while_leased(self._pool, "evaluator", self._look, poll_seconds=POLL_SECONDS, rest_seconds=POLL_SECONDS)

    async def _look(self) -> bool:
        work = await self._books.has_work()
        if work:
            await self.evaluate()
        return work

    async def until_idle(self) -> int:
        """Evaluate until nothing waits, so maybe not while lanes record; gives the number of alert versions written."""
        versions = 0
        while await self._books.has_work():
            versions += await self.step()
        return versions

    async def step(self) -> int:
        """One session; gives the number of alert versions written."""
        return (await self.evaluate()).versions

    async def evaluate(self) -> Evaluation:
        """One session: fold what waits, judge what it touches and, when all is folded, the closes that wait."""
        async with self._books.session() as session:
            periods = await session.periods()
            folded = await session.fold(DELTAS_MAX)
            judged = list(periods.pending) if folded.deltas < DELTAS_MAX else []
            if not folded.changed and not judged:
                return Evaluation(folded.deltas, 0, 0)
            work = _Session(session, self._rules, self._zone, _closed_through(periods, judged))
            await work.take(folded.changed, judged)
            await work.judge()
            await session.record(work.evaluated)
            return Evaluation(folded.deltas, len(work.evaluated.versions), len(judged))


def _closed_through(periods: Periods, judged: list[PendingClose]) -> dict[str, Month]:
    """A closed month counts as closed from when its close is judged: before, its runs have nothing to follow from."""
    closed = dict(periods.closed_through)
    for close in periods.pending:
        if close not in judged:
            closed[close.hospital] = min(closed[close.hospital], shift(close.month, -1))
    return closed


class _Session:
    """What one session judges."""

    def __init__(
        self, session: AlertSession, rules: tuple[Rule, ...], zone: ZoneInfo, closed_through: Mapping[str, Month]
    ) -> None:
        self._session = session
        self._rules = rules
        self._zone = zone
        self._closed_through = closed_through
        self._first: dict[str, Month] = {}
        self._touched: dict[Cell, datetime] = {}
        self._ranking = Ranking({}, {}, {}, [])
        self.evaluated = Evaluated()

    async def take(self, changed: Mapping[Cell, datetime], judged: list[PendingClose]) -> None:
        """Find the cells to judge."""
        self.evaluated.judged = judged
        closes = {(close.hospital, close.month): close.closed_at for close in judged}
        closing = await self._session.usage_of_months(closes) if closes else {}
        closing_at = {cell: closes[cell.scope.hospital, cell.month] for cell in closing}
        self._touch(judged_again(changed, self._rules))
        self._touch(closing_at)
        await self._find_first_months(changed, judged)
        places: dict[ScopeMonth, datetime] = {}
        for cell, at in (*changed.items(), *closing_at.items()):
            place = ScopeMonth(cell.scope, cell.month)
            if self._closed(cell):
                places[place] = max(at, places.get(place, at))
        if places:
            await self._rank(places)

    def _touch(self, cells: Mapping[Cell, datetime]) -> None:
        for cell, at in cells.items():
            self._touched[cell] = max(at, self._touched.get(cell, at))

    def _closed(self, cell: Cell) -> bool:
        return cell.month <= self._closed_through.get(cell.scope.hospital, 0)

    async def _find_first_months(self, changed: Mapping[Cell, datetime], judged: Iterable[PendingClose]) -> None:
        """The hospitals' first months of records. One that has moved back makes bases known: zero, but known."""
        hospitals = {cell.scope.hospital for cell in changed} | {close.hospital for close in judged}
        instants = await self._session.first_instants(hospitals)
        self._first = {hospital: month_of(local_day(at, self._zone)) for hospital, at in instants.items()}
        before = await self._session.first_months(hospitals)
        self.evaluated.first_months = {h: month for h, month in self._first.items() if before.get(h) != month}
        moved = {(h, before[h]) for h, month in self._first.items() if h in before and month < before[h]}
        if moved:
            at = max((*changed.values(), *(close.closed_at for close in judged)))
            self._touch(dict.fromkeys(await self._session.usage_of_months(moved), at))

    async def _rank(self, places: Mapping[ScopeMonth, datetime]) -> None:
        ranks = [rule for rule in self._rules if isinstance(rule, TopRank)]
        self._ranking = await Standings(self._session, ranks, self._closed_through).rank(places)
        self.evaluated.standings_before = self._ranking.before
        self.evaluated.standings = self._ranking.after
        newest: dict[tuple[str, str, str], datetime] = {}
        for (scope, _), at in places.items():
            newest[scope] = max(at, newest.get(scope, at))
        # What follows in later months was caused by the newest change in the same scope.
        self._touch(
            {cell: places.get(ScopeMonth(cell.scope, cell.month), newest[cell.scope]) for cell in self._ranking.cells}
        )

    async def judge(self) -> None:
        """Judge every touched cell by every rule, and keep the versions that follow."""
        session, backs = self._session, months_read(self._rules)
        cells = sorted(self._touched)
        wanted = {cell._replace(month=shift(cell.month, -back)) for cell in cells for back in backs}
        usage = await session.usage(wanted)
        newest = await session.newest(cells)
        for cell in cells:
            facts = self._facts(cell, usage, backs)
            self.evaluated.versions.extend(self._versions(facts, newest, self._touched[cell]))

    def _facts(self, cell: Cell, usage: Mapping[Cell, UsageSums], backs: Iterable[int]) -> Facts:
        hospital = cell.scope.hospital
        first = self._first.get(hospital)
        sums: dict[int, UsageSums | None] = {}
        for back in backs:
            month = shift(cell.month, -back)
            known = first is not None and month >= first
            sums[back] = usage.get(cell._replace(month=month), UsageSums()) if known else None
        ranked = self._ranking.places.get(ScopeMonth(cell.scope, cell.month), {})
        standings = {told: items[cell.item_code] for told, items in ranked.items() if cell.item_code in items}
        return Facts(cell, self._session.monitored(hospital, cell.item_code), sums, standings)

    def _versions(
        self, facts: Facts, newest: Mapping[AlertKey, AlertVersion], fired_at: datetime
    ) -> Iterable[AlertVersion]:
        cell, closed = facts.cell, self._closed(facts.cell)
        place_ranked = ScopeMonth(cell.scope, cell.month) in self._ranking.places
        for rule in self._rules:
            judged_now = place_ranked if isinstance(rule, TopRank) else closed or rule.provisional
            key = AlertKey(cell, told_by(rule))
            if cell.scope.type not in rule.scope_types or not judged_now:
                continue
            if not facts.monitored and key not in newest:
                continue
            judgement = rule.judge(facts)
            judgement = judgement._replace(fires=judgement.fires and facts.monitored)
            version = next_version(key, newest.get(key), judgement, closed=closed, fired_at=fired_at)
            if version is not None:
                yield version
