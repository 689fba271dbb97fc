"""Balances of the stores, opened packs, and goods that are spelled in two ways."""

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
WHERE s.quantity <> 0 AND ($1::text IS NULL OR s.store = $1 OR starts_with(s.store, $1 || '/'))
  AND ($2::text IS NULL OR s.item_code = $2) AND (NOT $3 OR s.quantity < 0)
ORDER BY CASE WHEN $3 THEN s.quantity ELSE 0 END, s.hospital, s.store, s.item_code, s.expiry, s.lot, s.serial
"""
_PACKS: Final = """
SELECT p.hospital, p.store, p.owner, p.item_code, i.name AS item_name, p.lot, p.serial, p.quantity, p.units_per_pack,
       p.whole_packs, p.remainder
FROM report.open_packs p JOIN report.items i USING (hospital, item_code)
WHERE ($1::text IS NULL OR p.store = $1 OR starts_with(p.store, $1 || '/')) AND ($2::text IS NULL OR p.item_code = $2)
ORDER BY p.hospital, p.store, p.item_code, p.lot, p.serial
"""
_SPELLED: Final = """
SELECT hospital, store, item_code, owner, lot, serial, quantity, other, other_place, other_quantity
FROM report.spelled_otherwise
WHERE ($1::text IS NULL OR store = $1) AND ($2::text IS NULL OR item_code = $2)
ORDER BY hospital, store, item_code, quantity, serial, lot, owner, other
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """What lies in a store of one lot or serial and owner."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Store, or another place of which a balance is kept (docs/store.md, "Places")."""
    item_code: str
    """The item's code in the HIS catalogue."""
    item_name: str | None
    """The item's name in the catalogue; `None` while it is unknown."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    issuer: str | None
    """Issuing agency of the identifier (`models.udi.Issuer`); `None` without a code."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    quantity: int
    """Units of use; below zero when more was used than received."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Goods in packs of a fixed size."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the department store (二级库)."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    item_code: str
    """The item's code in the HIS catalogue."""
    item_name: str | None
    """The item's name in the catalogue; `None` while it is unknown."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    quantity: int
    """Units of use."""
    units_per_pack: int
    """Units of use in the item's smallest package."""
    whole_packs: int
    """Packages that are not opened."""
    remainder: int
    """Units left of an opened pack."""


async def balances(
    asked: Asked, store: str | None = None, item_code: str | None = None, *, negative: bool = False
) -> list[Balance]:
    """Balances that are not zero, by store, with those of its rooms; with `negative` only those below zero."""
    return await fetch(asked, Balance, _STOCK, store, item_code, negative)


async def packs(asked: Asked, store: str | None = None, item_code: str | None = None) -> list[Pack]:
    """Whole packs, and what is left of opened ones."""
    return await fetch(asked, Pack, _PACKS, store, item_code)


@dataclass(frozen=True, slots=True)
class SpelledOtherwise:
    """A balance whose goods stand in the books under another spelling, too."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Place whose balance it is: a shelf, or one of the places of the books (`in-transit/…`, `lent/…`)."""
    item_code: str
    """The item's code in the HIS catalogue."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    lot: str | None
    """Lot number as this balance has it; `None` when it is not known."""
    serial: str | None
    """Serial number as this balance has it; `None` of goods of a lot."""
    quantity: int
    """Units of use; below zero: taken under this spelling, and never brought."""
    other: str
    """The serial, or else the lot, as it is spelled there; it differs by blanks or capitals alone."""
    other_place: str
    """Where it is under that spelling: of a lot the same place, of a unit wherever it is."""
    other_quantity: int | None
    """Units of use under that spelling; `None` of a unit that is in another place."""


async def spelled_otherwise(
    asked: Asked, store: str | None = None, item_code: str | None = None
) -> list[SpelledOtherwise]:
    """Balances that another spelling belongs to, by place and item; of a store or an item when one is given."""
    return await fetch(asked, SpelledOtherwise, _SPELLED, store, item_code)
