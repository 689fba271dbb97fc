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
       s.explanation, b.raw, b.let_go_at, n.issuer, n.di, n.lot, n.serial, n.expiry, n.production,
       coalesce(n.label_flags, '{{}}') AS label_flags, n.item_code, item.name AS item_name, n.units,
       n.verdict::text AS verdict, n.reasons, owner.owner
FROM ({_PLACE}) c
JOIN udi.scan_now n USING (position_id, record_offset)
JOIN udi.scan s USING (position_id, record_offset)
JOIN udi.raw_bytes b USING (position_id, record_offset)
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
FROM ({_PLACE}) c
-- Inside, the place narrows both parts of the view; outside, every move would be read.
CROSS JOIN LATERAL (
    SELECT * FROM udi.stock_move s WHERE (s.position_id, s.record_offset) = (c.position_id, c.record_offset) OFFSET 0
) m ORDER BY m.n
"""
_ITS_ENTRIES: Final = """
SELECT * FROM udi.ledger WHERE (position_id, record_offset) = (c.position_id, c.record_offset)
UNION ALL
SELECT * FROM udi.ledger
WHERE kind = 'credit' AND (charge_position, charge_offset) = (c.position_id, c.record_offset)
  AND (position_id, record_offset) <> (c.position_id, c.record_offset)
"""
"""Its own, and credits of its charge by others: an index each, `OR` would have none."""
_ENTRIES: Final = f"""
SELECT l.posted_at AS at, l.kind::text AS kind, l.billing_id, l.encounter, l.quantity,
       udi.yuan_price(l.unit_price) AS unit_price, udi.yuan(l.amount_fen) AS amount,
       udi.month_text(l.period) AS period, l.flags, other.scan_id AS by_scan
FROM ({_PLACE}) c
CROSS JOIN LATERAL ({_ITS_ENTRIES}) l
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
    FROM ({_ITS_ENTRIES}) l
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
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    topic: str
    """Full name of the input topic."""
    partition: int
    """Partition of the topic."""
    record_offset: int
    """Offset of the record in its partition."""
    device_id: str | None
    """Id of the scanner or terminal; `None` when it could not be read."""
    staff: str | None
    """Who scanned, by an opaque id; `None` when nobody said."""
    entry: str | None
    """How the codes got in: `scan`, `camera`, `rfid`, `manual`; `None` of an older record."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    recorded_at: datetime
    """The broker's timestamp of its record."""
    quantity: int
    """Packages of the level scanned."""
    store: str | None
    """Id of the department store (二级库); `None` where none is concerned."""
    to_store: str | None
    """Store the goods go to, or come back to; `None` when they stay."""
    department: str | None
    """The scan's, else the encounter's."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    operation: str | None
    """Id of the operation within the stay; `None` outside one."""
    corrects: UUID | None
    """Scan that it takes back or replaces; `None` of others."""
    explanation: str | None
    """What was typed with it: the reason of a correction or of a code entered by hand."""
    raw: bytes | None
    """The event as it came; `None` once it is no longer kept."""
    let_go_at: datetime | None
    """Since when its bytes are gone by retention; `None` when they are there."""
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
    production: date | None
    """Day of production; `None` when it is not known."""
    label_flags: Sequence[str]
    """What was noticed while reading the label."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    item_name: str | None
    """The item's name in the catalogue; `None` while it is unknown."""
    units: int | None
    """Units of use; `None` while the item or its package is unknown."""
    verdict: str
    """Its newest verdict."""
    reasons: Sequence[str]
    """Why, in order of precedence; the first that decides gave the verdict."""
    owner: str | None
    """Who looks after it; `None` for nobody."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A scan in one line."""

    scan_id: UUID
    """Id of the scan, made by its device."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    item_name: str | None
    """The item's name in the catalogue; `None` while it is unknown."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    verdict: str
    """Its newest verdict."""
    reasons: Sequence[str]
    """Why, in order of precedence; the first that decides gave the verdict."""
    amount: Decimal
    """Yuan charged less credited, its returns included; of a return the other way round, below zero."""


@dataclass(frozen=True, slots=True)
class Move:
    """Goods it moved, by one decision."""

    at: datetime
    """When it was decided."""
    from_place: str
    """Place the goods left."""
    to_place: str
    """Place the goods reached."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    units: int
    """Units of use."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A charge or credit of it, or a credit of its charge by another scan; amounts in yuan."""

    at: datetime
    """The broker's timestamp of what caused it."""
    kind: str
    """`charge` or `credit`."""
    billing_id: UUID
    """Id of the ledger entry, the same after any replay."""
    encounter: str
    """Opaque id of the patient's stay."""
    quantity: int
    """Units of use."""
    unit_price: Decimal
    """A unit of use."""
    amount: Decimal
    """≥ 0, of credits too."""
    period: str
    """Month whose books hold it, like 2022-06."""
    flags: Sequence[str]
    """Reasons that did not stand in the way."""
    by_scan: UUID
    """The scan that made the entry: itself, or the return that took it back."""


@dataclass(frozen=True, slots=True)
class Payable:
    """What a supplier may invoice for it, or its reversal; yuan at cost, `None` when no cost was known."""

    supplier: str
    """Id of the supplier."""
    quantity: int
    """Units of use."""
    amount: Decimal | None
    """At cost; `None` when no cost was known."""
    period: str
    """Month whose books hold it, like 2022-06."""
    status: str
    """`payable`, `cost-missing` or `reversal`."""
    reverses: bool
    """It takes another line back."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another scan that has to do with it."""

    how: str
    """`returned by`, `takes back`, `other half` (of a joined label), `corrected by`."""
    scan_id: UUID
    """Id of the other scan."""
    scanned_at: datetime | None
    """When that was scanned; `None` while it is not recorded."""
    units: int | None
    """Units of use it is about; `None` while unknown."""


@dataclass(frozen=True, slots=True)
class ScanDifference:
    """A difference with the HIS that names the scan; yuan."""

    difference_id: UUID
    """The same for the same use and line, whatever else changes."""
    kind: str
    """`missed`, `wrong` or `extra`."""
    cause: str
    """Why it is likely there (`LikelyCause`)."""
    status: str
    """Where it stands (`DifferenceStatus`)."""
    line_id: str | None
    """The HIS's id of the line; `None` of a missed charge."""
    expected: Decimal
    """What should be on the HIS's books."""
    found: Decimal
    """What is on them."""
    amount: Decimal
    """Found less expected: above zero the patient was charged too much."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that became of a scan."""

    scan: StoredScan
    """As it stands."""
    moves: list[Move]
    """In the order of its decisions."""
    entries: list[Entry]
    """Charges and credits, the oldest first."""
    payables: list[Payable]
    """What its supplier is owed for it."""
    related: list[Related]
    """Other scans that have to do with it."""
    differences: list[ScanDifference]
    """With the HIS."""


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
