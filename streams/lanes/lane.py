"""One lane: read records in, decided and recorded batches out. The only place where a failure of the books is judged.

References:
    docs/architecture.md, "One batch"; docs/adr/0003 (lanes and claims).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from models.charging.arrival import Arrival
from models.charging.books import BadRecord, Prior, RecordedScan, Ref, Waiting
from models.charging.snapshot import Catalogue, Lookup, Snapshot
from models.policy import Policy
from models.reasons import Reason
from models.scan.signatures import NO_SIGNERS, Signers
from rules.charging.commands import carry_out
from rules.charging.fold import Result, fold, redecide
from rules.charging.lookup import wanted_again, wanted_by, wanted_by_command, wanted_to_rerate
from rules.charging.repricing import rerate
from rules.labels.reading import UNKNOWN_HOSPITAL, read_arrival
from rules.view import View
from sinks.ports.batch import Batch, Books, ClaimTakenError, LaneMovedError, LaneState, RawRecord, StaleError

log = structlog.get_logger(__name__)

COMMANDS_MAX = 100
"""Commands of persons looked at in one go."""
SWEEP_ROWS_MAX = 500
"""Waiting scans decided again in one transaction."""
ATTEMPTS_BEFORE_WAITING = 3
"""Redone at once so often when claims collide; then with a pause."""
PAUSE_SECONDS_MAX = 1.0


class Record(NamedTuple):
    """A record as read from the broker."""

    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    signature: bytes | None = None
    """The header `udi-signature` as it came."""

    @property
    def hash(self) -> bytes:
        """What tells this record from another at the same offset."""
        mark = blake2b(digest_size=16)
        mark.update(repr((self.offset, self.timestamp.timestamp(), len(self.key or b""))).encode())
        mark.update(self.key or b"")
        mark.update(self.value or b"")
        return mark.digest()


class ReadAhead(NamedTuple):
    """Records of a lane, parsed ahead while the batch before is recorded."""

    records: Sequence[Record]
    arrivals: list[Arrival]
    next_offset: int
    scanners_version: int | None = None
    """Of the profiles the labels were read by; `None`: not to be read again."""


WhenRecorded = Callable[[Batch, Sequence[Record]], None]
"""Told after every recorded batch: counts and times."""
Attempt = Callable[[], Awaitable[tuple[Batch, View]]]
LookedAtAgain = list[tuple[RecordedScan, Prior, datetime]]
"""WhenRecorded scans, each with the instant of what made it worth another look."""
Again = Callable[[LookedAtAgain, View], list[Result]]
Want = Callable[[list[RecordedScan], Catalogue], Lookup]
"""What must be gathered to look at them again."""


class Lane:
    """A lane in the hands of this worker. One call at a time."""

    def __init__(  # noqa: PLR0917 -- its parts
        self,
        state: LaneState,
        books: Books,
        catalogue: Catalogue,
        zone: ZoneInfo,
        policy: Policy,
        recorded: WhenRecorded = lambda batch, records: None,  # noqa: ARG005 -- nothing to tell
        signers: Callable[[], Signers] = lambda: NO_SIGNERS,
    ) -> None:
        self.lane = state.lane
        self.position = state.position
        self._version = state.version
        self._waiting = state.waiting
        self._books = books
        self._catalogue = catalogue
        self._zone = zone
        self._policy = policy
        self._recorded = recorded
        self._signers = signers

    @property
    def waits(self) -> bool:
        """Half labels wait for their partner or for a tick."""
        return bool(self._waiting)

    def read(self, records: Sequence[Record], next_offset: int) -> ReadAhead:
        """Parse records; no database."""
        position, zone, scanners = self.position.position_id, self._zone, self._catalogue.scanners
        signers = self._signers()
        arrivals = [
            read_arrival(
                Ref(position, each.offset), self.lane, each.key, each.value, each.timestamp, zone, scanners, signers,
                each.signature,
            )
            for each in records
        ]  # fmt: skip
        return ReadAhead(records, arrivals, next_offset, scanners.version)

    def _as_set_up(self, reading: ReadAhead) -> ReadAhead:
        """The reading by the profiles known now: it may have been read before they came."""
        if reading.scanners_version in {None, self._catalogue.scanners.version}:
            return reading
        return self.read(reading.records, reading.next_offset)

    async def record(self, reading: ReadAhead) -> None:
        """Decide and record what was read; records below the position are left out, they are recorded already.

        A record whose row the database refuses is quarantined alone: its neighbours go through.

        Raises:
            LaneMovedError: this worker no longer owns the lane.
            Exception: the database is away or its answer was lost; take the lane over again.
        """
        at = self.position.next_offset
        if reading.next_offset <= at:
            return
        if reading.records and reading.records[0].offset < at:
            keep = [place for place, each in enumerate(reading.records) if each.offset >= at]
            records, arrivals = [reading.records[i] for i in keep], [reading.arrivals[i] for i in keep]
            reading = reading._replace(records=records, arrivals=arrivals)
        try:
            await self._record(reading)
        except _DATA_ERRORS as error:
            if len(reading.records) <= 1:
                await self._record(self._quarantined(reading, error))
                return
            for place, each in enumerate(reading.records):
                last = place + 1 == len(reading.records)
                after = reading.next_offset if last else reading.records[place + 1].offset
                await self.record(
                    reading._replace(records=[each], arrivals=[reading.arrivals[place]], next_offset=after)
                )

    def _quarantined(self, reading: ReadAhead, error: Exception) -> ReadAhead:
        record = reading.records[0]
        log.error("The database refused a record; it is quarantined.", error=type(error).__name__, offset=record.offset)
        ref = Ref(self.position.position_id, record.offset)
        detail = f"The database refused the record: {type(error).__name__}."
        bad = BadRecord(ref, self.lane, record.timestamp, Reason.BAD_EVENT, detail, UNKNOWN_HOSPITAL, None, None)
        return ReadAhead(reading.records, [bad], reading.next_offset)

    async def _record(self, reading: ReadAhead) -> None:
        position = self.position.position_id
        raw = {Ref(position, each.offset): RawRecord(each.key, each.value) for each in reading.records}
        last_hash = reading.records[-1].hash if reading.records else None

        def wanted() -> Lookup:
            nonlocal reading
            reading = self._as_set_up(reading)
            subjects = [arrival for arrival in reading.arrivals if isinstance(arrival, RecordedScan)]
            return wanted_by(subjects, self._waiting, self._catalogue)

        async def attempt() -> tuple[Batch, View]:
            gathered = await self._gather(wanted)
            view = View(gathered, self._catalogue)
            for half in self._waiting:
                view.wait(half)
            results = fold(reading.arrivals, view, self._policy)
            arrived = reading.records[0].timestamp if reading.records else None
            after = reading.next_offset
            batch = Batch(self.lane, self.position, after, last_hash, gathered, results, raw, arrived)
            return batch, view

        batch, view = await self._until_recorded(attempt)
        self._waiting = _sorted(half for halves in view.waiting.values() for half in halves)
        self._recorded(batch, reading.records)

    async def sweep(self) -> int:
        """Decide again what newer facts, a freed unit or a use may have freed or repriced; only this lane's own rows.

        Gives how many new decisions were made. One decision may free another (a use its return), so it goes on until
        nothing moves. The facts version is read before the rows, and the lane has *seen* it only at the end: a change
        that comes meanwhile is swept next time.
        """
        found = await self._obey()
        while True:
            snapshot = await self._gather(Lookup)
            moved = await self._sweep_once(snapshot)
            found += moved
            if moved:
                continue
            if snapshot.facts_seen < snapshot.facts_version:
                await self._record_decisions([], facts_seen=snapshot.facts_version)
            return found

    async def _obey(self) -> int:
        """Carry out what persons have commanded of this lane, one by one; gives how many new decisions were made."""
        made = 0
        while commanded := await self._books.commands(self.lane, COMMANDS_MAX):
            for each in commanded:
                made += await self._carry_out(each.command.seq)
        return made

    async def _carry_out(self, seq: int) -> int:
        async def attempt() -> tuple[Batch, View]:
            # Read anew: the command before may have been about the same scan.
            commanded = next(iter(await self._books.commands(self.lane, 1)), None)
            if commanded is None or commanded.command.seq != seq:
                raise LaneMovedError(f"Lane {self.lane} has carried out command {seq} already.")
            gathered = await self._gather(lambda: wanted_by_command(commanded, self._catalogue))
            view = View(gathered, self._catalogue)
            decisions, carried = carry_out(commanded, view)
            at = self.position.next_offset
            batch = Batch(self.lane, self.position, at, None, gathered, list(decisions), carried=(carried,))
            return batch, view

        batch, _ = await self._until_recorded(attempt)
        self._recorded(batch, ())
        return len(batch.results)

    async def _sweep_once(self, snapshot: Snapshot) -> int:
        moved, after = 0, Ref(0, -1)
        while rows := await self._books.freed(self.lane, snapshot, after, SWEEP_ROWS_MAX):
            moved += await self._record_decisions(rows)
            after = rows[-1][0].ref
        after = Ref(0, -1)
        while rows := await self._books.repriced(self.lane, snapshot, after, SWEEP_ROWS_MAX):
            moved += await self._record_decisions(rows, decide=rerate, want=wanted_to_rerate)
            after = rows[-1][0].ref
        return moved

    async def _record_decisions(
        self, rows: LookedAtAgain, decide: Again = redecide, want: Want = wanted_again, facts_seen: int = 0
    ) -> int:
        async def attempt() -> tuple[Batch, View]:
            subjects = [subject for subject, *_ in rows]
            gathered = await self._gather(lambda: want(subjects, self._catalogue))
            view = View(gathered, self._catalogue)
            results = decide(rows, view)
            at = self.position.next_offset
            return Batch(self.lane, self.position, at, None, gathered, results, facts_seen=facts_seen), view

        batch, _ = await self._until_recorded(attempt)
        self._recorded(batch, ())
        return len(batch.results)

    async def _gather(self, wanted: Callable[[], Lookup]) -> Snapshot:
        """A snapshot that is complete by the catalogue it brought: a newer catalogue may want more."""
        while True:
            version = self._catalogue.version
            gathered = await self._books.gather(self.lane, wanted(), self._catalogue)
            known = len(self._catalogue) or len(self._catalogue.scanners)
            if self._catalogue.version == version or not known:
                return gathered

    async def _until_recorded(self, attempt: Attempt) -> tuple[Batch, View]:
        """Gather, decide and record until no claim was taken and no fact had moved meanwhile."""
        tries = 0
        while True:
            tries += 1
            batch, view = await attempt()
            batch.gathered.lane_version = self._version
            try:
                self._version = await self._books.record(batch)
            except (ClaimTakenError, StaleError, *_COLLISIONS) as error:
                log.info("Decided again.", lane=self.lane, why=type(error).__name__, tries=tries)
                if tries > ATTEMPTS_BEFORE_WAITING:
                    await asyncio.sleep(min(PAUSE_SECONDS_MAX, 0.01 * 2**tries))
                continue
            self.position = replace(batch.position, next_offset=batch.next_offset)
            return batch, view


def _sorted(halves: Iterable[Waiting]) -> list[Waiting]:
    return sorted(halves, key=lambda half: half.subject.ref)


_COLLISIONS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_DATA_ERRORS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
