"""Raw bytes of scans by the month they were stored in: made ahead, let go, taken away, put back; what is there of them.

References:
    docs/adr/0014-raw-bytes-by-month.md; docs/adr/0017-months.md.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg

from models.calendar import Month, month_text
from sinks.postgres.named import Asked, Connection, fetch

AHEAD: Final = 3
"""Months that are made before they come. Own choice: a scheduler may be away for a quarter."""
_MAKE: Final = "SELECT udi.make_raw_months($1)"
_PURGE: Final = "SELECT month, records, bytes, kept FROM udi.purge_raw($1)"
_PURGE_SECONDS_MAX: Final = 600
_HOLD: Final = "LOCK TABLE udi.scan_raw IN ACCESS SHARE MODE"
_MONTHS: Final = """
SELECT every_one.month,
       CASE WHEN a.month IS NOT NULL THEN 'away' WHEN g.month IS NOT NULL THEN 'let-go'
            WHEN every_one.month > udi.raw_month(clock_timestamp()) THEN 'ahead' ELSE 'here' END AS state,
       coalesce(a.records, g.records) AS records, coalesce(a.bytes, pg_total_relation_size(part.oid), 0) AS bytes,
       udi.raw_month_waits(every_one.month) AS waits, coalesce(a.at, g.at) AS at, coalesce(a.by, g.by) AS by
FROM (SELECT month FROM udi.raw_months UNION SELECT month FROM udi.raw_purge UNION SELECT month FROM udi.raw_away
     ) every_one
LEFT JOIN udi.raw_away a USING (month)
LEFT JOIN (SELECT month, sum(records)::bigint AS records, max(at) AS at,
                  (array_agg(by ORDER BY purge_id DESC))[1] AS by
           FROM udi.raw_purge GROUP BY month) g USING (month)
LEFT JOIN (SELECT c.oid, right(c.relname, 6)::integer AS month FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
           WHERE i.inhparent = 'udi.scan_raw'::regclass) part USING (month)
ORDER BY every_one.month
"""
_DETACH: Final = "SELECT records, bytes FROM udi.detach_raw($1, $2)"
_ATTACH: Final = "SELECT records, bytes FROM udi.attach_raw($1, $2)"
_AWAY: Final = "SELECT month, at, by, records, bytes FROM udi.raw_away ORDER BY month"
_KEPT: Final = """
SELECT (SELECT min(m.month)
        FROM udi.raw_months m CROSS JOIN to_timestamp(m.month || '01 +00', 'YYYYMMDD TZH') first (at)
        WHERE m.month NOT IN (SELECT month FROM udi.raw_purge)
          AND EXISTS (SELECT FROM udi.scan_raw WHERE stored_at >= at AND stored_at < at + interval '1 month')
       ) AS first_month,
       (SELECT count(*) FROM udi.scan WHERE raw IS NOT NULL) AS in_scans
"""
_LET_GO: Final = """
SELECT month, sum(records)::bigint AS records, max(at) AS at, (array_agg(by ORDER BY purge_id DESC))[1] AS by,
       (array_agg(kept ORDER BY purge_id DESC))[1] AS kept
FROM udi.raw_purge GROUP BY month ORDER BY month
"""


@dataclass(frozen=True, slots=True)
class LetGo:
    """A month whose raw bytes were let go."""

    month: Month
    """Month (UTC) in which they were stored."""
    records: int
    """Records whose bytes went."""
    at: datetime
    """When the newest went, by the database's clock."""
    by: str
    """The login that let them go."""
    kept: int
    """Records that keep theirs, for something of their batch waits still."""


@dataclass(frozen=True, slots=True)
class Away:
    """A month whose raw bytes were taken out of the table and are kept elsewhere."""

    month: Month
    """Month (UTC) in which they were stored."""
    at: datetime
    """When they went, by the database's clock."""
    by: str
    """The person who took them out."""
    records: int
    """Records whose bytes went."""
    bytes: int
    """Bytes of these records."""


class RawMonthState(StrEnum):
    """Where a month's raw bytes are."""

    AHEAD = "ahead"
    """Made for the time to come."""
    HERE = "here"
    """In the table."""
    AWAY = "away"
    """Taken out, in the table `udi_raw.away_<month>` or where somebody has moved that."""
    LET_GO = "let-go"
    """Gone by retention, but for what still waits."""


@dataclass(frozen=True, slots=True)
class RawMonth:
    """A month of raw bytes as it stands."""

    month: Month
    """Month (UTC) in which they were stored."""
    state: RawMonthState
    """Where they are."""
    records: int | None
    """Records that went with the month; `None` of one that is here."""
    bytes: int
    """On disk, with index; of a month that is away the bytes of its records alone."""
    waits: int
    """Scans that somebody will still read; such a month is not taken out."""
    at: datetime | None
    """When it went; `None` of one that is here."""
    by: str | None
    """Who took it out, or the login that let it go; `None` of one that is here."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What went out or came back."""

    records: int
    """Records of the month."""
    bytes: int
    """Bytes of these records."""


class MonthBusyError(Exception):
    """Somebody reads the raw bytes, or a lane has waited long enough: another time."""


@dataclass(frozen=True, slots=True)
class RawBytesKept:
    """How far back there are raw bytes."""

    first_month: Month | None
    """The oldest month with all its bytes; `None` when there is none."""
    in_scans: int
    """Scans of services before 0042, whose bytes lie in their rows and stay."""
    let_go: tuple[LetGo, ...]
    """Months that were let go, the oldest first."""
    away: tuple[Away, ...] = ()
    """Months that were taken out and are not back, the oldest first."""

    def note(self) -> str:
        """In a line."""
        parts = [f"from {month_text(self.first_month)} on" if self.first_month is not None else "none are stored"]
        if self.let_go:
            months = _span(self.let_go)
            newest = max(self.let_go, key=lambda each: each.at)
            records, kept = sum(each.records for each in self.let_go), sum(each.kept for each in self.let_go)
            parts.append(
                f"let go: {months}, {records:,} records, last by {newest.by} at {newest.at:%Y-%m-%d %H:%M} UTC"
            )
            parts += [f"{kept:,} of those months are kept beside what waits"] if kept else []
        if self.away:
            records, newest_away = sum(each.records for each in self.away), max(self.away, key=lambda each: each.at)
            parts.append(
                f"away: {_span(self.away)}, {records:,} records, last by {newest_away.by} at "
                f"{newest_away.at:%Y-%m-%d %H:%M} UTC"
            )
        parts += [f"{self.in_scans:,} in the rows of their scans"] if self.in_scans else []
        return "; ".join(parts)

    def as_fields(self) -> dict[str, Any]:
        """As `udi verify --json` says it."""
        return {
            "from_month": month_text(self.first_month) if self.first_month is not None else None,
            "in_scans": self.in_scans,
            "note": self.note(),
            "let_go": [asdict(each) | {"month": month_text(each.month)} for each in self.let_go],
            "away": [asdict(each) | {"month": month_text(each.month)} for each in self.away],
        }


def _span(months: Sequence[LetGo | Away]) -> str:
    """The first and the last."""
    return "–".join(dict.fromkeys(month_text(each.month) for each in (months[0], months[-1])))


async def hold_raw_months(connection: Connection) -> None:
    """Let no month go before this transaction ends; asked before anything else in it.

    A month goes at once for every snapshot, also for one that does not see yet that it was let go.
    """
    await connection.execute(_HOLD)


async def raw_bytes_kept(asked: Asked) -> RawBytesKept:
    """How far back there are raw bytes, in the snapshot of `asked`."""
    (row,) = await asked.fetch(_KEPT)
    let_go = [LetGo(**each) for each in await asked.fetch(_LET_GO)]
    away = await fetch(asked, Away, _AWAY)
    return RawBytesKept(row["first_month"], row["in_scans"], tuple(let_go), tuple(away))


async def raw_months(asked: Asked) -> list[RawMonth]:
    """Every month of raw bytes, the oldest first."""
    return await fetch(asked, RawMonth, _MONTHS)


class RawMonths:
    """The months as the scheduler keeps them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def make(self, ahead: int = AHEAD) -> int:
        """Make this month and so many after it; gives how many were missing."""
        return int(await self._pool.fetchval(_MAKE, ahead))

    async def purge(self, kept_months: int) -> Month | None:
        """Let the oldest month go that ended so many whole months ago; gives which.

        `None`: none was due, or somebody reads it, and it is tried another time.
        """
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL statement_timeout = '{_PURGE_SECONDS_MAX}s'")
                    row = await connection.fetchrow(_PURGE, kept_months, timeout=_PURGE_SECONDS_MAX)
            except asyncpg.LockNotAvailableError:
                return None
        assert row is not None  # noqa: S101 -- a function of OUT parameters gives a row
        month: Month | None = row["month"]
        return month

    async def detach(self, month: Month, by: str) -> Moved:
        """Take a month out of the table; its bytes are then in `udi_raw.away_<month>`.

        Raises:
            asyncpg.InvalidParameterValueError: the month is not one with all its bytes that ended three months ago.
            asyncpg.ObjectInUseError: something of the month waits.
            MonthBusyError: somebody reads raw bytes now.
        """
        return await self._move(_DETACH, month, by)

    async def attach(self, month: Month, by: str) -> Moved:
        """Put a month back, when its bytes are those that were recorded.

        Raises:
            asyncpg.InvalidParameterValueError: the month is not away.
            asyncpg.UndefinedTableError: there is no table `udi_raw.away_<month>`.
            asyncpg.CheckViolationError: the bytes are others (`raw_bytes_as_recorded`).
            MonthBusyError: somebody reads raw bytes now.
        """
        return await self._move(_ATTACH, month, by)

    async def _move(self, statement: str, month: Month, by: str) -> Moved:
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL statement_timeout = '{_PURGE_SECONDS_MAX}s'")
                    row = await connection.fetchrow(statement, month, by, timeout=_PURGE_SECONDS_MAX)
            except asyncpg.LockNotAvailableError as error:
                raise MonthBusyError from error
        assert row is not None  # noqa: S101 -- as above
        return Moved(**row)
