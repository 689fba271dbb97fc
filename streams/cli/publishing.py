"""Records of people's commands onto their topics: in order, each acknowledged by all in-sync replicas."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from streams.cli.shown import progress
from streams.settings import Settings
from streams.topics import DEAD_LETTER_BYTES_MAX
from streams.waiting import bounded, ended

CHUNK: Final = 500
"""Records on their way to the broker at a time."""
SEND_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outbound:
    """A record to publish. Without partition its key decides, as Kafka's default partitioner does."""

    topic: str
    """Its full name."""
    key: bytes | None
    """Its key; `None` without one."""
    value: bytes | None
    """Its value; `None` is a tombstone."""
    partition: int | None = None
    """Where it goes; `None`: where its key says."""
    timestamp_ms: int | None = None
    """Unset: now. A topic that stamps records itself takes no notice."""


async def publish(settings: Settings, records: Sequence[Outbound], what: str) -> None:
    """Publish them all; `what` names it in the progress.

    Raises:
        KafkaError: a record was not acknowledged; those before it were.
        TimeoutError: the broker did not answer.
    """
    # The embedded broker knows no idempotent producer.
    options = {} if settings.embedded_broker else {"enable_idempotence": True}
    producer = AIOKafkaProducer(
        **settings.kafka(), acks="all", linger_ms=5, max_request_size=DEAD_LETTER_BYTES_MAX, **options
    )
    try:
        await bounded(producer.start(), SEND_SECONDS_MAX)
        with progress() as bar:
            task = bar.add_task(what, total=len(records))
            for chunk in (records[at : at + CHUNK] for at in range(0, len(records), CHUNK)):
                sent: list[Awaitable[Any]] = [
                    await producer.send(
                        each.topic, each.value, each.key, partition=each.partition, timestamp_ms=each.timestamp_ms
                    )
                    for each in chunk
                ]
                await bounded(asyncio.gather(*sent), SEND_SECONDS_MAX)
                bar.update(task, advance=len(chunk))
    finally:
        await ended(producer.stop(), SEND_SECONDS_MAX)
