"""Verdicts as the books have committed them: what is new, and what a device has missed.

The relay publishes the same records with the same numbers. They are read here because a lane's numbers are given out
in the order of its commits: whoever has seen up to a number has seen everything below it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import asyncpg

BLOCKS_MAX = 50
"""Blocks of a lane read at a time."""

_ENDS = "SELECT lane, verdicts_seq FROM udi.lane"
_AFTER = """
SELECT b.partition, b.first_seq, b.keys, b.bodies
FROM unnest($1::int[], $2::bigint[]) seen (lane, seq)
CROSS JOIN LATERAL (
    SELECT o.partition, o.first_seq, o.keys, o.bodies FROM udi.outbox_block o
    WHERE o.topic = 'verdicts' AND o.partition = seen.lane AND o.last_seq > seen.seq AND o.first_seq >= coalesce((
        SELECT max(f.first_seq) FROM udi.outbox_block f
        WHERE f.topic = 'verdicts' AND f.partition = seen.lane AND f.first_seq <= seen.seq + 1
    ), 0)
    ORDER BY o.first_seq LIMIT $3
) b ORDER BY b.partition, b.first_seq
"""
_MISSED = """
SELECT b.partition, b.first_seq + one.place - 1 AS seq, one.body
FROM unnest($1::int[], $2::bigint[], $3::bigint[]) seen (lane, seq, until)
CROSS JOIN LATERAL (
    SELECT o.partition, o.first_seq, o.keys, o.bodies FROM udi.outbox_block o
    WHERE o.topic = 'verdicts' AND o.partition = seen.lane AND o.last_seq > seen.seq AND o.first_seq <= seen.until
      AND o.first_seq >= coalesce((
        SELECT max(f.first_seq) FROM udi.outbox_block f
        WHERE f.topic = 'verdicts' AND f.partition = seen.lane AND f.first_seq <= seen.seq + 1
    ), 0)
) b
CROSS JOIN LATERAL unnest(b.keys, b.bodies) WITH ORDINALITY one (key, body, place)
WHERE one.key = $4 AND one.body <> ''::bytea
  AND b.first_seq + one.place - 1 > seen.seq AND b.first_seq + one.place - 1 <= seen.until
ORDER BY b.partition, seq LIMIT $5
"""


class Published(NamedTuple):
    """One verdict: its place among those of its lane, its record key and its body."""

    lane: int
    """Lane of the scan."""
    seq: int
    """Its sequence number on topic and partition: 1, 2, 3 … without gaps."""
    key: bytes
    """The record's key, as bytes."""
    body: bytes
    """The record's value, as bytes."""


class VerdictBooks:
    """The verdicts' side of the books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def ends(self) -> dict[int, int]:
        """The newest number of each lane."""
        return {row["lane"]: row["verdicts_seq"] for row in await self._pool.fetch(_ENDS)}

    async def after(self, seen: Mapping[int, int]) -> list[Published]:
        """What each lane has above the number seen of it, in order; a part of it when it is much."""
        found = []
        for row in await self._pool.fetch(_AFTER, list(seen), list(seen.values()), BLOCKS_MAX):
            lane, first = row["partition"], row["first_seq"]
            for place, (key, body) in enumerate(zip(row["keys"], row["bodies"], strict=True)):
                if first + place > seen[lane]:
                    found.append(Published(lane, first + place, key, body))
        return found

    async def missed(
        self, seen: Mapping[int, int], until: Mapping[int, int], key: bytes, limit: int
    ) -> list[Published]:
        """What a device has above the numbers seen and up to `until`, the first `limit` of it by lane and number."""
        lanes = [lane for lane in until if until[lane] > seen.get(lane, 0)]
        rows = await self._pool.fetch(
            _MISSED, lanes, [seen.get(lane, 0) for lane in lanes], [until[lane] for lane in lanes], key, limit
        )
        return [Published(row["partition"], row["seq"], key, row["body"]) for row in rows]
