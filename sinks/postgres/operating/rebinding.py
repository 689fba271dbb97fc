"""Changes of the outbox that only a person may ask for: where a topic goes on, and another history taken over.

Both hold the lane's row until their end: no worker writes meanwhile, and every number is given once.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from models.wire.topics import LANE_OUTPUTS
from sinks.postgres.operating.interventions import Intervention, Interventions

_BLOCK_RECORDS: Final = 1_000
_COLUMNS: Final = {topic: f"{topic.replace('-', '_')}_seq" for topic in LANE_OUTPUTS}


class StoredRecord(NamedTuple):
    """A record in the outbox."""

    seq: int
    """Its sequence number on topic and partition: 1, 2, 3 … without gaps."""
    id: UUID
    """Its header `udi-id`."""
    key: bytes
    """The record's key, as bytes."""
    body: bytes
    """The record's value, as bytes."""
    reason: str | None
    """Of a dead letter: header `udi-reason`; else `None`."""
    origin: str | None
    """Of a dead letter: topic, partition and offset of the record as it came; else `None`."""


@dataclass(slots=True)
class HeldOutput:
    """One output partition of the outbox while nobody else can write it."""

    topic: str
    """Topic, by its name in `models.wire.topics`."""
    partition: int
    """Partition of the topic."""
    newest: int
    """Sequence number of its newest record."""
    connection: PoolConnectionProxy
    """Holds the locks until it is given back."""

    async def after(self, seq: int) -> list[StoredRecord]:
        """Every record above a sequence number, in order."""
        rows = await self.connection.fetch(
            "SELECT first_seq, ids, keys, bodies, reasons, origins FROM udi.outbox_block "
            "WHERE topic = $1 AND partition = $2 AND last_seq > $3 ORDER BY first_seq",
            self.topic, self.partition, seq,
        )  # fmt: skip
        found = []
        for row in rows:
            none = [None] * len(row["ids"])
            parts = (row["ids"], row["keys"], row["bodies"], row["reasons"] or none, row["origins"] or none)
            found += [StoredRecord(row["first_seq"] + at, *each) for at, each in enumerate(zip(*parts, strict=True))]
        return [each for each in found if each.seq > seq]

    async def replace_after(self, seq: int, records: Sequence[StoredRecord]) -> None:
        """Let the outbox go on after `seq` with these records, and the counter end at the last of them."""
        where = (self.topic, self.partition)
        straddling = await self.connection.fetchval(
            "SELECT first_seq FROM udi.outbox_block WHERE topic = $1 AND partition = $2 AND first_seq <= $3 "
            "AND last_seq > $3", *where, seq,
        )  # fmt: skip
        kept = [each for each in await self.after(straddling - 1) if each.seq <= seq] if straddling else []
        await self.connection.execute(
            "DELETE FROM udi.outbox_block WHERE topic = $1 AND partition = $2 AND last_seq > $3", *where, seq
        )
        everything = [*kept, *records]
        for start in range(0, len(everything), _BLOCK_RECORDS):
            await self._insert(everything[start : start + _BLOCK_RECORDS])
        self.newest = seq + len(records)
        if self.topic in _COLUMNS:
            column = _COLUMNS[self.topic]
            await self.connection.execute(
                f"UPDATE udi.lane SET {column} = $2, version = version + 1 WHERE lane = $1",
                self.partition, self.newest,
            )  # fmt: skip
        else:
            await self.connection.execute(
                "UPDATE udi.topic_counter SET last_seq = $3 WHERE topic = $1 AND partition = $2", *where, self.newest
            )

    async def _insert(self, block: Sequence[StoredRecord]) -> None:
        lettered = any(each.reason is not None for each in block)
        await self.connection.execute(
            "INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.topic, self.partition, block[0].seq, block[-1].seq, [each.id for each in block],
            [each.key for each in block], [each.body for each in block],
            [each.reason or "" for each in block] if lettered else None,
            [each.origin or "" for each in block] if lettered else None,
        )  # fmt: skip


@asynccontextmanager
async def held_output(pool: asyncpg.Pool, topic: str, partition: int) -> AsyncIterator[HeldOutput]:
    """One transaction that holds the output's counter; committed when left without an exception.

    Raises:
        LookupError: There is no such output.
    """
    async with pool.acquire() as connection, connection.transaction():
        if topic in _COLUMNS:
            newest = await connection.fetchval(
                f"SELECT {_COLUMNS[topic]} FROM udi.lane WHERE lane = $1 FOR UPDATE",
                partition,
            )
        else:
            newest = await connection.fetchval(
                "SELECT last_seq FROM udi.topic_counter WHERE topic = $1 AND partition = $2 FOR UPDATE",
                topic, partition,
            )  # fmt: skip
        if newest is None:
            raise LookupError(f"Expected an output partition, got {topic}/{partition}.")
        yield HeldOutput(topic, partition, newest, connection)


async def start_after(pool: asyncpg.Pool, cluster_id: str, seq: int, *, anew: bool, kept: Intervention) -> None:
    """Let the relay go on after `seq` on a cluster's partition; `anew`: its topic begins there."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO udi.relay_floor (cluster_id, topic, partition, seq, begun) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (cluster_id, topic, partition) DO UPDATE SET seq = excluded.seq, "
            "begun = CASE WHEN $6 THEN excluded.begun ELSE relay_floor.begun END",
            cluster_id, kept.topic, kept.partition, seq, seq if anew else 0, anew,
        )  # fmt: skip
        await Interventions(connection).keep(kept)
