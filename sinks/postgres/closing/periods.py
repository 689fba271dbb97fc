"""Periods in PostgreSQL: which months of a hospital are closed, and the close of the next.

References:
    docs/contract.md, section "Alerts" (`udi month close`: months in order); docs/alerts.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from models.calendar import Month, local_day, month_of, shift
from sinks.postgres.named import Asked


async def hospitals_with_records(asked: Asked) -> list[str]:
    """Hospitals of which anything is recorded."""
    return [row["hospital"] for row in await asked.fetch("SELECT udi.hospitals_with_records() AS hospital")]


class CloseOrderError(ValueError):
    """The month is not the next one to close at a hospital."""


@dataclass(frozen=True, slots=True)
class HospitalPeriods:
    """Where the months of a hospital stand."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    first: Month
    """The first month with records (`first_to_close`)."""
    closed_through: Month | None
    """The newest closed month; `None` before the first close."""

    @property
    def next(self) -> Month:
        """The month that is closed next."""
        return self.first if self.closed_through is None else shift(self.closed_through, 1)


FILLED_MONTHS_MAX: Final = 12
"""A store is filled before its first use, not a year before. No source: ours."""


def first_to_close(scanned: Month, posted: Month | None) -> Month:
    """The first month of a hospital: that of its earliest scan, unless the clock of the device was far off.

    A scanner whose clock went back to the year 2000 would make every month since then one to be closed.

    Args:
        scanned: Of the earliest scan.
        posted: Of the first entry of the ledger; `None` when there is none or it does not matter any more.
    """
    return posted if posted is not None and scanned < shift(posted, -FILLED_MONTHS_MAX) else scanned


class PeriodBooks:
    """The periods of an installation."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def zone(self) -> ZoneInfo:
        """The time zone of the installation."""
        return ZoneInfo(await self._pool.fetchval("SELECT zone FROM udi.installation"))

    async def scans_topic(self) -> str:
        """The full name of the topic of scans."""
        return str(await self._pool.fetchval("SELECT topic_prefix || 'scans' FROM udi.installation"))

    async def hospitals(self) -> list[HospitalPeriods]:
        """Every hospital with records, by name."""
        zone = await self.zone()
        rows = await self._pool.fetch(
            "SELECT h.hospital, udi.first_scanned_at(h.hospital) AS first_at, p.closed_through, CASE WHEN "
            "p.closed_through IS NULL THEN (SELECT min(l.period) FROM udi.ledger l WHERE l.hospital = h.hospital) END "
            "AS first_posted FROM udi.hospitals_with_records() h (hospital) LEFT JOIN udi.period p USING (hospital) "
            "ORDER BY h.hospital"
        )
        return [
            HospitalPeriods(
                row["hospital"],
                first_to_close(month_of(local_day(row["first_at"], zone)), row["first_posted"]),
                row["closed_through"],
            )
            for row in rows
            if row["first_at"] is not None
        ]

    async def positions(self, cluster_id: str, topic: str) -> dict[int, int]:
        """The offset up to which each partition of the topic is recorded."""
        rows = await self._pool.fetch(
            "SELECT partition, next_offset FROM udi.position WHERE (cluster_id, topic) = ($1, $2)", cluster_id, topic
        )
        return {row["partition"]: row["next_offset"] for row in rows}

    async def close(self, month: Month, first_months: Mapping[str, Month]) -> list[str]:
        """Close a month of hospitals, all or none; gives those for which it was still open.

        Waits for batches that are being recorded; whatever is recorded afterwards goes to the next open month. The
        alerts of the month are judged by whoever evaluates next.

        Args:
            month: What to close.
            first_months: The hospitals, each with its first month of records.

        Raises:
            CloseOrderError: at some hospital another month is next.
        """
        hospitals = list(first_months)
        try:
            rows: list[Any] = await self._pool.fetch(
                "SELECT * FROM udi.close_month($1, $2, $3) AS closed (hospital)",
                month, hospitals, [first_months[each] for each in hospitals],
            )  # fmt: skip
        except asyncpg.PostgresError as error:
            if error.sqlstate == "UD004":
                raise CloseOrderError(str(error)) from None
            raise
        return [row["hospital"] for row in rows]

    async def force(self, month: Month, hospitals: Collection[str], by: str, reason: str) -> None:
        """Keep who closes the month before it is over, and why; the first word on it stays."""
        await self._pool.execute(
            "INSERT INTO udi.forced_close SELECT h, $1, $3, $4, clock_timestamp() FROM unnest($2::text[]) h "
            "ON CONFLICT DO NOTHING",
            month, list(hospitals), by, reason,
        )  # fmt: skip

    async def unjudged(self, month: Month, hospitals: Collection[str]) -> bool:
        """The alerts of that close still wait at one of the hospitals."""
        return bool(
            await self._pool.fetchval(
                "SELECT EXISTS (SELECT FROM udi.close_pending WHERE month = $1 AND hospital = ANY ($2))",
                month, list(hospitals),
            )
        )  # fmt: skip
