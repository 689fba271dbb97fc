"""The newest items, who claims an identifier, and what a new version has freed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_WITH_CODE: Final = """
SELECT hospital, version, body FROM udi.item_now WHERE item_code = $1 AND ended_at IS NULL ORDER BY hospital
"""
_BODIES: Final = """
SELECT body::text FROM udi.item_now WHERE ended_at IS NULL AND ($1::text IS NULL OR hospital = $1) ORDER BY item_code
"""
_HOSPITALS: Final = "SELECT DISTINCT hospital FROM udi.catalogue ORDER BY hospital"
_CLAIMANTS: Final = """
SELECT i.item_code FROM udi.item_now i CROSS JOIN LATERAL jsonb_array_elements(i.body -> 'identifiers') p
WHERE i.hospital = $1 AND i.ended_at IS NULL AND p ->> 'issuer' = $2 AND p ->> 'di' = $3 ORDER BY 1
"""
_SEEN: Final = """
SELECT EXISTS (SELECT FROM udi.catalogue WHERE (hospital, item_code) = ($1, $2) AND version > $3) AND NOT EXISTS (
    SELECT FROM udi.lane WHERE facts_seen < (
        SELECT max(version) FROM udi.catalogue WHERE (hospital, item_code) = ($1, $2)
    )
)
"""
_PARKED_FOR: Final = """
SELECT s.scan_id FROM udi.open_scan o JOIN udi.scan s USING (position_id, record_offset)
WHERE o.hospital = $1 AND o.issuer = $2 AND o.di = $3 AND o.verdict = 'parked'
"""
_FREED: Final = """
SELECT s.scan_id, s.scanned_at, s.encounter, s.verdict, p.parked_at, p.resolved_at, c.amount
FROM report.parked p JOIN report.scans s USING (hospital, scan_id)
LEFT JOIN report.charges c ON (c.hospital, c.billing_id) = (p.hospital, p.billing_id)
WHERE p.hospital = $1 AND p.issuer = $2 AND p.di = $3 AND p.resolved_at IS NOT NULL AND p.scan_id = ANY ($4)
ORDER BY s.scanned_at, s.scan_id
"""


@dataclass(frozen=True, slots=True)
class NewestItem:
    """The newest version of an item."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    version: int
    """Number of the fact that brought it."""
    body: str
    """The record of `udi.catalogue`, JSON."""


@dataclass(frozen=True, slots=True)
class FreedScan:
    """A scan that was parked and is decided."""

    scan_id: UUID
    """Id of the scan, made by its device."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    verdict: str
    """What it came to."""
    parked_at: datetime
    """When it began to wait."""
    resolved_at: datetime
    """When it was decided."""
    amount: Decimal | None
    """Yuan; `None` when nothing was charged."""


async def items_with_code(asked: Asked, item_code: str) -> list[NewestItem]:
    """The item of a code in every hospital that has one in force."""
    return await fetch(asked, NewestItem, _WITH_CODE, item_code)


async def bodies(asked: Asked, hospital: str | None = None) -> list[str]:
    """The newest record of every item in force, by code; of all hospitals when none is named."""
    return [row["body"] for row in await asked.fetch(_BODIES, hospital)]


async def hospitals(asked: Asked) -> list[str]:
    """The hospitals that have a catalogue."""
    return [row["hospital"] for row in await asked.fetch(_HOSPITALS)]


async def claimants(asked: Asked, hospital: str, issuer: str, di: str) -> list[str]:
    """The codes of the items in force that claim an identifier."""
    return [row["item_code"] for row in await asked.fetch(_CLAIMANTS, hospital, issuer, di)]


async def seen_by_lanes(asked: Asked, hospital: str, item_code: str, after_version: int) -> bool:
    """Whether the item has a version above the given one, and every lane has decided by it."""
    return bool(await asked.fetchval(_SEEN, hospital, item_code, after_version))


async def parked_for(asked: Asked, hospital: str, issuer: str, di: str) -> list[UUID]:
    """The scans that are parked for an identifier."""
    return [row["scan_id"] for row in await asked.fetch(_PARKED_FOR, hospital, issuer, di)]


async def freed(asked: Asked, hospital: str, issuer: str, di: str, scan_ids: list[UUID]) -> list[FreedScan]:
    """Those of the scans, parked for an identifier once, that are decided; in the order of use."""
    return await fetch(asked, FreedScan, _FREED, hospital, issuer, di, scan_ids)
