"""The reader of one partition: where it stands, what it hands to the agent of its topic, and what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError

from models.scan.signatures import SIGNATURE_HEADER
from sinks.ports.batch import InputPosition, LaneMovedError
from sinks.postgres.operating.interventions import Word
from streams.lanes.attempts import place_of
from streams.lanes.batch_queue import BatchQueue, Queued, Turns
from streams.lanes.failures import own
from streams.lanes.handing import Handed
from streams.lanes.sizes import BatchSizes
from streams.lanes.told import Record
from streams.waiting import bounded, ended

log = structlog.get_logger(__name__)

BROKER_SECONDS_MAX: Final = 10.0
"""aiokafka may wait for ever when the broker is away; no await of it is without a bound."""
PAUSE_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Between tries while the database or the broker is away."""
RESUME_SECONDS: Final = 2.0
"""Between looks whether a person lets a partition that stands still go on."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TopicReplacedError(Exception):
    """The topic is not the one that was recorded: made anew, cut short, or emptied by retention. Nobody guesses."""


class UnreadableRecordError(Exception):
    """A record that the client can't take apart. A person gives it up."""


class Held(Protocol):
    """A partition in this worker's hands."""

    @property
    def position(self) -> InputPosition:
        """Where it stands."""


class Taken(NamedTuple):
    """A partition as it was taken over."""

    lane: Held
    """What works on the partition."""
    channel: Any
    """Of the agent that works on it."""


class LaneWatch(Protocol):
    """Who is told what happens to the partitions; for metrics and readiness."""

    def lag(self, topic: str, partition: int, records: int, oldest_at: datetime) -> None:
        """So many records are behind; the oldest read one has that timestamp."""

    def moved(self, topic: str, partition: int) -> None:
        """Compare-and-set stopped this process: another one has recorded there."""

    def unknown(self, topic: str, partition: int) -> None:
        """The database's answer to a batch was lost, or it was away."""


TakeOver = Callable[[str, str, int], Awaitable[Taken]]
Said = Callable[[str, int, str], Awaitable[Word]]
"""What persons have said about a partition: topic, partition, cluster."""


class Reading(NamedTuple):
    """What all readers of a service share."""

    consumer: AIOKafkaConsumer
    """Reads every partition of the service."""
    cluster: str
    """Id of the broker's cluster: another cluster has other offsets."""
    sizes: BatchSizes
    """How many records a batch has, at most."""
    turns: Turns
    """Of small batches."""
    take_over: TakeOver
    """Makes the lane of a partition that was assigned."""
    said: Said
    """Told of partitions that stand still or go on."""


class Reader:
    """The task of one partition, which begins by taking it over, and its batches."""

    def __init__(self, tp: TopicPartition, reading: Reading, watch: LaneWatch) -> None:
        self.tp = tp
        self.stopped: str | None = None
        """Why it stands still: only a person may decide it, or it can't be taken over."""
        self._reading = reading
        self._watch = watch
        self._woken = asyncio.Event()
        self._queue = BatchQueue(tp, reading.sizes, reading.turns, self._woken.set)
        self._taken: Taken | None = None
        self._before: tuple[int, bytes] | None = None
        self._again: Exception | None = None
        self._word = Word()
        # Until its position is known nothing of it is fetched; any offset will do until then.
        self._consumer.pause(tp)
        self._consumer.seek(tp, 0)
        self._task = asyncio.create_task(self._work(), name=f"partition {tp.topic}/{tp.partition}")

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        return self._reading.consumer

    @property
    def lane(self) -> Held | None:
        """What it holds; `None` while it is taken over."""
        return self._taken.lane if self._taken and self.stopped is None else None

    @property
    def next_offset(self) -> int | None:
        """Where the books stand; `None` while it is taken over."""
        return self._taken.lane.position.next_offset if self._taken else None

    @property
    def queued(self) -> int:
        """Records read and not yet recorded."""
        return self._queue.records

    @property
    def queued_to(self) -> int:
        """The offset after the newest one that is queued or recorded."""
        return self._queue.to

    def seek(self, offset: int) -> None:
        """Read on from there, without looking at the record before."""
        self._before = None
        self._queue.to = offset
        self._consumer.seek(self.tp, self.seekable(offset))

    def seekable(self, offset: int) -> int:
        """The offset itself, or the first one after it that no person has given up."""
        return self._word.after(offset)

    def add(self, records: list[ConsumerRecord], next_offset: int) -> None:
        """Queue fetched records in batches; pause the partition when enough wait."""
        if self._taken is None or self.stopped is not None:
            return
        try:
            read = self._checked([record_of(each) for each in records])
        except TopicReplacedError as error:
            self.fail(error)
            return
        self._queue.put([each for each in read if self._word.after(each.offset) == each.offset], next_offset)
        if self._queue.full:
            self._consumer.pause(self.tp)
        self._woken.set()

    def again(self) -> None:
        """Fetch again whatever has not been queued."""
        if self._taken is None or self.stopped is not None:
            return
        with suppress(IllegalStateError):  # The partition has been taken away meanwhile.
            self._consumer.seek(self.tp, self._before[0] if self._before else self.seekable(self._queue.to))

    def fail(self, error: TopicReplacedError | UnreadableRecordError) -> None:
        """Something only a person may decide: the partition stands still."""
        log.critical("Stopped: a person must look.", error=str(error))
        self._consumer.pause(self.tp)
        self.stopped = str(error)
        self._woken.set()

    def take_over_again(self, error: Exception) -> None:
        """Told by whoever worked on the lane beside the agent: it is not known where it stands."""
        self._again = error
        self._woken.set()

    async def stop(self) -> None:
        """End after what the agent has in its hands."""
        if in_hand := self._queue.in_hand:
            await asyncio.wait([each.answer for each in in_hand], timeout=BROKER_SECONDS_MAX)
            if (still := self._queue.in_hand) and not _recorded(still[0].answer):
                self._queue.lost()
        self._task.cancel()
        await ended(self._task, BROKER_SECONDS_MAX)

    def _checked(self, read: list[Record]) -> list[Record]:
        """Without the record before the position, which must be the one the books know."""
        before, self._before = self._before, None
        if before is None or not read or read[0].offset != before[0] or self._word.after(before[0]) > before[0]:
            return read
        if read[0].hash != before[1]:
            what = f"The record at {self.tp.topic}/{self.tp.partition}/{before[0]} is not the one recorded"
            raise TopicReplacedError(f"{what}: the topic was made anew.")
        return read[1:]

    # Its task --------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        tries = 0
        while True:
            try:
                await self._take_over()
                tries = 0
                await self._flow()
                await self._resumed()
            except LaneMovedError as error:
                log.warning("Another worker has recorded here; reading the position again.", why=str(error))
                self._queue.lost()
                self._watch.moved(self.tp.topic, self.tp.partition)
            except Exception as error:  # noqa: BLE001 -- taken over again, whatever it was; it is told as what it is
                self._tell(error)
                await asyncio.sleep(PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS) - 1)])
                tries += 1

    async def _take_over(self) -> None:
        """Read the position from the books, seek there, forget what was queued."""
        await self._let_go()
        self._taken = None
        self._word = await self._heard()
        taken = await self._reading.take_over(self._reading.cluster, self.tp.topic, self.tp.partition)
        position = taken.lane.position
        offset = position.next_offset
        known = position.last_hash is not None and offset > 0
        self._before = (offset - 1, position.last_hash) if known and position.last_hash else None
        self._queue.to = offset
        if self._word.after(offset) > offset:
            # What is given up may not be there any more.
            self._before = None
        self._consumer.seek(self.tp, offset - 1 if self._before else self._word.after(offset))
        self._taken, self._again, self.stopped = taken, None, None
        self._resume()

    async def _resumed(self) -> None:
        """Stand still until a person lets it go on (`udi lane`)."""
        while True:
            await asyncio.sleep(RESUME_SECONDS)
            try:
                word = await self._heard()
            except Exception as error:  # noqa: BLE001 -- it stands still until it is known that it may go on
                log.warning("Waiting for the books.", partition=str(self.tp), error=type(error).__name__)
                continue
            if word.number > self._word.number:
                log.warning("A person lets it go on.", partition=str(self.tp))
                return

    async def _heard(self) -> Word:
        return await self._reading.said(self.tp.topic, self.tp.partition, self._reading.cluster)

    async def _let_go(self) -> None:
        """Wait for what the agent has in its hands, however it ends: a new turn must not race with the old one."""
        if handed := self._queue.clear():
            _, running = await asyncio.wait(handed, timeout=BROKER_SECONDS_MAX)
            for each in (*handed, *running):
                # Looked at, so that nobody complains of an error that was never seen.
                if each.done() and not each.cancelled():
                    each.exception()

    async def _flow(self) -> None:
        """Hand batches over as long as nothing fails and nothing stops it."""
        while self.stopped is None:
            self._woken.clear()
            self._queue.let_go()
            if self._again is not None:
                raise self._again
            while (queued := self._queue.next()) is not None:
                await self._hand_over(queued)
            left = self._queue.seconds_left
            if left is None:
                await self._woken.wait()
            else:
                await bounded(self._woken.wait(), max(0.0, left))

    async def _hand_over(self, queued: Queued) -> None:
        assert self._taken is not None  # noqa: S101 -- taken over before anything flows
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda _: self._woken.set())
        batch = Handed(self._taken.lane, queued.records, queued.next_offset, queued.first_offset, answer)
        self._queue.hand(batch)
        if not self._queue.full:
            self._resume()
        await self._taken.channel.put(batch)

    def _resume(self) -> None:
        with suppress(Exception):
            self._consumer.resume(self.tp)

    def _tell(self, error: Exception) -> None:
        name = type(error).__name__
        if self._taken is not None:
            log.warning("Not known to be recorded; reading the position again.", error=name, at=place_of(error))
            self._watch.unknown(self.tp.topic, self.tp.partition)
        elif own(error):
            self.stopped = f"{self.tp.topic}/{self.tp.partition} can't be taken over: {name} at {place_of(error)}"
            log.error("A partition can't be taken over.", partition=str(self.tp), error=name, at=place_of(error))
        else:
            log.warning("Waiting to take a partition over.", partition=str(self.tp), error=name, why=place_of(error))


def _recorded(answer: "asyncio.Future[None]") -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None


def record_of(record: ConsumerRecord) -> Record:
    """A record as the consumer gives it."""
    at = _EPOCH + timedelta(milliseconds=max(0, record.timestamp))
    signature = next((value for name, value in record.headers if name == SIGNATURE_HEADER), None)
    return Record(record.offset, at, record.key, record.value, signature)
