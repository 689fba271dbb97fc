"""The names that the books know of hospitals, stores, suppliers and departments.

References:
    docs/store.md, "Names that the books do not know".
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sinks.postgres.named import Asked


class Named(StrEnum):
    """What a name is of."""

    HOSPITAL = "hospital"
    """It has records of any topic, or something was set for it: a device, an account, a rule, a control, a policy."""
    STORE = "store"
    """It was told, or goods lie, lay or are to come there, or a cabinet is read in it; with its rooms and places."""
    SUPPLIER = "supplier"
    """Of an item, of goods, of a note, an order or of what was used."""
    DEPARTMENT = "department"
    """Of an encounter, a device, of what was charged, what waits or what differs."""


_PLACE: Final = "regexp_replace(b.store, '^(in-transit|lent|quarantine)/', '')"
_OF_TOPICS: Final = ("store", "delivery", "recall", "cabinet_newest", "income", "scanner")
_OF_MANY: Final = ("catalogue", "encounter", "his_line", "discharge")
_OF_PERSONS: Final = ("device", "account", "rule", "control", "hospital_policy", "count_policy", "target")
_EACH: Final = """
SELECT * FROM (
    WITH RECURSIVE one AS (
        (SELECT hospital FROM {0} ORDER BY hospital LIMIT 1)
        UNION ALL
        SELECT (SELECT t.hospital FROM {0} t WHERE t.hospital > one.hospital ORDER BY t.hospital LIMIT 1) FROM one
        WHERE one.hospital IS NOT NULL
    )
    SELECT hospital FROM one WHERE hospital IS NOT NULL
) each
"""
"""Of a table with many rows: from one hospital to the next by its index."""
_NAMES: Final[Mapping[Named, str]] = {
    Named.HOSPITAL: f"""
SELECT h.name, h.name AS listed FROM (
    SELECT h.name FROM udi.hospitals_with_records() h (name)
    UNION {" UNION ".join(_EACH.format(f"udi.{table}") for table in _OF_MANY)}
    UNION {" UNION ".join(f"SELECT hospital FROM udi.{table}" for table in (*_OF_TOPICS, *_OF_PERSONS))}
) h WHERE h.name <> '*' AND ($1::text IS NULL OR h.name = $1) ORDER BY 1
""",
    Named.STORE: f"""
WITH place AS (
    SELECT s.hospital, s.store AS name, s.store FROM udi.store s
    UNION SELECT b.hospital, b.store, split_part({_PLACE}, '/', 1) FROM udi.balance b WHERE b.store NOT LIKE 'set/%'
    UNION SELECT b.hospital, {_PLACE}, split_part({_PLACE}, '/', 1) FROM udi.balance b WHERE b.store NOT LIKE 'set/%'
    UNION SELECT b.hospital, split_part({_PLACE}, '/', 1), split_part({_PLACE}, '/', 1) FROM udi.balance b
    WHERE b.store NOT LIKE 'set/%'
    UNION SELECT b.hospital, b.store, NULL FROM udi.balance b WHERE b.store LIKE 'set/%'
    UNION SELECT c.hospital, c.store, c.store FROM udi.cabinet_newest c
    UNION SELECT c.hospital, c.store || '/' || c.place, c.store FROM udi.cabinet_newest c
    UNION SELECT d.hospital, d.store, d.store FROM udi.demand d
    UNION SELECT n.hospital, n.body ->> 'store', n.body ->> 'store' FROM udi.delivery_now n
)
SELECT DISTINCT p.name, p.store AS listed FROM place p
WHERE ($1::text IS NULL OR p.hospital = $1) AND p.name IS NOT NULL ORDER BY 1
""",
    Named.SUPPLIER: """
WITH RECURSIVE paid AS (
    (SELECT t.hospital, t.supplier FROM udi.settlement t ORDER BY t.hospital, t.supplier LIMIT 1)
    UNION ALL
    -- From one supplier to the next by the index: the lines of each are many.
    SELECT following.* FROM paid p CROSS JOIN LATERAL (
        SELECT t.hospital, t.supplier FROM udi.settlement t
        WHERE (t.hospital, t.supplier) > (p.hospital, p.supplier) ORDER BY t.hospital, t.supplier LIMIT 1
    ) following
)
SELECT DISTINCT s.name, s.name AS listed FROM (
    SELECT hospital, body ->> 'supplier' AS name FROM udi.item_now
    UNION SELECT hospital, owner FROM udi.balance WHERE owner <> 'hospital'
    UNION SELECT hospital, body ->> 'supplier' FROM udi.delivery_now
    UNION SELECT hospital, supplier FROM udi.purchase
    UNION SELECT hospital, supplier FROM paid
) s WHERE ($1::text IS NULL OR s.hospital = $1) AND s.name IS NOT NULL ORDER BY 1
""",
    Named.DEPARTMENT: """
WITH RECURSIVE lay AS (
    (SELECT e.hospital, e.department FROM udi.encounter e WHERE e.department IS NOT NULL
     ORDER BY e.hospital, e.department LIMIT 1)
    UNION ALL
    -- From one department to the next by the index: the encounters of each are many.
    SELECT following.* FROM lay l CROSS JOIN LATERAL (
        SELECT e.hospital, e.department FROM udi.encounter e
        WHERE (e.hospital, e.department) > (l.hospital, l.department) AND e.department IS NOT NULL
        ORDER BY e.hospital, e.department LIMIT 1
    ) following
)
SELECT DISTINCT d.name, d.name AS listed FROM (
    SELECT hospital, department AS name FROM lay
    UNION SELECT hospital, department FROM udi.device
    UNION SELECT hospital, scope FROM udi.usage_month WHERE scope_type = 'department'
    UNION SELECT s.hospital, s.department FROM udi.open_scan o JOIN udi.scan s USING (position_id, record_offset)
    UNION SELECT hospital, department FROM udi.difference
) d WHERE ($1::text IS NULL OR d.hospital = $1) AND d.name IS NOT NULL ORDER BY 1
""",
}


async def is_item(asked: Asked, item_code: str) -> bool:
    """Some hospital's catalogue has had the item, or goods of it lie or lay somewhere."""
    rows = await asked.fetch(
        "SELECT 1 WHERE EXISTS (SELECT FROM udi.catalogue WHERE item_code = $1) "
        "OR EXISTS (SELECT FROM udi.balance WHERE item_code = $1)",
        item_code,
    )
    return bool(rows)


async def names_of(asked: Asked, named: Named, hospital: str | None) -> tuple[frozenset[str], list[str]]:
    """All names that may be asked for, and those to be shown, sorted: of a store itself, not of its places.

    Reads the stores, balances or items of the books; asked only where a person has given a name.
    """
    rows = await asked.fetch(_NAMES[named], hospital)
    return frozenset(row["name"] for row in rows), sorted({row["listed"] for row in rows if row["listed"]})
