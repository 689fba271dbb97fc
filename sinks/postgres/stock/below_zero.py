"""Scans that found nothing where they took goods from, and the receipts that explain them.

A scan is flagged `stock-negative` when its balance fell below zero as its lane then saw the books. It is explained when
the moves of all lanes, in the order of their scans, leave the balance at zero or above with it, and goods were brought
there before: by a receipt or from another place, a loan too, not by a return. A store's shelf and what it has borrowed
count together, for a loan may come to the books after its use. When the books knew of these makes no difference: the
lane of a receipt may be behind, whatever its broker's times are.

References:
    docs/store.md, "Places".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_BELOW: Final = """
WITH flagged AS (
    SELECT position_id, record_offset FROM udi.scan WHERE reasons && ARRAY['stock-negative']
    UNION
    SELECT position_id, record_offset FROM udi.decision WHERE reasons && ARRAY['stock-negative']
), taken AS MATERIALIZED (
    SELECT m.*, n.encounter, coalesce(m.lot, '') AS of_lot, coalesce(m.serial, '') AS of_serial
    FROM flagged
    JOIN udi.scan_now n USING (position_id, record_offset)
    CROSS JOIN LATERAL (
        SELECT v.* FROM udi.stock_move v
        WHERE (v.position_id, v.record_offset) = (n.position_id, n.record_offset) AND NOT v.takes_back
          AND ($1::text IS NULL OR v.from_place = $1) AND ($2::text IS NULL OR v.item_code = $2)
        ORDER BY v.n DESC LIMIT 1
    ) m
    -- Goods that turned out to be of another lot were there.
    WHERE NOT n.reasons && ARRAY['rejected', 'corrected'] AND 'stock-negative' = ANY (n.reasons)
), goods AS MATERIALIZED (
    SELECT DISTINCT hospital, item_code, of_lot, of_serial FROM taken
), label AS MATERIALIZED (
    SELECT i.hospital, i.item_code, i.item_code AS di FROM (SELECT DISTINCT hospital, item_code FROM goods) i
    UNION
    SELECT i.hospital, i.item_code, unnest(f.dis) FROM (SELECT DISTINCT hospital, item_code FROM goods) i
    JOIN udi.catalogue c USING (hospital, item_code) JOIN udi.fact_change f USING (version)
), touched AS (
    SELECT one.position_id, one.record_offset FROM goods g JOIN label l USING (hospital, item_code)
    CROSS JOIN LATERAL (
        SELECT s.position_id, s.record_offset FROM udi.scan s
        WHERE g.of_serial <> '' AND (s.hospital, s.di, s.serial) = (g.hospital, l.di, g.of_serial)
        UNION ALL
        SELECT s.position_id, s.record_offset FROM udi.scan s
        WHERE g.of_serial = '' AND g.of_lot <> '' AND (s.hospital, s.di, s.lot) = (g.hospital, l.di, g.of_lot)
        UNION ALL
        SELECT s.position_id, s.record_offset FROM udi.scan s
        WHERE g.of_serial = '' AND g.of_lot = '' AND (s.hospital, s.di) = (g.hospital, l.di) AND s.lot IS NULL
        UNION ALL
        SELECT d.position_id, d.record_offset FROM udi.decision d
        WHERE g.of_serial <> '' AND (d.di, d.serial) = (l.di, g.of_serial)
        UNION ALL
        SELECT d.position_id, d.record_offset FROM udi.decision d
        WHERE g.of_serial = '' AND g.of_lot <> '' AND (d.di, d.lot) = (l.di, g.of_lot)
        UNION ALL
        SELECT d.position_id, d.record_offset FROM udi.decision d
        WHERE g.of_serial = '' AND g.of_lot = '' AND d.di = l.di AND d.lot IS NULL
    ) one
    GROUP BY one.position_id, one.record_offset
), step AS (
    SELECT m.position_id, m.record_offset, m.n, m.hospital, one.place, m.owner, m.item_code, coalesce(m.lot, '') AS lot,
           coalesce(m.serial, '') AS serial, m.moved_at, one.units,
           CASE WHEN one.units > 0 AND NOT m.takes_back AND m.action NOT IN ('return', 'use')
                THEN ARRAY[m.decided_at, m.moved_at] END AS brought
    FROM touched
    CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v
        WHERE (v.position_id, v.record_offset) = (touched.position_id, touched.record_offset) OFFSET 0
    ) m
    CROSS JOIN LATERAL (VALUES (m.from_place, -m.units), (m.to_place, m.units)) one (place, units)
), stood AS (
    SELECT s.*, (sum(s.units) OVER earlier)::bigint AS left_over, max(s.brought) OVER earlier AS came
    FROM step s
    -- What a store has borrowed lies with what is its own: a loan may come to the books after its use.
    WINDOW earlier AS (
        PARTITION BY s.hospital, regexp_replace(s.place, '^lent/', ''), s.owner, s.item_code, s.lot, s.serial
        ORDER BY s.moved_at
    )
)
SELECT t.hospital, t.scan_id, t.action, t.moved_at AS used_at, t.from_place AS store, t.item_code, t.owner, t.lot,
       t.serial, t.units, t.encounter, s.left_over AS left, came.at[2] AS received_at, came.at[1] AS received_known_at
FROM taken t
JOIN stood s ON (s.position_id, s.record_offset, s.n, s.place, s.units)
    = (t.position_id, t.record_offset, t.n, t.from_place, -t.units)
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.left_over >= 0 THEN s.came END AS at
) came
ORDER BY t.moved_at, t.scan_id
"""
"""Read by lots and units of those scans alone, and each lot once."""


@dataclass(frozen=True, slots=True)
class BelowZero:
    """A scan that took goods the books did not have there."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    action: str
    """What was scanned (`models.scan.event.Action`): a use, or whatever else takes goods."""
    used_at: datetime
    """When it was scanned."""
    store: str
    """Place it was taken from: a shelf, or one of the places of the books (`in-transit/…`, `lent/…`)."""
    item_code: str
    """The item's code in the HIS catalogue."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    units: int
    """Units of use."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    left: int
    """The balance after it by the times of the scans, as recorded now, with what its store has borrowed.

    Not below zero and not explained: a return."""
    received_at: datetime | None
    """When the goods were scanned in that explain it, as known now; `None`: nothing does."""
    received_known_at: datetime | None
    """When the books knew of that receipt; of several, of the one they knew last."""

    @property
    def explained(self) -> bool:
        """Whether by the times of the scans the goods were there."""
        return self.received_at is not None


async def below_zero(asked: Asked, store: str | None = None, item_code: str | None = None) -> list[BelowZero]:
    """Scans flagged `stock-negative`, the oldest first; of a store or an item when one is given."""
    return await fetch(asked, BelowZero, _BELOW, store, item_code)
