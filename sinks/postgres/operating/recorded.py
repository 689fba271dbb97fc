"""Records as they lie in the books beside what has become of them since: what `udi replay --shadow` decides again."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_BETWEEN: Final = """
SELECT n.record_offset, n.lane, n.recorded_at, s.record_key, b.raw, b.let_go_at IS NOT NULL AS let_go, n.scan_id,
       n.verdict::text AS verdict, n.reasons,
       c.record_offset IS NOT NULL AS counts,
       own.use_position, own.use_offset, own.n AS return_number, before.units::bigint AS returned_before,
       EXISTS (SELECT FROM udi.command k WHERE (k.hospital, k.scan_id) = (n.hospital, n.scan_id)) AS commanded,
       EXISTS (
           SELECT FROM udi.use_change r WHERE (r.use_position, r.use_offset) = (n.position_id, n.record_offset)
       ) AS returned,
       EXISTS (
           SELECT FROM udi.pair p WHERE (p.position_id, p.record_offset) = (n.position_id, n.record_offset)
           UNION ALL
           SELECT FROM udi.pair p WHERE (p.rest_position, p.rest_offset) = (n.position_id, n.record_offset)
       ) AS joined
FROM udi.scan_now n
JOIN udi.scan s USING (position_id, record_offset)
JOIN udi.raw_bytes b USING (position_id, record_offset)
LEFT JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (n.hospital, n.scan_id)
    AND (c.position_id, c.record_offset) = (n.position_id, n.record_offset)
LEFT JOIN udi.use_change own ON (own.by_position, own.by_offset) = (n.position_id, n.record_offset) AND own.units > 0
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.units), 0) AS units FROM udi.use_change e
    WHERE (e.use_position, e.use_offset) = (own.use_position, own.use_offset) AND e.n < own.n
) before
WHERE n.position_id = $1 AND n.record_offset BETWEEN $2 AND $3 ORDER BY n.record_offset LIMIT $4
"""
_NEWEST: Final = "SELECT max(position_id) FROM udi.position WHERE (topic, partition) = ($1, $2)"


class RecordedRecord(NamedTuple):
    """A record of the scan topic and what was decided of it."""

    record_offset: int
    """Where it lies in its partition."""
    lane: int
    """The lane that decided it."""
    recorded_at: datetime
    """When it was recorded."""
    record_key: bytes | None
    """The record's key."""
    raw: bytes | None
    """The record's bytes."""
    let_go: bool
    """Its bytes were let go by retention."""
    scan_id: UUID | None
    """The scan's id; `None` where it could not be read."""
    verdict: str
    """As it stands now."""
    reasons: list[str]
    """As they stand now."""
    counts: bool
    """Whether it is the one record of its scan id that counts."""
    use_position: int | None
    """The use that this return gave back: its position; `None` where it is no return."""
    use_offset: int | None
    """That use's offset."""
    return_number: int | None
    """Which return of that use it is: 1, 2 …"""
    returned_before: int
    """Units of that use given back before."""
    commanded: bool
    """Whether a person has commanded something of it."""
    returned: bool
    """Whether a later scan gave back of it."""
    joined: bool
    """Whether it is one of two halves of a label that were joined."""


async def newest_position(asked: Asked, topic: str, partition: int) -> int | None:
    """The newest log recorded of a partition; `None` for a partition nothing is recorded of."""
    found: int | None = await asked.fetchval(_NEWEST, topic, partition)
    return found


async def recorded_between(asked: Asked, position: int, first: int, last: int, at_most: int) -> list[RecordedRecord]:
    """Records in the order of their offsets, both ends included."""
    return await fetch(asked, RecordedRecord, _BETWEEN, position, first, last, at_most)
