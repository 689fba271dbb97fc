"""What lanes read of stores: notices and stores by the number of the fact, what counts book, which units are there."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from models.charging.books import UnitKey
from models.charging.snapshot import Catalogue
from models.stock.count import Adjustment
from models.stock.recall import Recall
from models.stock.store import StoreRecord

_RECALLS = "SELECT body FROM udi.recall WHERE fact > $1 AND fact <= $2 ORDER BY fact"
_STORES = "SELECT body FROM udi.store WHERE fact > $1 AND fact <= $2 ORDER BY fact"
_ADJUSTMENTS: Final = """
SELECT l.hospital, l.scan_id, l.action, c.store, c.place, l.item_code, l.owner, l.issuer, l.di, nullif(l.lot, ''),
       nullif(l.serial, ''), l.expiry, l.units, l.cost
FROM unnest($1::text[], $2::uuid[]) k (hospital, scan_id)
JOIN udi.count_line l USING (hospital, scan_id)
JOIN udi.stock_count c USING (hospital, document)
"""
_BOOKED: Final = """
SELECT k.hospital, k.issuer, k.di, k.serial, coalesce(u.booked, 0) AS booked
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) k (hospital, issuer, di, serial)
LEFT JOIN udi.unit_place u USING (hospital, issuer, di, serial)
"""


async def learn_supply(connection: Any, catalogue: Catalogue, since: int, version: int) -> None:
    """Bring the notices and stores of `catalogue` from fact `since` to fact `version`.

    Facts are numbered without gaps in the order of their commits: all up to a version that was read are there.
    """
    recalls = await connection.fetch(_RECALLS, since, version)
    catalogue.recalls.put(Recall.model_validate_json(row["body"]) for row in recalls)
    stores = await connection.fetch(_STORES, since, version)
    catalogue.stores.put(StoreRecord.model_validate_json(row["body"]) for row in stores)


async def adjustments_of(connection: Any, wanted: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], Adjustment]:
    """By (hospital, scan id); one that no posted count says is missing."""
    if not wanted:
        return {}
    columns = [[each[place] for each in wanted] for place in range(2)]
    rows = await connection.fetch(_ADJUSTMENTS, *columns)
    return {(row[0], row[1]): Adjustment(*row[2:]) for row in rows}


async def booked_units(connection: Any, units: Collection[UnitKey]) -> dict[UnitKey, int]:
    """How often the books have each of the units in the house."""
    if not units:
        return {}
    rows = await connection.fetch(_BOOKED, *([unit[place] for unit in units] for place in range(4)))
    return {UnitKey(*tuple(row)[:4]): row["booked"] for row in rows}
