"""A day's uses with what each ledger has of them: stock, charges, the topic of billing, the HIS.

References:
    docs/semantics/closing.md, "Daily tie-out".
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from models.catalogue.item import CatalogueItem, DatedPrice, prices_of
from models.closing.figures import HisSums, TiedUse
from models.money import fen_of
from models.wire.topics import BILLING

Connection = asyncpg.Connection | PoolConnectionProxy
_GAP: Final = timedelta(minutes=10)
"""Entries of a lane recorded further apart are looked for apart."""

_USES: Final = """
SELECT u.* FROM udi.scans_between($1, $2, $3) k
CROSS JOIN LATERAL (
    SELECT * FROM udi.used u WHERE (u.position_id, u.record_offset) = (k.position_id, k.record_offset) OFFSET 0
) u
ORDER BY u.scanned_at, u.scan_id
"""
"""OFFSET 0 has each scan looked up by its key. The view has more tables than the planner reorders: a plain join would
work it out for every scan there is, and then choose the day's."""
_ENTRIES: Final = """
SELECT used.scan_id, entry.billing_id, own.lane, entry.recorded_at
FROM udi.scans_between($1, $2, $3) k
JOIN udi.scan used USING (position_id, record_offset)
CROSS JOIN LATERAL (
    SELECT l.* FROM udi.ledger l
    WHERE (l.position_id, l.record_offset) = (k.position_id, k.record_offset) AND l.kind = 'charge'
    UNION ALL
    SELECT c.* FROM udi.ledger c
    WHERE c.kind = 'credit' AND (c.charge_position, c.charge_offset) = (k.position_id, k.record_offset)
) entry
JOIN udi.scan own ON (own.position_id, own.record_offset) = (entry.position_id, entry.record_offset)
"""
_ELSEWHERE: Final = """
SELECT bodies FROM udi.outbox_block WHERE topic = $1 AND partition = $2 AND ids && $3::uuid[]
"""


_HIS: Final = """
SELECT coalesce(l.department, home.department) AS department, count(*) AS lines, sum(l.quantity)::bigint AS units,
       sum(l.amount_fen)::bigint AS amount_fen
FROM udi.his_line_now l
LEFT JOIN LATERAL (
    SELECT e.department FROM udi.encounter e WHERE (e.hospital, e.encounter) = (l.hospital, l.encounter)
    ORDER BY e.version DESC LIMIT 1
) home ON true
WHERE l.hospital = $1 AND l.service_at >= $2 AND l.service_at < $3 AND NOT l.cancelled GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a hospital."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    start: datetime
    """Its local midnight."""
    end: datetime
    """The next day's start."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger entry of a day's use."""

    scan_id: UUID
    """Of the use."""
    billing_id: UUID
    """Id of the ledger entry, the same after any replay."""
    lane: int
    """On whose partition it went out."""
    recorded_at: datetime
    """When the books knew it, by the database's clock."""


PriceOf = Callable[[tuple[DatedPrice, ...]], int | None]
"""The one price of the day among an item's, if there is one."""


async def day_uses(connection: Connection, day: Day, price_of: PriceOf) -> list[TiedUse]:
    """The scans of uses of the day in the order they were made, as yet without the topic's side."""
    rows = await connection.fetch(_USES, day.hospital, day.start, day.end)
    versions = {row["price_version"] for row in rows} - {None}
    found = await connection.fetch("SELECT version, body FROM udi.catalogue WHERE version = ANY ($1)", list(versions))
    prices = {row["version"]: price_of(prices_of(CatalogueItem.model_validate_json(row["body"]))) for row in found}
    return [_use(row, prices.get(row["price_version"])) for row in rows]


def _use(row: Any, unit_price: int | None) -> TiedUse:
    return TiedUse(
        row["scan_id"],
        row["scanned_at"],
        row["department"],
        row["encounter"],
        row["item_code"],
        row["verdict"],
        tuple(row["reasons"]),
        row["stands"],
        row["units"],
        tuple(row["parts"]),
        unit_price,
        row["units_out"],
        row["charged_units"],
        row["charged_fen"],
        0,
        0,
    )


async def day_entries(connection: Connection, day: Day) -> list[Entry]:
    """The charges of the day's uses, and the credits that reverse them, whenever they were made."""
    rows = await connection.fetch(_ENTRIES, day.hospital, day.start, day.end)
    return [Entry(row["scan_id"], row["billing_id"], row["lane"], row["recorded_at"]) for row in rows]


async def outbox_bodies(connection: Connection, entries: Iterable[Entry]) -> list[bytes]:
    """The billing records that went out with the entries, or near them, as the outbox still holds them."""
    bodies: list[bytes] = []
    lanes: dict[int, list[Entry]] = {}
    for entry in entries:
        lanes.setdefault(entry.lane, []).append(entry)
    for lane, some in lanes.items():
        found: dict[int, Any] = {}
        for first, last in _runs(sorted({entry.recorded_at for entry in some})):
            rows = await connection.fetch(
                "SELECT * FROM udi.outbox_between($1, $2, $3, $4)", BILLING, lane, first, last
            )
            found |= {row["first_seq"]: row for row in rows}
        there = {each for row in found.values() for each in row["ids"]}
        bodies += [body for row in found.values() for body in row["bodies"] if body]
        # By the order of time it should have been there. Before it is called missing, everything is looked through.
        missing = {entry.billing_id for entry in some} - there
        if missing:
            blocks = await connection.fetch(_ELSEWHERE, BILLING, lane, list(missing))
            bodies += [body for row in blocks for body in row["bodies"] if body]
    return bodies


def _runs(instants: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    first = last = instants[0]
    for each in instants[1:]:
        if each - last > _GAP:
            yield first, last
            first = each
        last = each
    yield first, last


def with_topic(
    uses: Sequence[TiedUse], entries: Iterable[Entry], bodies: Iterable[bytes], day: Day
) -> tuple[list[TiedUse], int]:
    """The uses with what the billing records say of them, and the number of records of the day that are no use's.

    A record belongs to the use whose entry it is; one that is no entry's, to the use of its scan id or of the charge
    that it reverses.
    """
    owner = {entry.billing_id: entry.scan_id for entry in entries}
    sums: dict[UUID, tuple[int, int]] = {use.scan_id: (0, 0) for use in uses}
    strays = 0
    for body in bodies:
        record = orjson.loads(body)
        scan = owner.get(UUID(record["billing_id"]))
        if scan is None and record["kind"] == "credit":
            scan = owner.get(UUID(record["reverses"]))
        elif scan is None and _of_day(record, day):
            scan = UUID(record["scan_id"])
        if scan is None:
            continue
        if scan not in sums:
            strays += 1
            continue
        sign = -1 if record["kind"] == "credit" else 1
        units, fen = sums[scan]
        sums[scan] = (units + sign * record["quantity"], fen + sign * fen_of(record["amount"]))
    counted = [replace(use, topic_units=sums[use.scan_id][0], topic_fen=sums[use.scan_id][1]) for use in uses]
    return counted, strays


def _of_day(record: Any, day: Day) -> bool:
    return record["hospital"] == day.hospital and day.start <= datetime.fromisoformat(record["service_at"]) < day.end


async def his_sums(connection: Connection, day: Day) -> list[HisSums] | None:
    """What the HIS has charged for the day, by department; `None` when it has sent no lines of the hospital at all.

    A line without a department is its encounter's.
    """
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM udi.his_line WHERE hospital = $1)", day.hospital):
        return None
    rows = await connection.fetch(_HIS, day.hospital, day.start, day.end)
    return [HisSums(row["department"], row["lines"], row["units"], row["amount_fen"]) for row in rows]
