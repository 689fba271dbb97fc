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
WITH RECURSIVE corrected AS MATERIALIZED (
    SELECT coalesce(main.scan_id, k.scan_id) AS scan_id, c.scan_id AS by_scan
    FROM udi.correction c
    JOIN udi.command k USING (lane, seq)
    JOIN udi.scan_claim own ON (own.hospital, own.scan_id) = (k.hospital, k.scan_id)
    LEFT JOIN LATERAL (
        -- The half that a person named may be the one whose rest has joined the half that moved the goods.
        SELECT s.scan_id FROM udi.pair p JOIN udi.scan s USING (position_id, record_offset)
        WHERE (p.rest_position, p.rest_offset) = (own.position_id, own.record_offset) ORDER BY p.n DESC LIMIT 1
    ) main ON true
    WHERE c.hospital = $1
), place AS (
    SELECT scan_id, by_scan, 1 AS step FROM corrected
    UNION ALL
    SELECT p.scan_id, c.by_scan, p.step + 1 FROM place p JOIN corrected c ON c.scan_id = p.by_scan
), instead AS MATERIALIZED (
    SELECT DISTINCT ON (p.scan_id) p.scan_id, stands.moves
    FROM place p
    JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = ($1, p.by_scan)
    CROSS JOIN LATERAL (
        SELECT array_agg(md5(concat_ws('/', v.hospital, v.scan_id, v.n, 'move'))::uuid ORDER BY v.n) AS moves
        FROM udi.stock_move v
        WHERE (v.position_id, v.record_offset) = (c.position_id, c.record_offset) AND NOT v.takes_back AND NOT EXISTS (
            SELECT FROM udi.stock_move back
            WHERE (back.position_id, back.record_offset) = (c.position_id, c.record_offset) AND back.takes_back
              AND back.n > v.n AND (back.from_place, back.to_place) = (v.to_place, v.from_place)
        )
    ) stands
    WHERE stands.moves IS NOT NULL
    ORDER BY p.scan_id, p.step
)
SELECT md5(concat_ws('/', m.hospital, m.scan_id, m.n, 'move'))::uuid AS move_id, m.scan_id, m.n, m.hospital,
       m.action::text AS action, m.from_place, m.to_place, m.takes_back, m.item_code, m.issuer, m.di, m.lot, m.serial,
       m.units, package.units AS units_per_package, m.moved_at, m.decided_at, m.document, s.encounter,
       coalesce(instead.moves, '{}') AS instead
FROM udi.scans_between($1, $2, $3) k
CROSS JOIN LATERAL (
    SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (k.position_id, k.record_offset) OFFSET 0
) m
JOIN udi.scan s ON (s.position_id, s.record_offset) = (k.position_id, k.record_offset)
LEFT JOIN instead ON instead.scan_id = m.scan_id
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
                move = Move(**{**found, "instead": tuple(found["instead"])})
                if of_scan and of_scan[0].scan_id != move.scan_id:
                    yield of_scan
                    of_scan = []
                of_scan.append(move)
            if of_scan:
                yield of_scan
