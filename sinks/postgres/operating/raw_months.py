"""Raw bytes of scans by the month they were stored in: months made ahead, months let go, and what is there of them.

References:
    docs/adr/0014-raw-bytes-by-month.md.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from models.calendar import Month, month_text
from sinks.postgres.named import Asked, Connection

AHEAD: Final = 3
"""Months that are made before they come. Own choice: a scheduler may be away for a quarter."""
_MAKE: Final = "SELECT udi.make_raw_months($1)"
_PURGE: Final = "SELECT month, records, bytes, kept FROM udi.purge_raw($1)"
_PURGE_SECONDS_MAX: Final = 600
_HOLD: Final = "LOCK TABLE udi.scan_raw IN ACCESS SHARE MODE"
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
class RawBytesKept:
    """How far back there are raw bytes."""

    first_month: Month | None
    """The oldest month with all its bytes; `None` when there is none."""
    in_scans: int
    """Scans of services before 0042, whose bytes lie in their rows and stay."""
    let_go: tuple[LetGo, ...]
    """Months that were let go, the oldest first."""

    def note(self) -> str:
        """In a line."""
        parts = [f"from {month_text(self.first_month)} on" if self.first_month is not None else "none are stored"]
        if self.let_go:
            first, last = self.let_go[0], self.let_go[-1]
            months = "–".join(dict.fromkeys(month_text(each.month) for each in (first, last)))
            newest = max(self.let_go, key=lambda each: each.at)
            records, kept = sum(each.records for each in self.let_go), sum(each.kept for each in self.let_go)
            parts.append(
                f"let go: {months}, {records:,} records, last by {newest.by} at {newest.at:%Y-%m-%d %H:%M} UTC"
            )
            parts += [f"{kept:,} of those months are kept beside what waits"] if kept else []
        parts += [f"{self.in_scans:,} in the rows of their scans"] if self.in_scans else []
        return "; ".join(parts)

    def as_fields(self) -> dict[str, Any]:
        """As `udi verify --json` says it."""
        return {
            "from_month": month_text(self.first_month) if self.first_month is not None else None,
            "in_scans": self.in_scans,
            "note": self.note(),
            "let_go": [asdict(each) | {"month": month_text(each.month)} for each in self.let_go],
        }


async def hold_raw_months(connection: Connection) -> None:
    """Let no month go before this transaction ends; asked before anything else in it.

    A month goes at once for every snapshot, also for one that does not see yet that it was let go.
    """
    await connection.execute(_HOLD)


async def raw_bytes_kept(asked: Asked) -> RawBytesKept:
    """How far back there are raw bytes, in the snapshot of `asked`."""
    (row,) = await asked.fetch(_KEPT)
    let_go = [LetGo(**each) for each in await asked.fetch(_LET_GO)]
    return RawBytesKept(row["first_month"], row["in_scans"], tuple(let_go))


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
