"""An agent of the tests, and a reader of one partition that hands it batches."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import TopicPartition

from sinks.ports.batch import InputPosition
from sinks.postgres.operating.interventions import Word
from streams.lanes.batch_queue import Turns
from streams.lanes.handing import Handed
from streams.lanes.reader import LaneWatch, Reader, Reading, Taken
from streams.lanes.sizes import BatchSizes

TP = TopicPartition("udi.scans", 0)
SECONDS_MAX = 60


class Consumer:
    """What the reader tells aiokafka's consumer."""

    def __init__(self) -> None:
        self.at: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at[tp] = offset

    def pause(self, tp: TopicPartition) -> None:
        self.paused.add(tp)

    def resume(self, tp: TopicPartition) -> None:
        self.paused.discard(tp)


@dataclass(frozen=True)
class Fetched:
    """A record as aiokafka gives it."""

    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b"{}"
    headers: tuple[Any, ...] = ()


class Told:
    """What the reader told."""

    def __init__(self) -> None:
        self.moves = self.unknowns = 0

    def lag(self, *_: object) -> None:
        """Not asked here."""

    def moved(self, *_: object) -> None:
        self.moves += 1

    def unknown(self, *_: object) -> None:
        self.unknowns += 1


class Lane:
    """A lane that stands where it is told."""

    def __init__(self, offset: int) -> None:
        self.position = InputPosition(1, "c1", "udi.scans", 0, offset, None)


class Hand:
    """An agent of the tests, and the reader that hands it batches."""

    def __init__(
        self, take_over: Callable[[], Awaitable[int]], *passed: tuple[int, int], turns: Turns | None = None
    ) -> None:
        self.consumer, self.told = Consumer(), Told()
        self.batches: asyncio.Queue[Handed[Any]] = asyncio.Queue()

        async def take(*_: object) -> Taken:
            return Taken(Lane(await take_over()), self.batches)

        self.word = Word(1, passed)

        async def said(*_: object) -> Word:
            return self.word

        self.sizes = BatchSizes(10)
        reading = Reading(cast("Any", self.consumer), "c1", self.sizes, turns or Turns(), take, said)
        self.reader = Reader(TP, reading, cast("LaneWatch", self.told))

    def fetch(self, first: int, count: int, value: bytes = b"{}") -> None:
        """The consumer has fetched records."""
        self.reader.add(cast("Any", [Fetched(first + place, value=value) for place in range(count)]), first + count)

    async def batch(self) -> Handed[Any]:
        """The next batch the agent is handed."""
        return await asyncio.wait_for(self.batches.get(), SECONDS_MAX)


async def at_five() -> int:
    return 5


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():
            await asyncio.sleep(0)
