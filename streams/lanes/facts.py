"""A partition of facts (catalogue, encounters, HIS charges): its steps; the agents of `streams.agents` take them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, Self

import structlog

from models.reasons import Reason
from models.wire.strict_json import Refusal
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, RawRecord
from streams.lanes.attempts import Attempt, attempts_from, place_of
from streams.lanes.told import Record, Told
from streams.lanes.whole import whole

log = structlog.get_logger(__name__)


class FactBatch(Protocol):
    """Rows of one transaction."""

    letters: list[Outgoing]
    """Dead letters of what could not be read."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is done with the records of one topic, step by step."""

    parse: Callable[[RawRecord], Any]
    """What a record says; no database, no memory."""
    add: Callable[[Any, Any, datetime, str], None]
    """What follows from it, into the batch: batch, what was parsed, the broker's timestamp, the record's origin."""
    record: Callable[[InputPosition, int, bytes | None, Any], Awaitable[object]]
    """Record the batch and the position, whole or not at all: position, next offset, hash of the last record, batch."""
    batch: Callable[[], FactBatch]
    """An empty batch."""
    gather: Callable[[Sequence[Any]], Awaitable[FactBatch]] | None = None
    """An empty batch that knows what the books hold of what was parsed, where that decides."""


@dataclass(slots=True)
class FactReading:
    """Records of a partition, parsed; or the part of them that is tried together."""

    records: Sequence[Record]
    """As they came from the broker."""
    facts: list[Any]
    """What they say, in the same order."""
    next_offset: int
    """Where the partition stands when they are recorded."""
    first_offset: int | None = None
    """Where the partition must stand before; `None`: wherever it stands."""

    def __len__(self) -> int:
        return len(self.records)

    def cut(self, start: int, end: int) -> Self:
        """The records from `start` up to before `end`; the last part goes on to where the whole does."""
        after = self.next_offset if end >= len(self.records) else self.records[end].offset
        return replace(self, records=self.records[start:end], facts=self.facts[start:end], next_offset=after)


@dataclass(frozen=True, slots=True)
class _Unfit:
    """A record that fails by its own fault."""

    error: str


class FactLane:
    """A partition of facts in the hands of this worker. One call at a time: whoever records holds its `turn`."""

    def __init__(
        self,
        place: str,
        position: InputPosition,
        facts: Facts,
        told: Told,
        recorded: Callable[[int, Sequence[str]], None] = lambda records, letters: None,  # noqa: ARG005 -- nothing
    ) -> None:
        self.position = position
        self.turn = asyncio.Lock()
        self._place = place
        self._facts = facts
        self._told = told
        self._recorded = recorded

    def read(self, records: Sequence[Record], next_offset: int, first_offset: int | None = None) -> FactReading:
        """Parse records; no database, so that it is done while the batch before is recorded. Never raises."""
        return FactReading(records, [self._read(each) for each in records], next_offset, first_offset)

    def attempts(self, reading: FactReading) -> AsyncIterator[Attempt[FactReading]]:
        """Tries until all of it is recorded: see `attempts_from`."""
        return attempts_from(self.position.next_offset, self._place, reading, self._smaller)

    async def gather(self, part: FactReading) -> FactBatch:
        """An empty batch for the part, with what has to be known of the books to decide it."""
        return await self._facts.gather(part.facts) if self._facts.gather else self._facts.batch()

    def decide(self, part: FactReading, batch: FactBatch) -> FactBatch:
        """What the records change, as rows: versions, ends of items, dead letters."""
        for record, fact in zip(part.records, part.facts, strict=True):
            origin = self.position.origin(record.offset)
            if isinstance(fact, _Unfit):
                refusal = Refusal(Reason.INTERNAL_ERROR, f"It could not be worked on: {fact.error}.")
                batch.letters.append(letter_of(RawRecord(record.key, record.value), refusal, origin))
            else:
                self._facts.add(batch, fact, record.timestamp, origin)
        return batch

    async def record(self, part: FactReading, batch: FactBatch) -> None:
        """Record it in one transaction with the position.

        Raises:
            LaneMovedError: this worker no longer owns the partition.
            Exception: the database is away or its answer was lost; take the partition over again.
        """
        last_hash = part.records[-1].hash if part.records else None
        await whole(self._facts.record(self.position, part.next_offset, last_hash, batch))
        self.position = replace(
            self.position, next_offset=part.next_offset, last_hash=last_hash or self.position.last_hash
        )
        self._recorded(len(part), [str(letter.reason) for letter in batch.letters])

    def _read(self, record: Record) -> Any:
        try:
            return self._facts.parse(RawRecord(record.key, record.value))
        except Exception as error:  # noqa: BLE001 -- no effect is in it: whatever fails is the record's own
            return self._unfit(record, error)

    async def _smaller(self, part: FactReading, error: Exception) -> list[FactReading]:
        """Two halves; of a single record its quarantine."""
        if len(part) > 1:
            middle = len(part) // 2
            return [part.cut(0, middle), part.cut(middle, len(part))]
        if not len(part) or isinstance(part.facts[0], _Unfit):
            raise error
        return [replace(part, facts=[self._unfit(part.records[0], error)])]

    def _unfit(self, record: Record, error: Exception) -> _Unfit:
        log.error(
            "It fails by itself and is quarantined; its neighbours go through.",
            place=self._place, offset=record.offset, error=type(error).__name__, at=place_of(error),
        )  # fmt: skip
        self._told.failed(self._place, error)
        return _Unfit(type(error).__name__)
