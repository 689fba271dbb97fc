"""What a lane decides again: what newer facts, a freed unit or a use may have freed or repriced; and persons' commands.

Only the lane's own rows (docs/adr/0003). One step is one transaction, so that records get their turn between two. A row
that can't be decided again is set aside with its error; it holds up no other, and a later worker tries it again.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from models.charging.books import Prior, RecordedScan, Ref
from models.charging.commands import Carried, Commanded
from models.charging.refusals import CommandRefusal, Refused
from models.charging.snapshot import Catalogue, Lookup, Snapshot
from models.reasons import Reason, Verdict
from rules.charging.commands import carry_out
from rules.charging.fold import Result, redecide
from rules.charging.lookup import wanted_again, wanted_by_command, wanted_to_rerate
from rules.charging.repricing import rerate
from rules.view import View
from sinks.ports.aside import AsideKind, AsideScan
from sinks.ports.batch import Again, Batch, Books, InputPosition, LookedAt
from streams.lanes.attempts import attempts, place_of
from streams.lanes.told import Told

log = structlog.get_logger(__name__)

COMMANDS_MAX: Final = 100
"""Commands of persons looked at in one go."""
FREED_MAX: Final = 20_000
"""Scans that may be free found in one query: it looks at all that waits, and is not asked anew for every page."""
REPRICED_MAX: Final = 2_000
"""Charges found in one query, which costs what it gives: some hundredths of a second, so that no record waits long."""
ROWS_MAX: Final = 100
"""Scans decided again in one transaction, at most."""
ROWS_MIN: Final = 5
"""And at least: the round trips and the commit cost as much as a few rows do."""
STEP_SECONDS: Final = 0.03
"""As long may one transaction take: a record that comes meanwhile waits for it. About what its own commit takes."""
Find = Callable[[int, Snapshot, Again | None, int], Awaitable[list[Again]]]
_OPEN: Final = frozenset({Verdict.PARKED, Verdict.HELD})


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way of looking again."""

    aside: AsideKind
    decide: Callable[[list[LookedAt], View], list[Result]]
    want: Callable[[list[RecordedScan], Catalogue], Lookup]
    found_max: int
    """Scans found in one query."""
    still: Callable[[Prior], bool]
    """Whether it is still worth a look: records and commands may have come since it was found."""


def _waits(prior: Prior) -> bool:
    """It waits for something, or its goods wait for their lot."""
    return prior.verdict in _OPEN or Reason.LOT_UNCERTAIN in prior.reasons


_FREED = _Kind(AsideKind.FREED, redecide, wanted_again, FREED_MAX, _waits)
_REPRICED = _Kind(
    AsideKind.REPRICED, rerate, wanted_to_rerate, REPRICED_MAX,
    lambda prior: prior.verdict is Verdict.BILLED or prior.lines > 0,
)  # fmt: skip


def rows_next(rows: int, spent: float) -> int:
    """How many rows take `STEP_SECONDS`, by those that took so long; never more than twice as many."""
    return max(ROWS_MIN, min(ROWS_MAX, 2 * rows, int(rows * STEP_SECONDS / max(spent, 1e-6))))


class Swept(Protocol):
    """What sweeping needs of a lane."""

    lane: int
    """Number of the lane."""
    position: InputPosition
    """How far its partition is recorded."""
    books: Books
    """The books it records in."""
    catalogue: Catalogue
    """The worker's copy of the facts."""
    told: Told
    """Who is told what became of it."""

    async def gather_for(self, wanted: Callable[[], Lookup]) -> Snapshot:
        """A snapshot that is complete by the catalogue it brought."""

    async def commit(self, batch: Batch) -> None:
        """Record a batch."""


class Sweep:
    """The sweeps of one lane in this worker's hands."""

    def __init__(self, lane: Swept) -> None:
        self._lane = lane
        self._rows = ROWS_MIN
        """Scans of the next transaction: as many as this machine decides again in `STEP_SECONDS`."""
        self._aside: set[Ref] | None = None
        """Scans that are set aside; `None` before this worker has tried them."""

    async def steps(self) -> AsyncIterator[int]:
        """Steps of one transaction each, with the number of new decisions it made, until nothing moves any more.

        One decision may free another (a use its return), so it goes on until nothing moves. The facts version is read
        before the rows, and the lane has *seen* it only at the end: a change that comes meanwhile is swept next time.
        """
        if self._aside is None:
            self._aside = set()
            async for made in self._take_up():
                yield made
        async for made in self._obey():
            yield made
        moved, repriced_for = True, -1
        while moved:
            moved, snapshot = False, await self._lane.gather_for(Lookup)
            async for made in self._found(_FREED, self._lane.books.freed, snapshot):
                moved = moved or made > 0
                yield made
            if snapshot.facts_version > repriced_for:
                # Once for each version of the facts: no decision frees another here.
                async for made in self._found(_REPRICED, self._lane.books.repriced, snapshot):
                    yield made
                repriced_for = snapshot.facts_version
            if not moved and snapshot.facts_seen < snapshot.facts_version:
                await self._see(snapshot.facts_version)
                yield 0

    # Decided again ---------------------------------------------------------------------------------------------------

    async def _found(self, kind: _Kind, find: Find, snapshot: Snapshot) -> AsyncIterator[int]:
        after: Again | None = None
        while found := await find(self._lane.lane, snapshot, after, kind.found_max):
            fresh = [each for each in found if each.ref not in (self._aside or ())]
            start = 0
            while part := fresh[start : start + self._rows]:
                start += len(part)
                began = time.monotonic()
                made = await self._look_again(kind, part)
                self._rows = rows_next(len(part), time.monotonic() - began)
                yield made
            if len(found) < kind.found_max:
                return
            after = found[-1]

    async def _look_again(self, kind: _Kind, rows: Sequence[Again]) -> int:
        """Decide rows again, each that fails by its own fault set aside; gives how many new decisions were made."""
        looked_at, unreadable = await self._lane.books.look_again(rows)
        for each in unreadable:
            await self._set_aside(kind, each.ref, each.at, each.error)
        made, worth = 0, [each for each in looked_at if kind.still(each[1])]

        async def smaller(part: list[LookedAt], error: Exception) -> list[list[LookedAt]]:
            if len(part) > 1:
                middle = len(part) // 2
                return [part[:middle], part[middle:]]
            subject, _, at = part[0]
            await self._set_aside(kind, subject.ref, at, error)
            return []

        if not worth:
            return 0
        async for attempt in attempts(worth, smaller):
            with attempt as part:
                made += await self._decide_again(kind, part)
        return made

    async def _decide_again(self, kind: _Kind, part: list[LookedAt]) -> int:
        lane, subjects = self._lane, [subject for subject, *_ in part]
        gathered = await lane.gather_for(lambda: kind.want(subjects, lane.catalogue))
        results = kind.decide(part, View(gathered, lane.catalogue))
        if results:
            await self._record(gathered, results)
        return len(results)

    async def _record(
        self, gathered: Snapshot, results: list[Result], facts_seen: int = 0, carried: Sequence[Carried] = ()
    ) -> None:
        lane = self._lane
        at = lane.position.next_offset
        batch = Batch(lane.lane, lane.position, at, None, gathered, results, facts_seen=facts_seen, carried=carried)
        await lane.commit(batch)
        lane.told.recorded(batch, ())

    async def _see(self, version: int) -> None:
        """The lane has looked at its rows for facts up to the version."""

        async def smaller(_: tuple[int], error: Exception) -> list[tuple[int]]:
            raise error

        async for attempt in attempts((version,), smaller):
            with attempt as (seen,):
                await self._record(await self._lane.gather_for(Lookup), [], facts_seen=seen)

    # Set aside -------------------------------------------------------------------------------------------------------

    async def _set_aside(self, kind: _Kind, ref: Ref, at: datetime, error: Exception) -> None:
        log.error(
            "It can't be decided again and is set aside; the others go through.",
            lane=self._lane.lane, offset=ref.offset, error=type(error).__name__, at=place_of(error),
        )  # fmt: skip
        self._lane.told.failed("decisions", error)
        scan = AsideScan(self._lane.lane, ref, kind.aside, at, type(error).__name__)
        await self._lane.books.aside.put(scan)
        assert self._aside is not None  # noqa: S101 -- steps has made it
        self._aside.add(ref)

    async def _take_up(self) -> AsyncIterator[int]:
        """Try once more what earlier workers have set aside: this one may know better."""
        aside = self._lane.books.aside
        for each in await aside.of_lane(self._lane.lane):
            assert self._aside is not None  # noqa: S101 -- steps has made it
            if each.kind is AsideKind.HALF:
                # It waits again since this worker has the lane; when it fails again, it is set aside again.
                await aside.drop(each)
                continue
            kind = _FREED if each.kind is AsideKind.FREED else _REPRICED
            made = await self._look_again(kind, [Again(each.ref, each.at)])
            if each.ref not in self._aside:
                await aside.drop(each)
            yield made

    # Commanded -------------------------------------------------------------------------------------------------------

    async def _obey(self) -> AsyncIterator[int]:
        """Carry out what persons have commanded of this lane, one by one."""
        while commanded := await self._lane.books.commands(self._lane.lane, COMMANDS_MAX):
            for each in commanded:
                yield await self._carry_out(each)

    async def _carry_out(self, commanded: Commanded) -> int:
        made = 0

        async def smaller(part: list[Commanded], error: Exception) -> list[list[Commanded]]:
            seq = part[0].command.seq
            log.error(
                "A command fails by itself and is refused.",
                lane=self._lane.lane, seq=seq, error=type(error).__name__, at=place_of(error),
            )  # fmt: skip
            self._lane.told.failed("commands", error)
            refused = Refused(CommandRefusal.INTERNAL_ERROR, {"error": type(error).__name__})
            await self._refuse(seq, refused.text)
            return []

        async for attempt in attempts([commanded], smaller):
            with attempt as part:
                made = await self._carry_out_once(part[0].command.seq)
        return made

    async def _carry_out_once(self, seq: int) -> int:
        lane = self._lane
        # Read anew: the command before may have been about the same scan.
        commanded = next(iter(await lane.books.commands(lane.lane, 1)), None)
        if commanded is None or commanded.command.seq != seq:
            return 0
        gathered = await lane.gather_for(lambda: wanted_by_command(commanded, lane.catalogue))
        decisions, carried = carry_out(commanded, View(gathered, lane.catalogue))
        await self._record(gathered, list(decisions), carried=(carried,))
        return len(decisions)

    async def _refuse(self, seq: int, detail: str) -> None:
        async def smaller(_: tuple[int], error: Exception) -> list[tuple[int]]:
            raise error

        async for attempt in attempts((seq,), smaller):
            with attempt:
                gathered = await self._lane.gather_for(Lookup)
                await self._record(gathered, [], carried=(Carried(seq, done=False, detail=detail),))
