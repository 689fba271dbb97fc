"""Reading the partitions of input topics: own consumer, position in PostgreSQL, one batch in flight per partition.

Kafka's committed offsets are neither written nor read (docs/adr/0002).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import mode
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from models.scan.signatures import SIGNATURE_HEADER
from sinks.ports.batch import InputPosition, LaneMovedError
from streams.lanes.lane import Record
from streams.settings import Settings
from streams.topics import cluster_id, partitions

log = structlog.get_logger(__name__)

QUEUED_MAX = 2
"""Batches of a partition read ahead; beyond it the partition is paused."""
IDLE_SECONDS = 1.0
"""How often a partition without records is given a turn for what waits in it."""
BROKER_SECONDS_MAX = 10.0
"""aiokafka may wait for ever when the broker is away; no await of it is without a bound."""
PAUSE_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Between tries while the database or the broker is away."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TopicReplacedError(Exception):
    """The topic is not the one that was recorded: made anew, cut short, or emptied by retention. Nobody guesses."""


class Partition(Protocol):
    """What is done with the records of one partition. One call at a time; every method may raise."""

    @property
    def position(self) -> InputPosition:
        """Where it stands."""

    async def record(self, records: Sequence[Record], next_offset: int) -> None:
        """Record them and move the position to `next_offset`."""

    async def idle(self) -> None:
        """A turn without records: what waits for facts, units or time."""


class LaneWatch(Protocol):
    """Who is told what happens to the partitions; for metrics and readiness."""

    def lag(self, topic: str, partition: int, records: int, oldest_at: datetime) -> None:
        """So many records are behind; the oldest read one has that timestamp."""

    def moved(self, topic: str, partition: int) -> None:
        """Compare-and-set stopped this process: another one has recorded there."""

    def unknown(self, topic: str, partition: int) -> None:
        """The database's answer to a batch was lost, or it was away."""


TakeOver = Callable[[str, str, int], Awaitable[Partition]]


class PartitionReader(mode.Service):
    """A service that reads topics and hands each partition's records to its `Partition`, in order.

    Args:
        settings: where the broker is.
        topics: full names.
        group: consumer group; ignored on the embedded broker, where all partitions are taken.
        take_over: makes the `Partition` of (cluster, topic, partition): called at every assignment and after every
            failure, so that what is in memory is never older than the books.
        watch: told what happens.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        group: str,
        take_over: TakeOver,
        watch: "LaneWatch",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._topics = topics
        self._group = group
        self._take_over = take_over
        self._watch = watch
        self._consumer: AIOKafkaConsumer | None = None
        self._cluster = ""
        self._readers: dict[TopicPartition, _Reader] = {}
        self.failed: Exception | None = None

    @property
    def held(self) -> list[tuple[str, int]]:
        """Topic and number of the partitions in this process's hands."""
        return [(tp.topic, tp.partition) for tp in self._readers]

    async def on_start(self) -> None:
        """Find the cluster and the topics, then join."""
        settings = self._settings
        self._cluster = await patiently("broker", lambda: cluster_id(settings))
        self._consumer = AIOKafkaConsumer(
            **settings.kafka(),
            group_id=None if settings.embedded_broker else self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=int(settings.session_timeout_seconds * 1000),
            heartbeat_interval_ms=1000,
            max_poll_interval_ms=300_000,
            metadata_max_age_ms=15_000,
            fetch_max_wait_ms=10 if settings.embedded_broker else 500,
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        await patiently("broker", self._consumer.start)
        found = [
            TopicPartition(topic, each) for topic in self._topics for each in await partitions(self._consumer, topic)
        ]
        if settings.embedded_broker:
            self._consumer.assign(found)
            await self._take(found)
        else:
            self._consumer.subscribe(self._topics, listener=_Listener(self))
        self.add_future(self._fetch())

    async def on_stop(self) -> None:
        """Finish what is in flight, then leave."""
        await self._give_back(list(self._readers))
        if self._consumer is not None:
            with suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(self._consumer.stop(), BROKER_SECONDS_MAX)

    async def _take(self, found: Iterable[TopicPartition]) -> None:
        for tp in found:
            reader = _Reader(tp, self)
            await reader.restart()
            self._readers[tp] = reader
        log.info("Partitions taken.", partitions=[f"{tp.topic}/{tp.partition}" for tp in self._readers])

    async def _give_back(self, found: Iterable[TopicPartition]) -> None:
        readers = [self._readers.pop(tp) for tp in found if tp in self._readers]
        await asyncio.gather(*(reader.stop() for reader in readers))

    async def _fetch(self) -> None:
        consumer = self._consumer
        assert consumer is not None  # noqa: S101 -- set before this runs
        while not self.should_stop:
            try:
                fetched = await consumer.getmany(timeout_ms=200, max_records=4 * self._settings.batch_records_max)
            except OffsetOutOfRangeError as error:
                await self._out_of_range(error.args[0])
                continue
            except NoOffsetForPartitionError:
                # The group has no offset and needs none: every partition is sought to its position at assignment.
                continue
            except KafkaError as error:
                log.warning("The broker is away.", error=type(error).__name__)
                await self.sleep(PAUSE_SECONDS[2])
                continue
            for tp, records in fetched.items():
                reader = self._readers.get(tp)
                if reader is None:
                    continue
                next_offset = await consumer.position(tp)
                reader.add(records, next_offset)
                high = consumer.highwater(tp)
                behind = max(0, (high or next_offset) - next_offset) + reader.queued
                self._watch.lag(tp.topic, tp.partition, behind, _record(records[0]).timestamp)

    async def _out_of_range(self, offsets: dict[TopicPartition, int]) -> None:
        """The record before the position is gone, which is well; or the position itself is, which is not."""
        consumer = self._consumer
        assert consumer is not None  # noqa: S101 -- it has just raised
        starts = await asyncio.wait_for(consumer.beginning_offsets(list(offsets)), BROKER_SECONDS_MAX)
        ends = await asyncio.wait_for(consumer.end_offsets(list(offsets)), BROKER_SECONDS_MAX)
        for tp in offsets:
            reader = self._readers.get(tp)
            if reader is None:
                continue
            wanted = reader.next_offset
            if starts[tp] <= wanted <= ends[tp]:
                reader.seek(wanted)
                continue
            consumer.pause(tp)
            has = f"has offsets {starts[tp]} to {ends[tp]}"
            self.fail(TopicReplacedError(f"{tp.topic}/{tp.partition} {has}; the books stand at {wanted}."))

    def fail(self, error: Exception) -> None:
        """Something only a person may decide; the partition stands still."""
        log.critical("Stopped: a person must look.", error=str(error))
        self.failed = error

    def moved(self, tp: TopicPartition) -> None:
        """Told when another worker had recorded in a partition of ours."""
        self._watch.moved(tp.topic, tp.partition)

    def unknown(self, tp: TopicPartition) -> None:
        """Told when it is not known whether a batch was recorded."""
        self._watch.unknown(tp.topic, tp.partition)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, service: PartitionReader) -> None:
        self._service = service

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._service._give_back(revoked)  # noqa: SLF001 -- its own listener

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._service._take(assigned)  # noqa: SLF001 -- its own listener


class _Reader:
    """The queue and the task of one partition."""

    def __init__(self, tp: TopicPartition, service: PartitionReader) -> None:
        self.tp = tp
        self._service = service
        self._queue: asyncio.Queue[tuple[Sequence[Record], int]] = asyncio.Queue()
        self._partition: Partition | None = None
        self._task: asyncio.Task[None] | None = None
        self._in_flight = 0
        self._before: tuple[int, bytes] | None = None
        self._idle_at = 0.0

    @property
    def next_offset(self) -> int:
        """Where the books stand."""
        assert self._partition is not None  # noqa: S101 -- restart has set it
        return self._partition.position.next_offset

    def seek(self, offset: int) -> None:
        """Read on from there, without looking at the record before."""
        self._before = None
        self._consumer.seek(self.tp, offset)

    @property
    def queued(self) -> int:
        """Records read and not yet recorded."""
        return self._in_flight

    def add(self, records: list[ConsumerRecord], next_offset: int) -> None:
        """Queue fetched records in batches; pause the partition when enough wait."""
        size = self._service._settings.batch_records_max  # noqa: SLF001 -- its own reader
        read = self._checked([_record(each) for each in records])
        self._in_flight += len(read)
        for start in range(0, len(read), size):
            chunk = read[start : start + size]
            last = start + size >= len(read)
            self._queue.put_nowait((chunk, next_offset if last else chunk[-1].offset + 1))
        if self._queue.qsize() >= QUEUED_MAX:
            self._consumer.pause(self.tp)

    def _checked(self, read: list[Record]) -> list[Record]:
        """Without the record before the position, which must be the one the books know."""
        before, self._before = self._before, None
        if before is None or not read or read[0].offset != before[0]:
            return read
        if read[0].hash != before[1]:
            self._consumer.pause(self.tp)
            what = f"The record at {self.tp.topic}/{self.tp.partition}/{before[0]} is not the one recorded"
            self._service.fail(TopicReplacedError(f"{what}: the topic was made anew."))
            return []
        return read[1:]

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._service._consumer  # noqa: SLF001 -- its own reader
        assert consumer is not None  # noqa: S101 -- readers exist only after it
        return consumer

    async def restart(self) -> None:
        """Read the position from the books, seek there, forget what was queued, go on."""
        service = self._service
        cluster, take_over = service._cluster, service._take_over  # noqa: SLF001 -- its own reader
        tries = 0
        while True:
            try:
                self._partition = await take_over(cluster, self.tp.topic, self.tp.partition)
                break
            except Exception as error:  # noqa: BLE001 -- the database is away: wait, whatever its driver raises
                log.warning("The database is away.", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS) - 1)])
                tries += 1
        while not self._queue.empty():
            self._queue.get_nowait()
        self._in_flight = 0
        position = self._partition.position
        offset = position.next_offset
        known = position.last_hash is not None and offset > 0
        self._before = (offset - 1, position.last_hash) if known and position.last_hash else None
        self._consumer.seek(self.tp, offset - 1 if self._before else offset)
        with suppress(Exception):
            self._consumer.resume(self.tp)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name=f"lane {self.tp.topic}/{self.tp.partition}")

    async def stop(self) -> None:
        """End after the batch in flight."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await asyncio.wait_for(asyncio.shield(self._task), BROKER_SECONDS_MAX)

    async def _work(self) -> None:
        tries = 0
        while True:
            try:
                await self._turn()
                tries = 0
            except LaneMovedError as error:
                log.warning("Another worker has recorded here; reading the position again.", why=str(error))
                self._service.moved(self.tp)
                await self.restart()
            except TopicReplacedError as error:
                self._service.fail(error)
                return
            except Exception as error:
                log.warning(
                    "Not known to be recorded; reading the position again.", error=type(error).__name__, exc_info=True
                )
                self._service.unknown(self.tp)
                await asyncio.sleep(PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS) - 1)])
                tries += 1
                await self.restart()

    async def _turn(self) -> None:
        partition = self._partition
        assert partition is not None  # noqa: S101 -- restart has set it
        loop = asyncio.get_running_loop()
        if loop.time() - self._idle_at > IDLE_SECONDS:
            self._idle_at = loop.time()
            await self._idle(partition)
        try:
            records, next_offset = await asyncio.wait_for(self._queue.get(), IDLE_SECONDS)
        except TimeoutError:
            return
        if self._queue.qsize() < QUEUED_MAX:
            with suppress(Exception):
                self._consumer.resume(self.tp)
        await _whole(partition.record(records, next_offset))
        self._in_flight = max(0, self._in_flight - len(records))

    async def _idle(self, partition: Partition) -> None:
        """A turn without records. Its failure must not keep records waiting; a lost answer shows at the next batch."""
        try:
            await _whole(partition.idle())
        except LaneMovedError:
            raise
        except Exception as error:
            log.warning("What waits could not be decided again.", error=type(error).__name__, exc_info=True)


async def _whole(work: Any) -> None:
    """Run to the end even when cancelled meanwhile: a COMMIT under way must get its answer."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await asyncio.wait_for(task, BROKER_SECONDS_MAX)
        raise


def _record(record: ConsumerRecord) -> Record:
    at = _EPOCH + timedelta(milliseconds=max(0, record.timestamp))
    signature = next((value for name, value in record.headers if name == SIGNATURE_HEADER), None)
    return Record(record.offset, at, record.key, record.value, signature)


async def patiently(what: str, attempt: Callable[[], Any]) -> Any:
    """What the attempt gives, tried again with a growing pause while the broker is away."""
    tries = 0
    while True:
        try:
            return await asyncio.wait_for(attempt(), 3 * BROKER_SECONDS_MAX)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("Waiting.", what=what, error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS) - 1)])
            tries += 1
