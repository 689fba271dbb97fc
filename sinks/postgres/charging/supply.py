"""What lanes read of stores: notices and stores by the number of the fact, what counts book, where goods are.

And what receipts keep of their delivery notes, and what labels say of a lot that a notice asks for.
"""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from models.charging.books import BalanceKey, Ref, UnitKey
from models.charging.commands import Moved
from models.charging.costs import CostKey, CostsSince
from models.charging.decision import Decision
from models.charging.effects import Brought
from models.charging.goods import Goods, GoodsKey
from models.charging.snapshot import Catalogue, Lookup
from models.scan.event import IDENTIFIED, Action
from models.stock.count import Adjustment
from models.stock.delivery import Delivery
from models.stock.places import Sight, kept
from models.stock.recall import plain as as_meant
from models.stock.recall import recorded_recall
from models.stock.store import StoreRecord
from models.stock.told import LabelKey, Saying, Told
from sinks.ports.batch import Batch
from sinks.postgres.charging.use_rows import plain

_RECALLS = "SELECT body FROM udi.recall WHERE fact > $1 AND fact <= $2 ORDER BY fact"
_STORES = "SELECT body FROM udi.store WHERE fact > $1 AND fact <= $2 ORDER BY fact"
_ADJUSTMENTS: Final = """
SELECT l.hospital, l.scan_id, l.action, c.store, c.place, l.item_code, l.owner, l.issuer, l.di, nullif(l.lot, ''),
       nullif(l.serial, ''), l.expiry, l.units, l.cost
FROM unnest($1::text[], $2::uuid[]) k (hospital, scan_id)
JOIN udi.count_line l USING (hospital, scan_id)
JOIN udi.stock_count c USING (hospital, document)
"""
UNITS_WANTED: Final = """
SELECT k.hospital, k.issuer, k.di, k.serial, coalesce(u.booked, 0) AS booked, u.place, u.from_place, u.moved_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) k (hospital, issuer, di, serial)
LEFT JOIN LATERAL (
    -- Its key begins so. Asked for the hospital as well, an index of items looked as good while the table was small,
    -- and the plan stays when it has grown.
    SELECT * FROM udi.unit_place p WHERE (p.serial, p.di, p.issuer) = (k.serial, k.di, k.issuer) OFFSET 0
) u ON u.hospital = k.hospital
"""
"""Where each unit is: hospitals, issuers, device identifiers, serials."""


_GOODS: Final = """
SELECT k.hospital, k.scan_id AS asked, k.document, n.position_id, n.record_offset, n.scan_id, n.action::text AS action,
       n.item_code, n.units, n.quantity, n.issuer, n.di, n.lot, n.serial,
       (moved.times > 0 OR n.verdict IN ('waiting', 'parked', 'held'))
           AND NOT n.reasons && ARRAY['rejected', 'corrected']
           AND NOT EXISTS (
               SELECT FROM udi.use_change c
               WHERE (c.use_position, c.use_offset) = (n.position_id, n.record_offset) AND c.units > 0
           ) AS stands
FROM unnest($1::text[], $2::uuid[], $3::text[]) k (hospital, scan_id, document)
CROSS JOIN LATERAL (
    SELECT c.position_id, c.record_offset FROM udi.scan_claim c WHERE (c.hospital, c.scan_id) = (k.hospital, k.scan_id)
    UNION ALL
    SELECT s.position_id, s.record_offset FROM udi.scan s WHERE (s.hospital, s.document) = (k.hospital, k.document)
) found
JOIN udi.scan_now n USING (position_id, record_offset)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE WHEN m.takes_back THEN -1 ELSE 1 END), 0) AS times FROM udi.stock_move m
    WHERE (m.position_id, m.record_offset) = (n.position_id, n.record_offset)
) moved
WHERE n.verdict NOT IN ('duplicate', 'conflict', 'refused')
"""
_WAYS: Final = """
SELECT k.position_id, k.record_offset, moved.from_place, moved.to_place, moved.cost, coalesce(cleared.units, 0)
FROM unnest($1::smallint[], $2::bigint[]) k (position_id, record_offset)
CROSS JOIN LATERAL (
    SELECT m.from_place, m.to_place, m.cost FROM udi.stock_move m
    WHERE (m.position_id, m.record_offset) = (k.position_id, k.record_offset) AND NOT m.takes_back
    ORDER BY m.n DESC LIMIT 1
) moved
LEFT JOIN LATERAL (
    SELECT m.units FROM udi.stock_move m
    WHERE (m.position_id, m.record_offset) = (k.position_id, k.record_offset) AND NOT m.takes_back
      AND m.action = 'send-back' AND moved.to_place = 'supplier' AND m.to_place = moved.from_place
    ORDER BY m.n DESC LIMIT 1
) cleared ON true
"""


_REPLACED: Final = """
SELECT k.hospital, k.scan_id, moved.from_place, moved.item_code, moved.owner, coalesce(moved.lot, ''),
       coalesce(moved.serial, '')
FROM unnest($1::text[], $2::uuid[]) k (hospital, scan_id)
JOIN udi.scan_claim c USING (hospital, scan_id)
CROSS JOIN LATERAL (
    SELECT m.* FROM udi.stock_move m
    WHERE (m.position_id, m.record_offset) = (c.position_id, c.record_offset) AND NOT m.takes_back
    ORDER BY m.n DESC LIMIT 1
) moved
"""


_NOTES: Final = """
SELECT k.hospital, k.note, newest.body FROM unnest($1::text[], $2::text[]) k (hospital, note)
CROSS JOIN LATERAL (
    SELECT d.body FROM udi.delivery d WHERE (d.hospital, d.note) = (k.hospital, k.note) ORDER BY d.fact DESC LIMIT 1
) newest
"""
_COSTS: Final = """
SELECT c.hospital, c.item_code, c.owner, c.lot, c.serial, c.received_on, c.cost
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) k (hospital, item_code, lot, serial)
JOIN udi.goods_cost c USING (hospital, item_code, lot, serial) ORDER BY c.received_on
"""
_SAID: Final = """
SELECT k.hospital, k.issuer, k.di, coalesce(k.lot, s.lot) AS lot, k.serial, s.expiry, s.production
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) k (hospital, issuer, di, lot, serial)
CROSS JOIN LATERAL udi.said_of(k.hospital, ARRAY[k.issuer], ARRAY[k.di], k.lot, k.serial) s
"""
_BROUGHT: Final = """
INSERT INTO udi.brought (hospital, item_code, owner)
SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[]) k (hospital, item_code, owner)
ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
"""
_COST: Final = """
INSERT INTO udi.goods_cost (hospital, item_code, owner, lot, serial, received_on, cost)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::bigint[]) k
ON CONFLICT DO NOTHING
"""


async def learn_supply(connection: Any, catalogue: Catalogue, since: int, version: int) -> None:
    """Bring the notices and stores of `catalogue` from fact `since` to fact `version`.

    Facts are numbered without gaps in the order of their commits: all up to a version that was read are there.
    """
    recalls = await connection.fetch(_RECALLS, since, version)
    catalogue.recalls.put(recorded_recall(row["body"]) for row in recalls)
    stores = await connection.fetch(_STORES, since, version)
    catalogue.stores.put(StoreRecord.model_validate_json(row["body"]) for row in stores)


async def adjustments_of(connection: Any, wanted: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], Adjustment]:
    """By (hospital, scan id); one that no posted count says is missing."""
    if not wanted:
        return {}
    columns = [[each[place] for each in wanted] for place in range(2)]
    rows = await connection.fetch(_ADJUSTMENTS, *columns)
    return {(row[0], row[1]): Adjustment(*row[2:]) for row in rows}


async def replaced_of(connection: Any, wanted: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], BalanceKey]:
    """The balance each of the uses took its goods from, by (hospital, scan id); one that moved none is missing."""
    if not wanted:
        return {}
    columns = [[each[place] for each in wanted] for place in range(2)]
    rows = await connection.fetch(_REPLACED, *columns)
    return {(row[0], plain(row[1])): BalanceKey(row[0], *tuple(row)[2:]) for row in rows}


async def units_of(connection: Any, wanted: Lookup) -> tuple[dict[UnitKey, int], dict[UnitKey, Sight | None]]:
    """How often the books have units that are received in the house, and where those are that stores move."""
    units = wanted.received | wanted.moved
    if not units:
        return {}, {}
    rows = await connection.fetch(UNITS_WANTED, *([unit[place] for unit in units] for place in range(4)))
    found = {UnitKey(*tuple(row)[:4]): row for row in rows}
    sights = {unit: Sight(*tuple(found[unit])[5:]) if found[unit]["place"] else None for unit in wanted.moved}
    return {unit: found[unit]["booked"] for unit in wanted.received}, sights


async def goods_of(connection: Any, wanted: Collection[GoodsKey]) -> dict[GoodsKey, list[Goods]]:
    """What each of the keys may mean; repeated and refused scans are left out."""
    found: dict[GoodsKey, list[Goods]] = {key: [] for key in wanted}
    if found:
        for row in await connection.fetch(_GOODS, *([key[place] for key in found] for place in range(3))):
            key, action = GoodsKey(row["hospital"], row["asked"], row["document"]), Action(row["action"])
            label = (row["issuer"], row["di"], row["lot"], row["serial"])
            ref = Ref(row["position_id"], row["record_offset"])
            stands, sizes = row["stands"] and action in IDENTIFIED, (row["units"], row["quantity"])
            found[key].append(Goods(ref, plain(row["scan_id"]), action, row["item_code"], *sizes, stands, label))
    return found


async def ways_of(connection: Any, refs: Collection[Ref]) -> dict[Ref, Moved]:
    """How the goods of scans went the last time; a scan that moved none is missing."""
    if not refs:
        return {}
    rows = await connection.fetch(_WAYS, [ref.position for ref in refs], [ref.offset for ref in refs])
    return {Ref(row[0], row[1]): Moved(kept(row[2]), kept(row[3]), row[4], row[5]) for row in rows}


async def notes_of(connection: Any, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Delivery]:
    """The newest version of each delivery note, by (hospital, note); one that nobody has sent is missing."""
    if not wanted:
        return {}
    rows = await connection.fetch(_NOTES, [hospital for hospital, _ in wanted], [note for _, note in wanted])
    return {(row["hospital"], row["note"]): Delivery.model_validate_json(row["body"]) for row in rows}


async def costs_of(connection: Any, wanted: Collection[tuple[str, str, str, str]]) -> dict[CostKey, CostsSince]:
    """From which day on goods cost what by their delivery notes, of every owner."""
    if not wanted:
        return {}
    found: dict[CostKey, CostsSince] = {}
    for row in await connection.fetch(_COSTS, *([key[place] for key in wanted] for place in range(4))):
        hospital, item_code, owner, lot, serial, received_on, cost = row
        key = (hospital, item_code, owner, lot, serial)
        found[key] = (*found.get(key, ()), (received_on, cost))
    return found


async def told_of(connection: Any, wanted: Collection[LabelKey]) -> Told:
    """What labels say of them; of a unit also what labels of its lot do, under the identifiers it was asked by."""
    told, asked = Told(), set(wanted)
    while asked:
        further = set[LabelKey]()
        for row in await connection.fetch(_SAID, *([key[place] for key in asked] for place in range(5))):
            hospital, issuer, di, lot, serial, expiry, production = row
            told.take(hospital, issuer, di, Saying(lot, serial, expiry, production))
            if serial is not None and lot is not None:
                names = {key[1:3] for key in asked if (key.hospital, key.serial) == (hospital, serial)}
                further |= {LabelKey(hospital, *each, as_meant(lot), None) for each in names}
        asked = further.difference(wanted)
    return told


def brought_by(batch: Batch) -> list[tuple[Decision, Brought]]:
    """The receipts of the batch whose notes say more than the catalogue."""
    decisions = [each for each in batch.results if isinstance(each, Decision)]
    return [(each, each.stock.brought) for each in decisions if each.stock.brought is not None]


async def keep_brought(connection: Any, batch: Batch) -> None:
    """Keep it, in the transaction of the receipts; of one day and the same goods what was recorded first."""
    rows: dict[tuple[Any, ...], int | None] = {}
    for decision, brought in brought_by(batch):
        rows.setdefault((*decision.cost_key(brought.owner), decision.subject.day), brought.cost)
    if not rows:
        return
    keys = sorted(rows)
    columns = [[key[place] for key in keys] for place in range(6)]
    await connection.execute(_BROUGHT, *columns[:3])
    await connection.execute(_COST, *columns, [rows[key] for key in keys])
