"""One lane: read records in, decided and recorded batches out. Its steps; `streams.agents.scans` takes them.

References:
    docs/architecture.md, "One batch"; docs/adr/0003 (lanes and claims).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

import structlog

from models.charging.arrival import Arrival
from models.charging.books import RecordedScan, Ref, Waiting
from models.charging.snapshot import Catalogue, Lookup, Snapshot
from models.policy import Policy
from models.reasons import Reason
from models.scan.signatures import NO_SIGNERS, Signers
from models.wire.strict_json import Refusal
from rules.charging.fold import fold
from rules.charging.lookup import wanted_by
from rules.labels.reading import bad_record, read_arrival
from rules.view import View
from sinks.ports.aside import AsideKind, AsideScan
from sinks.ports.batch import Batch, Books, LaneState, RawRecord
from streams.lanes.attempts import Attempt, attempts_from, place_of
from streams.lanes.failures import own
from streams.lanes.gathering import gather_for
from streams.lanes.sweeping import Sweep
from streams.lanes.told import Record, Told
from streams.lanes.whole import whole

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Reading:
    """Records of a lane, parsed; or the part of them that is tried together."""

    records: Sequence[Record]
    """As they came from the broker."""
    arrivals: list[Arrival]
    """What they are, in the same order."""
    next_offset: int
    """Where the lane stands when they are recorded."""
    first_offset: int | None = None
    """Where the lane must stand before; `None`: wherever it stands."""
    scanners_version: int | None = None
    """Of the profiles the labels were read by; `None`: not to be read again."""

    def __len__(self) -> int:
        return len(self.records)

    def cut(self, start: int, end: int) -> Self:
        """The records from `start` up to before `end`; the last part goes on to where the whole does."""
        after = self.next_offset if end >= len(self.records) else self.records[end].offset
        return replace(
            self,
            records=self.records[start:end],
            arrivals=self.arrivals[start:end],
            next_offset=after,
            first_offset=self.first_offset if start == 0 else None,
        )


class Decided(NamedTuple):
    """What a part has come to, to be recorded; and the books as they will be seen afterwards."""

    batch: Batch
    """What is to be recorded."""
    view: View
    """The books as they will be seen afterwards."""
    reading: Reading
    """The records it came of."""


class Lane:
    """A lane in the hands of this worker. One call at a time: whoever gathers and records holds its `turn`."""

    def __init__(  # noqa: PLR0917 -- its parts
        self,
        state: LaneState,
        books: Books,
        catalogue: Catalogue,
        zone: ZoneInfo,
        policy: Policy,
        told: Told | None = None,
        signers: Callable[[], Signers] = lambda: NO_SIGNERS,
    ) -> None:
        self.lane = state.lane
        self.position = state.position
        self.turn = asyncio.Lock()
        self.books = books
        self.catalogue = catalogue
        self.told = told or Told()
        self._version = state.version
        self._waiting = state.waiting
        self._zone = zone
        self._policy = policy
        self._signers = signers
        self._sweep = Sweep(self)

    @property
    def waits(self) -> bool:
        """Half labels wait for their partner or for a tick."""
        return bool(self._waiting)

    # The steps of a batch --------------------------------------------------------------------------------------------

    def read(self, records: Sequence[Record], next_offset: int, first_offset: int | None = None) -> Reading:
        """Parse records; no database, so that it is done while the batch before is recorded. Never raises."""
        arrivals = [self._read(each) for each in records]
        return Reading(records, arrivals, next_offset, first_offset, self.catalogue.scanners.version)

    def attempts(self, reading: Reading) -> AsyncIterator[Attempt[Reading]]:
        """Tries until all of it is recorded: see `attempts_from`."""
        return attempts_from(self.position.next_offset, f"Lane {self.lane}", reading, self._smaller)

    async def gather(self, part: Reading) -> Snapshot:
        """What must be known to decide the part, in one snapshot."""

        def wanted() -> Lookup:
            self._as_set_up(part)
            subjects = [arrival for arrival in part.arrivals if isinstance(arrival, RecordedScan)]
            return wanted_by(subjects, self._waiting, self.catalogue)

        return await self.gather_for(wanted)

    def decide(self, part: Reading, gathered: Snapshot) -> Decided:
        """All that follows from the part: pure, and a later scan sees the earlier ones."""
        view = self._view(gathered, self._waiting)
        results = fold(part.arrivals, view, self._policy)
        position = self.position.position_id
        raw = {Ref(position, each.offset): RawRecord(each.key, each.value) for each in part.records}
        last_hash = part.records[-1].hash if part.records else None
        arrived = part.records[0].timestamp if part.records else None
        batch = Batch(self.lane, self.position, part.next_offset, last_hash, gathered, results, raw, arrived)
        return Decided(batch, view, part)

    async def record(self, decided: Decided) -> None:
        """Record it in one transaction with the position.

        Raises:
            LaneMovedError: this worker no longer owns the lane.
            Exception: the database is away or its answer was lost; take the lane over again.
        """
        await self.commit(decided.batch)
        self._waiting = _sorted(decided.view.waiting.values())
        self.told.recorded(decided.batch, decided.reading.records)

    # What the steps and the sweeps share -----------------------------------------------------------------------------

    async def gather_for(self, wanted: Callable[[], Lookup]) -> Snapshot:
        """A snapshot that is complete by the catalogue it brought."""
        return await gather_for(self.books, self.lane, self.catalogue, wanted)

    async def commit(self, batch: Batch) -> None:
        """Record a batch, to the end even when cancelled meanwhile: a COMMIT under way must get its answer."""
        batch.gathered.lane_version = self._version
        self._version = await whole(self.books.record(batch))
        self.position = replace(batch.position, next_offset=batch.next_offset)

    def sweeps(self) -> AsyncIterator[int]:
        """Decide again what may be free or have another price; see `Sweep.steps`."""
        return self._sweep.steps()

    async def sweep(self) -> int:
        """All steps at once; gives how many new decisions were made."""
        return sum([made async for made in self.sweeps()])

    # When it fails ---------------------------------------------------------------------------------------------------

    async def _smaller(self, part: Reading, error: Exception) -> list[Reading]:
        """Two halves; of a single record the record without the halves that fail, or in quarantine."""
        if len(part) > 1:
            middle = len(part) // 2
            return [part.cut(0, middle), part.cut(middle, len(part))]
        if not len(part) or (part.scanners_version is None and part.arrivals[0] == self._nameless(part.records[0])):
            raise error
        if part.scanners_version is not None and await self._set_halves_aside(part, error):
            return [part]
        return [self._quarantined(part, error)]

    def _quarantined(self, part: Reading, error: Exception) -> Reading:
        """The record as one that is no event: its bytes are kept, its dead letter says why."""
        record = part.records[0]
        self._tell("scans", error, offset=record.offset)
        named = part.scanners_version is not None
        bad = self._refused(record, error) if named else self._nameless(record)
        return replace(part, arrivals=[bad], scanners_version=None)

    def _refused(self, record: Record, error: Exception) -> Arrival:
        refusal = Refusal(Reason.INTERNAL_ERROR, f"It could not be worked on: {type(error).__name__}.")
        try:
            return bad_record(self._ref(record), self.lane, record.key, record.value, record.timestamp, refusal)
        except Exception:  # noqa: BLE001 -- whatever can be read of it is not needed
            return self._nameless(record)

    def _nameless(self, record: Record) -> Arrival:
        refusal = Refusal(Reason.INTERNAL_ERROR, "It could not be worked on.")
        return bad_record(self._ref(record), self.lane, None, None, record.timestamp, refusal)

    def _read(self, record: Record) -> Arrival:
        scanners, signers = self.catalogue.scanners, self._signers()
        try:
            return read_arrival(
                self._ref(record), self.lane, record.key, record.value, record.timestamp, self._zone, scanners, signers,
                record.signature,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 -- no effect is in it: whatever fails is the record's own
            self._tell("scans", error, offset=record.offset)
            return self._refused(record, error)

    def _as_set_up(self, part: Reading) -> None:
        """Read again by the profiles known now, when it was read before they came."""
        scanners = self.catalogue.scanners
        if part.scanners_version not in {None, scanners.version}:
            part.arrivals = [self._read(each) for each in part.records]
            part.scanners_version = scanners.version

    def _ref(self, record: Record) -> Ref:
        return Ref(self.position.position_id, record.offset)

    def _view(self, gathered: Snapshot, waiting: Iterable[Waiting]) -> View:
        view = View(gathered, self.catalogue)
        for half in waiting:
            view.wait(half)
        return view

    async def _set_halves_aside(self, part: Reading, error: Exception) -> bool:
        """Whether the part fails by halves that wait in the lane: those that fail wait no more, the others stay."""
        if not self._waiting or not await self._succeeds(part, []):
            return False
        todo, found = [self._waiting], list[Waiting]()
        while todo:
            halves = todo.pop()
            if await self._succeeds(part, halves):
                continue
            middle = len(halves) // 2
            if middle:
                todo += [halves[:middle], halves[middle:]]
            else:
                found += halves
        refs = {half.subject.ref for half in found}
        self._waiting = [half for half in self._waiting if half.subject.ref not in refs]
        for ref in sorted(refs):
            at, name = part.records[0].timestamp, type(error).__name__
            await self.books.aside.put(AsideScan(self.lane, ref, AsideKind.HALF, at, name))
        return bool(found)

    async def _succeeds(self, part: Reading, halves: Sequence[Waiting]) -> bool:
        subjects = [arrival for arrival in part.arrivals if isinstance(arrival, RecordedScan)]
        try:
            gathered = await self.gather_for(lambda: wanted_by(subjects, halves, self.catalogue))
            fold(part.arrivals, self._view(gathered, halves), self._policy)
        except Exception as error:
            if not own(error):
                raise
            if len(halves) == 1:
                self._tell("halves", error, offset=halves[0].subject.ref.offset)
            return False
        return True

    def _tell(self, place: str, error: Exception, offset: int) -> None:
        log.error(
            "It fails by itself and is set aside; its neighbours go through.",
            place=place, lane=self.lane, offset=offset, error=type(error).__name__, at=place_of(error),
        )  # fmt: skip
        self.told.failed(place, error)


def _sorted(halves: Iterable[Waiting]) -> list[Waiting]:
    return sorted(halves, key=lambda half: half.subject.ref)
