"""The corrector: publishes the scans that follow from what persons decided, until each is recorded.

They take the place of corrected scans, or book a posted count's differences. A scan's id follows from the decision, so
one that is published twice is a duplicate and counts once.
"""

import asyncio
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from models.stock.count import Booking
from models.wire.topics import SCANS
from rules.charging.correcting import correcting_event
from rules.stock.counting import adjusting_event
from sinks.postgres.charging.correcting import Corrected, CorrectionBooks
from sinks.postgres.stock.counts import keep_booked, unrecorded
from streams.lanes.failures import own
from streams.services.leased import Failed, nobody, tell
from streams.settings import Settings
from streams.waiting import bounded, ended

POLL_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 15.0
"""A scan that is not recorded by then is published again; after that it waits twice as long, and so on."""
AGAIN_SECONDS_MAX: Final = 3600.0
"""What can't be recorded makes a dead letter an hour at most."""
SEND_SECONDS_MAX: Final = 10.0


class Corrector:
    """Publishes the scans of an installation that follow from persons' decisions."""

    def __init__(
        self,
        settings: Settings,
        pool: asyncpg.Pool,
        again_seconds: float = AGAIN_SECONDS,
        failed: Failed = nobody,
    ) -> None:
        self._failed = failed
        self._settings = settings
        self._again_seconds = again_seconds
        self._pool = pool
        self._books = CorrectionBooks(pool)
        self._again: dict[UUID, tuple[float, float]] = {}
        """Of each scan that waits: the loop's time when it is published again, and seconds to wait after that."""

    async def run(self) -> None:
        """Publish until cancelled; what fails is tried again."""
        failures = 0
        while True:
            pause = POLL_SECONDS
            try:
                await self.step()
                failures = 0
            except Exception as error:  # noqa: BLE001 -- the next look will do
                failures += own(error)
                pause = tell("corrector", error, failures, self._failed)
            await asyncio.sleep(pause)

    async def step(self) -> int:
        """Publish what is due; gives how many scans are not recorded yet."""
        await keep_booked(self._pool)
        waiting: list[Corrected | Booking] = [*await self._books.waiting(), *await unrecorded(self._pool)]
        now = asyncio.get_running_loop().time()
        again = {each.scan_id: self._again.get(each.scan_id, (now, self._again_seconds)) for each in waiting}
        due = [each for each in waiting if again[each.scan_id][0] <= now]
        if due:
            await self._publish(due)
        for each in due:
            seconds = again[each.scan_id][1]
            again[each.scan_id] = (now + seconds, min(2 * seconds, AGAIN_SECONDS_MAX))
        self._again = again
        return len(waiting)

    async def _publish(self, due: list[Corrected | Booking]) -> None:
        options = {} if self._settings.embedded_broker else {"enable_idempotence": True}
        producer = AIOKafkaProducer(**self._settings.kafka(), acks="all", **options)
        try:
            await bounded(producer.start(), 3 * SEND_SECONDS_MAX)
            for each in due:
                await self._send(producer, each)
        finally:
            await ended(producer.stop(), SEND_SECONDS_MAX)

    async def _send(self, producer: AIOKafkaProducer, each: Corrected | Booking) -> None:
        """Publish one; one that fails by itself is told and tried again later, the others are published."""
        try:
            event = _event_of(each)
            key = f"{each.hospital}/{event.get('encounter') or event['store']}".encode()
            sent = producer.send_and_wait(self._settings.topic(SCANS), orjson.dumps(event), key=key)
            await bounded(sent, SEND_SECONDS_MAX)
        except Exception as error:
            if not own(error):
                raise
            tell("corrections", error, 1, self._failed)


def _event_of(each: Corrected | Booking) -> dict[str, Any]:
    if isinstance(each, Booking):
        return adjusting_event(each)
    return correcting_event(each.event, each.rest, each.correction, each.scan_id, each.reason)
