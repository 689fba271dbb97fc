"""The scheduler: lets time pass where something waits for it, alerts evaluated, labels' shapes learned, cases proven.

Time is a record: a tick on every lane in which half a label waits, so that a replay decides the same (docs/adr/0005).
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import asyncpg
import orjson
import structlog
from aiokafka import AIOKafkaProducer

from models.scan.event import TICK_SCHEMA
from models.wire.topics import SCANS
from streams.services.corrector import Corrector
from streams.services.evaluator import Evaluator
from streams.services.learner import Learner
from streams.services.prover import Prover
from streams.services.recall_lister import RecallLister
from streams.services.reconciler import Reconciler
from streams.settings import Settings

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
SEND_SECONDS_MAX = 10.0


class TickPublisher:
    """Publishes ticks on partitions of `udi.scans`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> "TickPublisher":
        options = {} if self._settings.embedded_broker else {"enable_idempotence": True}
        self._producer = AIOKafkaProducer(**self._settings.kafka(), acks="all", linger_ms=0, **options)
        await asyncio.wait_for(self._producer.start(), 3 * SEND_SECONDS_MAX)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            await asyncio.wait_for(self._producer.stop(), SEND_SECONDS_MAX)

    async def publish(self, lanes: Iterable[int], at: datetime) -> dict[int, int]:
        """One tick per lane with the producer's time `at`; gives the offset the broker acknowledged for each."""
        assert self._producer is not None  # noqa: S101 -- a context manager
        body = orjson.dumps({"schema": TICK_SCHEMA, "at": at})
        topic, stamp = self._settings.topic(SCANS), int(at.timestamp() * 1000)
        offsets = {}
        for lane in lanes:
            sent = await asyncio.wait_for(
                self._producer.send_and_wait(topic, body, partition=lane, timestamp_ms=stamp), SEND_SECONDS_MAX
            )
            offsets[lane] = sent.offset
        return offsets


async def lanes_that_wait(pool: asyncpg.Pool) -> list[int]:
    """Lanes in which half a label waits."""
    rows = await pool.fetch("SELECT DISTINCT lane FROM udi.open_scan WHERE verdict = 'waiting' ORDER BY lane")
    return [row["lane"] for row in rows]


async def run_scheduler(settings: Settings, pool: asyncpg.Pool) -> None:
    """Tick, evaluate, learn and prove until cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_tick(settings, pool), name="ticks")
        group.create_task(Evaluator(pool, settings.zone).run(), name="evaluator")
        group.create_task(Learner(pool).run(), name="learner")
        group.create_task(Corrector(settings, pool).run(), name="corrector")
        group.create_task(Reconciler(pool, settings.zone).run(), name="reconciler")
        group.create_task(Prover(pool).run(), name="prover")
        group.create_task(RecallLister(pool).run(), name="recalls")


async def _tick(settings: Settings, pool: asyncpg.Pool) -> None:
    """Tick until cancelled; what fails is tried again."""
    while True:
        try:
            async with TickPublisher(settings) as ticks:
                while True:
                    await ticks.publish(await lanes_that_wait(pool), datetime.now(UTC))
                    await asyncio.sleep(TICK_SECONDS)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 -- broker or database are away: the next tick will do
            log.warning("The scheduler begins again.", error=type(error).__name__)
            await asyncio.sleep(TICK_SECONDS)
