"""The tail of an output partition: the newest record of ours that lies there, and where the log begins and ends.

Silence before the end is no answer: whoever took it for one would publish again what is there. A record that is not
ours (no `udi-seq`, no `udi-id`) is stepped over.

References:
    docs/adr/0004 (outbox and relay).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from models.wire.topics import ID_HEADER, SEQ_HEADER
from streams.lanes.forgiving import forgiving
from streams.settings import Settings
from streams.topics import DEAD_LETTER_BYTES_MAX
from streams.waiting import bounded, ended

log = structlog.get_logger(__name__)

AWAIT_SECONDS_MAX: Final = 10.0
"""aiokafka may wait for ever when the broker is away; after this the outcome is unknown and the tail decides."""
SILENT_SECONDS_MAX: Final = 9.0
"""A broker that gives nothing for so long, though its log goes on, has not answered."""
_POLL_MS: Final = 300
_SILENT_POLLS_EMBEDDED: Final = 2
"""The embedded broker's end of a log may be too low: its partitions are read until so many polls gave nothing."""
BACK_STEPS: Final = (4, 64, 1024, 16_384, 262_144)
"""How far before the end a tail is looked for: markers, aborted and foreign records lie there, too."""

T = TypeVar("T")


class TailUnreadError(Exception):
    """The broker did not give the records before the end, or holds some back: nobody knows the tail."""


class TransactionOpenError(TailUnreadError):
    """Records lie beyond the stable end of partitions, so their transaction was not ended.

    Attributes:
        stable: Of each such partition, the offset where its open transaction begins.
    """

    def __init__(self, stable: Mapping[TopicPartition, int], high: Mapping[TopicPartition, int]) -> None:
        said = [f"{tp.topic}/{tp.partition} (stable to {at}, end {high[tp]})" for tp, at in stable.items()]
        super().__init__(f"An open transaction lies on {', '.join(said)}.")
        self.stable = dict(stable)


@dataclass(frozen=True, slots=True)
class Record:
    """A record of ours on an output topic."""

    seq: int
    """Its header `udi-seq`."""
    id: UUID
    """Its header `udi-id`."""
    offset: int
    """Offset in its partition."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What lies at the end of a partition."""

    newest: Record | None
    """`None`: no record of ours is there."""
    start: int
    """Offset of the oldest record there is; above 0 retention has been at work."""
    end: int
    """Offset that the next record will get."""


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """What lies behind the stable end of a partition."""

    before: Tail
    """What readers see."""
    records: list[Record]
    """Those of ours behind the stable end, in their order."""


async def read_tails(settings: Settings, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Tail]:
    """The newest committed record of ours on each partition.

    Args:
        settings: Where the broker is.
        partitions: With the topics' full names.

    Raises:
        TailUnreadError: The broker was silent before the end.
        TransactionOpenError: A transaction is open there.
        KafkaError, TimeoutError, OSError: The broker is away.
    """
    wanted = list(partitions)
    async with _Consumer(settings, "read_committed") as consumer:
        starts = await bounded(consumer.beginning_offsets(wanted), AWAIT_SECONDS_MAX)
        stable = await bounded(consumer.end_offsets(wanted), AWAIT_SECONDS_MAX)
        if not settings.embedded_broker:
            await _nothing_open(settings, consumer, stable)
        with forgiving():
            return {tp: await _tail(settings, consumer, tp, starts[tp], stable[tp]) for tp in wanted}


async def _tail(settings: Settings, consumer: AIOKafkaConsumer, tp: TopicPartition, start: int, end: int) -> Tail:
    consumer.assign([tp])
    if settings.embedded_broker:
        newest = await _newest(consumer, tp, start, None)
        return Tail(newest, start, end if newest is None else max(end, newest.offset + 1))
    begin = end
    for step in (*BACK_STEPS, end):
        begin = max(start, end - step)
        newest = await _newest(consumer, tp, begin, end)
        if newest is not None or begin == start:
            break
    return Tail(newest, start, end)


async def read_left_open(settings: Settings, stable: Mapping[TopicPartition, int]) -> dict[TopicPartition, LeftOpen]:
    """What lies behind the stable ends of partitions (with the topics' full names), and the last record before.

    Raises:
        TailUnreadError: The broker was silent before the end.
        KafkaError, TimeoutError, OSError: The broker is away.
    """
    async with _Consumer(settings, "read_committed") as consumer:
        starts = await bounded(consumer.beginning_offsets(list(stable)), AWAIT_SECONDS_MAX)
        with forgiving():
            before = {tp: await _tail(settings, consumer, tp, starts[tp], end) for tp, end in stable.items()}
    async with _Consumer(settings, "read_uncommitted") as consumer:
        high = await bounded(consumer.end_offsets(list(stable)), AWAIT_SECONDS_MAX)
        found = {}
        with forgiving():
            for tp, begin in stable.items():
                consumer.assign([tp])
                read = _read(consumer, tp, begin, high[tp])
                found[tp] = LeftOpen(before[tp], [ours async for each in read if (ours := ours_of(each))])
    return found


async def ends(settings: Settings, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
    """Where logs end, transactions that are open included.

    Raises:
        KafkaError, TimeoutError, OSError: The broker is away.
    """
    async with _Consumer(settings, "read_uncommitted") as consumer:
        found: Mapping[TopicPartition, int] = await bounded(consumer.end_offsets(list(partitions)), AWAIT_SECONDS_MAX)
        return found


class _Consumer:
    """A consumer of its own, as a context."""

    def __init__(self, settings: Settings, isolation: str) -> None:
        self._consumer = AIOKafkaConsumer(
            **settings.kafka(), enable_auto_commit=False, auto_offset_reset="earliest", isolation_level=isolation,
            fetch_max_wait_ms=50, max_partition_fetch_bytes=2 * DEAD_LETTER_BYTES_MAX,
        )  # fmt: skip

    async def __aenter__(self) -> Any:
        try:
            await bounded(self._consumer.start(), AWAIT_SECONDS_MAX)
        except BaseException:
            await self.__aexit__()
            raise
        return self._consumer

    async def __aexit__(self, *_: object) -> None:
        await ended(self._consumer.stop(), AWAIT_SECONDS_MAX)


async def _nothing_open(settings: Settings, consumer: AIOKafkaConsumer, stable: Mapping[TopicPartition, int]) -> None:
    """After the fence no transaction of ours should be open.

    Raises:
        TransactionOpenError: One is, or somebody else's.
    """
    high = await ends(settings, stable)
    behind = [tp for tp, end in stable.items() if high[tp] > end]
    if behind:
        # A commit between the two questions moves both; ask once more before it is called open.
        again = await bounded(consumer.end_offsets(behind), AWAIT_SECONDS_MAX)
        if still := {tp: again[tp] for tp in behind if high[tp] > again[tp]}:
            raise TransactionOpenError(still, high)


async def _newest(consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int | None) -> Record | None:
    """The newest record of ours from `begin` on. Without `end` until silence.

    Raises:
        TailUnreadError: Silence before `end`.
    """
    newest: Record | None = None
    foreign = 0
    async for record in _read(consumer, tp, begin, end):
        ours = ours_of(record)
        newest, foreign = (ours, foreign) if ours else (newest, foreign + 1)
    if foreign:
        log.warning(
            "Records of somebody else lie on an output topic.", topic=tp.topic, partition=tp.partition, n=foreign
        )
    return newest


async def _read(
    consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int | None
) -> AsyncIterator[ConsumerRecord]:
    """Records of an assigned partition from `begin` on. Without `end` until silence.

    Raises:
        TailUnreadError: Silence before `end`.
    """
    consumer.seek(tp, begin)
    clock = asyncio.get_running_loop().time
    heard, silent = clock(), 0
    while end is None or await bounded(consumer.position(tp), AWAIT_SECONDS_MAX) < end:
        try:
            found = (await bounded(consumer.getmany(tp, timeout_ms=_POLL_MS), AWAIT_SECONDS_MAX)).get(tp, [])
        except KafkaError as error:
            raise TailUnreadError(f"{tp.topic}/{tp.partition} could not be read ({type(error).__name__}).") from error
        for record in found:
            yield record
        silent = 0 if found else silent + 1
        heard = clock() if found else heard
        if end is None and silent >= _SILENT_POLLS_EMBEDDED:
            break
        if clock() - heard > SILENT_SECONDS_MAX:
            at = await bounded(consumer.position(tp), AWAIT_SECONDS_MAX)
            raise TailUnreadError(f"{tp.topic}/{tp.partition} gave nothing between {at} and its end {end}.")


def ours_of(record: ConsumerRecord) -> Record | None:
    """What the headers say of a record; `None` when they are not those of the relay."""
    headers = dict(record.headers)
    seq, id_ = headers.get(SEQ_HEADER, b""), headers.get(ID_HEADER, b"")
    try:
        return Record(int(seq), UUID(id_.decode()), record.offset) if seq.isdigit() else None
    except ValueError:
        return None
