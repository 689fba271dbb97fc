"""Dead letters as the outbox holds them, and what the books hold of those that were records of the scan topic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sinks.messages.outgoing import letter_id
from sinks.postgres.named import Asked, fetch

_LETTERS: Final = """
SELECT one.id, one.key, one.body, one.reason, one.origin, b.written_at
FROM udi.outbox_kept b
CROSS JOIN LATERAL unnest(b.ids, b.keys, b.bodies, b.reasons, b.origins) one (id, key, body, reason, origin)
WHERE b.topic = 'dead-letters' AND ($1::text IS NULL OR one.reason = $1) AND ($2::text IS NULL OR one.origin = $2)
ORDER BY b.written_at, b.partition, b.first_seq
"""
_OF_TOPIC: Final = """
SELECT one.id, one.key, one.body, one.reason, one.origin, b.written_at
FROM udi.outbox_kept b
CROSS JOIN LATERAL unnest(b.ids, b.keys, b.bodies, b.reasons, b.origins) one (id, key, body, reason, origin)
WHERE b.topic = 'dead-letters' AND starts_with(one.origin, $1 || '/')
ORDER BY b.written_at DESC, b.partition, b.first_seq DESC
"""
_RECORDED: Final = """
SELECT k.place::int, s.record_key, coalesce(b.raw, CASE WHEN b.let_go_at IS NOT NULL THEN k.body END) AS raw,
       CASE WHEN s.action IS NULL THEN s.explanation END AS detail
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::text[])
    WITH ORDINALITY k (topic, partition, record_offset, body, cluster_id, place)
JOIN udi.position p ON (p.topic, p.partition) = (k.topic, k.partition)
    AND p.cluster_id = coalesce(k.cluster_id, p.cluster_id)
JOIN udi.scan s ON (s.position_id, s.record_offset) = (p.position_id, k.record_offset)
JOIN udi.raw_bytes b ON (b.position_id, b.record_offset) = (s.position_id, s.record_offset)
    AND (coalesce(b.raw, ''::bytea) = k.body OR b.let_go_at IS NOT NULL)
"""
"""An event that could be read keeps its own explanation there, a person's text; why it was refused is its reason."""


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A dead letter of the outbox. An empty key or value may stand for none."""

    id: UUID
    """Its header `udi-id`, made of cluster and origin."""
    key: bytes
    """Key of the record as it came; empty without one."""
    body: bytes
    """Value of the record as it came, byte for byte."""
    reason: str
    """Why it could not be accepted."""
    origin: str
    """`topic/partition/offset` of the record as it came."""
    written_at: datetime
    """When the books knew it, by the database's clock."""


@dataclass(frozen=True, slots=True)
class RecordedLetter:
    """What the books hold of a dead letter that is a record of the scan topic."""

    place: int
    """Its place among those asked for, from 1."""
    record_key: bytes | None
    """Key of the record; `None` without one."""
    raw: bytes | None
    """Value of the record; that of the dead letter where retention has let the record's own bytes go."""
    detail: str | None
    """What was expected and what came; `None` when nothing was kept."""


async def letters(asked: Asked, reason: str | None, origin: str | None) -> list[LetterRow]:
    """Those of a reason, or the one of an origin, oldest first; all when neither is given."""
    return await fetch(asked, LetterRow, _LETTERS, reason, origin)


async def letters_of(asked: Asked, topic: str) -> list[LetterRow]:
    """Those that came on a topic, by its name with its prefix; the newest first."""
    return await fetch(asked, LetterRow, _OF_TOPIC, topic)


async def clusters_of(asked: Asked, rows: Sequence[LetterRow]) -> list[str | None]:
    """The cluster each came on, by its id; `None` when no cluster that the books know makes that id."""
    known = [row[0] for row in await asked.fetch("SELECT DISTINCT cluster_id FROM udi.position ORDER BY 1")]
    return [next((each for each in known if letter_id(each, row.origin) == row.id), None) for row in rows]


async def recorded_letters(
    asked: Asked,
    places: Sequence[tuple[str, int, int]],
    bodies: Sequence[bytes | None],
    clusters: Sequence[str | None],
) -> dict[int, RecordedLetter]:
    """What the books hold at (topic, partition, offset) of the cluster with these bytes, by place from 1."""
    columns = [[place[part] for place in places] for part in range(3)]
    found = await fetch(asked, RecordedLetter, _RECORDED, *columns, list(bodies), list(clusters))
    return {row.place: row for row in found}
