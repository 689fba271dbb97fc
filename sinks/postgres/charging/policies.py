"""What hospitals have set for their decisions, and uses whose label did not say which unit or lot."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from models.policy import ReturnClock
from sinks.postgres.named import Asked, fetch

_POLICIES: Final = """
SELECT hospital, n, return_clock_seconds, since, by, reason, at FROM report.hospital_policies
WHERE $1::text IS NULL OR hospital = $1 ORDER BY hospital, n
"""
_SET: Final = """
INSERT INTO udi.hospital_policy (hospital, n, return_clock_tolerance, since, by, reason, at)
SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, clock_timestamp() FROM udi.hospital_policy WHERE hospital = $1
"""
_BEYOND: Final = """
SELECT count(*) AS returns, max(u.scanned_at - r.scanned_at) AS earlier, max(r.scanned_at) AS newest_at
FROM udi.use_change t
JOIN udi.scan r ON (r.position_id, r.record_offset) = (t.by_position, t.by_offset)
JOIN udi.scan u ON (u.position_id, u.record_offset) = (t.use_position, t.use_offset)
WHERE r.hospital = $1 AND t.units > 0 AND r.scanned_at >= $3 AND u.scanned_at > r.scanned_at + $2::interval
HAVING count(*) > 0
"""
_UNTRACED: Final = """
SELECT hospital, scan_id, scanned_at, item_code, issuer, di, lot, serial, expiry, quantity, encounter, department,
       store, verdict, reasons
FROM report.untraced
WHERE ($1::text IS NULL OR department = $1) AND ($2::text IS NULL OR item_code = $2)
ORDER BY scanned_at, scan_id
"""


@dataclass(frozen=True, slots=True)
class HospitalPolicy:
    """What a hospital has set."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    n: int
    """1, 2, 3 …: in which order it was set."""
    return_clock_seconds: int
    """How much earlier than its use a return may have been scanned."""
    since: datetime
    """It holds for returns scanned from then on, until one with a greater `n` holds for them."""
    by: str
    """Who set it."""
    reason: str
    """Why, in the person's words."""
    at: datetime
    """When it was set."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """Recorded returns that a tolerance would not have let."""

    returns: int
    """How many; above 0."""
    earlier: timedelta
    """By how much the one farthest off was scanned before its use."""
    newest_at: datetime
    """When the last of them was scanned."""


@dataclass(frozen=True, slots=True)
class Untraced:
    """A use of tracked goods whose label did not say which serial or lot."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    item_code: str
    """The item's code in the HIS catalogue."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    quantity: int
    """Units of use that have not come back."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    store: str
    """Store it was scanned in."""
    verdict: str
    """What became of the scan."""
    reasons: list[str]
    """Why, in order of precedence; the first that decides gave the verdict."""


async def policies(asked: Asked, hospital: str | None) -> list[HospitalPolicy]:
    """All that hospitals have ever set, each in the order it was set; those without a row have the defaults."""
    return await fetch(asked, HospitalPolicy, _POLICIES, hospital)


async def set_return_clock(
    pool: asyncpg.Pool, hospital: str, clock: ReturnClock, by: str, reason: str
) -> Beyond | None:
    """A return scanned from then on may have been scanned so much earlier than its use, unless recorded ones say no.

    Returns:
        The returns that stand beyond the tolerance; nothing is set then.

    Raises:
        asyncpg.CheckViolationError: it is negative or longer than a day.
        asyncpg.UniqueViolationError: somebody else has set it in the same instant.
    """
    async with pool.acquire() as connection, connection.transaction():
        beyond = await fetch(connection, Beyond, _BEYOND, hospital, clock.tolerance, clock.since)
        if not beyond:
            await connection.execute(_SET, hospital, clock.tolerance, clock.since, by, reason)
    return beyond[0] if beyond else None


async def untraced(asked: Asked, department: str | None, item_code: str | None) -> list[Untraced]:
    """Uses whose label did not say which serial or lot, the oldest first."""
    return await fetch(asked, Untraced, _UNTRACED, department, item_code)
