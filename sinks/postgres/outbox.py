"""The outbox as the relay reads it, the leases of who publishes, and the floor of what is published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from models.wire.topics import COUNTED_OUTPUTS, LANE_OUTPUTS
from sinks.postgres.bell import listen
from sinks.postgres.operating.interventions import Interventions

Output = tuple[str, int]
"""Topic, by its name in `models.wire.topics`, and partition."""

_NEWEST = """
SELECT topic, lane AS partition, seq FROM udi.lane
CROSS JOIN LATERAL
    unnest($1::text[], ARRAY[billing_seq, verdicts_seq, settlement_seq, dead_letters_seq]) one (topic, seq)
UNION ALL
SELECT topic, partition, last_seq FROM udi.topic_counter
"""
_AFTER = """
SELECT w.topic, w.partition, tail.id AS tail_id,
    b.first_seq, b.last_seq, b.ids, b.keys, b.bodies, b.reasons, b.origins, b.arrived_at
FROM unnest($1::text[], $2::smallint[], $3::bigint[]) w (topic, partition, seq)
LEFT JOIN LATERAL (
    SELECT o.ids[w.seq - o.first_seq + 1] AS id FROM udi.outbox_block o
    WHERE o.topic = w.topic AND o.partition = w.partition AND o.first_seq <= w.seq ORDER BY o.first_seq DESC LIMIT 1
) tail ON true
LEFT JOIN LATERAL (
    SELECT * FROM udi.outbox_block o
    WHERE o.topic = w.topic AND o.partition = w.partition AND o.last_seq > w.seq
      AND o.first_seq >= coalesce((
          SELECT max(first_seq) FROM udi.outbox_block
          WHERE topic = w.topic AND partition = w.partition AND first_seq <= w.seq + 1), 0)
      -- Without gaps, so this bounds the records read; what holds the next one is read however large it is.
      AND (o.last_seq <= w.seq + $4 OR o.first_seq <= w.seq + 1)
    ORDER BY o.first_seq
) b ON true
ORDER BY w.topic, w.partition, b.first_seq
"""

_FLOOR = """
SELECT coalesce(f.seq, 0) AS seq, coalesce(f.begun, 0) AS begun, udi.purged_through($2, $3::smallint) AS purged
FROM (SELECT) one LEFT JOIN udi.relay_floor f ON (f.cluster_id, f.topic, f.partition) = ($1, $2, $3)
"""


_LANE = "lane-"


def lane_lease(lane: int) -> str:
    """The name of the lease under which a lane's outputs are published."""
    return f"{_LANE}{lane}"


def is_relays(lease: str) -> bool:
    """Whether a relay takes the lease: a lane's, or that of a topic that is no lane's."""
    return lease in COUNTED_OUTPUTS or lease.startswith(_LANE)


@dataclass(frozen=True, slots=True)
class Block:
    """Records of one topic and partition, `first_seq` and on without gaps."""

    topic: str
    """Topic, by its name in `models.wire.topics`."""
    partition: int
    """Partition of the topic."""
    first_seq: int
    """Sequence number of the first record."""
    last_seq: int
    """Sequence number of the last record."""
    ids: list[UUID]
    """Header `udi-id` of each record."""
    keys: list[bytes]
    """Key of each record."""
    bodies: list[bytes]
    """Value of each record, byte for byte."""
    reasons: list[str] | None
    """Header `udi-reason` of each dead letter; `None` of other topics."""
    origins: list[str] | None
    """Header `udi-origin` of each dead letter; `None` of other topics."""
    arrived_at: datetime | None
    """The broker's timestamp of the oldest record that caused them; `None` when unknown."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What comes next on an output."""

    tail_id: UUID | None
    """The id of the record that the outbox has at the tail; `None` when it has none there, or no more."""
    blocks: list[Block]
    """In order. The first may begin before the tail."""


class Floor(NamedTuple):
    """Sequence numbers of an output; 0 for none."""

    seq: int
    """The last one known to be published to the cluster."""
    begun: int
    """After which one the cluster's topic began."""
    purged: int
    """Up to which one no bodies are there any more."""


class Outbox:
    """Reads blocks; keeps leases and floors."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.interventions = Interventions(pool)

    async def lanes(self) -> int:
        """How many lanes the installation has."""
        return int(await self._pool.fetchval("SELECT lanes FROM udi.installation"))

    async def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` when a lane has recorded, until the connection ends: see `sinks.postgres.bell`."""
        await listen(self._pool, heard)

    async def newest(self) -> dict[Output, int]:
        """The newest sequence number of every output."""
        rows = await self._pool.fetch(_NEWEST, list(LANE_OUTPUTS))
        return {(row["topic"], row["partition"]): row["seq"] for row in rows}

    async def after(self, tails: Mapping[Output, int], records_max: int) -> dict[Output, Waiting]:
        """What comes next on each output.

        Args:
            tails: Outputs, each with the sequence number of the last record that is published.
            records_max: Records of an output read at most; one block is read however many it has.
        """
        topics, partitions = [topic for topic, _ in tails], [partition for _, partition in tails]
        rows = await self._pool.fetch(_AFTER, topics, partitions, list(tails.values()), records_max)
        found: dict[Output, Waiting] = {}
        for row in rows:
            output = (row["topic"], row["partition"])
            waiting = found.setdefault(output, Waiting(row["tail_id"], []))
            if row["first_seq"] is not None:
                values = {name: value for name, value in row.items() if name != "tail_id"}
                waiting.blocks.append(Block(**values))
        return found

    async def floor(self, cluster_id: str, topic: str, partition: int) -> Floor:
        """What is known of an output beside the outbox's own records."""
        row = await self._pool.fetchrow(_FLOOR, cluster_id, topic, partition)
        assert row is not None  # noqa: S101 -- FROM one row
        return Floor(**row)

    async def raise_floor(self, cluster_id: str, topic: str, partition: int, seq: int) -> None:
        """Remember what is published; a floor never falls."""
        await self._pool.execute(
            "INSERT INTO udi.relay_floor AS f (cluster_id, topic, partition, seq) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (cluster_id, topic, partition) "
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
