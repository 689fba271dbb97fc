"""The recall desk's side of the books: what a notice may list, the lines it lists, how persons end them.

References:
    docs/store.md, "Recall".
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from models.stock.exposure import ExposureLine, Holding, ItemScan, Loss, Patient, StandingLine
from models.stock.recall import Recall
from models.udi import Issuer
from sinks.postgres.locks import AdvisoryLock
from sinks.postgres.named import fetch

_ITEMS = """
SELECT newest.item_code, newest.body FROM (
    SELECT f.code FROM udi.fact_change f
    WHERE f.kind = 'item' AND f.hospital = $1 AND f.dis && $2::text[]
    UNION
    SELECT unnest($3::text[])
) k (item_code)
CROSS JOIN LATERAL (
    SELECT c.* FROM udi.catalogue c WHERE (c.hospital, c.item_code) = ($1, k.item_code) ORDER BY c.version DESC LIMIT 1
) newest
"""
_HOLDINGS = """
SELECT store, owner, item_code, issuer, di, lot, serial, expiry, quantity FROM report.stock
WHERE hospital = $1 AND item_code = ANY ($2) AND quantity > 0 ORDER BY store, owner, item_code, lot, serial
"""
_PATIENTS = "SELECT encounter, department, from_at, to_at FROM udi.patients_of_store($1, $2, $3, $4) ORDER BY encounter"
_STAND = """
SELECT * FROM udi.recall_line WHERE (hospital, recall, version) = ($1, $2, $3)
"""
_LISTED = """
SELECT kind, line_id, encounter, store, department, item_code, issuer, di, lot, serial, expiry, quantity, chance,
       reckoned, scan_id, happened_at, status, closed_at, closed_by, closing_reason
FROM report.recall_lines WHERE (hospital, recall, version) = ($1, $2, $3)
ORDER BY kind, happened_at, encounter, store, lot, serial, line_id
"""
_UPSERT = """
INSERT INTO udi.recall_line (hospital, recall, version, line_id, kind, encounter, store, department, item_code, issuer,
    di, lot, serial, expiry, quantity, chance, reckoned, scan_id, happened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (hospital, recall, version, line_id) DO UPDATE SET kind = excluded.kind, encounter = excluded.encounter,
    store = excluded.store, department = excluded.department, item_code = excluded.item_code, lot = excluded.lot,
    serial = excluded.serial, expiry = excluded.expiry, quantity = excluded.quantity, chance = excluded.chance,
    reckoned = excluded.reckoned, happened_at = excluded.happened_at, gone_at = NULL
"""
_GONE = """
UPDATE udi.recall_line SET gone_at = clock_timestamp()
WHERE (hospital, recall, version) = ($1, $2, $3) AND line_id = ANY ($4) AND gone_at IS NULL
"""
_CLOSE = """
INSERT INTO udi.recall_closing (hospital, recall, line_id, n, quantity, reason, closed_by)
SELECT l.hospital, l.recall, l.line_id, coalesce(max(c.n), 0) + 1, l.quantity, $4, $5
FROM udi.recall_line l JOIN udi.recall_now r USING (hospital, recall, version)
LEFT JOIN udi.recall_closing c USING (hospital, recall, line_id)
WHERE (l.hospital, l.recall, l.line_id) = ($1, $2, $3) AND l.gone_at IS NULL
GROUP BY l.hospital, l.recall, l.line_id, l.quantity
RETURNING n
"""
_COLUMNS = (
    "kind", "encounter", "store", "department", "item_code", "issuer", "di", "lot", "serial", "expiry", "quantity",
    "chance", "reckoned", "scan_id", "happened_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Accepted:
    """A notice as the books hold it."""

    notice: Recall
    """As it came on its topic."""
    recorded_at: datetime
    """The broker's timestamp of its record."""
    accepted_at: datetime
    """The database's clock when the books took it: what is recorded later was decided by it."""


@dataclass(frozen=True, slots=True)
class Materials:
    """What the lines of a notice are made of."""

    identifiers: dict[str, frozenset[tuple[str, str]]]
    """Of each item of the house that the notice names."""
    scans: Sequence[ItemScan]
    """Scans of units that the notice names."""
    holdings: Sequence[Holding]
    """Units of them that lie somewhere."""


class RecallDesk:
    """The books as the recall desk uses them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def notices(self, hospital: str | None = None, recall: str | None = None) -> list[Accepted]:
        """The version that holds of every notice, or of those named."""
        rows = await self._pool.fetch(
            "SELECT * FROM udi.recall_now WHERE ($1::text IS NULL OR hospital = $1) "
            "AND ($2::text IS NULL OR recall = $2) ORDER BY hospital, recall",
            hospital, recall,
        )  # fmt: skip
        return [
            Accepted(Recall.model_validate_json(row["body"]), row["recorded_at"], row["accepted_at"]) for row in rows
        ]

    async def lanes_stand(self) -> int:
        """A number that grows with every batch recorded."""
        return int(await self._pool.fetchval("SELECT coalesce(sum(version), 0) FROM udi.lane"))

    @asynccontextmanager
    async def listing(self, notice: Recall) -> AsyncIterator["Listing"]:
        """One transaction that lists a notice; of several at once one after the other."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT pg_advisory_xact_lock($1, hashtext($2))",
                AdvisoryLock.RECALLS,
                f"{notice.hospital}/{notice.recall}",
            )
            yield Listing(connection, notice)

    async def lines(self, notice: Recall) -> list[StandingLine]:
        """What its version lists, as it stands."""
        return await fetch(self._pool, StandingLine, _LISTED, notice.hospital, notice.recall, notice.version)

    async def close(self, notice: Recall, line_id: UUID, reason: str, by: str) -> bool:
        """A person ends a line; `False` when no such line stands."""
        arguments = (notice.hospital, notice.recall, line_id, reason, by)
        return await self._pool.fetchval(_CLOSE, *arguments) is not None


class Listing:
    """One transaction of the desk on one notice."""

    def __init__(self, connection: Any, notice: Recall) -> None:
        self._connection = connection
        self._notice = notice

    async def materials(self) -> Materials:
        """What the books hold of the items and identifiers it names."""
        notice = self._notice
        named = {(str(line.issuer), line.di) for line in notice.lines if line.di is not None}
        codes = [line.item_code for line in notice.lines if line.item_code is not None]
        rows = await self._connection.fetch(_ITEMS, notice.hospital, [di for _, di in named], codes)
        items = {}
        for row in rows:
            body = orjson.loads(row["body"])
            has = {(each["issuer"], each["di"]) for each in body["identifiers"]}
            if has & named or row["item_code"] in codes:
                items[row["item_code"]] = frozenset({*has, (Issuer.INTERNAL.value, row["item_code"])})
        every = sorted(named.union(*items.values()))
        issuers, dis = [issuer for issuer, _ in every], [di for _, di in every]
        scans = await self._connection.fetch(
            "SELECT * FROM udi.scans_of_identifiers_2($1, $2, $3)", notice.hospital, issuers, dis
        )
        holdings = await self._connection.fetch(_HOLDINGS, notice.hospital, list(items))
        return Materials(items, [_scan(row) for row in scans], [Holding(*row) for row in holdings])

    async def patients(self, lost: Sequence[Loss]) -> dict[str, list[Patient]]:
        """By store: who lay in its department, or was scanned from it, while something was lost there."""
        found = {}
        for store in sorted({each.store for each in lost}):
            mine = [each for each in lost if each.store == store]
            since, until = min(each.since for each in mine), max(each.until for each in mine)
            found[store] = await fetch(self._connection, Patient, _PATIENTS, self._notice.hospital, store, since, until)
        return found

    async def write(self, lines: Sequence[ExposureLine]) -> None:
        """These are its lines now; those that stood and are not among them are gone."""
        notice = self._notice
        key = (notice.hospital, notice.recall, notice.version)
        stand = {row["line_id"]: row for row in await self._connection.fetch(_STAND, *key)}
        changed = [line for line in lines if line.line_id not in stand or _differs(line, stand[line.line_id])]
        if changed:
            await self._connection.executemany(_UPSERT, [(*key, line.line_id, *_values(line)) for line in changed])
        gone = [id_ for id_, row in stand.items() if row["gone_at"] is None]
        gone = list(set(gone) - {line.line_id for line in lines})
        if gone:
            await self._connection.execute(_GONE, *key, gone)


def _scan(row: Any) -> ItemScan:
    values = dict(row)
    values["reasons"] = tuple(values["reasons"])
    values["scan_id"] = UUID(int=row["scan_id"].int)
    return ItemScan(**values)


def _values(line: ExposureLine) -> tuple[Any, ...]:
    return (line.kind.value, *(getattr(line, name) for name in _COLUMNS[1:]))


def _differs(line: ExposureLine, row: Any) -> bool:
    return row["gone_at"] is not None or _values(line) != tuple(row[name] for name in _COLUMNS)
