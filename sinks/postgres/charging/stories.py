"""What became of one scan: label, decisions, moves, money, what the HIS and later scans did about it.

Every query goes by the scan's place in the topic, which its id names: none reads more with more scans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_PLACE: Final = "SELECT position_id, record_offset FROM udi.scan_claim WHERE (hospital, scan_id) = ($1, $2)"
_SCAN: Final = f"""
SELECT n.hospital, n.scan_id, p.topic, p.partition, n.record_offset, n.device_id, n.staff, n.entry,
       n.action::text AS action, n.scanned_at, n.recorded_at, n.quantity, n.store, n.to_store,
       coalesce(n.department, home.department) AS department, n.encounter, n.operation, n.corrects,
       s.explanation, s.raw, n.issuer, n.di, n.lot, n.serial, n.expiry, n.production,
       coalesce(n.label_flags, '{{}}') AS label_flags, n.item_code, item.name AS item_name, n.units,
       n.verdict::text AS verdict, n.reasons, owner.owner
FROM ({_PLACE}) c
JOIN udi.scan_now n USING (position_id, record_offset)
JOIN udi.scan s USING (position_id, record_offset)
JOIN udi.position p USING (position_id)
LEFT JOIN LATERAL (
    SELECT convert_from(k.body, 'UTF8')::jsonb ->> 'name' AS name FROM udi.catalogue k
    WHERE (k.hospital, k.item_code) = (n.hospital, n.item_code) ORDER BY k.version DESC LIMIT 1
) item ON true
LEFT JOIN LATERAL (
    SELECT e.department FROM udi.encounter e WHERE (e.hospital, e.encounter) = (n.hospital, n.encounter)
    ORDER BY e.version DESC LIMIT 1
) home ON true
LEFT JOIN udi.owner_now owner ON (owner.hospital, owner.scan_id) = (n.hospital, n.scan_id)
"""
_MOVES: Final = f"""
SELECT m.decided_at AS at, m.from_place, m.to_place, m.owner, m.units
FROM ({_PLACE}) c JOIN udi.stock_move m USING (position_id, record_offset) ORDER BY m.n
"""
_ENTRIES: Final = f"""
SELECT l.posted_at AS at, l.kind::text AS kind, l.billing_id, l.encounter, l.quantity,
       udi.yuan_price(l.unit_price) AS unit_price, udi.yuan(l.amount_fen) AS amount,
       udi.month_text(l.period) AS period, l.flags, other.scan_id AS by_scan
FROM ({_PLACE}) c
JOIN udi.ledger l ON (l.position_id, l.record_offset) = (c.position_id, c.record_offset)
    OR (l.charge_position, l.charge_offset) = (c.position_id, c.record_offset)
JOIN udi.scan other ON (other.position_id, other.record_offset) = (l.position_id, l.record_offset)
ORDER BY l.recorded_at, l.kind, l.n
"""
_PAYABLES: Final = f"""
SELECT t.supplier, t.quantity, udi.yuan(t.amount_fen) AS amount, udi.month_text(t.period) AS period, t.status,
       t.reverses IS NOT NULL AS reverses
FROM ({_PLACE}) c JOIN udi.settlement t USING (position_id, record_offset) ORDER BY t.n
"""
_RELATED: Final = f"""
WITH c AS ({_PLACE})
SELECT 'returned by' AS how, s.scan_id, s.scanned_at, u.units FROM c
JOIN udi.use_change u ON (u.use_position, u.use_offset) = (c.position_id, c.record_offset) AND u.units > 0
JOIN udi.scan s ON (s.position_id, s.record_offset) = (u.by_position, u.by_offset)
UNION ALL
SELECT 'takes back', s.scan_id, s.scanned_at, u.units FROM c
JOIN udi.use_change u ON (u.by_position, u.by_offset) = (c.position_id, c.record_offset) AND u.units > 0
JOIN udi.scan s ON (s.position_id, s.record_offset) = (u.use_position, u.use_offset)
UNION ALL
SELECT 'other half', s.scan_id, s.scanned_at, NULL FROM c
JOIN LATERAL (
    SELECT rest_position AS position_id, rest_offset AS record_offset FROM udi.pair
    WHERE (position_id, record_offset) = (c.position_id, c.record_offset)
    UNION
    SELECT position_id, record_offset FROM udi.pair
    WHERE (rest_position, rest_offset) = (c.position_id, c.record_offset)
) pair ON true
JOIN udi.scan s ON (s.position_id, s.record_offset) = (pair.position_id, pair.record_offset)
UNION ALL
SELECT 'corrected by', r.corrected_by, NULL, NULL FROM report.corrections r
WHERE (r.hospital, r.scan_id) = ($1, $2) AND r.corrected_by IS NOT NULL
ORDER BY 3, 1
"""
_HIS: Final = """
SELECT difference_id, kind, cause, status, line_id, expected, found, amount FROM report.differences
WHERE difference_id = ANY (ARRAY(
    SELECT d.difference_id FROM udi.difference d WHERE (d.hospital, d.encounter) = ($1, $3) AND d.scan_id = $2
))
ORDER BY difference_id
"""
_BRIEF: Final = f"""
SELECT n.scan_id, n.action::text AS action, n.item_code, item.name AS item_name, n.di, n.lot, n.serial, n.encounter,
       n.verdict::text AS verdict, n.reasons, udi.yuan(money.amount_fen) AS amount
FROM ({_PLACE}) c
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN LATERAL (
    SELECT convert_from(k.body, 'UTF8')::jsonb ->> 'name' AS name FROM udi.catalogue k
    WHERE (k.hospital, k.item_code) = (n.hospital, n.item_code) ORDER BY k.version DESC LIMIT 1
) item ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE l.kind WHEN 'charge' THEN l.amount_fen ELSE -l.amount_fen END), 0)::bigint AS amount_fen
    FROM udi.ledger l
    WHERE (l.position_id, l.record_offset) = (n.position_id, n.record_offset)
       OR (l.charge_position, l.charge_offset) = (n.position_id, n.record_offset)
) money
"""
_BEGIN: Final = """
SELECT c.hospital, c.scan_id FROM udi.hospitals_with_records() h (hospital)
JOIN udi.scan_claim c ON c.hospital = h.hospital AND c.scan_id BETWEEN $1 AND $2
WHERE $3::text IS NULL OR c.hospital = $3 ORDER BY 1, 2 LIMIT 3
"""
_END: Final = """
SELECT c.hospital, c.scan_id FROM udi.scan_claim c
WHERE right(replace(c.scan_id::text, '-', ''), length($1)) = $1 AND ($2::text IS NULL OR c.hospital = $2)
ORDER BY 1, 2 LIMIT 3
"""
"""Reads the whole table: for a person's question, when no id begins so."""


@dataclass(frozen=True, slots=True)
class StoredScan:
    """A scan as it stands: the event, its label as completed, its newest decision."""

    hospital: str
    scan_id: UUID
    topic: str
    partition: int
    record_offset: int
    device_id: str | None
    staff: str | None
    entry: str | None
    action: str
    scanned_at: datetime
    recorded_at: datetime
    quantity: int
    """Packages of the level scanned."""
    store: str | None
    to_store: str | None
    department: str | None
    """The scan's, else the encounter's."""
    encounter: str | None
    operation: str | None
    corrects: UUID | None
    explanation: str | None
    """What was typed with it: the reason of a correction or of a code entered by hand."""
    raw: bytes | None
    """The event as it came; `None` once it is no longer kept."""
    issuer: str | None
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    production: date | None
    label_flags: Sequence[str]
    item_code: str | None
    item_name: str | None
    units: int | None
    """Units of use; `None` while the item or its package is unknown."""
    verdict: str
    reasons: Sequence[str]
    owner: str | None
    """Who looks after it; `None` for nobody."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A scan in one line."""

    scan_id: UUID
    action: str
    item_code: str | None
    item_name: str | None
    di: str | None
    lot: str | None
    serial: str | None
    encounter: str | None
    verdict: str
    reasons: Sequence[str]
    amount: Decimal
    """Yuan charged less credited, its returns included; of a return the other way round, below zero."""


@dataclass(frozen=True, slots=True)
class Move:
    """Goods it moved, by one decision."""

    at: datetime
    from_place: str
    to_place: str
    owner: str
    units: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A charge or credit of it, or a credit of its charge by another scan; amounts in yuan."""

    at: datetime
    kind: str
    billing_id: UUID
    encounter: str
    quantity: int
    unit_price: Decimal
    amount: Decimal
    period: str
    flags: Sequence[str]
    by_scan: UUID
    """The scan that made the entry: itself, or the return that took it back."""


@dataclass(frozen=True, slots=True)
class Payable:
    """What a supplier may invoice for it, or its reversal; yuan at cost, `None` when no cost was known."""

    supplier: str
    quantity: int
    amount: Decimal | None
    period: str
    status: str
    reverses: bool


@dataclass(frozen=True, slots=True)
class Related:
    """Another scan that has to do with it."""

    how: str
    """`returned by`, `takes back`, `other half` (of a joined label), `corrected by`."""
    scan_id: UUID
    scanned_at: datetime | None
    units: int | None


@dataclass(frozen=True, slots=True)
class ScanDifference:
    """A difference with the HIS that names the scan; yuan."""

    difference_id: UUID
    kind: str
    cause: str
    status: str
    line_id: str | None
    expected: Decimal
    found: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that became of a scan."""

    scan: StoredScan
    moves: list[Move]
    entries: list[Entry]
    payables: list[Payable]
    related: list[Related]
    differences: list[ScanDifference]


async def story_of(asked: Asked, hospital: str, scan_id: UUID) -> Story | None:
    """What became of a scan, as the snapshot of `asked` has it; `None` when there is none of that id."""
    scans = await fetch(asked, StoredScan, _SCAN, hospital, scan_id)
    if not scans:
        return None
    return Story(
        scans[0],
        await fetch(asked, Move, _MOVES, hospital, scan_id),
        await fetch(asked, Entry, _ENTRIES, hospital, scan_id),
        await fetch(asked, Payable, _PAYABLES, hospital, scan_id),
        await fetch(asked, Related, _RELATED, hospital, scan_id),
        await fetch(asked, ScanDifference, _HIS, hospital, scan_id, scans[0].encounter),
    )


async def scans_named(asked: Asked, part: str, hospital: str | None) -> list[tuple[str, UUID]]:
    """(hospital, scan id) of the scans whose id begins with `part`, or else ends with it; three at most.

    Args:
        asked: Whom to ask.
        part: 8 to 32 hexadecimal digits in lower case, without hyphens.
        hospital: Only its scans; `None` is any.
    """
    bounds = (UUID(part.ljust(32, fill)) for fill in "0f")
    rows: list[Any] = await asked.fetch(_BEGIN, *bounds, hospital) or await asked.fetch(_END, part, hospital)
    return [(row["hospital"], row["scan_id"]) for row in rows]


async def brief_of(asked: Asked, hospital: str, scan_id: UUID) -> Brief | None:
    """A scan as an answer names it; `None` when there is none of that id."""
    found = await fetch(asked, Brief, _BRIEF, hospital, scan_id)
    return found[0] if found else None
