"""Plays records into the broker by stages: one is over when all of it is recorded and nothing moves any more."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from models.wire.topics import SCANS
from sinks.postgres.proofs.progress import stands, still_moves
from streams.services.scheduler import TickPublisher
from streams.settings import Settings
from streams.simulator.plan import Record
from streams.topics import DEAD_LETTER_BYTES_MAX
from streams.waiting import bounded, ended

SEND_SECONDS_MAX = 60.0
WINDOW_AFTER = timedelta(minutes=5)
"""The tick after a month's scans: later than any half label waits."""
RECORDED_SECONDS_MAX = 600.0
POLL_SECONDS = 0.05


class Player:
    """Publishes with the records' own timestamps, where the broker keeps them."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool, cluster: str) -> None:
        self._settings = settings
        self._pool = pool
        self._cluster = cluster
        self._ends: dict[tuple[str, int], int] = {}
        self._producer: AIOKafkaProducer | None = None
        self._ticked_at = datetime.fromtimestamp(0, UTC)

    async def __aenter__(self) -> "Player":
        self._producer = AIOKafkaProducer(
            **self._settings.kafka(),
            acks="all",
            linger_ms=5,
            max_batch_size=256 * 1024,
            max_request_size=DEAD_LETTER_BYTES_MAX,
        )
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            await ended(self._producer.stop(), SEND_SECONDS_MAX)

    async def publish(self, records: Sequence[Record]) -> None:
        """Publish in order and wait for the broker's word on each."""
        producer = self._producer
        assert producer is not None  # noqa: S101 -- a context manager
        sent = []
        for record in records:
            topic = self._settings.topic(record.topic)
            future = await producer.send(
                topic, record.value, _key(record), partition=self._partition(record),
                timestamp_ms=int(record.timestamp.timestamp() * 1000),
            )  # fmt: skip
            sent.append(future)
        for each in await bounded(asyncio.gather(*sent), SEND_SECONDS_MAX):
            self._ended(each.topic, each.partition, each.offset)

    async def send_once(self, key: bytes | None, value: bytes, lane: int) -> None:
        """One scan on its lane, now."""
        assert self._producer is not None  # noqa: S101 -- a context manager
        await self._producer.send_and_wait(self._settings.topic(SCANS), value, key, partition=lane)

    def _partition(self, record: Record) -> int:
        """As Kafka's default partitioner; a record without key lies on the first partition, every time the same."""
        if record.key is None or record.topic != SCANS:
            return 0
        return int(murmur2(record.key) & 0x7FFFFFFF) % self._settings.lanes

    async def tick(self, at: datetime) -> dict[int, int]:
        """A tick on every lane: what waited until `at` is decided. Gives the offset of each."""
        self._ticked_at = at
        async with TickPublisher(self._settings) as ticks:
            offsets = await ticks.publish(range(self._settings.lanes), at)
        for lane, offset in offsets.items():
            self._ended(self._settings.topic(SCANS), lane, offset)
        return offsets

    async def tick_again(self) -> dict[int, int]:
        """Ticks at the instant of the last ones."""
        return await self.tick(self._ticked_at)

    def _ended(self, topic: str, partition: int, offset: int) -> None:
        self._ends[topic, partition] = max(self._ends.get((topic, partition), 0), offset + 1)

    async def recorded(self) -> None:
        """Wait until everything published is recorded, its facts are seen, and nothing that waits can move.

        Raises:
            TimeoutError: it was not.
        """
        async with asyncio.timeout(RECORDED_SECONDS_MAX):
            while await self.behind() or await still_moves(self._pool):
                await asyncio.sleep(POLL_SECONDS)

    async def scans_recorded(self) -> int:
        """Offsets of the scan topic that are recorded, over all lanes."""
        topic = self._settings.topic(SCANS)
        return sum(each.next_offset for each in await stands(self._pool, self._cluster) if each.topic == topic)

    async def behind(self) -> int:
        """Published records that are not recorded yet."""
        stand = {(each.topic, each.partition): each.next_offset for each in await stands(self._pool, self._cluster)}
        return sum(max(0, end - stand.get(where, 0)) for where, end in self._ends.items())


def _key(record: Record) -> bytes | None:
    """The key; empty for a record that is nothing at all, which aiokafka would not send."""
    return b"" if record.key is None and record.value is None else record.key


def after(records: Iterable[Record], wait: timedelta) -> datetime | None:
    """The instant so long after the newest record; `None` for none."""
    newest = max((record.timestamp for record in records), default=None)
    return newest + wait if newest else None
