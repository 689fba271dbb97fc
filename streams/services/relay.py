"""The relay: publishes the outbox, in order and once.

For each lane: lease, fence (a new transactional producer ends the one before it), read the tail of each topic, publish
what lies above it in transactions. On any doubt: drop the producer and begin again. The database is told lazily what
was published (the floor); the topic itself is the truth.

References:
    docs/adr/0004 (outbox and relay).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID, uuid4

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from models.wire.topics import COUNTED_OUTPUTS, ID_HEADER, LANE_OUTPUTS, ORIGIN_HEADER, REASON_HEADER, SEQ_HEADER
from sinks.postgres.outbox import Block, Outbox
from streams.settings import Settings
from streams.topics import DEAD_LETTER_BYTES_MAX, cluster_id

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 10.0
LEASE_RENEWED_SECONDS: Final = 2.0
TRANSACTION_MS: Final = 8_000
"""A dead relay's open transaction blocks `read_committed` readers at most so long (and the broker's own 10 s)."""
AWAIT_SECONDS_MAX: Final = 10.0
"""aiokafka may wait for ever when the broker is away; after this the outcome is unknown and the tail decides."""
POLL_SECONDS: Final = 0.005
POLL_IDLE_SECONDS: Final = 0.05
FLOOR_SECONDS: Final = 5.0
RECORDS_MAX: Final = 2_000
"""Records of one topic in one transaction."""
BACK_STEPS: Final = (4, 64, 1024, 16_384, 262_144)
"""How far before the end a tail is looked for: markers and aborted records lie there, too."""
PAUSE_SECONDS: Final = 1.0

T = TypeVar("T")


class RelayWatch(Protocol):
    """Who is told what was published and what stands still; for metrics and readiness."""

    stopped: Callable[[], Sequence[str]]

    def published(self, topic: str, records: int, seconds: float | None) -> None:
        """So many records of a topic; the oldest came in so many seconds ago."""


class RelayStoppedError(Exception):
    """What is on the topic can't have come from this outbox: a person must look."""


class LanePublisher:
    """Publishes one lane, or one topic that is no lane's, while it holds the lease."""

    def __init__(  # noqa: PLR0917 -- its parts
        self,
        name: str,
        outputs: list[tuple[str, int]],
        outbox: Outbox,
        settings: Settings,
        cluster: str,
        watch: RelayWatch,
    ) -> None:
        self.name = name
        self._outputs = outputs
        self._outbox = outbox
        self._settings = settings
        self._cluster = cluster
        self._watch = watch
        self.stopped: str | None = None
        self._holder: UUID = uuid4()
        self._producer: AIOKafkaProducer | None = None
        self._tails: dict[tuple[str, int], int] = {}
        self._leased_at = 0.0
        self._floors_at = 0.0

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            try:
                if await self._leased():
                    await self._begin()
                    await self._publish_while_leased()
                else:
                    await asyncio.sleep(PAUSE_SECONDS)
            except RelayStoppedError as error:
                # Only this lane; the others go on. The outbox's age pages.
                log.critical("The relay has stopped: a person must look.", lane=self.name, error=str(error))
                self.stopped = f"{self.name}: {error}"
                return
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 -- any doubt: a new producer and the tail again
                log.warning(
                    "The relay begins again.", lane=self.name, error=type(error).__name__, detail=str(error)[:200]
                )
                await asyncio.sleep(PAUSE_SECONDS)
            finally:
                await self._drop_producer()

    async def stop(self) -> None:
        """Give the lease back, so that another relay need not wait."""
        await self._drop_producer()
        with suppress(Exception):
            await self._keep_floors()
            await self._outbox.release(self.name, self._holder)

    async def _leased(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._leased_at < LEASE_RENEWED_SECONDS:
            return True
        held = await self._outbox.lease(self.name, self._holder, LEASE_SECONDS)
        self._leased_at = now if held else 0.0
        return held

    async def _begin(self) -> None:
        """Fence first, then the tails: nobody else can write below us after the fence."""
        settings = self._settings
        options: dict[str, Any] = settings.kafka() | {
            "acks": "all",
            "linger_ms": 0,
            "max_request_size": DEAD_LETTER_BYTES_MAX,
        }
        if not settings.embedded_broker:
            options |= {
                "transactional_id": f"{settings.topic_prefix}relay-{self.name}",
                "transaction_timeout_ms": TRANSACTION_MS,
            }
        self._producer = AIOKafkaProducer(**options)
        await _bounded(self._producer.start(), 3 * AWAIT_SECONDS_MAX)
        self._tails = await self._read_tails()
        log.info("Publishing.", lane=self.name, tails={f"{t}/{p}": seq for (t, p), seq in self._tails.items()})

    async def _read_tails(self) -> dict[tuple[str, int], int]:
        newest = await self._newest()
        tails = {}
        for (topic, partition), last in newest.items():
            floor = await self._outbox.floor(self._cluster, topic, partition)
            tail, start = await read_tail(self._settings, self._settings.topic(topic), partition)
            if tail is None and start == 0 and floor > 0:
                raise RelayStoppedError(
                    f"{topic}/{partition} is new and empty, but {floor} records were published to it."
                )
            found = floor if tail is None else tail
            if found > last:
                raise RelayStoppedError(
                    f"{topic}/{partition} holds record {found}, the outbox only {last}: was it restored?"
                )
            tails[topic, partition] = found
        return tails

    async def _newest(self) -> dict[tuple[str, int], int]:
        first = self._outputs[0][0]
        if first in COUNTED_OUTPUTS:
            by_partition = await self._outbox.newest_counted(first)
            return {(topic, each): by_partition.get(each, 0) for topic, each in self._outputs}
        by_topic = await self._outbox.newest_of_lane(self._outputs[0][1])
        return {(topic, lane): by_topic.get(topic, 0) for topic, lane in self._outputs}

    async def _publish_while_leased(self) -> None:
        while await self._leased():
            newest = await self._newest()
            waiting = [output for output in self._outputs if newest[output] > self._tails[output]]
            if not waiting:
                await self._keep_floors_sometimes()
                await asyncio.sleep(POLL_IDLE_SECONDS if self._settings.embedded_broker else POLL_SECONDS)
                continue
            if self._settings.relay_window_ms and not self._settings.embedded_broker:
                await asyncio.sleep(self._settings.relay_window_ms / 1000)
            await self._publish(waiting)

    async def _publish(self, waiting: Iterable[tuple[str, int]]) -> None:
        """One transaction over what waits."""
        producer = self._producer
        assert producer is not None  # noqa: S101 -- _begin has made it
        blocks = [block for output in waiting for block in await self._next_blocks(output)]
        plain = self._settings.embedded_broker
        if not plain:
            await _bounded(producer.begin_transaction())
        sent: list[Awaitable[Any]] = []
        tails = dict(self._tails)
        for block in blocks:
            key = (block.topic, block.partition)
            sent.extend(await self._send(producer, block, tails[key]))
            tails[key] = block.last_seq
        await _bounded(asyncio.gather(*sent))
        if not plain:
            await _bounded(producer.commit_transaction())
        now = datetime.now(UTC)
        for block in blocks:
            count = block.last_seq - max(block.first_seq - 1, self._tails[block.topic, block.partition])
            seconds = (now - block.arrived_at).total_seconds() if block.arrived_at else None
            self._watch.published(block.topic, count, seconds)
        self._tails = tails
        await self._keep_floors_sometimes()

    async def _next_blocks(self, output: tuple[str, int]) -> list[Block]:
        """What comes next on a topic; complete and without a gap, or it is not published."""
        taken: list[Block] = []
        count, at = 0, self._tails[output]
        for block in await self._outbox.after(*output, at):
            if block.first_seq > at + 1:
                raise RelayStoppedError(f"{output} lacks record {at + 1} in the outbox: was it removed unpublished?")
            if taken and count + len(block.ids) > RECORDS_MAX:
                break
            taken.append(block)
            count += len(block.ids)
            at = block.last_seq
        return taken

    async def _send(self, producer: AIOKafkaProducer, block: Block, after: int) -> list[Awaitable[Any]]:
        topic, futures = self._settings.topic(block.topic), []
        batch = producer.create_batch()
        for place in range(max(0, after + 1 - block.first_seq), len(block.ids)):
            headers = _headers(block, place)
            key, body = block.keys[place] or None, block.bodies[place]
            if batch.append(key=key, value=body, timestamp=None, headers=headers) is None:
                futures.append(await _bounded(producer.send_batch(batch, topic, partition=block.partition)))
                batch = producer.create_batch()
                if batch.append(key=key, value=body, timestamp=None, headers=headers) is None:
                    # Larger than a batch: the producer makes room for a single record of up to max_request_size.
                    futures.append(
                        await _bounded(producer.send(topic, body, key, partition=block.partition, headers=headers))
                    )
        if batch.record_count():
            futures.append(await _bounded(producer.send_batch(batch, topic, partition=block.partition)))
        return futures

    async def _keep_floors_sometimes(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._floors_at > FLOOR_SECONDS:
            self._floors_at = now
            await self._keep_floors()

    async def _keep_floors(self) -> None:
        for (topic, partition), seq in self._tails.items():
            if seq:
                await self._outbox.raise_floor(self._cluster, topic, partition, seq)

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(producer.stop(), 2.0)


def _headers(block: Block, place: int) -> list[tuple[str, bytes]]:
    headers = [(SEQ_HEADER, str(block.first_seq + place).encode()), (ID_HEADER, str(block.ids[place]).encode())]
    if block.reasons is not None and block.origins is not None:
        headers += [(REASON_HEADER, block.reasons[place].encode()), (ORIGIN_HEADER, block.origins[place].encode())]
    return headers


async def read_tail(settings: Settings, topic: str, partition: int) -> tuple[int | None, int]:
    """The last committed `udi-seq` of a partition (`None`: it holds no record) and the log's first offset."""
    tp = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(
        **settings.kafka(), enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed",
        fetch_max_wait_ms=50, max_partition_fetch_bytes=2 * DEAD_LETTER_BYTES_MAX,
    )  # fmt: skip
    await _bounded(consumer.start())
    try:
        consumer.assign([tp])
        start = (await _bounded(consumer.beginning_offsets([tp])))[tp]
        end = (await _bounded(consumer.end_offsets([tp])))[tp]
        if settings.embedded_broker:
            return await _last_seq(consumer, tp, start, None), start
        for step in BACK_STEPS:
            begin = max(start, end - step)
            seq = await _last_seq(consumer, tp, begin, end)
            if seq is not None or begin == start:
                return seq, start
        return await _last_seq(consumer, tp, start, end), start
    finally:
        with suppress(Exception, asyncio.CancelledError):
            await asyncio.wait_for(consumer.stop(), AWAIT_SECONDS_MAX)


async def _last_seq(consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int | None) -> int | None:
    """The `udi-seq` of the last record from `begin` on. Without `end` (the embedded broker's lies) until silence."""
    consumer.seek(tp, begin)
    last: ConsumerRecord | None = None
    silent = 0
    while end is None or await _bounded(consumer.position(tp)) < end:
        found = (await _bounded(consumer.getmany(tp, timeout_ms=300))).get(tp, [])
        if found:
            last, silent = found[-1], 0
        elif (silent := silent + 1) >= (2 if end is None else 30):
            break
    if last is None:
        return None
    return next((int(value) for name, value in last.headers if name == SEQ_HEADER), None)


async def _bounded(work: Awaitable[T], seconds: float = AWAIT_SECONDS_MAX) -> T:
    return await asyncio.wait_for(work, seconds)


async def run_relay(settings: Settings, outbox: Outbox, watch: RelayWatch) -> None:
    """Publish every lane and the topics that are no lane's until cancelled."""
    cluster = await cluster_id(settings)
    lanes = await outbox.lanes()
    publishers = [
        LanePublisher(f"lane-{lane}", [(topic, lane) for topic in LANE_OUTPUTS], outbox, settings, cluster, watch)
        for lane in range(lanes)
    ]
    for topic in COUNTED_OUTPUTS:
        outputs = [(topic, partition) for partition in await outbox.counted_partitions(topic)]
        publishers.append(LanePublisher(topic, outputs, outbox, settings, cluster, watch))
    watch.stopped = lambda: [publisher.stopped for publisher in publishers if publisher.stopped]
    try:
        async with asyncio.TaskGroup() as group:
            for publisher in publishers:
                group.create_task(publisher.run(), name=f"relay {publisher.name}")
    finally:
        for publisher in publishers:
            await publisher.stop()
