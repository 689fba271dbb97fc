"""The observer of a process: every few seconds it asks broker and database how things stand.

It feeds the gauges of observation and what `/readyz` says. It decides nothing, and nothing waits for it.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from models.wire.topics import CATALOGUE, DISCHARGES, ENCOUNTERS, HIS_CHARGES, INCOME, SCANS
from sinks.metrics.counts import Metrics
from sinks.postgres.observation import OBSERVE_SECONDS, OBSERVE_STOCK_SECONDS, observe, observe_scanners, observe_stock
from streams.settings import Settings
from streams.topics import admin
from streams.waiting import bounded, ended
from streams.web.health import Contact

log = structlog.get_logger(__name__)

ASK_SECONDS_MAX = 10.0
"""An answer that takes longer is none; aiokafka may wait for ever when the broker is away."""
INPUTS = (SCANS, CATALOGUE, ENCOUNTERS, HIS_CHARGES, DISCHARGES, INCOME)
"""Topics whose lag is watched: those that workers read."""
Offsets = Mapping[tuple[str, int], int]
Judge = Callable[[Offsets, Offsets], None]


class Observer:
    """Asks and tells. One per process, beside whatever the process does.

    Args:
        settings: where the broker is.
        pool: any pool; one connection of it is used now and then.
        metrics: told what is seen.
        contact: told whether broker and database answer, and how much waits.
        judge: told after each look where the books stand and where the logs end, by topic and partition.
    """

    def __init__(
        self, settings: Settings, pool: asyncpg.Pool, metrics: Metrics, contact: Contact, judge: Judge = lambda *_: None
    ) -> None:
        self._judge = judge
        self._settings = settings
        self._pool = pool
        self._metrics = metrics
        self._contact = contact
        self._consumer: AIOKafkaConsumer | None = None
        self._inputs: list[TopicPartition] = []

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        stock_at = -OBSERVE_STOCK_SECONDS
        try:
            while True:
                await self.look()
                if self._contact.database and loop.time() - stock_at >= OBSERVE_STOCK_SECONDS:
                    stock_at = loop.time()
                    with suppress(asyncpg.PostgresError, OSError, TimeoutError, asyncpg.InterfaceError):
                        await observe_stock(self._pool, self._metrics)
                        await observe_scanners(self._pool, self._metrics)
                await asyncio.sleep(OBSERVE_SECONDS)
        finally:
            await self._drop_consumer()

    async def look(self) -> None:
        """Ask both once. Who does not answer is told to `contact`; what was known of it stays, and ages."""
        ends = await self._ends()
        self._contact.broker = ends is not None
        try:
            stand = await bounded(observe(self._pool, self._metrics), ASK_SECONDS_MAX)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            log.warning("The database does not answer.", error=type(error).__name__)
            self._contact.database = False
            self._tell_reached()
            return
        self._contact.database = True
        self._tell_reached()
        if ends is not None:
            self._tell_lag(stand, ends)

    def _tell_reached(self) -> None:
        reached: dict[tuple[str, ...], float] = {
            ("broker",): float(bool(self._contact.broker)),
            ("database",): float(bool(self._contact.database)),
        }
        self._metrics.gauges("udi_reached", reached)

    def _tell_lag(self, stand: Offsets, ends: Offsets) -> None:
        waits = 0
        for (topic, partition), end in ends.items():
            # A partition that nobody has taken yet has no position: all of it waits.
            next_offset = stand.get((topic, partition), 0)
            self._metrics.position(topic, partition, next_offset, end)
            waits += max(0, end - next_offset)
        self._contact.lag_records = waits
        self._judge(stand, ends)

    async def _ends(self) -> dict[tuple[str, int], int] | None:
        """Where the logs of the input topics end; `None` when the broker does not answer.

        The embedded broker reports an end that may be too low: its lag is then seen late, never too early.
        """
        try:
            async with asyncio.timeout(ASK_SECONDS_MAX):
                if self._consumer is None:
                    self._consumer = AIOKafkaConsumer(**self._settings.kafka(), enable_auto_commit=False)
                    await self._consumer.start()
                if len({tp.topic for tp in self._inputs}) < len(INPUTS):
                    self._inputs = await self._find()
                ends = await self._consumer.end_offsets(self._inputs) if self._inputs else {}
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("The broker does not answer.", error=type(error).__name__)
            await self._drop_consumer()
            return None
        return {(tp.topic, tp.partition): end for tp, end in ends.items()}

    async def _find(self) -> list[TopicPartition]:
        """The partitions of the input topics; those of a topic that is not made yet are found at a later look."""
        client = await admin(self._settings)
        try:
            described = await client.describe_topics([self._settings.topic(name) for name in INPUTS])
        finally:
            await client.close()
        return [
            TopicPartition(topic["topic"], each["partition"]) for topic in described for each in topic["partitions"]
        ]

    async def _drop_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await ended(consumer.stop(), ASK_SECONDS_MAX)
