"""How far the books are with what was played, and recorded scans to play again."""

from typing import Final, NamedTuple

from sinks.postgres.named import Asked, fetch

_MOVING: Final = """
SELECT EXISTS (
    SELECT FROM udi.lane l CROSS JOIN udi.fact_counter f
    WHERE l.facts_seen < f.version
       OR EXISTS (SELECT FROM udi.command c WHERE c.lane = l.lane AND c.seq > l.commands_done)
       OR EXISTS (SELECT FROM udi.freed_3(l.lane, l.facts_seen, f.version, 0::smallint, -1, 1))
)
"""
_STANDS: Final = "SELECT topic, partition, next_offset FROM udi.position WHERE cluster_id = $1"
_BILLED: Final = """
SELECT s.record_key, b.raw, s.lane FROM udi.scan s JOIN udi.raw_bytes b USING (position_id, record_offset)
WHERE s.verdict = 'billed' AND b.raw IS NOT NULL ORDER BY s.position_id, s.record_offset DESC LIMIT $1
"""


class Stand(NamedTuple):
    """How far a partition is recorded."""

    topic: str
    """The topic, with its prefix."""
    partition: int
    """Partition of the topic, from 0."""
    next_offset: int
    """The first offset that is not recorded."""


class BilledRecord(NamedTuple):
    """A record whose scan was billed."""

    record_key: bytes
    """Its key."""
    raw: bytes
    """Its bytes."""
    lane: int
    """Its lane."""


async def still_moves(asked: Asked) -> bool:
    """Whether a lane has facts to see yet, commands to carry out, or something that waits can be decided."""
    return bool(await asked.fetchval(_MOVING))


async def stands(asked: Asked, cluster_id: str) -> list[Stand]:
    """Every partition of a cluster of which something is recorded."""
    return await fetch(asked, Stand, _STANDS, cluster_id)


async def newest_billed(asked: Asked, at_most: int) -> list[BilledRecord]:
    """The newest billed scans of the first lanes."""
    return await fetch(asked, BilledRecord, _BILLED, at_most)
