"""The relay: publishes the outbox, in order and once.

For each lane: lease, fence (a new transactional producer ends the one before it), read the tail of each topic, publish
what lies above it in transactions. On any doubt: drop the producer and begin again. The database is told lazily what
was published (the floor); the topic itself is the truth.

References:
    docs/adr/0004 (outbox and relay).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from sinks.postgres.outbox import Block, Outbox, Output, Waiting
from streams.services.relay.counters import Counters
from streams.services.relay.delivery import batches, deliver, stop
from streams.services.relay.left_open import end_left_open
from streams.services.relay.resuming import Known, RelayStoppedError, check_same, go_on_after
from streams.services.relay.tail import AWAIT_SECONDS_MAX, TailUnreadError, TransactionOpenError, read_tails
from streams.settings import Settings
from streams.topics import DEAD_LETTER_BYTES_MAX
from streams.waiting import bounded, ended

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 10.0
LEASE_RENEWED_SECONDS: Final = 2.0
TRANSACTION_MS: Final = 8_000
"""A dead relay's open transaction blocks `read_committed` readers at most so long (and the broker's own 10 s)."""
BATCH_BYTES_MAX: Final = 512 * 1024
"""Of one produce request and partition. aiokafka's default of 16 KiB made 40 requests of a block of 1,000 records."""
FLOOR_SECONDS: Final = 5.0
"""Between two looks after the floors and the ends of the topics."""
RECORDS_MAX: Final = 2_000
"""Records of one topic in one transaction."""
PAUSE_SECONDS: Final = 1.0


class RelayWatch(Protocol):
    """Who is told what was published and what stands still; for metrics and readiness."""

    stopped: Callable[[], Sequence[str]]
    """Outputs that stand still, each with why, when asked."""

    def published(self, topic: str, records: int, seconds: float | None) -> None:
        """So many records of a topic; the oldest came in so many seconds ago."""


@dataclass(frozen=True, slots=True)
class Published:
    """The last record of an output that is on the topic."""

    seq: int
    """Its sequence number; 0 when nothing was published yet."""
    id: UUID | None = None
    """`None`: retention has removed it, or nothing was published yet."""
    offset: int | None = None
    """`None` as above."""


class LanePublisher:
    """Publishes one lane, or one topic that is no lane's, while it holds the lease."""

    def __init__(  # noqa: PLR0917 -- its parts
        self,
        name: str,
        outputs: Sequence[Output],
        outbox: Outbox,
        counters: Counters,
        settings: Settings,
        cluster: str,
        watch: RelayWatch,
    ) -> None:
        self.name = name
        self.stopped: str | None = None
        self.lost: str | None = None
        """What was seen to have gone from a topic behind the producer's back (`watch_ends`)."""
        self._outputs = outputs
        self._outbox = outbox
        self._counters = counters
        self._settings = settings
        self._cluster = cluster
        self._watch = watch
        self._holder: UUID = uuid4()
        self._producer: AIOKafkaProducer | None = None
        self._tails: dict[Output, Published] = {}
        self._floors: dict[Output, int] = {}
        self._ended: set[tuple[TopicPartition, int]] = set()
        """Where open transactions began for which this process has written an end."""
        self._leased_at = 0.0
        self._floors_at = 0.0
        self._published_at = 0.0

    async def run(self) -> None:
        """Publish until cancelled; stopped, until a person has said to look again."""
        while True:
            try:
                if await self._leased():
                    async with self._renewing():
                        await self._begin()
                    await self._publish_while_leased()
                else:
                    await asyncio.sleep(PAUSE_SECONDS)
            except RelayStoppedError as error:
                # Only this lane; the others go on. `UdiLaneStopped` pages.
                log.critical("The relay has stopped: a person must look.", lane=self.name, error=str(error))
                self.stopped = f"{self.name}: {error}"
                await self._drop_producer()
                await self._until_resumed()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 -- any doubt: a new producer and the tail again
                log.warning(
                    "The relay begins again.", lane=self.name, error=type(error).__name__, detail=str(error)[:200]
                )
                self._leased_at = 0.0
                await asyncio.sleep(PAUSE_SECONDS)
            finally:
                await self._drop_producer()

    async def stop(self) -> None:
        """Give the lease back, so that another relay need not wait."""
        await self._drop_producer()
        with suppress(Exception):
            await self._keep_floors()
            await self._outbox.release(self.name, self._holder)

    @property
    def ends_after(self) -> dict[TopicPartition, int]:
        """Offsets that lie on the topics for certain; what ends before them has lost records."""
        return {
            TopicPartition(self._settings.topic(topic), partition): tail.offset
            for (topic, partition), tail in self._tails.items()
            if tail.offset is not None
        }

    async def _until_resumed(self) -> None:
        seen: int | None = None
        while True:
            # Whatever the driver raises while the database is away: the next look will do.
            with suppress(Exception):
                newest = await self._outbox.interventions.resumed(list(self._outputs))
                seen = newest if seen is None else seen
                if newest > seen:
                    break
            await asyncio.sleep(PAUSE_SECONDS)
        # A person has looked: only topic and books count, not what this process remembers.
        log.warning("A person has resumed the relay.", lane=self.name)
        self.stopped = self.lost = None
        self._tails, self._leased_at = {}, 0.0

    async def _leased(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._leased_at < LEASE_RENEWED_SECONDS:
            return True
        held = await self._outbox.lease(self.name, self._holder, LEASE_SECONDS)
        self._leased_at = now if held else 0.0
        return held

    @asynccontextmanager
    async def _renewing(self) -> AsyncIterator[None]:
        """Keep the lease: a fence can wait longer than that for the transaction before it."""

        async def renew() -> None:
            while await self._leased():
                await asyncio.sleep(LEASE_RENEWED_SECONDS)

        task = asyncio.create_task(renew(), name=f"lease {self.name}")
        try:
            yield
        finally:
            task.cancel()
            await ended(task, PAUSE_SECONDS)

    async def _begin(self) -> None:
        """Fence first, then the tails: nobody else can write below us after the fence."""
        settings = self._settings
        options: dict[str, Any] = settings.kafka() | {
            "acks": "all",
            "linger_ms": 0,
            "max_batch_size": BATCH_BYTES_MAX,
            "max_request_size": DEAD_LETTER_BYTES_MAX,
        }
        if not settings.embedded_broker:
            options |= {
                "transactional_id": f"{settings.topic_prefix}relay-{self.name}",
                "transaction_timeout_ms": TRANSACTION_MS,
            }
        self._producer = AIOKafkaProducer(**options)
        await bounded(self._producer.start(), 3 * AWAIT_SECONDS_MAX)
        try:
            self._tails = await self._read_tails()
        except TransactionOpenError as error:
            await self._end_left_open(error)
            self._tails = await self._read_tails()
        tails = {f"{topic}/{partition}": tail.seq for (topic, partition), tail in self._tails.items()}
        log.info("Publishing.", lane=self.name, tails=tails)

    async def _end_left_open(self, error: TransactionOpenError) -> None:
        """End what a producer before ours may have left; once each, for a stranger's can't be ended from here."""
        found = set(error.stable.items()) - self._ended
        if self._producer is None or not found:
            raise error
        parts = (self._producer, self._settings, self._outbox, self._cluster)
        await end_left_open(*parts, stable=dict(found), outputs=self._places())
        self._ended |= found

    def _places(self) -> dict[TopicPartition, Output]:
        return {TopicPartition(self._settings.topic(topic), number): (topic, number) for topic, number in self._outputs}

    async def _read_tails(self) -> dict[Output, Published]:
        """Where each output goes on.

        Raises:
            RelayStoppedError: A topic and the books contradict each other.
            TailUnreadError: The broker has not shown a tail.
        """
        places = self._places()
        found = {places[tp]: tail for tp, tail in (await read_tails(self._settings, places)).items()}
        # The books after the topics: what they lack then was never in them.
        floors = {output: await self._outbox.floor(self._cluster, *output) for output in self._outputs}
        newest = await self._outbox.newest()
        tails = {}
        for output, tail in found.items():
            floor, begun, purged = floors[output]
            before = self._tails.get(output, Published(0)).seq
            where = f"{output[0]}/{output[1]}"
            if self._settings.embedded_broker and tail.newest and tail.newest.seq < max(floor, before):
                raise TailUnreadError(f"{where} was not read to its end.")
            seq = go_on_after(where, tail, Known(newest.get(output, 0), floor, begun, before, purged))
            last = tail.newest
            tails[output] = Published(seq, last.id, last.offset) if last else Published(seq)
        waiting = await self._outbox.after({output: tail.seq for output, tail in tails.items()}, 0)
        self._check_tails(waiting, tails)
        return tails

    def _check_tails(self, waiting: Mapping[Output, Waiting], tails: Mapping[Output, Published]) -> None:
        for output, each in waiting.items():
            check_same(f"{output[0]}/{output[1]}", tails[output].seq, tails[output].id, each.tail_id)

    async def _publish_while_leased(self) -> None:
        clock = asyncio.get_running_loop().time
        plain = self._settings.embedded_broker
        window = 0.0 if plain else self._settings.relay_window_ms / 1000
        while await self._leased():
            if self.lost:
                raise RelayStoppedError(self.lost)
            newest = {output: self._counters.newest(output) for output in self._outputs}
            if any(newest[output] < tail.seq for output, tail in self._tails.items()):
                await self._check_not_below()
            waiting = [output for output in self._outputs if newest[output] > self._tails[output].seq]
            if not waiting:
                await self._keep_floors_sometimes()
                await self._counters.change(LEASE_RENEWED_SECONDS)
                continue
            # Back to back, transactions meet the end of the one before and are retried.
            if (early := self._published_at + window - clock()) > 0:
                await asyncio.sleep(early)
            await self._publish(waiting)
            self._published_at = clock()

    async def _check_not_below(self) -> None:
        """The counters may be older than what was read after them; so ask again before the worst is said."""
        newest = await self._outbox.newest()
        for output, tail in self._tails.items():
            if newest.get(output, 0) < tail.seq:
                raise RelayStoppedError(
                    f"{output[0]}/{output[1]} was published to record {tail.seq}, the outbox has only "
                    f"{newest.get(output, 0)} now: was the database restored to an older point?"
                )

    async def _publish(self, outputs: Iterable[Output]) -> None:
        """One transaction over what waits."""
        producer = self._producer
        assert producer is not None  # noqa: S101 -- _begin has made it
        waiting = await self._outbox.after({output: self._tails[output].seq for output in outputs}, RECORDS_MAX)
        self._check_tails(waiting, self._tails)
        blocks = {output: self._complete(output, each.blocks) for output, each in waiting.items() if each.blocks}
        if not blocks:
            return
        plain = self._settings.embedded_broker
        made = [
            batches(producer, self._settings.topic(topic), number, of_it, self._tails[topic, number].seq)
            for (topic, number), of_it in blocks.items()
        ]
        if not plain:
            await bounded(producer.begin_transaction(), AWAIT_SECONDS_MAX)
        offsets = await bounded(deliver(producer, made), AWAIT_SECONDS_MAX)
        if not plain:
            await bounded(producer.commit_transaction(), AWAIT_SECONDS_MAX)
        now = datetime.now(UTC)
        for (output, of_it), offset in zip(blocks.items(), offsets, strict=True):
            before = self._tails[output].seq
            for block in of_it:
                count = block.last_seq - max(block.first_seq - 1, before)
                seconds = (now - block.arrived_at).total_seconds() if block.arrived_at else None
                self._watch.published(block.topic, count, seconds)
            self._tails[output] = Published(of_it[-1].last_seq, of_it[-1].ids[-1], offset)
        await self._keep_floors_sometimes()

    def _complete(self, output: Output, blocks: Sequence[Block]) -> Sequence[Block]:
        """What comes next on a topic; complete and without a gap, or it is not published."""
        at = self._tails[output].seq
        for block in blocks:
            if block.first_seq > at + 1:
                raise RelayStoppedError(f"{output} lacks record {at + 1} in the outbox: was it removed unpublished?")
            at = block.last_seq
        return blocks

    async def _keep_floors_sometimes(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._floors_at > FLOOR_SECONDS:
            self._floors_at = now
            await self._keep_floors()

    async def _keep_floors(self) -> None:
        for output, tail in self._tails.items():
            if tail.seq > self._floors.get(output, 0):
                await self._outbox.raise_floor(self._cluster, *output, tail.seq)
                self._floors[output] = tail.seq

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop(producer)
