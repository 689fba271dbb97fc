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

from models.stock.exposure import (
    ClosureProof,
    ExposureLine,
    Holding,
    ItemScan,
    KeptProof,
    Loss,
    Patient,
    StandingLine,
)
from models.stock.recall import Recall, recorded_recall
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
SELECT store, owner, item_code, issuer, di, lot, serial, expiry, quantity FROM udi.stock_in_place
WHERE hospital = $1 AND item_code = ANY ($2) AND quantity > 0 ORDER BY store, owner, item_code, lot, serial
"""
_PATIENTS = "SELECT encounter, department, from_at, to_at FROM udi.patients_of_store($1, $2, $3, $4) ORDER BY encounter"
_LISTED = """
SELECT kind, line_id, encounter, store, department, item_code, issuer, di, lot, serial, expiry, quantity, chance,
       reckoned, scan_id, happened_at, status, closed_at, closed_by, closing_reason, reopened, last_closed_at,
       last_closed_by, last_closing_reason, last_closed_quantity, last_closed_chance
FROM report.recall_lines_2 WHERE (hospital, recall, version) = ($1, $2, $3)
ORDER BY kind, happened_at, encounter, store, lot, serial, line_id
"""
_UPSERT = """
INSERT INTO udi.recall_line (hospital, recall, version, line_id, kind, encounter, store, department, item_code, issuer,
    di, lot, serial, expiry, quantity, chance, reckoned, scan_id, happened_at)
SELECT $1, $2, $3, one.* FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::date[], $15::bigint[], $16::numeric[], $17::text[],
    $18::uuid[], $19::timestamptz[]) one
ON CONFLICT (hospital, recall, version, line_id) DO UPDATE SET kind = excluded.kind, encounter = excluded.encounter,
    store = excluded.store, department = excluded.department, item_code = excluded.item_code, issuer = excluded.issuer,
    di = excluded.di, lot = excluded.lot, serial = excluded.serial, expiry = excluded.expiry,
    quantity = excluded.quantity, chance = excluded.chance, reckoned = excluded.reckoned, scan_id = excluded.scan_id,
    happened_at = excluded.happened_at, gone_at = NULL
WHERE recall_line.gone_at IS NOT NULL OR (
    recall_line.kind, recall_line.encounter, recall_line.store, recall_line.department, recall_line.item_code,
    recall_line.issuer, recall_line.di, recall_line.lot, recall_line.serial, recall_line.expiry, recall_line.quantity,
    recall_line.chance, recall_line.reckoned, recall_line.scan_id, recall_line.happened_at
) IS DISTINCT FROM (
    excluded.kind, excluded.encounter, excluded.store, excluded.department, excluded.item_code, excluded.issuer,
    excluded.di, excluded.lot, excluded.serial, excluded.expiry, excluded.quantity, excluded.chance, excluded.reckoned,
    excluded.scan_id, excluded.happened_at
)
"""
"""All lines at once: a lot that was lost in a large department has tens of thousands. What stands is not written."""
_GONE = """
UPDATE udi.recall_line SET gone_at = clock_timestamp()
WHERE (hospital, recall, version) = ($1, $2, $3) AND gone_at IS NULL
  AND NOT EXISTS (SELECT FROM unnest($4::uuid[]) listed (line_id) WHERE listed.line_id = recall_line.line_id)
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
_KEEP = """
INSERT INTO udi.recall_proof (hospital, recall, n, version, level, lines, units, closed_by_persons, gone, ended,
    closed_at, hash)
SELECT $1, $2, coalesce(max(p.n), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11
FROM udi.recall_proof p WHERE (p.hospital, p.recall) = ($1, $2)
HAVING ((array_agg(p.version ORDER BY p.n DESC))[1], (array_agg(p.hash ORDER BY p.n DESC))[1])
    IS DISTINCT FROM ($3, $11)
"""
"""Of what came to the same as the newest one nothing is kept again."""
_KEPT = """
SELECT recall, version, level, lines, units, closed_by_persons, gone, ended, closed_at, hash, n, proven_at
FROM report.recall_proofs WHERE (hospital, recall) = ($1, $2) ORDER BY n
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
class Looked:
    """What was looked at for a notice: that nothing is meant is as sure as this is whole."""

    items: int
    """Items of the catalogue, now or once, that it names."""
    scans: int
    """Scans of units of its identifiers and of these items, whatever their lot."""
    balances: int
    """Balances above zero of these items, in every place of the house."""
    first_at: datetime | None
    """When the oldest of the scans was made; `None` when there is none."""
    last_at: datetime | None
    """When the newest was made."""


@dataclass(frozen=True, slots=True)
class Materials:
    """What the lines of a notice are made of."""

    identifiers: dict[str, frozenset[tuple[str, str]]]
    """Of each item of the house that the notice names."""
    scans: Sequence[ItemScan]
    """Scans of units that the notice names."""
    holdings: Sequence[Holding]
    """Units of them that lie somewhere."""

    @property
    def looked(self) -> Looked:
        """How much that is."""
        times = [scan.scanned_at for scan in self.scans]
        bounds = (min(times, default=None), max(times, default=None))
        return Looked(len(self.identifiers), len(times), len(self.holdings), *bounds)


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
        return [Accepted(recorded_recall(row["body"]), row["recorded_at"], row["accepted_at"]) for row in rows]

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

    async def proofs(self, notice: Recall) -> list[KeptProof]:
        """Each time that every line of one of its versions had ended, oldest first."""
        return await fetch(self._pool, KeptProof, _KEPT, notice.hospital, notice.recall)

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

    async def lines(self) -> list[StandingLine]:
        """What its version lists, as it stands."""
        notice = self._notice
        return await fetch(self._connection, StandingLine, _LISTED, notice.hospital, notice.recall, notice.version)

    async def keep(self, proof: ClosureProof) -> None:
        """Every line has ended; what it came to stays in the books."""
        await self._connection.execute(
            _KEEP, self._notice.hospital, proof.recall, proof.version, proof.level, proof.lines, proof.units,
            proof.closed_by_persons, proof.gone, proof.ended, proof.closed_at, proof.hash,
        )  # fmt: skip

    async def write(self, lines: Sequence[ExposureLine]) -> None:
        """These are its lines now; those that stood and are not among them are gone."""
        key = (self._notice.hospital, self._notice.recall, self._notice.version)
        lines = list({line.line_id: line for line in lines}.values())  # A statement writes a row once.
        ids = [line.line_id for line in lines]
        columns = [[getattr(line, name) for line in lines] for name in _COLUMNS]
        await self._connection.execute(_UPSERT, *key, ids, *columns)
        await self._connection.execute(_GONE, *key, ids)


def _scan(row: Any) -> ItemScan:
    values = dict(row)
    values["reasons"] = tuple(values["reasons"])
    values["scan_id"] = UUID(int=row["scan_id"].int)
    return ItemScan(**values)
