"""What the board shows: lists of rows of one hospital, and the figures over them.

Every query takes the hospital first. Rows come in the order people read them, no more than asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

_NAME: Final = """(SELECT convert_from(c.body, 'UTF8')::jsonb ->> 'name' FROM udi.catalogue c
    WHERE (c.hospital, c.item_code) = ({t}.hospital, {t}.item_code) ORDER BY c.version DESC LIMIT 1) AS item_name"""
_OPEN: Final = """
SELECT o.since, o.reason, s.scan_id, s.action::text AS action, o.item_code, {name}, o.di, s.lot, s.serial,
       s.encounter, s.department, s.store, s.device_id, s.units
FROM udi.open_scan o JOIN udi.scan s USING (position_id, record_offset)
WHERE o.hospital = $1 AND o.verdict = '{verdict}' ORDER BY o.since
"""

LISTS: Final[Mapping[str, str]] = {
    "scans": f"""
        SELECT n.recorded_at, n.scan_id, n.verdict::text AS verdict, n.reasons[1] AS reason, n.action::text AS action,
               n.item_code, {_NAME.format(t="n")}, n.di, n.lot, n.serial, n.units, n.encounter, n.department, n.store,
               n.device_id
        FROM udi.position p CROSS JOIN LATERAL (
            SELECT * FROM udi.scan_now s WHERE s.position_id = p.position_id AND s.hospital = $1
            ORDER BY s.record_offset DESC LIMIT 2000
        ) n ORDER BY n.recorded_at DESC""",
    "parked": _OPEN.format(name=_NAME.format(t="o"), verdict="parked"),
    "held": _OPEN.format(name=_NAME.format(t="o"), verdict="held"),
    "differences": """
        SELECT d.at, d.difference_id, d.kind, d.cause, d.fix, d.encounter, d.department, d.item_code, d.quantity,
               d.expected, d.found, d.amount, d.status, d.scan_id
        FROM report.differences d WHERE d.hospital = $1 AND d.status IN ('open', 'asked')
        ORDER BY abs(d.amount) DESC, d.difference_id""",
    "charges": f"""
        SELECT l.posted_at, l.kind::text AS kind, l.item_code, {_NAME.format(t="l")}, l.quantity,
               udi.yuan_price(l.unit_price) AS unit_price, udi.yuan(l.amount_fen) AS amount, l.encounter, l.department,
               udi.month_text(l.period) AS period, s.scan_id
        FROM udi.position p CROSS JOIN LATERAL (
            SELECT * FROM udi.ledger e WHERE e.position_id = p.position_id AND e.hospital = $1
            ORDER BY e.record_offset DESC LIMIT 2000
        ) l JOIN udi.scan s ON (s.position_id, s.record_offset) = (l.position_id, l.record_offset)
        ORDER BY l.posted_at DESC""",
    "usage": f"""
        SELECT udi.month_text(u.month) AS month, u.scope_type, u.scope, u.item_code, {_NAME.format(t="u")}, u.quantity,
               udi.yuan(u.amount_fen) AS amount
        FROM udi.usage_now u WHERE u.hospital = $1 ORDER BY u.month DESC, u.amount_fen DESC""",
    "alerts": f"""
        SELECT * FROM (
            SELECT DISTINCT ON (a.alert_id) a.month, a.rule, a.status, a.scope_type, a.scope, a.item_code,
                   {_NAME.format(t="a")}, a.measure, a.value, a.base_value, a.change_percent, a.rank, a.fired_at
            FROM report.alerts a WHERE a.hospital = $1 ORDER BY a.alert_id, a.version DESC
        ) newest ORDER BY month DESC, fired_at DESC""",
    "stock": f"""
        SELECT b.store, b.item_code, {_NAME.format(t="b")}, b.lot, b.serial, b.expiry, b.owner, b.quantity
        FROM report.stock b WHERE b.hospital = $1 AND b.quantity <> 0 ORDER BY b.store, b.item_code, b.expiry""",
    "scanners": """
        SELECT f.device_id, f.labels, f.suspect, f.restored, f.suspect_percent, f.likely_fault, f.setting
        FROM report.scanner_faults f WHERE f.hospital = $1 AND f.labels > 0
        ORDER BY f.suspect_percent DESC NULLS LAST""",
    "devices": """
        SELECT d.device_id, d.store, d.department, d.signs, d.added_by, d.added_at, d.revoked_by, d.revoked_at
        FROM report.devices d WHERE d.hospital = $1 ORDER BY d.device_id""",
    "dead-letters": """
        SELECT b.written_at, one.origin, one.reason, octet_length(one.body) AS bytes
        FROM udi.outbox_block b CROSS JOIN LATERAL unnest(b.keys, b.bodies, b.reasons, b.origins)
            one (key, body, reason, origin)
        WHERE b.topic = 'dead-letters'
          AND (one.key = ''::bytea OR substring(one.key FOR octet_length(convert_to($1 || '/', 'UTF8')))
               = convert_to($1 || '/', 'UTF8'))
        ORDER BY b.written_at DESC""",
    "items": """
        SELECT i.item_code, i.body ->> 'name' AS item_name, i.body ->> 'spec' AS spec, i.body ->> 'maker' AS maker,
               coalesce((i.body ->> 'chargeable')::boolean, true) AS chargeable,
               coalesce((i.body ->> 'monitored')::boolean, false) AS monitored, i.recorded_at
        FROM (
            SELECT DISTINCT ON (c.item_code) c.item_code, convert_from(c.body, 'UTF8')::jsonb AS body, c.recorded_at,
                   c.ended_at
            FROM udi.catalogue c WHERE c.hospital = $1 ORDER BY c.item_code, c.version DESC
        ) i WHERE i.ended_at IS NULL ORDER BY i.item_code""",
}
"""By the name of the list."""
FILTERS: Final = frozenset({
    "verdict", "reason", "action", "item_code", "encounter", "department", "store", "device_id", "kind", "status",
    "month", "scope_type", "scope", "rule", "period", "lot", "serial", "scan_id", "origin", "difference_id", "owner",
})  # fmt: skip
"""Columns that a list may be narrowed by, where it has them; their values are text."""

_NOW: Final = """
SELECT (SELECT count(*) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'parked') AS parked,
       (SELECT min(since) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'parked') AS parked_since,
       (SELECT count(*) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'held') AS held,
       (SELECT min(since) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'held') AS held_since,
       (SELECT count(*) FROM report.differences WHERE hospital = $1 AND status IN ('open', 'asked')) AS differences,
       (SELECT count(*) FROM (
            SELECT DISTINCT ON (alert_id) status FROM udi.alert WHERE hospital = $1 ORDER BY alert_id, version DESC
        ) a WHERE status IN ('fired', 'provisional')) AS alerts,
       (SELECT count(*) FROM (SELECT 1 FROM report.stock WHERE hospital = $1 AND quantity < 0) n) AS negative
"""
_VERDICTS: Final = """
SELECT coalesce(s.department, '') AS department, s.verdict::text AS verdict, count(*) AS scans
FROM udi.scan s WHERE s.hospital = $1 AND s.recorded_at > $2
GROUP BY 1, 2
"""
_NEWEST: Final = (
    "SELECT max(s.recorded_at) FROM udi.position p CROSS JOIN LATERAL (SELECT recorded_at FROM udi.scan s "
    "WHERE s.position_id = p.position_id AND s.hospital = $1 ORDER BY record_offset DESC LIMIT 1) s"
)
_TOTALS: Final = """
SELECT udi.month_text(u.month) AS month, sum(u.quantity)::bigint AS quantity,
       udi.yuan(sum(u.amount_fen)::bigint) AS amount
FROM udi.usage_now u WHERE u.hospital = $1 AND u.scope_type = 'hospital' GROUP BY u.month ORDER BY u.month DESC LIMIT 13
"""
_TOP: Final = f"""
SELECT row_number() OVER (ORDER BY u.amount_fen DESC, u.item_code) AS rank, u.item_code, {_NAME.format(t="u")},
       u.quantity, udi.yuan(u.amount_fen) AS amount, udi.yuan(b.amount_fen) AS before,
       CASE WHEN b.amount_fen > 0
            THEN round((u.amount_fen - b.amount_fen) * 100.0 / b.amount_fen, 2) END AS change_percent
FROM udi.usage_now u
LEFT JOIN udi.usage_now b ON (b.scope, b.item_code) = (u.scope, u.item_code)
    AND b.hospital = $1 AND b.month = $3 AND b.scope_type = 'hospital'
WHERE u.hospital = $1 AND u.month = $2 AND u.scope_type = 'hospital'
ORDER BY u.amount_fen DESC, u.item_code LIMIT 20
"""


class BoardBooks:
    """The board's side of the books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def rows(
        self, name: str, hospital: str, filters: Mapping[str, str], limit: int
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Columns and rows of a list that fit all filters, at most `limit`.

        Raises:
            KeyError: no list of that name.
        """
        chosen = [column for column in filters if column in FILTERS]
        conditions = "".join(f' AND "{column}"::text = ${place}' for place, column in enumerate(chosen, 3))
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            statement = await connection.prepare(
                f"SELECT * FROM ({LISTS[name]}) list WHERE $2 > 0{conditions} LIMIT $2"
            )
            rows = await statement.fetch(hospital, limit, *(filters[column] for column in chosen))
            columns = [each.name for each in statement.get_attributes()]
        return columns, [tuple(row) for row in rows]

    async def now(self, hospital: str) -> dict[str, Any]:
        """What is open: how much, since when; when the newest scan was recorded."""
        (row,) = await self._pool.fetch(_NOW, hospital)
        return dict(row) | {"newest": await self._pool.fetchval(_NEWEST, hospital)}

    async def verdicts(self, hospital: str, since: Any) -> list[tuple[str, str, int]]:
        """(department, verdict, scans) recorded since an instant."""
        return [tuple(row) for row in await self._pool.fetch(_VERDICTS, hospital, since)]

    async def totals(self, hospital: str) -> list[dict[str, Any]]:
        """Use of the newest thirteen months, the newest first."""
        return [dict(row) for row in await self._pool.fetch(_TOTALS, hospital)]

    async def top(self, hospital: str, month: int, before: int) -> list[dict[str, Any]]:
        """The dearest items of a month (yyyymm), beside another month."""
        return [dict(row) for row in await self._pool.fetch(_TOP, hospital, month, before)]
