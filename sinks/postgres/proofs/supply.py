"""What the books hold of identified scans, to be compared with a truth. Amounts are fen."""

from typing import Final, NamedTuple
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_IDENTIFIED: Final = """
WITH identified AS (
    SELECT DISTINCT k.position_id, k.record_offset, i.hospital, i.identifies AS scan_id
    FROM report.identifications i JOIN udi.scan_claim k ON (k.hospital, k.scan_id) = (i.hospital, i.identifies)
), moved AS (
    SELECT i.scan_id, m.lot, m.serial, m.item_code, sum(CASE WHEN m.takes_back THEN -m.units ELSE m.units END) AS units
    FROM identified i CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v
        WHERE (v.position_id, v.record_offset) = (i.position_id, i.record_offset) OFFSET 0
    ) m GROUP BY 1, 2, 3, 4
), charged AS (
    SELECT i.scan_id, c.lot, c.serial, c.item_code,
           sum(CASE c.kind WHEN 'charge' THEN c.quantity ELSE -c.quantity END) AS units
    FROM identified i JOIN report.charges c USING (hospital, scan_id) GROUP BY 1, 2, 3, 4
), owed AS (
    SELECT i.scan_id, n.lot, n.serial, n.item_code, sum((s.amount * 100)::bigint) AS fen
    FROM identified i JOIN report.settlement s USING (hospital, scan_id)
    JOIN udi.scan_now n USING (position_id, record_offset) GROUP BY 1, 2, 3, 4
)
SELECT k.scan_id, k.lot, k.serial, k.item_code, coalesce(m.units, 0)::bigint AS quantity,
       coalesce(c.units, 0)::bigint AS charged, o.fen::bigint AS owed_fen
FROM (
    SELECT scan_id, lot, serial, item_code FROM moved WHERE units <> 0
    UNION SELECT scan_id, lot, serial, item_code FROM charged
    UNION SELECT scan_id, lot, serial, item_code FROM owed
) k
LEFT JOIN moved m ON (m.scan_id, m.item_code) = (k.scan_id, k.item_code)
    AND (m.lot, m.serial) IS NOT DISTINCT FROM (k.lot, k.serial)
LEFT JOIN charged c ON (c.scan_id, c.item_code) = (k.scan_id, k.item_code)
    AND (c.lot, c.serial) IS NOT DISTINCT FROM (k.lot, k.serial)
LEFT JOIN owed o ON (o.scan_id, o.item_code) = (k.scan_id, k.item_code)
    AND (o.lot, o.serial) IS NOT DISTINCT FROM (k.lot, k.serial)
"""


class IdentifiedRow(NamedTuple):
    """What moved, was charged and is owed of an identified scan, by each lot and serial that the books have for it."""

    scan_id: UUID
    """The scan that was identified."""
    lot: str | None
    """Lot of the row; `None`: none."""
    serial: str | None
    """Serial of the row; `None`: none."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    quantity: int
    """Units that moved, without those that went back as they were."""
    charged: int
    """Units charged, less credited."""
    owed_fen: int | None
    """Owed to the supplier; `None`: nothing is settled, or the cost is missing."""


async def identified_rows(asked: Asked) -> list[IdentifiedRow]:
    """Every scan of whose goods another scan said the lot or serial."""
    return await fetch(asked, IdentifiedRow, _IDENTIFIED)
