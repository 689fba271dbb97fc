"""The evaluator: folds usage into months and says what the monitoring rules say of them.

It works alone by a lease, and correctly without it: a session is one transaction, and sessions come one after the
other. A session gathers what it touches, has it decided by `rules/monitoring`, and records what follows. What it judges
follows from what changed, never from how much history there is.

References:
    docs/alerts.md; docs/contract.md, section "Alerts".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from models.calendar import Month, local_day, month_of, shift
from models.monitoring.alert import AlertVersion, Cell, QuotaUse, Scope, ScopeMonth, ScopeType, UsageSums
from models.monitoring.cause import Caseload
from rules.monitoring.book import RuleBook
from rules.monitoring.causes.windows import CauseFacts
from rules.monitoring.judging import Claim, Known, categories_of, claims, has_cause, quotas_used, versions
from rules.monitoring.standings import PlaceFacts, Ranking, rank
from rules.monitoring.touched import judged_again, months_read, touch
from sinks.postgres.monitoring.alerts import AlertBooks, AlertSession, Evaluated, PendingClose, Periods
from streams.services.leased import Failed, nobody, while_leased
from streams.services.monitoring.finder import find

log = structlog.get_logger(__name__)

DELTAS_MAX: Final = 100
"""Batches folded in one transaction: at most as many thousand cells, some seconds of one core."""
CELLS_MAX: Final = 500
"""Cells judged between two questions to the database: some tenths of a second of one core. Own choice."""
SCOPES_MAX: Final = 8
"""Scopes ranked between two questions: of a large hospital some ten thousand cells. Own choice."""
POLL_SECONDS: Final = 0.5
"""Between sessions: an alert is no faster than that, and a replay is judged in as many steps."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a session has done."""

    deltas: int
    """Rows of usage that were folded."""
    versions: int
    """Versions of alerts that were written."""
    judged: int
    """Closes."""


class Evaluator:
    """Evaluates the alerts of all hospitals of an installation."""

    def __init__(self, pool: asyncpg.Pool, zone: ZoneInfo) -> None:
        self._pool = pool
        self._books = AlertBooks(pool)
        self._zone = zone
        self._deltas_max = DELTAS_MAX

    async def run(self, failed: Failed = nobody) -> None:
        """Evaluate until cancelled, while no other evaluator holds the lease."""
        await while_leased(
            self._pool, "evaluator", self._look, poll_seconds=POLL_SECONDS, rest_seconds=POLL_SECONDS, failed=failed
        )

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
        """One session: fold what waits, judge what it touches and, when all is folded, the oldest close that waits.

        The database ends a session in which nothing is asked for ten seconds, and then the next one would have as much
        in hand, for ever. So after one that fails the next folds half as much, down to one batch; after each that
        succeeds there may be twice as much again.
        """
        most = self._deltas_max
        self._deltas_max = max(1, most // 2)
        done = await self._evaluate(most)
        self._deltas_max = min(DELTAS_MAX, 2 * most)
        return done

    async def _evaluate(self, deltas_max: int) -> Evaluation:
        async with self._books.session() as session:
            periods = await session.periods()
            folded = await session.fold(deltas_max)
            self._deltas_max = max(1, min(deltas_max, folded.deltas) // 2)
            judged = list(periods.pending[:1]) if folded.deltas < deltas_max else []
            moved = await session.moved_caseloads()
            if not folded.changed and not judged and not moved:
                return Evaluation(folded.deltas, 0, 0)
            book = RuleBook(await session.rules())
            work = _Session(session, book, self._zone, _closed_through(periods, judged))
            await work.take(await work.with_places(folded.changed, judged), judged)
            await work.take_caseloads(moved, judged)
            await work.judge()
            await session.record(work.evaluated)
            await find(session, book, work.evaluated, _closed_through(periods, judged))
            return Evaluation(folded.deltas, len(work.evaluated.versions), len(judged))


def _closed_through(periods: Periods, judged: list[PendingClose]) -> dict[str, Month]:
    """A closed month counts as closed from when its close is judged: before, its runs have nothing to follow from."""
    closed = dict(periods.closed_through)
    for close in periods.pending:
        if close not in judged:
            closed[close.hospital] = min(closed[close.hospital], shift(close.month, -1))
    return closed


class _Session:
    """What one session gathers, has judged, and writes."""

    def __init__(
        self, session: AlertSession, book: RuleBook, zone: ZoneInfo, closed_through: Mapping[str, Month]
    ) -> None:
        self._session = session
        self._book = book
        self._zone = zone
        self._closed_through = closed_through
        self._first: dict[str, Month] = {}
        self._touched: dict[Cell, datetime] = {}
        self._recaused: set[Cell] = set()
        self._ranking = Ranking()
        self._caseloads: dict[ScopeMonth, Caseload] = {}
        self._caseloads_read: set[tuple[str, Month]] = set()
        self.evaluated = Evaluated()

    async def with_places(
        self, changed: Mapping[Cell, datetime], judged: list[PendingClose]
    ) -> Mapping[Cell, datetime]:
        """What changed, with the stores and teams of hospitals whose rules ask for them, counted anew."""
        backs, found = months_read(self._book.every), dict(changed)
        hospitals = {cell.scope.hospital for cell in changed} | {close.hospital for close in judged}
        for hospital in sorted(each for each in hospitals if self._book.asks_places(each)):
            cells = {cell: at for cell, at in changed.items() if cell.scope.hospital == hospital}
            months = {cell.month for cell in cells}
            wanted = {shift(month, ahead - back) for month in months for ahead in backs for back in backs}
            if cells:
                newest = max(cells.values())
                places = await self._session.count_places(hospital, {cell.item_code for cell in cells}, wanted)
                found |= {cell: newest for cell in places if cell.month in months}
            closing = {shift(close.month, -back) for close in judged if close.hospital == hospital for back in backs}
            if closing:
                await self._session.count_places(hospital, None, closing)
        return found

    async def take(self, changed: Mapping[Cell, datetime], judged: list[PendingClose]) -> None:
        """Find the cells to judge."""
        self.evaluated.judged = judged
        closes = {(close.hospital, close.month): close.closed_at for close in judged}
        closing = await self._session.usage_of_months(closes) if closes else {}
        closing_at = {cell: closes[cell.scope.hospital, cell.month] for cell in closing}
        touch(self._touched, judged_again(changed, self._book.every))
        touch(self._touched, closing_at)
        await self._find_first_months(changed, judged)
        places: dict[ScopeMonth, datetime] = {}
        for cell, at in (*changed.items(), *closing_at.items()):
            place = ScopeMonth(cell.scope, cell.month)
            if cell.month <= self._closed_through.get(cell.scope.hospital, 0):
                places[place] = max(at, places.get(place, at))
        if places:
            await self._rank(places)

    async def take_caseloads(self, moved: Mapping[tuple[Scope, Month], datetime], judged: list[PendingClose]) -> None:
        """Find the cells whose cause may be another: of open months at once, of closed ones at the next close."""
        session, backs = self._session, months_read(self._book.every)
        hospitals = {scope.hospital for scope, _ in moved}
        if hospitals - self._first.keys():
            instants = await session.first_instants(hospitals - self._first.keys())
            self._first |= {hospital: month_of(local_day(at, self._zone)) for hospital, at in instants.items()}
        opened: dict[tuple[Scope, Month], datetime] = {}
        kept: set[tuple[Scope, Month]] = set()
        for (scope, month), at in moved.items():
            for read in (shift(month, back) for back in backs):
                if read > self._closed_through.get(scope.hospital, 0):
                    opened[scope, read] = max(at, opened.get((scope, read), at))
                else:
                    kept.add((scope, month))
        if opened:
            newest = max(opened.values())
            touch(self._touched, dict.fromkeys(await session.cells_with_cause(opened), newest))
        if kept:
            await session.keep_for_the_close(kept)
        if judged:
            await self._recause({close.hospital: close.closed_at for close in judged}, backs)

    async def _recause(self, closes: Mapping[str, datetime], backs: Iterable[int]) -> None:
        """A close has come: the causes of closed months are judged again where discharges have changed."""
        kept = await self._session.kept_for_the_close(closes)
        closed = {
            (scope, read)
            for scope, month in kept
            for read in (shift(month, back) for back in backs)
            if read <= self._closed_through.get(scope.hospital, 0)
        }
        if closed:
            self._recaused = await self._session.cells_with_cause(closed)
            touch(self._touched, {cell: closes[cell.scope.hospital] for cell in self._recaused})

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
            touch(self._touched, dict.fromkeys(await self._session.usage_of_months(moved), at))

    async def _rank(self, places: Mapping[ScopeMonth, datetime]) -> None:
        """Rank places anew, in portions of scopes: no run leaves its scope."""
        by_scope: dict[Scope, dict[ScopeMonth, datetime]] = {}
        for place, at in places.items():
            by_scope.setdefault(place.scope, {})[place] = at
        scopes = sorted(by_scope)
        for start in range(0, len(scopes), SCOPES_MAX):
            await self._rank_scopes([by_scope[scope] for scope in scopes[start : start + SCOPES_MAX]])
        self.evaluated.standings_before = self._ranking.before
        self.evaluated.standings = self._ranking.after

    async def _rank_scopes(self, scopes: Sequence[Mapping[ScopeMonth, datetime]]) -> None:
        session = self._session
        places = {place: at for its in scopes for place, at in its.items()}
        newest = {next(iter(its)).scope: max(its.values()) for its in scopes}
        earliest = [min(its, key=lambda place: place.month) for its in scopes]
        facts = PlaceFacts(
            await session.usage_of_scopes(places),
            await session.standings([place._replace(month=shift(place.month, -1)) for place in earliest]),
            self._closed_through,
        )
        ranking = rank(places, facts, self._book.ranks, session.traits)
        self._ranking.add(ranking)
        # What follows in later months was caused by the newest change in the same scope.
        touch(
            self._touched,
            {cell: places.get(ScopeMonth(cell.scope, cell.month), newest[cell.scope]) for cell in ranking.cells},
        )

    async def judge(self) -> None:
        """Judge every touched cell by every rule, and keep the versions that follow.

        In portions: the database ends a transaction in which nothing is asked for long. The scopes of an item are
        together, and the items of a category, whose use each portion reads for its causes.
        """
        quotas = await self._quotas()
        categories = await self._categories(self._read(self._touched))
        cells = sorted(self._touched, key=self._in_portions)
        said: list[AlertVersion] = []
        for start in range(0, len(cells), CELLS_MAX):
            portion = {cell: self._touched[cell] for cell in cells[start : start + CELLS_MAX]}
            said += await self._judge(portion, categories, quotas)
        self.evaluated.versions = sorted(said, key=lambda version: version.key.cell)

    def _in_portions(self, cell: Cell) -> tuple[str, str, str, Month, Scope]:
        hospital = cell.scope.hospital
        category = self._session.traits(hospital, cell.item_code).category or ""
        return hospital, category, cell.item_code, cell.month, cell.scope

    def _read(self, cells: Iterable[Cell]) -> set[Cell]:
        backs = months_read(self._book.every)
        return {cell._replace(month=shift(cell.month, -back)) for cell in cells for back in backs}

    async def _judge(
        self,
        touched: Mapping[Cell, datetime],
        categories: Mapping[tuple[ScopeMonth, str], UsageSums],
        quotas: Mapping[tuple[ScopeMonth, str], QuotaUse],
    ) -> list[AlertVersion]:
        session = self._session
        known = Known(
            self._book, session.traits, self._closed_through, self._first, await session.usage(self._read(touched)),
            await session.newest(touched), self._ranking, categories, quotas,
        )  # fmt: skip
        found = claims(touched, known)
        causes = await self._causes([claim for claim in found if has_cause(claim)])
        return versions(found, known, causes, frozenset(self._recaused))

    async def _quotas(self) -> dict[tuple[ScopeMonth, str], QuotaUse]:
        """Quotas of what was touched, when a rule asks; an item's use moves the alerts of its whole category."""
        if not self._book.asks_quotas:
            return {}
        session, places = self._session, dict[tuple[ScopeMonth, str], datetime]()
        for cell, at in self._touched.items():
            category = session.traits(cell.scope.hospital, cell.item_code).controlled_category
            if cell.scope.type is ScopeType.DEPARTMENT and category is not None:
                key = (ScopeMonth(cell.scope, cell.month), category)
                places[key] = max(at, places.get(key, at))
        usage = await session.usage_of_scopes({place for place, _ in places})
        flat = {
            Cell(place.scope, item, place.month): sums for place, items in usage.items() for item, sums in items.items()
        }
        for cell in flat:
            category = session.traits(cell.scope.hospital, cell.item_code).controlled_category
            at_place = places.get((ScopeMonth(cell.scope, cell.month), category or ""))
            if at_place is not None:
                touch(self._touched, {cell: at_place})
        return quotas_used(await session.quotas(places), flat, session.traits)

    async def _categories(self, cells: Iterable[Cell]) -> dict[tuple[ScopeMonth, str], UsageSums]:
        """The use of whole categories, when a rule asks for it."""
        if not self._book.asks_categories:
            return {}
        found: dict[tuple[ScopeMonth, str], UsageSums] = {}
        for month in sorted({(cell.scope.hospital, cell.month) for cell in cells}):
            found |= categories_of(await self._session.usage_of_months([month]), self._session.traits)
        return found

    async def _causes(self, found: list[Claim]) -> CauseFacts:
        """Usage of the categories of what may have to be said, in its months."""
        session = self._session
        cells = [claim.key.cell for claim in found]
        months = {
            (claim.key.cell.scope.hospital, shift(claim.key.cell.month, -back))
            for claim in found
            for back in (0, *claim.rule.reads_back)
        }
        items = session.same_categories({(cell.scope.hospital, cell.item_code) for cell in cells})
        usage = await session.usage_of_items(months, items) if cells else {}
        unread = months - self._caseloads_read
        if unread:
            self._caseloads |= await session.caseloads(unread)
            self._caseloads_read |= unread
        return CauseFacts(usage, self._caseloads, session.traits)
