"""Uses that found nothing on the shelf, and the receipts that explain them later.

A scan is flagged `stock-negative` when its balance fell below zero as the books then stood. A receipt that was made
before it and came to the books after it explains the flag: by the times of the scans the goods were there. So do goods
that came from another place; goods that somebody returned do not, nor a use that was taken back.

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
    SELECT position_id, record_offset, min(decided_at) AS flagged_at FROM (
        SELECT position_id, record_offset, recorded_at AS decided_at FROM udi.scan
        WHERE reasons && ARRAY['stock-negative']
        UNION ALL
        SELECT position_id, record_offset, decided_at FROM udi.decision WHERE reasons && ARRAY['stock-negative']
    ) every_one GROUP BY position_id, record_offset
), taken AS MATERIALIZED (
    SELECT DISTINCT ON (m.position_id, m.record_offset) m.*, flagged.flagged_at, n.encounter,
           coalesce(m.lot, '') AS of_lot, coalesce(m.serial, '') AS of_serial
    FROM flagged
    JOIN udi.scan_now n USING (position_id, record_offset)
    JOIN udi.stock_move m USING (position_id, record_offset)
    WHERE NOT m.takes_back AND NOT n.reasons && ARRAY['rejected', 'corrected']
      -- Goods that turned out to be of another lot were there.
      AND 'stock-negative' = ANY (n.reasons)
      AND ($1::text IS NULL OR m.from_place = $1) AND ($2::text IS NULL OR m.item_code = $2)
    ORDER BY m.position_id, m.record_offset, m.n DESC
), step AS MATERIALIZED (
    SELECT m.hospital, one.place, m.owner, m.item_code, coalesce(m.lot, '') AS lot, coalesce(m.serial, '') AS serial,
           m.moved_at, m.decided_at, one.units,
           one.units > 0 AND NOT m.takes_back AND m.action NOT IN ('return', 'use') AS brought
    FROM udi.stock_move m CROSS JOIN LATERAL (VALUES (m.from_place, -m.units), (m.to_place, m.units)) one (place, units)
    WHERE (m.hospital, one.place, m.owner, m.item_code) IN (SELECT hospital, from_place, owner, item_code FROM taken)
)
SELECT t.hospital, t.scan_id, t.moved_at AS used_at, t.from_place AS store, t.item_code, t.owner, t.lot, t.serial,
       t.units, t.encounter, stood.units AS left, came.moved_at AS received_at, came.decided_at AS received_known_at
FROM taken t
CROSS JOIN LATERAL (
    SELECT sum(s.units)::bigint AS units FROM step s
    WHERE (s.hospital, s.place, s.owner, s.item_code, s.lot, s.serial)
        = (t.hospital, t.from_place, t.owner, t.item_code, t.of_lot, t.of_serial) AND s.moved_at <= t.moved_at
) stood
LEFT JOIN LATERAL (
    SELECT s.moved_at, s.decided_at FROM step s
    WHERE (s.hospital, s.place, s.owner, s.item_code, s.lot, s.serial)
        = (t.hospital, t.from_place, t.owner, t.item_code, t.of_lot, t.of_serial)
      AND s.brought AND s.decided_at >= t.flagged_at AND s.moved_at <= t.moved_at AND stood.units >= 0
    ORDER BY s.decided_at DESC, s.moved_at DESC LIMIT 1
) came ON true
ORDER BY t.moved_at, t.scan_id
"""


@dataclass(frozen=True, slots=True)
class BelowZero:
    """A scan that took goods the books did not have there."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    used_at: datetime
    """When it was scanned."""
    store: str
    """Shelf it was taken from."""
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
    """The balance after it by the times of the scans, as recorded now; not below zero and not explained: a return."""
    received_at: datetime | None
    """When the goods were scanned in that explain it, as known now; `None`: nothing does."""
    received_known_at: datetime | None
    """When the books knew of that receipt."""

    @property
    def explained(self) -> bool:
        """Whether goods that came before the use, and to the books after it, were enough for it."""
        return self.received_at is not None


async def below_zero(asked: Asked, store: str | None = None, item_code: str | None = None) -> list[BelowZero]:
    """Scans flagged `stock-negative`, the oldest first; of a store or an item when one is given."""
    return await fetch(asked, BelowZero, _BELOW, store, item_code)
