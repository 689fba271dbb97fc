"""The moves of a period, scan by scan, as an export reads them: a stream, whatever its length.

References:
    docs/store.md, "EPCIS".
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import asyncpg

from sinks.messages.epcis import Move

_HOSPITALS: Final = """
SELECT hospital FROM udi.hospitals_with_records() h (hospital) WHERE $1::text IS NULL OR hospital = $1 ORDER BY 1
"""
_MOVES: Final = """
SELECT md5(concat_ws('/', m.hospital, m.scan_id, m.n, 'move'))::uuid AS move_id, m.scan_id, m.n, m.hospital,
       m.action::text AS action, m.from_place, m.to_place, m.takes_back, m.item_code, m.issuer, m.di, m.lot, m.serial,
       m.units, package.units AS units_per_package, m.moved_at, m.decided_at, m.document, s.encounter
FROM udi.scans_between($1, $2, $3) k
CROSS JOIN LATERAL (
    SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (k.position_id, k.record_offset) OFFSET 0
) m
JOIN udi.scan s ON (s.position_id, s.record_offset) = (k.position_id, k.record_offset)
LEFT JOIN udi.item_now i ON (i.hospital, i.item_code) = (m.hospital, m.item_code)
LEFT JOIN LATERAL (
    SELECT (p ->> 'units_per_package')::integer AS units FROM jsonb_array_elements(i.body -> 'identifiers') p
    WHERE (p ->> 'issuer', p ->> 'di') = (m.issuer, m.di) LIMIT 1
) package ON true
ORDER BY m.moved_at, m.scan_id, m.n
"""
_FETCHED_AT_ONCE: Final = 2_000


async def moves_by_scan(
    pool: asyncpg.Pool, start: datetime, end: datetime, hospital: str | None = None
) -> AsyncIterator[list[Move]]:
    """The moves of scans made from `start` to before `end`, those of a scan together, all of one snapshot.

    By hospital, then in order of time. A correction stands with the scan it corrects, whenever it was decided.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        for row in await connection.fetch(_HOSPITALS, hospital):
            of_scan: list[Move] = []
            async for found in connection.cursor(_MOVES, row[0], start, end, prefetch=_FETCHED_AT_ONCE):
                move = Move(**found)
                if of_scan and of_scan[0].scan_id != move.scan_id:
                    yield of_scan
                    of_scan = []
                of_scan.append(move)
            if of_scan:
                yield of_scan
