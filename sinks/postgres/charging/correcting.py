"""Corrected scans whose place another scan has still to take."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from models.charging.commands import Correction, correcting_scan_id
from models.scan.event import ScanEvent
from sinks.postgres.charging.use_rows import event_of
from sinks.postgres.readable import readable

_WAITING = """
SELECT k.lane, k.seq, k.hospital, k.body, k.reason, own.raw, CASE WHEN own.raw IS NULL THEN s END AS scan,
       (SELECT o FROM udi.scan_override o WHERE (o.position_id, o.record_offset) = (s.position_id, s.record_offset))
           AS override,
       rest.raw AS rest
FROM udi.command k
JOIN udi.command_outcome o USING (lane, seq)
JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (k.hospital, k.scan_id)
LEFT JOIN LATERAL (
    SELECT p.* FROM udi.pair p
    WHERE (p.position_id, p.record_offset) = (c.position_id, c.record_offset)
       OR (p.rest_position, p.rest_offset) = (c.position_id, c.record_offset)
    ORDER BY p.n DESC LIMIT 1
) p ON true
JOIN udi.scan s ON (s.position_id, s.record_offset)
    = (coalesce(p.position_id, c.position_id), coalesce(p.record_offset, c.record_offset))
JOIN udi.raw_bytes own ON (own.position_id, own.record_offset) = (s.position_id, s.record_offset)
LEFT JOIN udi.raw_bytes rest ON (rest.position_id, rest.record_offset) = (p.rest_position, p.rest_offset)
WHERE k.kind = 'correct' AND o.done
  AND NOT EXISTS (SELECT FROM udi.correction done WHERE (done.lane, done.seq) = (k.lane, k.seq))
ORDER BY k.accepted_at DESC, k.lane, k.seq DESC LIMIT 500
"""
"""The newest first: what nobody can record does not stand in the way of what comes later."""
_RECORDED = """
INSERT INTO udi.correction (lane, seq, hospital, scan_id)
SELECT k.lane, k.seq, c.hospital, c.scan_id
FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::uuid[]) k (lane, seq, hospital, scan_id)
JOIN udi.scan_claim c USING (hospital, scan_id)
ON CONFLICT DO NOTHING RETURNING scan_id
"""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A scan that was corrected."""

    lane: int
    """Lane of the command."""
    seq: int
    """Place of the command."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    event: ScanEvent
    """The scan as it was."""
    rest: ScanEvent | None
    """The other half of its label, when it was scanned in two halves."""
    correction: Correction
    """What is right."""
    reason: str
    """Why, in the person's words."""

    @property
    def scan_id(self) -> UUID:
        """Of the scan that takes its place."""
        return correcting_scan_id(self.hospital, self.lane, self.seq)


class CorrectionBooks:
    """The books as the corrector uses them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def waiting(self) -> list[Corrected]:
        """Corrected scans whose place is not taken, in the order they were corrected. Keeps which are taken."""
        rows = await self._pool.fetch(_WAITING)
        found = list(readable("a corrected scan", reversed(rows), _corrected))
        if not found:
            return []
        places = ([each.lane for each in found], [each.seq for each in found])
        scans = ([each.hospital for each in found], [each.scan_id for each in found])
        taken = {row["scan_id"] for row in await self._pool.fetch(_RECORDED, *places, *scans)}
        return [each for each in found if each.scan_id not in taken]


def _corrected(row: Any) -> Corrected:
    return Corrected(
        row["lane"],
        row["seq"],
        row["hospital"],
        event_of(row["raw"], row["scan"], row["override"]),
        ScanEvent.model_validate_json(row["rest"]) if row["rest"] is not None else None,
        Correction.model_validate(orjson.loads(row["body"])),
        row["reason"],
    )
