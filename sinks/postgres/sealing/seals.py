"""Seals in PostgreSQL: the heads of all lanes at an instant, their root, and the record that is published of them.

References:
    docs/reliability.md, "Tamper evidence".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson

from models.ids import made_id

_HEADS = """
SELECT l.lane, newest.batch, newest.head FROM udi.lane l
CROSS JOIN LATERAL (
    SELECT c.batch, c.head FROM udi.chain c WHERE c.lane = l.lane ORDER BY c.batch DESC LIMIT 1
) newest ORDER BY l.lane
"""
_NEWEST = "SELECT n, root FROM udi.seal ORDER BY n DESC LIMIT 1"
_INSERT = """
INSERT INTO udi.seal (n, lanes, batches, heads, root) VALUES ($1, $2, $3, $4, $5) RETURNING sealed_at
"""


class Head(NamedTuple):
    """How far a lane is chained."""

    lane: int
    """Number of the lane."""
    batch: int
    """Number of its newest chained batch."""
    head: bytes
    """32 bytes: the chain's newest value."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The heads of all lanes at an instant."""

    n: int
    """1, 2, 3 …"""
    sealed_at: datetime
    """When the heads were read, by the database's clock."""
    heads: Sequence[Head]
    """Of every lane, in order."""
    root: bytes
    """32 bytes: the Merkle root over the heads."""

    def body(self) -> bytes:
        """As it is published and appended to the file outside."""
        lanes = [{"lane": each.lane, "batch": each.batch, "head": each.head.hex()} for each in self.heads]
        sealed_at = self.sealed_at.isoformat()
        return orjson.dumps(
            {"schema": "udi.seal/1", "n": self.n, "sealed_at": sealed_at, "lanes": lanes, "root": self.root.hex()}
        )


class SealBooks:
    """The seals of an installation."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def heads(self) -> list[Head]:
        """The newest head of every lane that has recorded anything, of one moment."""
        return [Head(row["lane"], row["batch"], row["head"]) for row in await self._pool.fetch(_HEADS)]

    async def newest_root(self) -> bytes | None:
        """Of the newest seal; `None` before the first."""
        row = await self._pool.fetchrow(_NEWEST)
        return None if row is None else bytes(row["root"])

    async def seal(self, heads: Sequence[Head], root: bytes) -> Seal:
        """Write and publish a seal.

        Raises:
            asyncpg.UniqueViolationError: another sealer was faster.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            newest = await connection.fetchrow(_NEWEST)
            n = 1 if newest is None else newest["n"] + 1
            columns: list[Any] = [[each[place] for each in heads] for place in range(3)]
            sealed_at = await connection.fetchval(_INSERT, n, *columns, root)
            seal = Seal(n, sealed_at, heads, root)
            await connection.execute("SELECT udi.publish_seal($1, $2)", made_id("seal", n, root.hex()), seal.body())
        return seal
