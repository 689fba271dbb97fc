"""What the meeting pack asks the books beside ratios and cases, and how far a month's run has come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from models.calendar import Month

_FINDINGS = """
SELECT f.item_code, i.name AS item_name, f.status, f.filed, f.amount, f.certain_amount, (
           SELECT string_agg(d ->> 0, ', ') FROM jsonb_array_elements(f.departments) d
       ) AS departments,
       f.measure, f.cause::text AS cause, f.month, told.scope, told.base_month, told.base_value,
       said.new, said.rank, said.months_in_a_row, said.change_percent
FROM report.findings f
LEFT JOIN report.items i USING (hospital, item_code)
LEFT JOIN LATERAL (
    -- The alert whose cause it is.
    SELECT a.scope, udi.month_text(a.base_month) AS base_month,
           CASE a.measure WHEN 'amount' THEN udi.yuan(a.base_value) ELSE a.base_value END AS base_value
    FROM unnest(f.alerts, f.alert_versions) k (alert_id, version) JOIN udi.alert a USING (alert_id, version)
    WHERE a.measure = f.measure AND a.cause = f.cause AND a.base_value > 0
    ORDER BY a.scope_type <> 'hospital', a.scope LIMIT 1
) told ON true
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(a.rank IS NULL AND a.base_value = 0), false) AS new, min(a.rank) AS rank,
           max(a.months_in_a_row) AS months_in_a_row, max(a.change_percent) AS change_percent
    FROM unnest(f.alerts, f.alert_versions) k (alert_id, version) JOIN udi.alert a USING (alert_id, version)
) said
WHERE f.hospital = $1 AND f.month = $2
ORDER BY f.status <> 'open', f.certain_amount DESC NULLS LAST, f.amount DESC NULLS LAST, f.item_code
"""
_CONTROLS = """
SELECT 'breaker' AS kind, item_code AS what, concat_ws(' ', scope_type, scope) AS scope, state,
       NULL::numeric AS released, NULL::numeric AS used, reason
FROM report.breakers WHERE hospital = $1 AND state <> 'closed'
UNION ALL
SELECT 'quota', category, department, measure, released, used, reason
FROM report.quotas WHERE hospital = $1 AND month = $2
ORDER BY 1, 2, 3
"""
_REVIEWS = """
SELECT r.item_code, r.month, r.owner, r.due_on::text AS due_on, r.state, said.kind AS step, said.text AS said,
       r.outcome, r.days_to_action
FROM report.reviews r
LEFT JOIN LATERAL (
    SELECT e.kind, e.text FROM report.review_entries e
    WHERE (e.hospital, e.finding) = (r.hospital, r.finding) AND e.kind IN ('talk', 'warn', 'break', 'reselect')
    ORDER BY e.n DESC LIMIT 1
) said ON true
WHERE r.hospital = $1 AND r.month <= $2 AND (r.month = $2 OR r.state <> 'closed')
ORDER BY r.state = 'closed', r.due_on NULLS LAST, r.month DESC, r.item_code
"""
_RATIOS = """
SELECT udi.month_text(m.month) AS month, r.formula, round(r.numerator * 100 / nullif(r.denominator, 0), 2) AS ratio
FROM unnest($2::integer[]) m (month) CROSS JOIN LATERAL udi.ratio_rows($1, m.month) r
WHERE r.scope_type = 'hospital' ORDER BY 1, 2
"""
_MONTHS = "SELECT DISTINCT udi.month_of(udi.local_day(discharged_at)) AS month FROM udi.discharge WHERE hospital = $1"
_STEPS = """
SELECT step FROM udi.month_step WHERE (hospital, month) = ($1, $2)
UNION SELECT 'close' FROM udi.period WHERE hospital = $1 AND closed_through >= $2
"""

_DUE = """
SELECT known.hospital, coalesce(udi.month_after(ran.month), udi.month_after(p.closed_through), known.first) AS month
FROM (
    SELECT h AS hospital, udi.month_of(udi.local_day(udi.first_scanned_at(h))) AS first
    FROM udi.hospitals_with_records() h
) known
LEFT JOIN udi.period p USING (hospital)
LEFT JOIN LATERAL (
    SELECT max(s.month) AS month FROM udi.month_step s WHERE s.hospital = known.hospital AND s.step = 'pack'
) ran ON true
WHERE coalesce(udi.month_after(ran.month), udi.month_after(p.closed_through), known.first) <= $1
ORDER BY 2, 1
"""


class DueMonth(NamedTuple):
    """A month of a hospital that is to be run."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    month: Month
    """Month of the hospital's zone, as `yyyymm`."""


async def database_time(pool: asyncpg.Pool) -> datetime:
    """What the database's clock shows."""
    now: datetime = await pool.fetchval("SELECT now()")
    return now


async def due_months(pool: asyncpg.Pool, last: Month) -> list[DueMonth]:
    """The next month to run of every hospital that has one up to `last`, the oldest first.

    It follows the newest month that was run; where none was, the newest closed one; else it is the first of records.
    """
    return [DueMonth(row["hospital"], Month(row["month"])) for row in await pool.fetch(_DUE, last)]


async def findings_of(pool: asyncpg.Pool, hospital: str, month: str) -> list[Mapping[str, Any]]:
    """The findings of a month like 2022-06, in the order of the desk: open ones first, then by what is certain."""
    return [dict(row) for row in await pool.fetch(_FINDINGS, hospital, month)]


async def controls_of(pool: asyncpg.Pool, hospital: str, month: str) -> list[Mapping[str, Any]]:
    """Circuit breakers that are not closed, and the quotas of the month; `state` of a quota is what it measures."""
    return [dict(row) for row in await pool.fetch(_CONTROLS, hospital, month)]


async def reviews_of(pool: asyncpg.Pool, hospital: str, month: str) -> list[Mapping[str, Any]]:
    """Reviews of the month's findings, and of earlier ones that are not closed; `step` is the newest intervention."""
    return [dict(row) for row in await pool.fetch(_REVIEWS, hospital, month)]


async def hospital_ratios(pool: asyncpg.Pool, hospital: str, months: Sequence[Month]) -> list[Mapping[str, Any]]:
    """`month`, `formula` and `ratio` of the hospital as a whole."""
    return [dict(row) for row in await pool.fetch(_RATIOS, hospital, list(months))]


async def months_with_cases(pool: asyncpg.Pool, hospital: str) -> set[Month]:
    """Months in which somebody was discharged."""
    return {Month(row["month"]) for row in await pool.fetch(_MONTHS, hospital)}


async def steps_done(pool: asyncpg.Pool, hospital: str, month: Month) -> set[str]:
    """The steps of a month's run that are done; a month that was closed by itself is closed."""
    rows = await pool.fetch(_STEPS, hospital, month)
    return {row["step"] for row in rows}


async def step_done(pool: asyncpg.Pool, hospital: str, month: Month, step: str) -> None:
    """Remember that a step is done; again changes nothing."""
    await pool.execute("INSERT INTO udi.month_step VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", hospital, month, step)
