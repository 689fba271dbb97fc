"""Counts in PostgreSQL: started, looked at beside the books, posted or cancelled by a person.

References:
    docs/store.md, "Counts".
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import asyncpg

from models.catalogue.item import CatalogueItem, Item, item_from_wire
from models.policy import POLICY
from models.stock.count import (
    Booking,
    Count,
    CountLimit,
    CountLine,
    CountScan,
    Goods,
    Lying,
    ShelfMove,
    adjusting_scan_id,
)
from models.stock.places import shelf
from sinks.postgres.locks import AdvisoryLock
from sinks.postgres.named import Asked, Connection, fetch

_COUNTS: Final = """
SELECT c.hospital, c.document, c.store, c.place, c.started_at, c.started_by, e.ended_at, e.posted, e.by AS ended_by,
       e.approved_by, e.reason
FROM udi.stock_count c LEFT JOIN udi.count_end e USING (hospital, document)
WHERE ($1::text IS NULL OR c.hospital = $1) AND ($2::text IS NULL OR c.document = $2)
ORDER BY e.ended_at DESC NULLS FIRST, c.started_at DESC
"""
_SCANS: Final = """
SELECT hospital, document, scan_id, device_id, staff, scanned_at, store, place, item_code, issuer, di, lot, serial,
       expiry, quantity, verdict, reasons, finding
FROM report.count_scans WHERE hospital = $1 AND document = $2 ORDER BY scanned_at, scan_id
"""
_STRAYS: Final = """
SELECT hospital, document, scan_id, device_id, staff, scanned_at, store, place, item_code, issuer, di, lot, serial,
       expiry, quantity, verdict, reasons, finding
FROM report.count_scans
WHERE ($1::text IS NULL OR hospital = $1) AND finding IN ('no-document', 'unknown-document')
ORDER BY scanned_at DESC, scan_id
"""
_SHELF: Final = """
SELECT s.item_code, coalesce(s.lot, '') AS lot, coalesce(s.serial, '') AS serial, s.owner, s.issuer, s.di, s.expiry,
       s.quantity, NULL::timestamptz AS moved_at
FROM report.stock s WHERE s.hospital = $1 AND s.store = $2
UNION ALL
SELECT m.item_code, coalesce(m.lot, ''), coalesce(m.serial, ''), m.owner, NULL, NULL, NULL, one.units, m.moved_at
FROM udi.scans_between($1, $3, 'infinity') k
CROSS JOIN LATERAL (
    SELECT * FROM udi.stock_move s WHERE (s.position_id, s.record_offset) = (k.position_id, k.record_offset) OFFSET 0
) m
CROSS JOIN LATERAL (VALUES (m.from_place, -m.units), (m.to_place, m.units)) one (place, units)
WHERE one.place = $2 AND m.action NOT IN ('missing', 'found')
"""
"""Both in one statement: what lies there, and what moved, are of one snapshot."""
_IN_FLIGHT: Final = """
SELECT EXISTS (
    SELECT FROM udi.stock_count c JOIN udi.count_line l USING (hospital, document)
    WHERE c.hospital = $1 AND c.store = $2 AND c.place IS NOT DISTINCT FROM $3 AND l.scan_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM udi.count_booked b WHERE (b.hospital, b.document) = (l.hospital, l.document))
      AND NOT EXISTS (SELECT FROM udi.scan_claim k WHERE (k.hospital, k.scan_id) = (l.hospital, l.scan_id))
)
"""
_ITEMS: Final = """
SELECT body::text AS body, version, ended_at FROM udi.item_now WHERE hospital = $1 AND item_code = ANY ($2)
"""
_COSTS: Final = """
SELECT c.item_code, c.lot, c.serial, c.owner, c.received_on, c.cost FROM udi.goods_cost c
WHERE c.hospital = $1 AND c.item_code = ANY ($2) ORDER BY c.received_on
"""
_NEWEST_PLACE: Final = """
SELECT m.to_place FROM udi.scans_of($1, $2, $3, NULL, $4) k
CROSS JOIN LATERAL (
    SELECT * FROM udi.stock_move s WHERE (s.position_id, s.record_offset) = (k.position_id, k.record_offset) OFFSET 0
) m
WHERE m.serial = $4 ORDER BY m.moved_at DESC, m.decided_at DESC, m.n DESC LIMIT 1
"""
_LINES: Final = """
SELECT l.item_code, l.owner, l.issuer, l.di, l.lot, l.serial, l.expiry, l.expected, l.counted, l.counted_at, l.cost,
       l.cost AS weight, l.findings, l.elsewhere, l.scans
FROM udi.count_line l WHERE l.hospital = $1 AND l.document = $2 ORDER BY l.line
"""
_STORES: Final = """
SELECT h.hospital FROM (SELECT hospital FROM udi.hospitals_with_records() h (hospital)
                        UNION SELECT DISTINCT hospital FROM udi.store) h
WHERE ($1::text IS NULL OR h.hospital = $1)
  AND (EXISTS (SELECT FROM udi.store s WHERE (s.hospital, s.store) = (h.hospital, $2))
       OR EXISTS (SELECT FROM udi.store_item i WHERE i.hospital = h.hospital AND udi.is_of_store(i.store, $2)))
ORDER BY 1
"""
_START: Final = """
INSERT INTO udi.stock_count (hospital, document, store, place, started_by)
SELECT $1, format('C-%s-%s', left($2, 40), count(*) + 1), $2, $3, $4 FROM udi.stock_count WHERE hospital = $1
RETURNING document
"""
_OPEN: Final = "SELECT document FROM udi.count_open WHERE hospital = $1 AND shelf = $2"
_END: Final = """
INSERT INTO udi.count_end (hospital, document, posted, by, approved_by, reason) VALUES ($1, $2, $3, $4, $5, $6)
"""
_LINE: Final = """
INSERT INTO udi.count_line (hospital, document, line, item_code, owner, issuer, di, lot, serial, expiry, expected,
    counted, cost, counted_at, findings, elsewhere, scans, scan_id, action, units)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
"""
_LIMIT: Final = "SELECT value_fen, lines_percent FROM udi.count_policy WHERE hospital = $1 ORDER BY n DESC LIMIT 1"
_POLICIES: Final = """
SELECT hospital, n, udi.yuan(value_fen) AS count_value, lines_percent AS count_lines_percent, by, reason, at
FROM udi.count_policy WHERE $1::text IS NULL OR hospital = $1 ORDER BY hospital, n
"""
_SET_LIMIT: Final = """
INSERT INTO udi.count_policy (hospital, n, value_fen, lines_percent, by, reason)
SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5 FROM udi.count_policy WHERE hospital = $1
"""
_UNRECORDED: Final = """
SELECT l.hospital, l.document, l.scan_id, l.counted_at, l.action, l.item_code, l.units, c.store, c.place, e.by, e.reason
FROM udi.count_end e
JOIN udi.count_line l USING (hospital, document)
JOIN udi.stock_count c USING (hospital, document)
WHERE e.posted AND l.scan_id IS NOT NULL AND ($1::text IS NULL OR (e.hospital, e.document) = ($1, $2))
  AND NOT EXISTS (SELECT FROM udi.count_booked b WHERE (b.hospital, b.document) = (e.hospital, e.document))
  AND NOT EXISTS (SELECT FROM udi.scan_claim k WHERE (k.hospital, k.scan_id) = (l.hospital, l.scan_id))
ORDER BY e.ended_at, l.line LIMIT 500
"""
_BOOKED: Final = """
INSERT INTO udi.count_booked (hospital, document)
SELECT e.hospital, e.document FROM udi.count_end e
WHERE e.posted AND NOT EXISTS (SELECT FROM udi.count_booked b WHERE (b.hospital, b.document) = (e.hospital, e.document))
  AND NOT EXISTS (
      SELECT FROM udi.count_line l WHERE (l.hospital, l.document) = (e.hospital, e.document) AND l.scan_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM udi.scan_claim k WHERE (k.hospital, k.scan_id) = (l.hospital, l.scan_id))
  )
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class CountPolicy:
    """Above what a hospital wants another person's approval of a count's differences."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    n: int
    """1, 2, 3 …: the newest holds."""
    count_value: Decimal
    """Yuan that they may weigh together."""
    count_lines_percent: int
    """Per cent of the count's lines that may differ."""
    by: str
    """Who set it."""
    reason: str
    """Why, in the person's words."""
    at: datetime
    """When it was set."""


class CountOpenError(Exception):
    """The shelf is being counted already."""

    def __init__(self, document: str) -> None:
        super().__init__(f"Expected a shelf that nobody counts, {document} is open.")
        self.document = document


async def counts(asked: Asked, hospital: str | None = None, document: str | None = None) -> list[Count]:
    """Counts, the open ones first, then those that ended last."""
    return await fetch(asked, Count, _COUNTS, hospital, document)


async def scans_of(asked: Asked, count: Count) -> list[CountScan]:
    """Every scan with the count's document, in order of time."""
    return await fetch(asked, CountScan, _SCANS, count.hospital, count.document)


async def strays(asked: Asked, hospital: str | None = None) -> list[CountScan]:
    """Scans of counts that nobody started, the newest first."""
    return await fetch(asked, CountScan, _STRAYS, hospital)


async def lines(asked: Asked, count: Count) -> list[CountLine]:
    """The lines of a posted count, as they were booked."""
    return await fetch(asked, CountLine, _LINES, count.hospital, count.document)


async def shelf_of(asked: Asked, count: Count, since: datetime) -> tuple[list[Lying], list[ShelfMove]]:
    """What lies on the counted shelf by the books, and what moved there after an instant; nothing a count booked."""
    lying: list[Lying] = []
    moves: list[ShelfMove] = []
    for row in await asked.fetch(_SHELF, count.hospital, count.shelf, since):
        key = (row["item_code"], row["lot"], row["serial"], row["owner"])
        if row["moved_at"] is None:
            lying.append(Lying(*key, row["issuer"], row["di"], row["expiry"], row["quantity"]))
        else:
            moves.append(ShelfMove(*key, row["quantity"], row["moved_at"]))
    return lying, moves


async def items_of(asked: Asked, hospital: str, codes: Iterable[str]) -> Mapping[str, Item]:
    """The newest version of each item, by its code."""
    rows = await asked.fetch(_ITEMS, hospital, sorted(set(codes)))
    items = (item_from_wire(CatalogueItem.model_validate_json(body), version, at) for body, version, at in rows)
    return {item.item_code: item for item in items}


async def costs_of(
    asked: Asked, hospital: str, codes: Iterable[str]
) -> Mapping[tuple[Goods, str], Sequence[tuple[date, int | None]]]:
    """From which day on goods of an owner cost what by their delivery notes, in order; `None`: by the catalogue."""
    found: dict[tuple[Goods, str], list[tuple[date, int | None]]] = {}
    for row in await asked.fetch(_COSTS, hospital, sorted(set(codes))):
        code, lot, serial, owner, since, cost = row
        found.setdefault((Goods(code, lot, serial), owner), []).append((since, cost))
    return found


async def whereabouts(
    asked: Asked, hospital: str, units: Iterable[Goods], items: Mapping[str, Item]
) -> dict[Goods, str | None]:
    """The place to which each serial unit moved last, under any identifier of its item; `None`: it never did."""
    found: dict[Goods, str | None] = {}
    for unit in units:
        item = items.get(unit.item_code)
        codes = [(str(issuer), di) for issuer, di, _ in item.identifiers] if item is not None else []
        columns = [each[0] for each in codes], [each[1] for each in codes]
        found[unit] = await asked.fetchval(_NEWEST_PLACE, hospital, *columns, unit.serial)
    return found


async def hospitals_of_store(asked: Asked, store: str, hospital: str | None = None) -> list[str]:
    """The hospitals that have a store of that name: by its record, or because something lies or lay there."""
    return [row["hospital"] for row in await asked.fetch(_STORES, hospital, store)]


async def count_limit(asked: Asked, hospital: str) -> CountLimit:
    """Above what a hospital wants another person's approval of a count's differences."""
    found = await fetch(asked, CountLimit, _LIMIT, hospital)
    return found[0] if found else CountLimit(POLICY.count_value_fen, POLICY.count_lines_percent)


async def count_policies(asked: Asked, hospital: str | None) -> list[CountPolicy]:
    """All that hospitals have ever set; those without a row have the defaults."""
    return await fetch(asked, CountPolicy, _POLICIES, hospital)


async def set_count_limit(asked: Asked, hospital: str, limit: CountLimit, by: str, reason: str) -> None:
    """It holds for counts that are posted from now on.

    Raises:
        asyncpg.CheckViolationError: it is negative, above 100 per cent, or nobody says who or why.
        asyncpg.UniqueViolationError: somebody else has set it in the same instant.
    """
    await asked.execute(_SET_LIMIT, hospital, limit.value_fen, limit.lines_percent, by, reason)


async def unrecorded(asked: Asked, count: Count | None = None) -> list[Booking]:
    """Differences of posted counts, or of one, that no lane has recorded yet; at most 500, those posted first first."""
    key = (None, None) if count is None else (count.hospital, count.document)
    return await fetch(asked, Booking, _UNRECORDED, *key)


async def keep_booked(asked: Asked) -> None:
    """Keep of which posted counts every difference is recorded."""
    await asked.execute(_BOOKED)


class CountDesk:
    """A hospital's counts, while nobody else starts, posts or cancels one."""

    def __init__(self, connection: Connection, hospital: str) -> None:
        self.connection = connection
        self._hospital = hospital

    async def start(self, store: str, place: str | None, by: str) -> str:
        """Start a count of a shelf; gives its document.

        Raises:
            CountOpenError: one of the shelf is open.
        """
        where = shelf(store, place)
        opened = await self.connection.fetchval(_OPEN, self._hospital, where)
        if opened is not None:
            raise CountOpenError(opened)
        document: str = await self.connection.fetchval(_START, self._hospital, store, place, by)
        await self.connection.execute("INSERT INTO udi.count_open VALUES ($1, $2, $3)", self._hospital, where, document)
        return document

    async def booking(self, count: Count) -> bool:
        """Whether differences of an earlier count of the shelf are posted and not recorded yet."""
        return bool(await self.connection.fetchval(_IN_FLIGHT, self._hospital, count.store, count.place))

    async def end(
        self, count: Count, by: str, reason: str, approved_by: str | None = None,
        posted: Sequence[CountLine] | None = None,
    ) -> None:  # fmt: skip
        """Post the count with its lines, or cancel it without.

        Raises:
            asyncpg.UniqueViolationError: it has ended before.
            asyncpg.CheckViolationError: nobody says who or why, or one person approves his own count.
        """
        key = (count.hospital, count.document)
        await self.connection.execute(_END, *key, posted is not None, by, approved_by, reason)
        rows = [(*key, n, *_row(count, n, line)) for n, line in enumerate(posted or (), 1)]
        await self.connection.executemany(_LINE, rows)
        await self.connection.execute("DELETE FROM udi.count_open WHERE (hospital, document) = ($1, $2)", *key)


def _row(count: Count, n: int, line: CountLine) -> tuple[object, ...]:
    booked: tuple[object, ...] = (None, None, None)
    if line.booked:
        action = "missing" if line.difference < 0 else "found"
        booked = (adjusting_scan_id(count.hospital, count.document, n), action, abs(line.difference))
    return (
        line.item_code, line.owner, line.issuer, line.di, line.lot, line.serial, line.expiry, line.expected,
        line.counted, line.cost, line.counted_at, list(line.findings), line.elsewhere, list(line.scans), *booked,
    )  # fmt: skip


@asynccontextmanager
async def count_desk(pool: asyncpg.Pool, hospital: str) -> AsyncIterator[CountDesk]:
    """The counts of a hospital in one transaction, one desk at a time."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", AdvisoryLock.COUNTS, hospital)
        yield CountDesk(connection, hospital)
