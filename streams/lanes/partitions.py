"""Reading the partitions of input topics: own consumer, position in PostgreSQL, few batches in flight per partition.

Kafka's committed offsets are neither written nor read (docs/adr/0002).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import mode
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from streams.lanes.attempts import place_of
from streams.lanes.batch_queue import Turns
from streams.lanes.failures import own
from streams.lanes.forgiving import forgiving
from streams.lanes.reader import (
    BROKER_SECONDS_MAX,
    PAUSE_SECONDS,
    LaneWatch,
    Reader,
    Reading,
    Said,
    TakeOver,
    TopicReplacedError,
    UnreadableRecordError,
    record_of,
)
from streams.lanes.sizes import BatchSizes
from streams.settings import Settings
from streams.topics import cluster_id, partitions
from streams.waiting import bounded, ended

log = structlog.get_logger(__name__)

ALONE_MS: Final = 500
"""How long the broker is waited for when partitions are read one by one."""


class PartitionReader(mode.Service):
    """A service that reads topics and hands each partition's records to its `Partition`, in order.

    Args:
        settings: where the broker is.
        topics: full names.
        group: consumer group; ignored on the embedded broker, where all partitions are taken.
        take_over: gives the lane of (cluster, topic, partition) and the channel of its agent: called at every
            assignment and after every failure, so that what is in memory is never older than the books.
        watch: told what happens.
        said: gives what persons have said about (topic, partition, cluster id): which offsets they gave up.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        group: str,
        take_over: TakeOver,
        watch: LaneWatch,
        *,
        said: Said,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._topics = topics
        self._group = group
        self._take_over = take_over
        self._said = said
        self._watch = watch
        self._consumer: AIOKafkaConsumer | None = None
        self._cluster = ""
        self._readers: dict[TopicPartition, Reader] = {}
        self._sizes = BatchSizes(settings.batch_records_max)
        self._turns = Turns()

    @property
    def held(self) -> list[tuple[str, int]]:
        """Topic and number of the partitions in this process's hands."""
        return [(tp.topic, tp.partition) for tp in self._readers]

    @property
    def stopped(self) -> list[str]:
        """Why partitions in its hands stand still, each in one line."""
        return [reader.stopped for reader in self._readers.values() if reader.stopped]

    @property
    def readers(self) -> Sequence[Reader]:
        """Of the partitions in its hands."""
        return list(self._readers.values())

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
            # The embedded broker lets the whole wait pass, data or not: short, but no busy loop of an idle ward.
            fetch_max_wait_ms=50 if settings.embedded_broker else 500,
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        await patiently("broker", self._consumer.start)
        found = [
            TopicPartition(topic, each) for topic in self._topics for each in await partitions(self._consumer, topic)
        ]
        if settings.embedded_broker:
            self._consumer.assign(found)
            self._take(found)
        else:
            self._consumer.subscribe(self._topics, listener=_Listener(self))
        self.add_future(self._fetch())

    async def on_stop(self) -> None:
        """Finish what is in flight, then leave."""
        await self._give_back(list(self._readers))
        if self._consumer is not None:
            await ended(self._consumer.stop(), BROKER_SECONDS_MAX)

    def _take(self, found: Iterable[TopicPartition]) -> None:
        """Take partitions, side by side: one that can't be taken over yet holds up none."""
        assert self._consumer is not None  # noqa: S101 -- set before anything is assigned
        for tp in found:
            reading = Reading(self._consumer, self._cluster, self._sizes, self._turns, self._take_over, self._said)
            self._readers[tp] = Reader(tp, reading, self._watch)
        log.info("Partitions taken.", partitions=[f"{tp.topic}/{tp.partition}" for tp in self._readers])

    async def _give_back(self, found: Iterable[TopicPartition]) -> None:
        readers = [self._readers.pop(tp) for tp in found if tp in self._readers]
        await asyncio.gather(*(reader.stop() for reader in readers))

    async def _fetch(self) -> None:
        while not self.should_stop:
            try:
                await self._take_in(200, 4 * self._settings.batch_records_max)
            except NoOffsetForPartitionError:
                # The group has no offset and needs none: every partition is sought to its position at assignment.
                await self.sleep(PAUSE_SECONDS[0])
            except Exception as error:  # noqa: BLE001 -- one partition can't be read; the others are, each by itself
                log.warning("Reading failed.", error=type(error).__name__, at=place_of(error))
                await self.sleep(PAUSE_SECONDS[2])
                await self._each_alone()

    async def _take_in(self, timeout_ms: int, most: int, *only: TopicPartition) -> int:
        """Queue what was fetched of all partitions, or of those named; gives how many records that were."""
        consumer = self._consumer
        assert consumer is not None  # noqa: S101 -- set before anything is fetched
        try:
            fetched = await consumer.getmany(*only, timeout_ms=timeout_ms, max_records=most)
        except OffsetOutOfRangeError as error:
            await self._out_of_range(error.args[0])
            return 0
        for tp, records in fetched.items():
            reader = self._readers.get(tp)
            if reader is None:
                continue
            next_offset = await consumer.position(tp)
            reader.add(records, next_offset)
            high = consumer.highwater(tp)
            behind = max(0, (high or next_offset) - next_offset) + reader.queued
            self._watch.lag(tp.topic, tp.partition, behind, record_of(records[0]).timestamp)
        return sum(map(len, fetched.values()))

    async def _each_alone(self) -> None:
        """Read each partition by itself: what was fetched of the others when one failed is fetched again, not lost."""
        readers = list(self._readers.values())
        with forgiving():
            for reader in readers:
                reader.again()
            await asyncio.gather(*(self._alone(reader) for reader in readers))

    async def _alone(self, reader: Reader) -> None:
        """Read what is there now, in ever smaller parts up to the record that can't be read: it alone is in the way."""
        most, consumer = self._settings.batch_records_max, self._consumer
        assert consumer is not None  # noqa: S101 -- set before anything is fetched
        while True:
            try:
                if not await self._take_in(ALONE_MS, most, reader.tp):
                    return
                if reader.queued_to >= (consumer.highwater(reader.tp) or 0):
                    return
            except Exception as error:  # noqa: BLE001 -- told apart by whose fault it is
                if not own(error):
                    log.warning("Not read.", partition=str(reader.tp), error=type(error).__name__, at=place_of(error))
                    return
                reader.again()
                if most == 1:
                    reader.fail(unreadable(reader, error))
                    return
                most = max(1, most // 8)

    async def _out_of_range(self, offsets: dict[TopicPartition, int]) -> None:
        """The record before the position is gone, which is well; or the position itself is, which is not."""
        consumer = self._consumer
        assert consumer is not None  # noqa: S101 -- it has just raised
        starts = await bounded(consumer.beginning_offsets(list(offsets)), BROKER_SECONDS_MAX)
        ends = await bounded(consumer.end_offsets(list(offsets)), BROKER_SECONDS_MAX)
        for tp in offsets:
            reader = self._readers.get(tp)
            wanted = reader.next_offset if reader else None
            if reader is None or wanted is None:
                continue
            if starts[tp] <= reader.seekable(wanted) <= ends[tp]:
                reader.seek(wanted)
                continue
            has = f"has offsets {starts[tp]} to {ends[tp]}"
            reader.fail(TopicReplacedError(f"{tp.topic}/{tp.partition} {has}; the books stand at {wanted}."))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, service: PartitionReader) -> None:
        self._service = service

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._service._give_back(revoked)  # noqa: SLF001 -- its own listener

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._service._take(assigned)  # noqa: SLF001 -- its own listener


def unreadable(reader: Reader, error: Exception) -> UnreadableRecordError:
    """What a person is told of the next record of a partition, which can't be read."""
    at = f"{reader.tp.topic}/{reader.tp.partition}/{reader.queued_to}"
    return UnreadableRecordError(f"The record at {at} can't be read: {type(error).__name__} at {place_of(error)}.")


async def patiently(what: str, attempt: Callable[[], Any]) -> Any:
    """What the attempt gives, tried again with a growing pause while the broker is away."""
    tries = 0
    while True:
        try:
            return await bounded(attempt(), 3 * BROKER_SECONDS_MAX)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("Waiting.", what=what, error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS) - 1)])
            tries += 1
