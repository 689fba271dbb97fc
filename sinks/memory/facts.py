"""The catalogue and encounter side of the twin of the books."""

from collections.abc import Collection
from dataclasses import replace

from sinks.memory.books import MemoryBooks
from sinks.ports.batch import InputPosition
from sinks.postgres.catalogue.facts import Fact, FactBatch, FactBooks, ItemKey, KnownItem


class MemoryFactBooks(FactBooks):
    """The catalogue and encounter side of the twin; what a record says is read by the code of the port."""

    def __init__(self, books: MemoryBooks) -> None:
        self._books = books
        self._known: dict[ItemKey, KnownItem] = {}

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> InputPosition:
        """Where the partition stands."""
        return self._books.take_position(cluster_id, topic, partition)

    async def gather(self, facts: Collection[Fact]) -> FactBatch:  # noqa: ARG002 -- all of it is at hand
        """An empty batch that knows the items."""
        return FactBatch(known=dict(self._known))

    async def record(self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: FactBatch) -> int:
        """Record the batch and the position, whole or not at all, and give the newest fact version."""
        version = await self._books.record_facts(replace(position, last_hash=last_hash), next_offset, batch)
        self._known |= batch.known
        return version
