"""What lies on the shelves: as of an instant, what expires, and what lies in stores that nobody has told.

References:
    docs/store.md, "Places", "Stores nobody has told" and "Expiry".
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sinks.postgres.named import Asked, fetch
from sinks.postgres.stock.balances import Balance

_AS_OF: Final = """
SELECT s.hospital, s.store, s.item_code, newest.name AS item_name, s.owner, known.issuer, known.di, s.lot, s.serial,
       known.expiry, s.quantity
FROM udi.stock_as_of($1) s
LEFT JOIN LATERAL (
    SELECT convert_from(c.body, 'UTF8')::jsonb ->> 'name' AS name FROM udi.catalogue c
    WHERE (c.hospital, c.item_code) = (s.hospital, s.item_code) ORDER BY c.version DESC LIMIT 1
) newest ON true
LEFT JOIN LATERAL (
    SELECT min(b.issuer) AS issuer, min(b.di) AS di, max(b.expiry) AS expiry FROM udi.balance b
    WHERE (b.hospital, b.store, b.item_code, b.owner) = (s.hospital, s.store, s.item_code, s.owner)
      AND (b.lot, b.serial) = (coalesce(s.lot, ''), coalesce(s.serial, ''))
) known ON true
WHERE ($2::text IS NULL OR s.store = $2 OR starts_with(s.store, $2 || '/')) AND ($3::text IS NULL OR s.item_code = $3)
ORDER BY s.hospital, s.store, s.item_code, s.lot, s.serial, s.owner
"""
_EXPIRING: Final = """
SELECT hospital, store, item_code, lot, serial, owner, quantity, expiry, days_left, value FROM report.expiring
WHERE days_left <= $1 AND ($2::text IS NULL OR hospital = $2) AND ($3::text IS NULL OR store = $3)
  AND ($4::text IS NULL OR item_code = $4)
ORDER BY expiry, hospital, store, item_code, lot, serial, owner
"""
_STRAYS: Final = """
SELECT hospital, store, place, item_code, lot, serial, owner, quantity, scan_id, action, scanned_at, device_id
FROM report.unknown_stores_2
WHERE ($1::text IS NULL OR store = $1) AND ($2::text IS NULL OR item_code = $2)
ORDER BY hospital, store, place, item_code, lot, serial, owner
"""


@dataclass(frozen=True, slots=True)
class Expiring:
    """Goods on a shelf that have a last day."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the department store (二级库)."""
    item_code: str
    """The item's code in the HIS catalogue."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    quantity: int
    """Units of use."""
    expiry: date
    """The last day on which they may be used."""
    days_left: int
    """From the books' day to it; below zero when it is over."""
    value: Decimal | None
    """Yuan at today's cost; `None` when no cost is known."""


async def stock_as_of(asked: Asked, at: datetime, store: str | None = None, item: str | None = None) -> list[Balance]:
    """Balances as the scans up to the instant made them, whenever they were recorded; those at zero are left out."""
    return await fetch(asked, Balance, _AS_OF, at, store, item)


async def expiring(
    asked: Asked, days: int, hospital: str | None = None, store: str | None = None, item: str | None = None
) -> list[Expiring]:
    """What expires within so many days of the books' day, what has expired included; the first to expire first."""
    return await fetch(asked, Expiring, _EXPIRING, days, hospital, store, item)


@dataclass(frozen=True, slots=True)
class Stray:
    """A balance of a place whose store the hospital has not told, or a cabinet that is read there."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """The store as it was scanned; with its room, cabinet or cart."""
    place: str
    """The place whose balance it is: the store, on the way to it, lent to it or in its quarantine; or the cabinet."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None`: of a cabinet."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    owner: str | None
    """Whose goods they are: `hospital`, or the supplier's id; `None`: of a cabinet."""
    quantity: int
    """Units of use; below 0: taken from there, and never brought. Of a cabinet the tags of its newest read."""
    scan_id: UUID | None
    """The newest scan that has sent or received such goods there; `None`: they were only used there."""
    action: str | None
    """What was scanned (`models.scan.event.Action`); `cabinet-read`: a cabinet was read, nothing was scanned."""
    scanned_at: datetime | None
    """When it was scanned, or read."""
    device_id: str | None
    """With which device."""


async def strays(asked: Asked, store: str | None = None, item_code: str | None = None) -> list[Stray]:
    """The work list: of a store, of an item, or all; empty where no stores were told."""
    return await fetch(asked, Stray, _STRAYS, store, item_code)
