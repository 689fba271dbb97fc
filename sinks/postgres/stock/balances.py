"""Balances of the stores and opened packs."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sinks.postgres.named import Asked, fetch

_STOCK: Final = """
SELECT s.hospital, s.store, s.item_code, newest.name AS item_name, s.owner, s.issuer, s.di, s.lot, s.serial, s.expiry,
       s.quantity
FROM report.stock s
LEFT JOIN LATERAL (
    SELECT convert_from(c.body, 'UTF8')::jsonb ->> 'name' AS name FROM udi.catalogue c
    WHERE (c.hospital, c.item_code) = (s.hospital, s.item_code) ORDER BY c.version DESC LIMIT 1
) newest ON true
WHERE s.quantity <> 0 AND ($1::text IS NULL OR s.store = $1) AND ($2::text IS NULL OR s.item_code = $2)
  AND (NOT $3 OR s.quantity < 0)
ORDER BY CASE WHEN $3 THEN s.quantity ELSE 0 END, s.hospital, s.store, s.item_code, s.expiry, s.lot, s.serial
"""
_PACKS: Final = """
SELECT p.hospital, p.store, p.owner, p.item_code, i.name AS item_name, p.lot, p.serial, p.quantity, p.units_per_pack,
       p.whole_packs, p.remainder
FROM report.open_packs p JOIN report.items i USING (hospital, item_code)
WHERE ($1::text IS NULL OR p.store = $1) AND ($2::text IS NULL OR p.item_code = $2)
ORDER BY p.hospital, p.store, p.item_code, p.lot, p.serial
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """What lies in a store of one lot or serial and owner."""

    hospital: str
    store: str
    item_code: str
    item_name: str | None
    owner: str
    issuer: str | None
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    quantity: int
    """Units of use; below zero when more was used than received."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Goods in packs of a fixed size."""

    hospital: str
    store: str
    owner: str
    item_code: str
    item_name: str | None
    lot: str | None
    serial: str | None
    quantity: int
    units_per_pack: int
    whole_packs: int
    remainder: int
    """Units left of an opened pack."""


async def balances(
    asked: Asked, store: str | None = None, item_code: str | None = None, *, negative: bool = False
) -> list[Balance]:
    """Balances that are not zero, by store; only those below zero, the lowest first, when `negative`."""
    return await fetch(asked, Balance, _STOCK, store, item_code, negative)


async def packs(asked: Asked, store: str | None = None, item_code: str | None = None) -> list[Pack]:
    """Whole packs, and what is left of opened ones."""
    return await fetch(asked, Pack, _PACKS, store, item_code)
