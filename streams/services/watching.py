"""What each service process says of itself: metrics, readiness, and an end when it stands still."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import asyncpg
import structlog

from sinks.metrics.counts import Metrics
from sinks.ports.batch import Batch
from sinks.postgres.operating.interventions import Interventions
from streams.lanes.watchdog import EXIT_STUCK, Watchdog
from streams.services.cuts import Cuts
from streams.services.observer import INPUTS, Observer, Offsets
from streams.settings import Settings
from streams.web.health import Contact, health_app, serve

log = structlog.get_logger(__name__)

RESUMED_SECONDS = 2.0
"""Between two questions whether a person has let what stands still look again."""


class Watching:
    """Of one process: counts what it is told, observes what nobody tells it, and answers over HTTP."""

    def __init__(self, settings: Settings, service: str = "") -> None:
        self.metrics = Metrics(settings.topic_prefix)
        if service:
            self.metrics.gauges("udi_service", {(service,): 1})
        self.contact = Contact()
        self._settings = settings
        self._watchdog = Watchdog(settings.watchdog_seconds)
        self._cuts = Cuts()
        self.held: Callable[[], Sequence[tuple[str, int]]] = lambda: ()
        """The input partitions in this process's hands."""
        self.stopped: Callable[[], Sequence[str]] = lambda: ()
        """Why partitions of this process stand still until a person has looked."""

    # What the readers tell (see `streams.lanes.partitions.Watch`)

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
        observer = Observer(settings, pool, self.metrics, self.contact, self._judge)
        observing = asyncio.create_task(observer.run(), name="observer")
        resuming = asyncio.create_task(self._until_resumed(pool), name="resumed")
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
            resuming.cancel()
            await asyncio.gather(observing, resuming, return_exceptions=True)

    async def _until_resumed(self, pool: asyncpg.Pool) -> None:
        """End in order, for the supervisor to start anew, when a person says so after input has stopped here.

        A relay's output begins again by itself, without an end.
        """
        inputs = [(name, lane) for name in INPUTS for lane in range(self._settings.lanes)]
        seen: int | None = None
        while True:
            # Whatever the driver raises while the database is away: the next look will do.
            with suppress(Exception):
                newest = await Interventions(pool).resumed(inputs)
                seen = newest if seen is None else seen
                if newest > seen and self._input_stands_still:
                    log.warning("A person has resumed this process; it ends to begin anew.")
                    os.kill(os.getpid(), signal.SIGTERM)
                    return
                seen = newest
            await asyncio.sleep(RESUMED_SECONDS)

    @property
    def _input_stands_still(self) -> bool:
        return bool(self._cuts.found or (self.contact.assigned is not None and self.stopped()))

    def _judge(self, stand: Offsets, ends: Offsets) -> None:
        if not self._settings.embedded_broker:
            # The embedded broker's end of a log may be too low.
            self._cuts.seen(stand, ends)
        held, stopped = list(self.held()), [*self.stopped(), *self._cuts.found]
        now = asyncio.get_running_loop().time()
        for (topic, partition), end in ends.items():
            at = stand.get((topic, partition), 0)
            mine = (topic, partition) in held
            if mine and self._watchdog.seen(f"{topic}/{partition}", at, end - at, now) and not stopped:
                log.critical(
                    "A lane stands still while it has work: this process ends.", lane=partition, at=at, end=end
                )
                os._exit(EXIT_STUCK)
        if self.contact.assigned is not None:
            self.contact.assigned = len(held)
            for name in INPUTS:
                topic = self._settings.topic(name)
                self.metrics.assigned(topic, [partition for each, partition in held if each == topic])
        self.contact.stopped = "; ".join(stopped) or None
        self.metrics.stopped(len(stopped))
