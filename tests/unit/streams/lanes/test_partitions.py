"""What is fetched goes to the readers of its partitions, also when one of them can't be read."""

import asyncio
from typing import Any, cast

from aiokafka import TopicPartition

from sinks.ports.batch import InputPosition
from sinks.postgres.operating.interventions import Word
from streams.lanes.handing import Handed
from streams.lanes.partitions import PartitionReader
from streams.lanes.reader import LaneWatch, Taken
from streams.settings import Settings
from tests.unit.streams.lanes import hand
from tests.unit.streams.lanes.hand import Fetched, Told

GOOD, BAD = TopicPartition("udi.scans", 0), TopicPartition("udi.scans", 1)
UNREADABLE = 5


class Consumer(hand.Consumer):
    """Two partitions of ten records. As aiokafka does, it loses what it has taken of one when the next fails."""

    def __init__(self) -> None:
        super().__init__()
        self.at = {GOOD: 0, BAD: 0}

    async def position(self, tp: TopicPartition) -> int:
        return self.at[tp]

    def highwater(self, _: TopicPartition) -> int:
        return 10

    async def getmany(self, *only: TopicPartition, timeout_ms: int, max_records: int) -> dict[Any, list[Fetched]]:
        await asyncio.sleep(timeout_ms / 10_000)
        taken = {}
        for tp in only or (GOOD, BAD):
            if tp in self.paused:
                continue
            end = min(10, self.at[tp] + max_records)
            if tp == BAD and self.at[tp] <= UNREADABLE < end:
                b"\xff".decode()
            taken[tp] = [Fetched(offset) for offset in range(self.at[tp], end)]
            self.at[tp] = end
        return {tp: records for tp, records in taken.items() if records}


async def test_one_partition_that_cannot_be_read_costs_the_others_nothing_and_loses_nothing_before_it() -> None:
    batches: dict[int, asyncio.Queue[Handed[Any]]] = {0: asyncio.Queue(), 1: asyncio.Queue()}

    async def take_over(_: str, topic: str, partition: int) -> Taken:
        lane = cast("Any", type("Lane", (), {"position": InputPosition(1, "c1", topic, partition, 0, None)}))
        return Taken(lane, cast("Any", batches[partition]))

    async def said(*_: object) -> Word:
        return Word()

    service = PartitionReader(
        Settings(batch_records_max=10), ["udi.scans"], "group", take_over, cast("LaneWatch", Told()), said=said
    )
    service._consumer = cast("Any", Consumer())  # in place of a broker's
    service._take([GOOD, BAD])  # as when they are assigned
    fetching = asyncio.create_task(service._fetch())  # what `on_start` begins
    read: dict[int, list[int]] = {0: [], 1: []}
    async with asyncio.timeout(10):
        while len(read[0]) < 10 or not service.stopped:
            for partition, queue in batches.items():
                while not queue.empty():
                    batch = queue.get_nowait()
                    read[partition] += [each.offset for each in batch.records]
                    batch.answer.set_result(None)
            await asyncio.sleep(0.01)
    (why,) = service.stopped
    fetching.cancel()
    await service._give_back([GOOD, BAD])  # as at the end

    assert read[0] == list(range(10))
    assert read[1] == list(range(len(read[1])))
    assert why.startswith("The record at udi.scans/1/5 can't be read: UnicodeDecodeError at ")
