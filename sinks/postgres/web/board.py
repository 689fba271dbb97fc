"""What the board shows: lists of rows of one hospital, and the figures over them.

Every query takes the hospital first. Rows come in the order people read them, no more than asked for. Names of items
are not asked for: whoever shows rows has the catalogue in memory.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final

import asyncpg

from sinks.postgres.web.board_list import NEWEST, BoardList
from sinks.postgres.web.lists import COLUMN_FILTERS, LISTS, OPEN_DIFFERENCES, PAST_USE

_NOW: Final = f"""
SELECT (SELECT count(*) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'parked') AS parked,
       (SELECT min(since) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'parked') AS parked_since,
       (SELECT count(*) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'held') AS held,
       (SELECT min(since) FROM udi.open_scan WHERE hospital = $1 AND verdict = 'held') AS held_since,
       (SELECT count(*) FROM ({OPEN_DIFFERENCES}) d) AS differences,
       (SELECT count(*) FROM (
            SELECT DISTINCT ON (alert_id) status FROM udi.alert WHERE hospital = $1 ORDER BY alert_id, version DESC
        ) a WHERE status IN ('fired', 'provisional')) AS alerts,
       (SELECT count(*) FROM report.findings WHERE hospital = $1 AND status = 'open') AS findings
"""
_VERDICTS: Final = """
SELECT coalesce(n.department, home.department) AS department, n.verdict::text AS verdict, count(*) AS scans
FROM udi.scan s JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN LATERAL (
    SELECT e.department FROM udi.encounter e
    WHERE n.department IS NULL AND (e.hospital, e.encounter) = (n.hospital, n.encounter) ORDER BY e.version DESC LIMIT 1
) home ON true
WHERE s.hospital = $1 AND s.recorded_at > $2 GROUP BY 1, 2
"""
_DELAY: Final = """
SELECT extract(epoch FROM percentile_disc(0.95) WITHIN GROUP (ORDER BY greatest(s.recorded_at - s.scanned_at, '0'))
                          FILTER (WHERE s.scanned_at > $2))::float8 AS seconds,
       count(*) FILTER (WHERE s.scanned_at <= $2) AS late
FROM udi.scan s WHERE s.hospital = $1 AND s.recorded_at > $2 AND s.verdict NOT IN ('duplicate', 'conflict')
"""
_NEWEST: Final = (
    "SELECT max(s.recorded_at) FROM udi.position p CROSS JOIN LATERAL (SELECT recorded_at FROM udi.scan s "
    "WHERE s.position_id = p.position_id AND s.hospital = $1 ORDER BY record_offset DESC LIMIT 1) s"
)
_TOTALS: Final = """
WITH RECURSIVE months AS (
    SELECT max(month) AS month FROM udi.usage_month WHERE hospital = $1
    UNION ALL
    SELECT (SELECT max(month) FROM udi.usage_month WHERE hospital = $1 AND month < m.month) FROM months m
    WHERE m.month IS NOT NULL
)
SELECT udi.month_text(m.month) AS month, sum(u.quantity)::bigint AS quantity,
       udi.yuan(sum(u.amount_fen)::bigint) AS amount
FROM (SELECT month FROM months WHERE month IS NOT NULL LIMIT 13) m
CROSS JOIN LATERAL (
    SELECT quantity, amount_fen FROM udi.usage_now
    WHERE hospital = $1 AND month = m.month AND scope_type = 'hospital' OFFSET 0
) u
GROUP BY m.month ORDER BY m.month DESC
"""
_TOP: Final = """
SELECT rank() OVER (ORDER BY u.amount_fen DESC) AS rank, u.item_code, u.quantity, udi.yuan(u.amount_fen) AS amount,
       udi.yuan(b.amount_fen) AS before,
       CASE WHEN b.amount_fen > 0
            THEN round((u.amount_fen - b.amount_fen) * 100.0 / b.amount_fen, 2) END AS change_percent
FROM udi.usage_now u
LEFT JOIN udi.usage_now b ON (b.scope, b.item_code) = (u.scope, u.item_code)
    AND b.hospital = $1 AND b.month = $3 AND b.scope_type = 'hospital'
WHERE u.hospital = $1 AND u.month = $2 AND u.scope_type = 'hospital' AND ($4::text[] IS NULL OR u.item_code = ANY ($4))
ORDER BY u.amount_fen DESC, u.item_code LIMIT 20
"""
_DIFFERENCES: Final = f"""
SELECT d.kind, count(*) AS rows, udi.yuan(sum(d.found_fen - d.expected_fen)::bigint) AS amount
FROM ({OPEN_DIFFERENCES}) o JOIN udi.difference d USING (difference_id, version) GROUP BY d.kind ORDER BY d.kind
"""
_FINDINGS: Final = """
SELECT f.status, count(*) AS rows, sum(f.amount) AS amount FROM report.findings f
WHERE f.hospital = $1 AND f.month = $2 GROUP BY f.status ORDER BY f.status
"""
_STOCK: Final = """
SELECT coalesce(sum(s.quantity), 0)::bigint AS units, count(*) FILTER (WHERE s.quantity < 0) AS negative
FROM (
    SELECT sum(quantity) AS quantity FROM udi.balance WHERE hospital = $1
    GROUP BY store, owner, item_code, lot, serial
) s
"""
_OPENING: Final = """
SELECT udi.month_text(coalesce((SELECT max(month) FROM udi.usage_month WHERE hospital = $1 AND month <= p.closed),
                               (SELECT max(month) FROM udi.usage_month WHERE hospital = $1))) AS month,
       udi.month_text(p.closed) AS closed
FROM (SELECT (SELECT closed_through FROM udi.period WHERE hospital = $1) AS closed) p
"""

WHOLE_SECONDS_MAX: Final = 600
"""Longest that a list may take whose rows are read at once."""
Filters = Mapping[str, Sequence[str]]
"""Values by the name of a filter."""


class BoardBooks:
    """The board's side of the books."""

    _columns: ClassVar[dict[str, Sequence[str]]] = {}
    """By list; they follow from the queries alone."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def columns(self, name: str) -> Sequence[str]:
        """The columns of a list.

        Raises:
            KeyError: no list of that name.
        """
        if name not in self._columns:
            sql, _ = _narrowed(LISTS[name], {"month": ["2000-01"]} if LISTS[name].of_a_month else {})
            async with self._pool.acquire() as connection:
                statement = await connection.prepare(sql)
                self._columns[name] = tuple(each.name for each in statement.get_attributes())
        return self._columns[name]

    async def rows(
        self, name: str, hospital: str, filters: Filters, limit: int
    ) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """Columns and rows of a list that fit all filters, at most `limit`. A filter fits by any of its values.

        Raises:
            KeyError: no list of that name.
        """
        columns = await self.columns(name)
        sql, values = await self._fitting(name, hospital, columns, filters, limit)
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            if _first(LISTS[name], filters) in LISTS[name].orders:
                # In the order of an index, until there are enough: the planner takes a month for small and sorts it.
                await connection.execute("SET LOCAL enable_sort = off")
            rows = await connection.fetch(f"{sql} LIMIT {int(limit)}", hospital, *values)
        return columns, [tuple(row) for row in rows]

    async def count(self, name: str, hospital: str, filters: Filters) -> int | None:
        """How many rows of a list fit all filters; `None` of a list that has too many to be counted.

        Raises:
            KeyError: no list of that name.
        """
        one = LISTS[name]
        if one.endless:
            return None
        sql, values = await self._fitting(name, hospital, await self.columns(name), filters)
        if not values and one.counted:
            sql = one.counted
        return int(await self._pool.fetchval(f"SELECT count(*) FROM ({sql}) counted", hospital, *values))

    async def _fitting(
        self, name: str, hospital: str, columns: Sequence[str], filters: Filters, limit: int | None = None
    ) -> tuple[str, list[Sequence[str]]]:
        known = set(columns) & COLUMN_FILTERS | set(LISTS[name].conditions)
        chosen = {key: values for key, values in filters.items() if key in known}
        if LISTS[name].of_a_month and "month" not in chosen:
            chosen["month"] = [await self.month_of(name, hospital, chosen)]
        return _narrowed(LISTS[name], chosen, limit)

    async def now(self, hospital: str) -> dict[str, Any]:
        """What is open: how much, since when; when the newest scan was recorded."""
        (row,) = await self._pool.fetch(_NOW, hospital)
        return dict(row) | {"newest": await self._pool.fetchval(_NEWEST, hospital)}

    async def verdicts(self, hospital: str, since: datetime) -> list[tuple[str | None, str, int]]:
        """(department, newest verdict, scans) of what was recorded after an instant."""
        return [tuple(row) for row in await self._pool.fetch(_VERDICTS, hospital, since)]

    async def delay(self, hospital: str, since: datetime) -> tuple[float | None, int]:
        """How late scans recorded after an instant came.

        Seconds from scan to broker of 95 in 100 made since then, `None` without any; how many were made before.
        """
        (row,) = await self._pool.fetch(_DELAY, hospital, since)
        return row["seconds"], row["late"]

    async def totals(self, hospital: str) -> list[dict[str, Any]]:
        """Use of the newest thirteen months, the newest first."""
        return [dict(row) for row in await self._pool.fetch(_TOTALS, hospital)]

    async def top(self, hospital: str, month: int, before: int, items: Sequence[str] | None) -> list[dict[str, Any]]:
        """The dearest of some items (`None`: of all) in a month (yyyymm), ranked among them, beside another month."""
        return [dict(row) for row in await self._pool.fetch(_TOP, hospital, month, before, items)]

    async def findings(self, hospital: str, month: str) -> list[dict[str, Any]]:
        """Findings of a month (2022-06) by status."""
        return [dict(row) for row in await self._pool.fetch(_FINDINGS, hospital, month)]

    async def whole(self, name: str, hospital: str, month: str | None = None) -> list[Sequence[Any]]:
        """Every row of a list, which may take long; of a month (2022-06) when it is a list of one.

        Ratios ask our own books where a record is silent, which reads every use of three months; working capital reads
        every move since the month began.

        Raises:
            KeyError: no list of that name.
        """
        sql, values = _narrowed(LISTS[name], {} if month is None else {"month": [month]})
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(f"SET LOCAL statement_timeout = '{WHOLE_SECONDS_MAX}s'")
            rows = await connection.fetch(sql, hospital, *values, timeout=WHOLE_SECONDS_MAX)
        return [tuple(row) for row in rows]

    async def sums(self, name: str, hospital: str) -> list[dict[str, Any]]:
        """Of each value of the column that a list is summed by: rows, units, value in yuan, rows without one.

        Reads all of the list.

        Raises:
            KeyError: no list of that name.
        """
        return [dict(row) for row in await self._pool.fetch(LISTS[name].sums, hospital)]

    async def past_use(  # noqa: PLR0917 -- what a window is of
        self, hospital: str, store: str, item_code: str, day: date, days: int, windows: int
    ) -> list[int]:
        """What a store has used of an item in windows of `days` before a day, the oldest first."""
        rows = await self._pool.fetch(PAST_USE, hospital, store, [item_code], day, days, windows)
        used = {row["back"]: row["units"] for row in rows}
        return [used.get(back, 0) for back in reversed(range(windows))]

    async def month_of(self, name: str, hospital: str, filters: Filters) -> str:
        """The month (2022-06) that a list of one month is asked for: named, or the one it opens on.

        Raises:
            KeyError: no list of that name.
        """
        named = filters.get("month") if LISTS[name].of_a_month else None
        return str(named[0] if named else (await self.opening(hospital))[0] or "2000-01")

    async def opening(self, hospital: str) -> tuple[str | None, str | None]:
        """The month (2022-06) that pages of a month open on, and the newest that is closed; `None`: there is none.

        The newest closed month that has use; before the first close the newest of use. A month that has just begun, or
        one late scan, has neither ratios nor findings to show.
        """
        (row,) = await self._pool.fetch(_OPENING, hospital)
        return row["month"], row["closed"]

    async def differences(self, hospital: str) -> list[dict[str, Any]]:
        """Differences with the HIS that stand now, by kind."""
        return [dict(row) for row in await self._pool.fetch(_DIFFERENCES, hospital)]

    async def stock(self, hospital: str) -> dict[str, int]:
        """Units in all stores now, and how many balances are below zero. Reads every balance."""
        (row,) = await self._pool.fetch(_STOCK, hospital)
        return dict(row)


def _first(one: BoardList, chosen: Filters) -> str:
    """The filters whose offsets a list begins with; empty: the newest."""

    def named(name: str) -> bool:
        return name in chosen and (name not in one.only or one.only[name].issuperset(chosen[name]))

    return next((names for names in one.by if all(map(named, names.split()))), "")


def _narrowed(one: BoardList, chosen: Filters, limit: int | None = None) -> tuple[str, list[Sequence[str]]]:
    """The query of a list narrowed by filters, and their values from `$2` on; of an open list no more than `limit`."""
    places = {name: f"${place}::text[]" for place, name in enumerate(chosen, 2)}
    first = _first(one, chosen)
    rows, order = one.by.get(first, one.newest), one.orders.get(first, one.order)
    few = None if chosen else limit
    sql = one.sql.replace("{rows}", rows).replace("{cut}", f"LIMIT {few}" if few else "")
    sql = sql.replace("{order}", order).replace("{newest}", str(min(few or NEWEST, NEWEST)))
    for name, place in places.items():
        sql = sql.replace(f"{{{name}}}", place)
    conditions = [
        one.conditions[name].replace(f"{{{name}}}", place)
        if name in one.conditions
        else f'"{name}"::text = ANY ({place})'
        for name, place in places.items()
    ]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT * FROM ({sql}) list{where}", list(chosen.values())
