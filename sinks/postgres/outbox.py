"""The outbox as the relay reads it, the leases of who publishes, and the floor of what is published."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from models.wire.topics import LANE_OUTPUTS

BLOCKS_MAX = 50
"""Blocks read at a time."""


@dataclass(frozen=True, slots=True)
class Block:
    """Records of one topic and partition, `first_seq` and on without gaps."""

    topic: str
    partition: int
    first_seq: int
    last_seq: int
    ids: list[UUID]
    keys: list[bytes]
    bodies: list[bytes]
    reasons: list[str] | None
    origins: list[str] | None
    arrived_at: datetime | None


class Outbox:
    """Reads blocks; keeps leases and floors."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def lanes(self) -> int:
        """How many lanes the installation has."""
        return int(await self._pool.fetchval("SELECT lanes FROM udi.installation"))

    async def counted_partitions(self, topic: str) -> list[int]:
        """The partitions of a topic that is no lane's."""
        rows = await self._pool.fetch(
            "SELECT partition FROM udi.topic_counter WHERE topic = $1 ORDER BY partition", topic
        )
        return [row["partition"] for row in rows]

    async def newest_of_lane(self, lane: int) -> dict[str, int]:
        """The newest sequence number of each topic of a lane."""
        row = await self._pool.fetchrow(
            "SELECT billing_seq, verdicts_seq, settlement_seq, dead_letters_seq FROM udi.lane WHERE lane = $1", lane
        )
        return dict(zip(LANE_OUTPUTS, row, strict=True)) if row else {}

    async def newest_counted(self, topic: str) -> dict[int, int]:
        """The newest sequence number of each partition of a topic that is no lane's."""
        rows = await self._pool.fetch("SELECT partition, last_seq FROM udi.topic_counter WHERE topic = $1", topic)
        return {row["partition"]: row["last_seq"] for row in rows}

    async def after(self, topic: str, partition: int, seq: int) -> list[Block]:
        """The next blocks that hold anything above `seq`, in order."""
        rows = await self._pool.fetch(
            "SELECT topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins, arrived_at "
            "FROM udi.outbox_block WHERE topic = $1 AND partition = $2 AND last_seq > $3 AND first_seq >= coalesce("
            "(SELECT max(first_seq) FROM udi.outbox_block "
            "WHERE topic = $1 AND partition = $2 AND first_seq <= $3 + 1), 0) "
            "ORDER BY first_seq LIMIT $4",
            topic, partition, seq, BLOCKS_MAX,
        )  # fmt: skip
        return [Block(**dict(row)) for row in rows]

    async def floor(self, cluster_id: str, topic: str, partition: int) -> int:
        """The last sequence number known to be published to that cluster; 0 for none."""
        found = await self._pool.fetchval(
            "SELECT seq FROM udi.relay_floor WHERE (cluster_id, topic, partition) = ($1, $2, $3)",
            cluster_id, topic, partition,
        )  # fmt: skip
        return int(found or 0)

    async def raise_floor(self, cluster_id: str, topic: str, partition: int, seq: int) -> None:
        """Remember what is published; a floor never falls."""
        await self._pool.execute(
            "INSERT INTO udi.relay_floor AS f VALUES ($1, $2, $3, $4) ON CONFLICT (cluster_id, topic, partition) "
            "DO UPDATE SET seq = greatest(f.seq, excluded.seq)",
            cluster_id, topic, partition, seq,
        )  # fmt: skip

    async def lease(self, name: str, holder: UUID, seconds: float) -> bool:
        """Take or renew a lease by the database's clock; false while another holds it."""
        found = await self._pool.fetchval(
            "INSERT INTO udi.lease AS l VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3)) "
            "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
            "WHERE l.holder = excluded.holder OR l.until < clock_timestamp() RETURNING true",
            name, holder, seconds,
        )  # fmt: skip
        return bool(found)

    async def release(self, name: str, holder: UUID) -> None:
        """Give a lease back."""
        await self._pool.execute("DELETE FROM udi.lease WHERE name = $1 AND holder = $2", name, holder)
