"""How many records a batch has: a partition that was lost with a batch in hand is read in smaller ones.

Deciding a batch keeps the worker's only thread. One that takes longer than the group's session loses its partition, and
whoever takes it next would take as much again, for ever. So after a loss there is half as much in the next batch, down
to one record; after each batch that is recorded there may be twice as much again.

Whatever is in hand, other partitions wait for the thread. So a batch is bounded in bytes, too: a thousand scans are
less than that, a thousand items of a catalogue with all their identifiers and prices several times as much.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from aiokafka import TopicPartition

from streams.lanes.told import Record

BATCH_BYTES_MAX: Final = 512 * 1024
"""Values of a batch together, unless one record alone is larger. Own choice: 1,000 scans of 450 bytes go in."""


def portions(records: Sequence[Record], most: int) -> Iterator[Sequence[Record]]:
    """The records in order, in batches of at most so many and of `BATCH_BYTES_MAX`; of none, one empty batch."""
    start, held = 0, 0
    for at, record in enumerate(records):
        size = len(record.value or b"")
        if at > start and (at - start == most or held + size > BATCH_BYTES_MAX):
            yield records[start:at]
            start, held = at, 0
        held += size
    yield records[start:]


class BatchSizes:
    """The sizes of a service's partitions, kept while partitions come and go.

    Args:
        most: records in one batch, at most; at least 1.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: dict[TopicPartition, int] = {}

    def of(self, tp: TopicPartition) -> int:
        """Records in the partition's next batch, at most."""
        return self._sizes.get(tp, self._most)

    def lost(self, tp: TopicPartition, records: int) -> None:
        """A batch of so many records was in hand when the partition was lost."""
        self._sizes[tp] = max(1, min(records, self.of(tp)) // 2)

    def recorded(self, tp: TopicPartition) -> None:
        """A batch of the partition is recorded."""
        if tp in self._sizes:
            self._sizes[tp] *= 2
            if self._sizes[tp] >= self._most:
                del self._sizes[tp]
