"""Looking from outside at what is committed and what is published, with clients of our own."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from benchmarks.ward import Keyed
from models.wire.topics import BILLING, SCANS, SEQ_HEADER, SETTLEMENT, VERDICTS
from streams.settings import Settings
from streams.topics import admin

SECONDS_MAX = 600.0
POLL_SECONDS = 0.005
BACK = 12
"""So far before the end of a partition its last record is looked for: markers of transactions lie between."""
OUTPUTS = (BILLING, VERDICTS, SETTLEMENT)
COUNTERS = "SELECT lane, billing_seq, verdicts_seq, settlement_seq FROM udi.lane"


async def produce(settings: Settings, records: Iterable[Keyed], to: str = SCANS) -> None:
    """Records onto a topic, all acknowledged."""
    producer = AIOKafkaProducer(**settings.kafka(), acks="all", linger_ms=5, max_batch_size=256 * 1024)
    await producer.start()
    try:
        topic = settings.topic(to)
        for key, value in records:
            await producer.send(topic, value, key)
        await producer.flush()
    finally:
        await producer.stop()


async def until_committed(connection: asyncpg.Connection, settings: Settings, offsets: int) -> None:
    """Until the positions in `udi.scans` sum up to so many offsets.

    Raises:
        TimeoutError: they do not move on.
    """
    async with asyncio.timeout(SECONDS_MAX):
        while await committed(connection, settings) < offsets:
            await asyncio.sleep(POLL_SECONDS)


async def committed(connection: asyncpg.Connection, settings: Settings) -> int:
    """The sum of the positions in `udi.scans`."""
    query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM udi.position WHERE topic = $1"
    return int(await connection.fetchval(query, settings.topic(SCANS)))


async def outbox_counts(connection: asyncpg.Connection) -> dict[tuple[str, int], int]:
    """How many records each topic and lane is to have."""
    rows = await connection.fetch(COUNTERS)
    return {(topic, row["lane"]): row[1 + place] for row in rows for place, topic in enumerate(OUTPUTS)}


async def until_assigned(settings: Settings, group: str, members: int) -> None:
    """Until the consumer group has so many members and all of them know their partitions."""
    if settings.embedded_broker:
        return
    client = await admin(settings)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                # The coordinator is made with the first group, and is not there at once.
                with suppress(KafkaError):
                    (answer,) = await client.describe_consumer_groups([group])
                    if any(
                        state == "Stable" and len(found) == members for _, _, state, _, _, found, *_ in answer.groups
                    ):
                        return
                await asyncio.sleep(0.05)
    finally:
        await client.close()


class Published:
    """What is on the output topics, as a `read_committed` reader sees it."""

    def __init__(self, settings: Settings, consumer: Any) -> None:
        self._settings = settings
        self._consumer = consumer
        self._places = {
            TopicPartition(settings.topic(topic), lane): (topic, lane)
            for topic in OUTPUTS
            for lane in range(settings.lanes)
        }
        consumer.assign(list(self._places))

    async def until(self, wanted: dict[tuple[str, int], int]) -> None:
        """Until the last record of each topic and lane is the one wanted.

        Raises:
            TimeoutError: it does not come.
        """
        waiting = {tp: wanted[place] for tp, place in self._places.items() if wanted[place]}
        async with asyncio.timeout(SECONDS_MAX):
            while waiting:
                ends = await self._consumer.end_offsets(list(waiting))
                back = 0 if self._settings.embedded_broker else BACK
                for tp, end in ends.items():
                    self._consumer.seek(tp, max(0, end - back) if back else 0)
                async for tp, record in self._to_the_end(ends):
                    if _seq(record) >= waiting.get(tp, 0):
                        waiting.pop(tp, None)
                await asyncio.sleep(POLL_SECONDS)

    async def count(self) -> dict[tuple[str, int], int]:
        """Everything read from the beginning: how many records each topic and lane has.

        Raises:
            AssertionError: a sequence number is missing, double, or out of order.
        """
        counts: dict[tuple[str, int], int] = defaultdict(int)
        for tp in self._places:
            self._consumer.seek(tp, 0)
        async for tp, record in self._to_the_end(await self._consumer.end_offsets(list(self._places))):
            place = self._places[tp]
            counts[place] += 1
            assert _seq(record) == counts[place], f"Expected record {counts[place]} of {place}, got {_seq(record)}."
        return {place: counts[place] for place in self._places.values()}

    async def _to_the_end(self, ends: dict[Any, int]) -> AsyncIterator[tuple[Any, Any]]:
        silent = 0
        while silent < 3:
            if not self._settings.embedded_broker:
                positions = [await self._consumer.position(tp) >= end for tp, end in ends.items()]
                if all(positions):
                    return
            fetched = await self._consumer.getmany(*ends, timeout_ms=100, max_records=5_000)
            silent = 0 if fetched else silent + 1
            for tp, records in fetched.items():
                for record in records:
                    yield tp, record


def _seq(record: Any) -> int:
    return next(int(value) for name, value in record.headers if name == SEQ_HEADER)


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Published]:
    """A reader of the output topics."""
    consumer = AIOKafkaConsumer(
        **settings.kafka(), enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed",
        fetch_max_wait_ms=20,
    )  # fmt: skip
    await consumer.start()
    try:
        yield Published(settings, consumer)
    finally:
        await consumer.stop()
