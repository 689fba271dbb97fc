"""Figures of the ledger by month of use and of posting, as known at an instant.

References:
    docs/semantics/closing.md, "Periods and known time".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from models.calendar import Month
from models.closing.figures import EntryCause, EntryGroup
from sinks.postgres.locks import AdvisoryLock

Connection = asyncpg.Connection | PoolConnectionProxy
_TICK: Final = timedelta(microseconds=1)
"""The database's clock has no finer one."""

_GROUPS: Final = """
SELECT department, service_month, period, credit, cause, count(*) AS entries, sum(amount_fen)::bigint AS amount_fen
FROM (
    SELECT e.department, e.period, e.kind = 'credit' AS credit, e.amount_fen,
           CASE WHEN e.service_at >= $3 AND e.service_at < $4 THEN $2::integer
                ELSE udi.month_of(udi.local_day(e.service_at)) END AS service_month,
           CASE WHEN 're-rated' = ANY (e.flags) AND (e.kind = 'charge' OR e.charge_offset = e.record_offset
                     AND e.charge_position = e.position_id) THEN 're-rated'
                WHEN e.kind = 'charge' THEN 'use'
                WHEN (e.charge_position, e.charge_offset) = (e.position_id, e.record_offset) THEN 'taken-back'
                ELSE 'return' END AS cause
    FROM udi.dated_entry e
    WHERE e.hospital = $1 AND (e.period = $2 OR e.service_at >= $3 AND e.service_at < $4)
      AND e.recorded_at > $5 AND e.recorded_at <= $6
      AND ($7::timestamptz IS NULL OR e.service_at < $7 AND e.happened_at < $7)
) entry
GROUP BY department, service_month, period, credit, cause
ORDER BY service_month, period, department NULLS LAST, credit, cause
"""
LONG_AGO: Final = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
"""Before everything that is known."""


class NotYetError(ValueError):
    """What will be known at an instant to come can't be said."""


@dataclass(frozen=True, slots=True)
class HospitalMonth:
    """A hospital, and when it closed a month."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    closed_at: datetime | None
    """`None` while the month is open."""


@dataclass(frozen=True, slots=True)
class MonthOf:
    """A month of a hospital."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    month: Month
    """Month of the hospital's zone, as `yyyymm`."""
    start: datetime
    """Local midnight of its first day."""
    end: datetime
    """The next month's start."""


async def settled(pool: asyncpg.Pool, known: datetime | None) -> datetime:
    """The instant itself, or now, once everything the books knew at it can be read.

    Whoever records reads the clock while it holds its lane's row. So when the clock is past the instant, and then each
    lane's row has been held once by us, all that has `recorded_at` up to the instant is committed, and nothing more
    will come: the same instant gives the same rows for ever. Each row is held for no longer than it takes to ask. The
    closes of months are waited for by their own locks.

    Raises:
        NotYetError: the instant is not past by the database's clock.
    """
    clock: datetime = await pool.fetchval("SELECT clock_timestamp()")
    if known is not None and known >= clock:
        raise NotYetError(f"Expected an instant before now ({clock.isoformat()}), got {known.isoformat()}.")
    for row in await pool.fetch("SELECT lane FROM udi.lane ORDER BY lane"):
        await pool.execute("SELECT FROM udi.lane WHERE lane = $1 FOR SHARE", row["lane"])
    await pool.execute(
        "SELECT pg_advisory_xact_lock_shared($1, hashtext(h)) FROM udi.hospitals_with_records() h ORDER BY h",
        AdvisoryLock.PERIOD,
    )
    return known if known is not None else clock - _TICK


async def hospitals(connection: Connection, month: Month) -> list[HospitalMonth]:
    """Every hospital with records, by name."""
    rows = await connection.fetch(
        "SELECT h.hospital, p.closed_at FROM udi.hospitals_with_records() h (hospital) "
        "LEFT JOIN udi.period_close p ON (p.hospital, p.month) = (h.hospital, $1::integer) ORDER BY h.hospital",
        month,
    )
    return [HospitalMonth(row["hospital"], row["closed_at"]) for row in rows]


async def has_entries(connection: Connection, hospital: str, known: datetime) -> bool:
    """The hospital's ledger had an entry at the instant."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM udi.ledger WHERE hospital = $1 AND recorded_at <= $2)", hospital, known
        )
    )


async def entry_groups(
    connection: Connection, scope: MonthOf, known: tuple[datetime, datetime], as_of: datetime | None = None
) -> Sequence[EntryGroup]:
    """Entries that were used in the month or posted in it, added up.

    Args:
        connection: Of one snapshot, taken after `settled`.
        scope: Whose month, of use or of posting.
        known: What was known after the first instant, up to the second and with it.
        as_of: Only what had happened before this instant: the use, and of a credit the return too.
    """
    rows = await connection.fetch(_GROUPS, scope.hospital, scope.month, scope.start, scope.end, *known, as_of)
    return [
        EntryGroup(
            row["department"],
            Month(row["service_month"]),
            Month(row["period"]),
            row["credit"],
            EntryCause(row["cause"]),
            row["entries"],
            row["amount_fen"],
        )
        for row in rows
    ]
