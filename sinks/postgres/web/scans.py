"""A recorded scan as its device is told of it."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson

_SCAN = """
SELECT n.scan_id, n.hospital, n.device_id, n.scanned_at, n.action::text AS action, n.store, n.encounter, n.operation,
       n.issuer, n.di, n.lot, n.serial, n.expiry, n.item_code, n.units, n.verdict::text AS verdict, n.reasons,
       n.decided_at, i.body AS item, l.billing_ids, l.amount_fen
FROM (
    SELECT position_id, record_offset FROM udi.scan_claim WHERE (hospital, scan_id) = ($1, $2)
    UNION ALL (
        SELECT position_id, record_offset FROM udi.scan WHERE (hospital, scan_id) = ($1, $2) AND verdict = 'refused'
        ORDER BY record_offset DESC LIMIT 1
    )
    LIMIT 1
) one
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN LATERAL (
    SELECT body FROM udi.catalogue k WHERE (k.hospital, k.item_code) = (n.hospital, n.item_code)
    ORDER BY k.version DESC LIMIT 1
) i ON true
LEFT JOIN LATERAL (
    SELECT array_agg(e.billing_id ORDER BY e.n) AS billing_ids,
           sum(CASE e.kind WHEN 'charge' THEN e.amount_fen ELSE -e.amount_fen END)::bigint AS amount_fen
    FROM udi.ledger e WHERE (e.position_id, e.record_offset) = (n.position_id, n.record_offset)
) l ON true
"""
"""What the scan id claims, or, as a refused record claims nothing, the newest that was refused."""


class ScanBooks:
    """The scans' side of the books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def find(self, hospital: str, scan_id: UUID) -> dict[str, Any] | None:
        """The scan as it stands; `None` while it is not recorded."""
        row = await self._pool.fetchrow(_SCAN, hospital, scan_id)
        if row is None:
            return None
        fields = dict(row)
        item = fields.pop("item")
        return fields | {"item_name": orjson.loads(item)["name"] if item else None}
