"""Scan events onto the broker: accepted only when all in-sync replicas have them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from models.scan.signatures import SIGNATURE_HEADER
from models.wire.topics import SCANS
from streams.settings import Settings
from streams.waiting import bounded, ended
from streams.web.problems import unavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

SEND_SECONDS_MAX: Final = 8.0
"""After it the outcome is unknown: the device sends again, and the books tell by the scan id."""
START_SECONDS_MAX: Final = 5.0


class Outgoing(NamedTuple):
    """An event on its way to the broker."""

    key: bytes
    """Key of the record."""
    value: bytes
    """The event, as the device sent it."""
    signature: str | None
    """Header `udi-signature`; `None` of a device that does not sign."""


class Raw(NamedTuple):
    """A record that goes again to where it came from."""

    topic: str
    """Its full name."""
    partition: int
    """Partition of the topic."""
    key: bytes | None
    """Its key; `None` without one."""
    value: bytes | None
    """Its value; `None` of a tombstone."""


class Publisher:
    """The producer of one gateway. Begins when it is first needed, and anew after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic(SCANS)
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, events: Sequence[Outgoing]) -> None:
        """Publish them all, in order by key.

        Raises:
            ProblemError: 503, the broker did not acknowledge them all in time. Some may be there: that is harmless.
        """

        async def send(producer: AIOKafkaProducer, each: Outgoing) -> Any:
            return await producer.send(self._topic, each.value, each.key, headers=_headers(each.signature))

        await self._publish(events, send)

    async def publish_raw(self, records: Sequence[Raw]) -> None:
        """Publish records to their own topics and partitions. Raises as `publish` does."""

        async def send(producer: AIOKafkaProducer, each: Raw) -> Any:
            return await producer.send(each.topic, each.value, each.key, partition=each.partition)

        await self._publish(records, send)

    async def _publish(self, events: Sequence[T], send: Callable[[AIOKafkaProducer, T], Awaitable[Any]]) -> None:
        producer = await self._started()
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                sent: list[Awaitable[Any]] = [await send(producer, each) for each in events]
                await asyncio.gather(*sent)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("The broker did not take the scans.", error=type(error).__name__, scans=len(events))
            await self._drop(producer)
            raise unavailable("broker") from None

    async def stop(self) -> None:
        """End with what is under way."""
        if self._producer is not None:
            await self._drop(self._producer)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                # The embedded broker knows no idempotent producer.
                options = {} if self._settings.embedded_broker else {"enable_idempotence": True}
                producer = AIOKafkaProducer(
                    **self._settings.kafka(), acks="all", linger_ms=2, max_request_size=1_100_000,
                    request_timeout_ms=5_000, **options,
                )  # fmt: skip
                try:
                    await bounded(producer.start(), START_SECONDS_MAX)
                except (KafkaError, OSError, TimeoutError) as error:
                    log.warning("The broker does not answer.", error=type(error).__name__)
                    await ended(producer.stop(), 1.0)
                    raise unavailable("broker") from None
                self._producer = producer
            return self._producer

    async def _drop(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await ended(producer.stop(), 1.0)


def _headers(signature: str | None) -> list[tuple[str, bytes]]:
    return [] if signature is None else [(SIGNATURE_HEADER, signature.encode())]
