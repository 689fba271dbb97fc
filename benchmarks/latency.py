"""How long a scan takes to its commit and to the billing topic, under a load that does not wait for answers.

Latency is counted from the instant a scan was *due*, not from when it was sent: a producer that falls behind does not
hide it.

References:
    G. Tene, "How NOT to Measure Latency" (coordinated omission).
"""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks import observing, ward
from benchmarks.parts import Parts, connect, installation, product
from benchmarks.processes import cpu_of
from models.wire.topics import BILLING, CATALOGUE, SCANS
from streams.settings import Settings

POLL_SECONDS = 0.004
"""Between looks at the positions, which cost CPU that the lanes then lack; a commit is seen up to so late."""
TICK_SECONDS = 0.004
"""Between sends of what has become due: a producer that sent each scan by itself took a quarter of a core. A scan is
sent up to so late, which counts."""
WARM_UP_SECONDS = 1.0
IDLE_SECONDS = 3.0
RERATED = "SELECT count(*) FROM udi.ledger WHERE kind = 'credit'"
PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class Latency:
    """Milliseconds of every scan after the warm-up."""

    commit: list[float] = field(default_factory=list)
    """To the commit of its effects, seen by polling the positions every few milliseconds."""
    billed: list[float] = field(default_factory=list)
    """To its billing record in the hands of a `read_committed` consumer."""
    cores: dict[str, float] = field(default_factory=dict)
    """How many cores each role used meanwhile; this process observes and produces."""
    idle: dict[str, float] = field(default_factory=dict)
    """The same while nothing came in."""
    rerated: int = 0
    """Earlier charges that were credited and charged anew by the time the last scan was published."""


def percentile(values: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


async def run(parts: Parts, name: str, per_second: int, seconds: float) -> Latency:
    """One worker and one relay under that load for that long."""
    async with installation(parts, name) as settings, product(settings, 1, parts.folder):
        await observing.until_assigned(settings, f"{settings.topic_prefix}worker", 1)
        connection = await connect(settings)
        try:
            count = int(per_second * (seconds + WARM_UP_SECONDS))
            await observing.produce(settings, ward.receipts(count))
            await observing.until_committed(connection, settings, count)
            idle = await _cores(parts, asyncio.sleep(IDLE_SECONDS))
            load = _Load(settings, connection, per_second, ward.uses(count))
            cores = await _cores(parts, load.run())
            latency = load.latency()
            latency.idle, latency.cores = idle, cores
            return latency
        finally:
            await connection.close()


async def with_a_late_price(
    parts: Parts, name: str, per_second: int, seconds: float, charges: int
) -> tuple[Latency, Latency]:
    """The same load twice on the same books of so many charges, all published: without, and while all are re-rated."""
    async with installation(parts, name) as settings, product(settings, 1, parts.folder):
        await observing.until_assigned(settings, f"{settings.topic_prefix}worker", 1)
        connection = await connect(settings)
        try:
            count = int(per_second * (seconds + WARM_UP_SECONDS))
            await observing.produce(settings, ward.receipts(2 * count))
            await observing.produce(settings, ward.uses(charges, first=2 * count))
            await observing.until_committed(connection, settings, 2 * count + charges)
            async with observing.reading(settings) as published:
                await published.until(await observing.outbox_counts(connection))
            # As the autovacuum does within a minute: books of this size were not written a second ago.
            await connection.execute("ANALYZE")
            await connection.execute("CHECKPOINT")
            without = _Load(settings, connection, per_second, ward.uses(count))
            await without.run()
            meanwhile = _Load(settings, connection, per_second, ward.uses(count, first=count))
            await observing.produce(settings, ward.items(raised=1), CATALOGUE)
            await meanwhile.run()
            latency = meanwhile.latency()
            latency.rerated = await connection.fetchval(RERATED)
            return without.latency(), latency
        finally:
            await connection.close()


async def _cores(parts: Parts, work: Awaitable[None]) -> dict[str, float]:
    """How many of the machine's cores each role uses while the work goes on."""
    before, started = _cpu(parts), perf_counter()
    await work
    seconds = perf_counter() - started
    return {role: (used - before[role]) / seconds for role, used in _cpu(parts).items()}


def _cpu(parts: Parts) -> dict[str, float]:
    return {"the benchmark": process_time()} | cpu_of(parts.pids())


class _Load:
    """One open-loop producer and its two observers."""

    def __init__(
        self, settings: Settings, connection: asyncpg.Connection, per_second: int, records: Sequence[ward.Keyed]
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._gap = 1 / per_second
        self._records = records
        self._due: list[float] = []
        self._sent: list[Any] = []
        self._moves: dict[int, list[tuple[int, float]]] = {}
        self._billed: dict[str, float] = {}
        self._wanted = {orjson.loads(value)["scan_id"] for _, value in records}

    async def run(self) -> None:
        """Send everything at its time and wait until all has arrived."""
        watching = asyncio.create_task(self._watch_positions())
        reading = asyncio.create_task(self._read_billing())
        try:
            self._sent = await self._send()
            async with asyncio.timeout(observing.SECONDS_MAX):
                while len(self._billed) < len(self._records):
                    await asyncio.sleep(0.01)
        finally:
            watching.cancel()
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(watching, reading)

    async def _send(self) -> list[Any]:
        producer = AIOKafkaProducer(**self._settings.kafka(), acks="all", linger_ms=0)
        await producer.start()
        try:
            topic, sent = self._settings.topic(SCANS), []
            start = perf_counter() + 0.5
            for place, (key, value) in enumerate(self._records):
                due = start + place * self._gap
                if due > perf_counter():
                    await asyncio.sleep(max(due - perf_counter(), TICK_SECONDS))
                self._due.append(due)
                sent.append(await producer.send(topic, value, key))
            return list(await asyncio.gather(*sent))
        finally:
            await producer.stop()

    async def _watch_positions(self) -> None:
        query, topic = "SELECT partition, next_offset FROM udi.position WHERE topic = $1", self._settings.topic(SCANS)
        while True:
            rows = await self._connection.fetch(query, topic)
            now = perf_counter()
            for partition, offset in rows:
                moves = self._moves.setdefault(partition, [])
                if not moves or moves[-1][0] < offset:
                    moves.append((offset, now))
            await asyncio.sleep(POLL_SECONDS)

    async def _read_billing(self) -> None:
        topic = self._settings.topic(BILLING)
        consumer = AIOKafkaConsumer(
            **self._settings.kafka(), enable_auto_commit=False, auto_offset_reset="earliest",
            isolation_level="read_committed", fetch_max_wait_ms=10 if self._settings.embedded_broker else 500,
        )  # fmt: skip
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, lane) for lane in range(self._settings.lanes)])
            while True:
                fetched = await consumer.getmany(timeout_ms=200)
                now = perf_counter()
                for records in fetched.values():
                    for record in records:
                        scan_id = orjson.loads(record.value)["scan_id"]
                        if scan_id in self._wanted:
                            self._billed[scan_id] = now
        finally:
            await consumer.stop()

    def latency(self) -> Latency:
        """What came out."""
        latency = Latency()
        first = int(WARM_UP_SECONDS / self._gap)
        reached = {partition: iter(moves) for partition, moves in self._moves.items()}
        stand = dict.fromkeys(reached, (0, 0.0))
        for place, (record, due, at) in enumerate(zip(self._records, self._due, self._sent, strict=True)):
            while stand[at.partition][0] <= at.offset:
                stand[at.partition] = next(reached[at.partition])
            if place >= first:
                latency.commit.append(1e3 * (stand[at.partition][1] - due))
                latency.billed.append(1e3 * (self._billed[orjson.loads(record[1])["scan_id"]] - due))
        return latency
