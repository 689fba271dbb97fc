"""Scans that are set aside, in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from models.charging.books import Ref
from sinks.ports.aside import AsideKind, AsideScan

_PUT: Final = """
INSERT INTO udi.set_aside (lane, position_id, record_offset, kind, since, error) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (position_id, record_offset, kind) DO UPDATE SET since = excluded.since, error = excluded.error
"""
_DROP: Final = "DELETE FROM udi.set_aside WHERE (position_id, record_offset, kind) = ($1, $2, $3)"
_OF_LANE: Final = """
SELECT lane, position_id, record_offset, kind, since, error FROM udi.set_aside
WHERE lane = $1 ORDER BY position_id, record_offset, kind
"""


class PostgresAside:
    """See `sinks.ports.aside.Aside`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def put(self, scan: AsideScan) -> None:
        """Set it aside."""
        await self._pool.execute(_PUT, scan.lane, *scan.ref, scan.kind.value, scan.at, scan.error)

    async def drop(self, scan: AsideScan) -> None:
        """It is no longer set aside."""
        await self._pool.execute(_DROP, *scan.ref, scan.kind.value)

    async def of_lane(self, lane: int) -> Sequence[AsideScan]:
        """All of a lane, oldest first."""
        return [
            AsideScan(row["lane"], Ref(row["position_id"], row["record_offset"]), AsideKind(row["kind"]), *row[4:])
            for row in await self._pool.fetch(_OF_LANE, lane)
        ]
