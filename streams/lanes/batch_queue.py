"""The batches of one partition: those that wait, those that its agent has, and when the next one begins.

What a batch costs whatever its size is more than ten times what a scan of it costs (docs/performance.md). So a fetch is
no batch: all that is fetched while a small one is recorded goes with the next. And small batches of several partitions
take turns: side by side each takes as long as all of them, and no scan is sooner in the books.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition

from streams.lanes.handing import Handed
from streams.lanes.sizes import BatchSizes, portions
from streams.lanes.told import Record

QUEUED_MAX: Final = 2
"""Batches of a partition that wait for the agent; beyond it the partition is paused."""
HANDED_MAX: Final = 2
"""Batches of a partition with the agent: one that is recorded, and one that is parsed meanwhile."""
HANDOVER_SECONDS_MAX: Final = 60.0
"""How long a batch may be with the agent; then it is not known to be recorded and the position is read again."""
ALONGSIDE_MIN: Final = 200
"""Records of a batch that is parsed while the one before is recorded: some 4 ms. Fewer wait, for more to go with them.

Own choice: at 1,000 scans a second a worker that handed over each fetch had batches of five and nothing left of two
cores.
"""
BEAT_FROM: Final = 4
"""Records of a batch after which a small one begins no sooner than a beat; fewer come where nothing is gained by it."""
BEAT_SECONDS: Final = 0.02
"""From the beginning of such a batch to that of the next one of the partition, when it is small. Own choice: it adds
ten milliseconds to the median, a fifth of what a commit may take at the 99th percentile."""
TURN_SECONDS_MAX: Final = 0.01
"""A small batch begins so long after another partition's began, though that be not recorded: a database that is slow
for one is no reason for the others to wait. Own choice: twice what one takes where all run on two cores."""


Wake = Callable[[], None]
"""Tells the task of a partition to look again."""


class Queued(NamedTuple):
    """A batch that waits."""

    records: Sequence[Record]
    """In order; none where only the position moves."""
    next_offset: int
    """Where the partition stands when they are recorded."""
    first_offset: int
    """Where it must stand before."""


class Turns:
    """Small batches of all partitions of a service: one begins when no other is being recorded, or after 10 ms."""

    def __init__(self) -> None:
        self._recorded: set[Wake] = set()
        """Of the partitions whose small batch is being recorded."""
        self._waiting: dict[Wake, None] = {}
        """Of those that were refused, in order. While there are any, a timer runs."""
        self._began = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def take(self, wake: Wake) -> bool:
        """Whether a small batch of the partition may begin now; if not, it is woken to ask again."""
        loop = asyncio.get_running_loop()
        left = self._began + TURN_SECONDS_MAX - loop.time()
        if self._recorded and left > 0:
            self._waiting.setdefault(wake)
            self._timer = self._timer or loop.call_later(left, self._next)
            return False
        self._waiting.pop(wake, None)
        self._recorded.add(wake)
        self._began = loop.time()
        return True

    def give_back(self, wake: Wake) -> None:
        """The partition's batch, if it was a small one, has ended."""
        if wake in self._recorded:
            self._recorded.remove(wake)
            if not self._recorded:
                self._next()

    def _next(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            wake = next(iter(self._waiting))
            del self._waiting[wake]
            wake()
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(TURN_SECONDS_MAX, self._next)


class _InHand(NamedTuple):
    batch: Handed[Any]
    since: float


class BatchQueue:
    """The batches of one partition.

    Args:
        tp: the partition.
        sizes: how many records its batches have, at most.
        turns: of the small batches of all partitions.
        wake: called when a small batch may begin.
    """

    def __init__(self, tp: TopicPartition, sizes: BatchSizes, turns: Turns, wake: Wake) -> None:
        self.to = 0
        """The offset after the newest record that is queued or recorded."""
        self._tp = tp
        self._sizes = sizes
        self._turns = turns
        self._wake = wake
        self._waiting: deque[Queued] = deque()
        self._handed: deque[_InHand] = deque()
        self._rests = False
        self._loop = asyncio.get_running_loop()

    @property
    def records(self) -> int:
        """How many are read and not yet recorded."""
        return sum(len(each.records) for each in self._waiting) + sum(len(each.batch.records) for each in self._handed)

    @property
    def full(self) -> bool:
        """Nothing more is to be fetched."""
        return len(self._waiting) >= QUEUED_MAX

    @property
    def in_hand(self) -> Sequence[Handed[Any]]:
        """What the agent has, in order."""
        return [each.batch for each in self._handed]

    def put(self, records: Sequence[Record], next_offset: int) -> None:
        """Queue what was fetched, after which the partition stands at `next_offset`."""
        if self._waiting and self._waiting[-1].next_offset == self.to:
            waiting = self._waiting.pop()
            records, self.to = [*waiting.records, *records], waiting.first_offset
        newest = records[-1].offset if records else None
        for chunk in portions(records, self._sizes.of(self._tp)):
            after = next_offset if not chunk or chunk[-1].offset == newest else chunk[-1].offset + 1
            if after <= self.to:
                continue  # Only the record before the position, or nothing that is not given up.
            self._waiting.append(Queued(chunk, after, self.to))
            self.to = after

    def next(self) -> Queued | None:
        """The next batch, if it may begin: a large one when there is room, a small one at its beat, in its turn."""
        if not self._waiting:
            return None
        large = len(self._waiting) > 1 or len(self._waiting[0].records) >= min(ALONGSIDE_MIN, self._sizes.of(self._tp))
        if large:
            begins = len(self._handed) < HANDED_MAX
        else:
            begins = not self._handed and not self._rests and self._turns.take(self._wake)
        return self._waiting.popleft() if begins else None

    def hand(self, batch: Handed[Any]) -> None:
        """The agent has it."""
        self._handed.append(_InHand(batch, self._loop.time()))
        batch.answer.add_done_callback(lambda _: self._turns.give_back(self._wake))

    def let_go(self) -> None:
        """Forget what is recorded.

        Raises:
            Exception: how a batch ended that is not known to be recorded.
        """
        while self._handed and self._handed[0].batch.answer.done():
            self._handed[0].batch.answer.result()
            self._recorded(self._handed.popleft())

    @property
    def seconds_left(self) -> float | None:
        """How long the batch whose turn it is may still be with the agent; `None` when there is none.

        From when its turn came, whatever is fetched meanwhile.
        """
        return self._handed[0].since + HANDOVER_SECONDS_MAX - self._loop.time() if self._handed else None

    def lost(self) -> None:
        """The partition is lost with a batch in hand: perhaps it took longer than the session lasts."""
        if self._handed:
            self._sizes.lost(self._tp, len(self._handed[0].batch.records))

    def clear(self) -> list["asyncio.Future[None]"]:
        """Forget all of it; gives the answers of what the agent has."""
        self._waiting.clear()
        answers = [each.batch.answer for each in self._handed]
        self._handed.clear()
        return answers

    def _recorded(self, recorded: _InHand) -> None:
        now = self._loop.time()
        self._sizes.recorded(self._tp)
        if self._handed:
            self._handed[0] = self._handed[0]._replace(since=now)  # Its turn begins.
        elif len(recorded.batch.records) >= BEAT_FROM and (early := recorded.since + BEAT_SECONDS - now) > 0:
            self._rests = True
            self._loop.call_later(early, self._rested)

    def _rested(self) -> None:
        self._rests = False
        self._wake()
