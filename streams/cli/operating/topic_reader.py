"""Whole partitions, read from their beginning, or from given offsets on, to where they end now.

The embedded broker reports an end of a log that may be too low, so its partitions are read until nothing more comes.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.settings import Settings
from streams.topics import DEAD_LETTER_BYTES_MAX
from streams.waiting import bounded, ended

_POLL_MS: Final = 300
_SILENT_POLLS: Final = 2
_AWAIT_SECONDS_MAX: Final = 30.0
"""An answer that takes longer is none; aiokafka may wait for ever when the broker is away."""

Take = Callable[[TopicPartition, ConsumerRecord], Awaitable[None]]


class TopicReader:
    """Reads partitions from their beginning or from `begin` on to where they end now, and further at the next call."""

    def __init__(
        self,
        settings: Settings,
        partitions: Iterable[TopicPartition],
        begin: Mapping[TopicPartition, int] | None = None,
    ) -> None:
        self._settings = settings
        self._partitions = list(partitions)
        self._begin = begin or {}
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> "TopicReader":
        self._consumer = AIOKafkaConsumer(
            **self._settings.kafka(), enable_auto_commit=False, isolation_level="read_committed",
            auto_offset_reset="earliest", max_partition_fetch_bytes=2 * DEAD_LETTER_BYTES_MAX,
        )  # fmt: skip
        await bounded(self._consumer.start(), _AWAIT_SECONDS_MAX)
        self._consumer.assign(self._partitions)
        if self._partitions:
            await bounded(self._consumer.seek_to_beginning(*self._partitions), _AWAIT_SECONDS_MAX)
        for tp, offset in self._begin.items():
            self._consumer.seek(tp, offset)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._consumer is not None:
            await ended(self._consumer.stop(), _AWAIT_SECONDS_MAX)

    async def read(self, take: Take) -> None:
        """Hand every record to `take`, those of a partition in order."""
        consumer = self._consumer
        assert consumer is not None  # noqa: S101 -- a context manager
        if not self._partitions:
            return
        ends: Mapping[TopicPartition, int] = {}
        if not self._settings.embedded_broker:
            ends = await bounded(consumer.end_offsets(self._partitions), _AWAIT_SECONDS_MAX)
        silent = 0
        while silent < _SILENT_POLLS:
            found = await bounded(consumer.getmany(timeout_ms=_POLL_MS, max_records=5000), _AWAIT_SECONDS_MAX)
            for tp, records in found.items():
                for record in records:
                    await take(tp, record)
            if ends and await self._reached(ends):
                return
            silent = 0 if found or ends else silent + 1

    async def _reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        assert self._consumer is not None  # noqa: S101 -- a context manager
        for tp, end in ends.items():
            if await bounded(self._consumer.position(tp), _AWAIT_SECONDS_MAX) < end:
                return False
        return True
