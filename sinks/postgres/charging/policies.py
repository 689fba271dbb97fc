"""What hospitals have set for their decisions, and uses whose label did not say which unit or lot."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from sinks.postgres.named import Asked, fetch

_POLICIES: Final = """
SELECT DISTINCT ON (hospital) hospital, n, return_clock_seconds, by, reason, at FROM report.hospital_policies
WHERE $1::text IS NULL OR hospital = $1 ORDER BY hospital, n DESC
"""
_SET: Final = """
INSERT INTO udi.hospital_policy (hospital, n, return_clock_tolerance, by, reason, at)
SELECT $1, coalesce((SELECT max(n) FROM udi.hospital_policy WHERE hospital = $1), 0) + 1, $2, $3, $4, clock_timestamp()
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
    """What a hospital has set, as it holds now."""

    hospital: str
    n: int
    """1, 2, 3 …: how often it was set."""
    return_clock_seconds: int
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Untraced:
    """A use of tracked goods whose label did not say which serial or lot."""

    hospital: str
    scan_id: UUID
    scanned_at: datetime
    item_code: str
    issuer: str
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    quantity: int
    """Units of use that have not come back."""
    encounter: str | None
    department: str | None
    store: str
    verdict: str
    reasons: list[str]


async def policies(asked: Asked, hospital: str | None) -> list[HospitalPolicy]:
    """What hospitals have set, by name; those without a row have the defaults."""
    return await fetch(asked, HospitalPolicy, _POLICIES, hospital)


async def set_return_clock(pool: asyncpg.Pool, hospital: str, tolerance: timedelta, by: str, reason: str) -> None:
    """From now on a return may have been scanned so much earlier than its use.

    Raises:
        asyncpg.CheckViolationError: it is negative or longer than a day.
        asyncpg.UniqueViolationError: somebody else has set it in the same instant.
    """
    await pool.execute(_SET, hospital, tolerance, by, reason)


async def untraced(asked: Asked, department: str | None, item_code: str | None) -> list[Untraced]:
    """Uses whose label did not say which serial or lot, the oldest first."""
    return await fetch(asked, Untraced, _UNTRACED, department, item_code)
