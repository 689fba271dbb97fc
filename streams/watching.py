"""What each service process says of itself: metrics, readiness, and an end when it stands still."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from models.topics import CATALOGUE, ENCOUNTERS, SCANS
from sinks.batch import Batch
from sinks.metrics import Metrics
from sinks.observation import OBSERVE_SECONDS, OBSERVE_STOCK_SECONDS, observe, observe_stock
from streams.health import Contact, health_app, serve
from streams.settings import Settings
from streams.watchdog import EXIT_STUCK, Watchdog

log = structlog.get_logger(__name__)

BROKER_SECONDS_MAX = 10.0
_INPUTS = (SCANS, CATALOGUE, ENCOUNTERS)


class Watching:
    """Of one process: counts what it is told, observes what nobody tells it, and answers over HTTP."""

    def __init__(self, settings: Settings) -> None:
        self.metrics = Metrics(settings.topic_prefix)
        self.contact = Contact()
        self._settings = settings
        self._watchdog = Watchdog(settings.watchdog_seconds)
        self._stock_at = float("-inf")
        self.held: Callable[[], Sequence[tuple[str, int]]] = lambda: ()
        """The input partitions in this process's hands."""
        self.stopped: Callable[[], Sequence[str]] = lambda: ()
        """Why partitions of this process stand still until a person has looked."""

    # What the readers tell (see `streams.partitions.Watch`)

    def recorded(self, batch: Batch, seconds: list[float]) -> None:
        """A batch was committed; the ages of its records."""
        self.metrics.recorded(batch, seconds)

    def lag(self, topic: str, partition: int, records: int, oldest_at: datetime) -> None:
        """So many records are behind."""
        self.metrics.lag(topic, partition, records, oldest_at)

    def moved(self, topic: str, partition: int) -> None:
        """Compare-and-set stopped this process."""
        self.metrics.moved(topic, partition)

    def unknown(self, topic: str, partition: int) -> None:
        """The answer of the database was lost."""
        self.metrics.unknown(topic, partition)

    def published(self, topic: str, records: int, seconds: float | None) -> None:
        """The relay has published so many records."""
        self.metrics.published(topic, records, seconds)

    # What is observed

    @asynccontextmanager
    async def running(self, pool: asyncpg.Pool) -> AsyncIterator[None]:
        """Observe, and answer over HTTP when the settings name a port, until left."""
        settings = self._settings
        observing = asyncio.create_task(self._observe(pool), name="observation")
        try:
            if settings.health_port is None:
                yield
            else:
                app = health_app(self.metrics, self.contact.readiness)
                async with serve(app, settings.health_host, settings.health_port) as port:
                    log.info("Health and metrics answer.", host=settings.health_host, port=port)
                    yield
        finally:
            observing.cancel()
            await asyncio.gather(observing, return_exceptions=True)

    async def _observe(self, pool: asyncpg.Pool) -> None:
        consumer: AIOKafkaConsumer | None = None
        try:
            while True:
                consumer = await self._observe_once(pool, consumer)
                await asyncio.sleep(OBSERVE_SECONDS)
        finally:
            if consumer is not None:
                await asyncio.wait_for(consumer.stop(), BROKER_SECONDS_MAX)

    async def _observe_once(self, pool: asyncpg.Pool, consumer: AIOKafkaConsumer | None) -> AIOKafkaConsumer | None:
        ends: dict[TopicPartition, int] = {}
        try:
            consumer = consumer or await self._asker()
            ends = await self._ends(consumer)
            self.contact.broker = True
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, the broker does not answer
            self.contact.broker = False
            log.warning("The broker does not answer.", error=type(error).__name__)
        await self._look(pool, ends)
        return consumer

    async def _look(self, pool: asyncpg.Pool, ends: dict[TopicPartition, int]) -> None:
        now = asyncio.get_running_loop().time()
        try:
            stand = await asyncio.wait_for(observe(pool, self.metrics), BROKER_SECONDS_MAX)
            if now - self._stock_at > OBSERVE_STOCK_SECONDS:
                self._stock_at = now
                await observe_stock(pool, self.metrics)
            self.contact.database = True
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, the database does not answer
            self.contact.database = False
            log.warning("The database does not answer.", error=type(error).__name__)
            return
        self._judge(stand, ends, now)

    def _judge(self, stand: dict[tuple[str, int], int], ends: dict[TopicPartition, int], now: float) -> None:
        held, waiting = list(self.held()), 0
        for tp, end in ends.items():
            at = stand.get((tp.topic, tp.partition), 0)
            lag = max(0, end - at)
            waiting += lag
            self.metrics.position(tp.topic, tp.partition, at, end)
            stuck = (tp.topic, tp.partition) in held and self._watchdog.seen(f"{tp.topic}/{tp.partition}", at, lag, now)
            if stuck and not self.stopped():
                log.critical(
                    "A lane stands still while it has work: this process ends.", partition=str(tp), at=at, lag=lag
                )
                os._exit(EXIT_STUCK)
        if self.contact.assigned is not None:
            self.contact.assigned = len(held)
            for name in _INPUTS:
                topic = self._settings.topic(name)
                self.metrics.assigned(topic, [partition for each, partition in held if each == topic])
        self.contact.lag_records = waiting
        stopped = self.stopped()
        self.contact.stopped = "; ".join(stopped) or None
        self.metrics.stopped(len(stopped))

    async def _asker(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(**self._settings.kafka(), enable_auto_commit=False, metadata_max_age_ms=15_000)
        await asyncio.wait_for(consumer.start(), BROKER_SECONDS_MAX)
        return consumer

    async def _ends(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Where the input topics end. The embedded broker does not tell the truth, so it is not asked."""
        if self._settings.embedded_broker:
            await asyncio.wait_for(consumer._client.force_metadata_update(), BROKER_SECONDS_MAX)  # noqa: SLF001
            return {}
        topics = [self._settings.topic(name) for name in _INPUTS]
        known: Any = await asyncio.wait_for(consumer.topics(), BROKER_SECONDS_MAX)
        found = [
            TopicPartition(topic, each)
            for topic in topics
            if topic in known
            for each in consumer.partitions_for_topic(topic) or ()
        ]
        return dict(await asyncio.wait_for(consumer.end_offsets(found), BROKER_SECONDS_MAX)) if found else {}
