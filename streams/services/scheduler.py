"""The scheduler: lets time pass where something waits, alerts evaluated, makers' lot patterns learned, cases proven.

Time is a record: a tick on every lane in which half a label waits, so that a replay decides the same (docs/adr/0005).
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from models.scan.event import TICK_SCHEMA
from models.wire.topics import SCANS
from sinks.postgres.charging.parked_and_held import lanes_that_wait
from streams.services.corrector import Corrector
from streams.services.learner import Learner
from streams.services.leased import Failed, nobody, tell
from streams.services.monitoring.evaluator import Evaluator
from streams.services.monitoring.month_runner import MonthRunner
from streams.services.prover import Prover
from streams.services.purger import Purger
from streams.services.raw_keeper import RawKeeper
from streams.services.recall_lister import RecallLister
from streams.services.reconciler import Reconciler
from streams.services.sealer import Sealer
from streams.services.stock.forecaster import Forecaster
from streams.settings import Settings
from streams.waiting import bounded, ended

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
        try:
            await bounded(self._producer.start(), 3 * SEND_SECONDS_MAX)
        except BaseException:
            await ended(self._producer.stop(), SEND_SECONDS_MAX)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            await ended(self._producer.stop(), SEND_SECONDS_MAX)

    async def publish(self, lanes: Iterable[int], at: datetime) -> dict[int, int]:
        """One tick per lane with the producer's time `at`; gives the offset the broker acknowledged for each."""
        assert self._producer is not None  # noqa: S101 -- a context manager
        body = orjson.dumps({"schema": TICK_SCHEMA, "at": at})
        topic, stamp = self._settings.topic(SCANS), int(at.timestamp() * 1000)
        offsets = {}
        for lane in lanes:
            sent = await bounded(
                self._producer.send_and_wait(topic, body, partition=lane, timestamp_ms=stamp), SEND_SECONDS_MAX
            )
            offsets[lane] = sent.offset
        return offsets


Job = Callable[[], Awaitable[None]]


def jobs(settings: Settings, pool: asyncpg.Pool, failed: Failed, environment: Mapping[str, str]) -> Mapping[str, Job]:
    """What a scheduler does, by name; each of them until cancelled. No two share anything but the pool.

    `environment` is what a process needs to run with these settings.
    """
    return {
        "ticks": lambda: tick(settings, pool, failed),
        "evaluator": lambda: Evaluator(pool, settings.zone).run(failed),
        "learner": lambda: Learner(pool).run(failed),
        "corrector": lambda: Corrector(settings, pool, failed=failed).run(),
        "reconciler": lambda: Reconciler(pool, settings.zone).run(failed),
        "prover": lambda: Prover(pool).run(failed),
        "recall-lister": lambda: RecallLister(pool).run(failed),
        "sealer": lambda: Sealer(pool, settings.seal_file).run(failed),
        "purger": lambda: Purger(settings, pool).run(failed),
        "raw-keeper": lambda: RawKeeper(settings, pool).run(failed),
        "forecaster": lambda: Forecaster(pool).run(failed),
        "month-runner": lambda: MonthRunner(settings, pool, environment).run(failed),
    }


async def run_scheduler(
    settings: Settings, pool: asyncpg.Pool, failed: Failed = nobody, environment: Mapping[str, str] | None = None
) -> None:
    """Do all jobs until cancelled, each by itself: one that fails ends no other."""
    async with asyncio.TaskGroup() as group:
        for name, job in jobs(settings, pool, failed, os.environ if environment is None else environment).items():
            group.create_task(kept_up(name, job, failed), name=name)


async def kept_up(name: str, job: Job, failed: Failed = nobody) -> None:
    """Do a job until cancelled; when it ends by itself, whatever it ended with, it begins anew."""
    failures = 0
    while True:
        try:
            await job()
        except Exception as error:  # noqa: BLE001 -- ticks least of all may end by what another job does
            failures += 1
            await asyncio.sleep(tell(name, error, failures, failed))
        else:
            await asyncio.sleep(TICK_SECONDS)


async def tick(settings: Settings, pool: asyncpg.Pool, failed: Failed = nobody) -> None:
    """Tick until cancelled; what fails is tried again."""
    failures = 0
    while True:
        try:
            async with TickPublisher(settings) as ticks:
                while True:
                    await ticks.publish(await lanes_that_wait(pool), datetime.now(UTC))
                    failures = 0
                    await asyncio.sleep(TICK_SECONDS)
        except Exception as error:  # noqa: BLE001 -- the next tick will do
            failures += 1
            await asyncio.sleep(min(TICK_SECONDS, tell("ticks", error, failures, failed)))
