"""Cases in PostgreSQL: which changed, what their ledgers hold, the proofs written of them.

References:
    docs/semantics/closing.md, "Case close proof".
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from models.catalogue.item import CatalogueItem, DatedPrice, prices_of
from models.closing.case import CaseKey, CaseScan, Closing, Proof
from models.reasons import Reason
from sinks.postgres.closing.case_rows import case_body, proof_of, proof_row, scan_of

Connection = asyncpg.Connection | PoolConnectionProxy
Encounter = tuple[str, str]
"""(hospital, encounter)."""
PriceOn = Callable[[tuple[DatedPrice, ...], date], int | Reason]
"""The one price in force on a day, in 1/10,000 yuan, or why there is none: `rules.catalogue.joining.price_on`."""

_TAKE = """
WITH next AS MATERIALIZED (
    SELECT n.delta_id FROM udi.case_delta n WHERE n.reader = 'proofs' ORDER BY n.delta_id LIMIT $1
    FOR UPDATE SKIP LOCKED
)
DELETE FROM udi.case_delta d USING next WHERE d.reader = 'proofs' AND d.delta_id = next.delta_id
RETURNING d.hospitals, d.encounters, d.recorded_at
"""
_NEWEST = """
SELECT newest.* FROM unnest($1::text[], $2::text[], $3::text[]) k (hospital, encounter, operation)
CROSS JOIN LATERAL (
    SELECT p.* FROM udi.case_proof p
    WHERE (p.hospital, p.encounter, p.operation) = (k.hospital, k.encounter, k.operation)
    ORDER BY p.version DESC LIMIT 1
) newest
"""
_NAMES = """
SELECT k.item_code, newest.body FROM unnest($2::text[]) k (item_code)
CROSS JOIN LATERAL (
    SELECT c.body FROM udi.catalogue c WHERE (c.hospital, c.item_code) = ($1, k.item_code)
    ORDER BY c.version DESC LIMIT 1
) newest
"""
_DIFFERENCES = """
SELECT d.hospital, d.encounter, count(*) AS differences FROM unnest($1::text[], $2::text[]) k (hospital, encounter)
JOIN udi.difference_standing d ON (d.hospital, d.encounter) = (k.hospital, k.encounter)
WHERE d.status IN ('open', 'asked') GROUP BY d.hospital, d.encounter
"""
_PRICED = "SELECT version, body FROM udi.catalogue WHERE version = ANY ($1)"
_HISTORY = """
SELECT * FROM udi.case_proof WHERE (hospital, encounter, operation) = ($1, $2, $3) ORDER BY version
"""
_HOSPITALS = """
WITH RECURSIVE admitting (hospital) AS (
    (SELECT e.hospital FROM udi.encounter e ORDER BY e.hospital LIMIT 1)
    UNION ALL
    SELECT (SELECT e.hospital FROM udi.encounter e WHERE e.hospital > a.hospital ORDER BY e.hospital LIMIT 1)
    FROM admitting a WHERE a.hospital IS NOT NULL
)
SELECT a.hospital FROM admitting a
WHERE EXISTS (SELECT FROM udi.encounter e WHERE (e.hospital, e.encounter) = (a.hospital, $1))
UNION
SELECT h.hospital FROM udi.hospitals_with_records() h (hospital)
WHERE EXISTS (
    SELECT FROM udi.scan s WHERE (s.hospital, s.encounter) = (h.hospital, $1) AND s.action IN ('use', 'return')
)
"""
_KNOWN = """
SELECT EXISTS (SELECT FROM udi.encounter WHERE (hospital, encounter) = ($1, $2))
    OR EXISTS (SELECT FROM udi.scan WHERE (hospital, encounter) = ($1, $2) AND action IN ('use', 'return'))
"""


@dataclass(frozen=True, slots=True)
class CaseSnapshot:
    """What the books have of a case."""

    closing: Closing
    """What has closed it so far."""
    differences_open: int
    """Of the encounter, with the HIS."""
    scans: Sequence[CaseScan]
    """Of the whole encounter, in any order."""
    history: Sequence[Proof]
    """Every version of its proof."""
    names: Mapping[str, str]
    """Of its items, by their codes."""


async def closings_of(connection: Connection, encounters: Collection[Encounter]) -> dict[CaseKey, Closing]:
    """The cases of encounters that are closed, and by what."""
    rows = await connection.fetch("SELECT * FROM udi.case_states($1, $2)", *_split(encounters))
    return {
        CaseKey(row["hospital"], row["encounter"], row["operation"]): Closing(
            row["discharged_at"], row["settled_at"], row["closings"]
        )
        for row in rows
    }


async def differences_of(connection: Connection, encounters: Collection[Encounter]) -> Counter[Encounter]:
    """How many differences with the HIS are open, or asked and not mended, in each encounter."""
    rows = await connection.fetch(_DIFFERENCES, *_split(encounters))
    return Counter({(row["hospital"], row["encounter"]): row["differences"] for row in rows})


async def newest_of(connection: Connection, keys: Collection[CaseKey]) -> dict[CaseKey, Proof]:
    """The newest proof of each case that has any."""
    columns = [[key[place] for key in keys] for place in range(3)]
    proofs = [proof_of(row) for row in await connection.fetch(_NEWEST, *columns)]
    return {proof.key: proof for proof in proofs}


async def scans_of(
    connection: Connection, encounters: Collection[Encounter], price_on: PriceOn
) -> Mapping[Encounter, list[CaseScan]]:
    """All that has to do with the cases of encounters, of one moment, each charge with the catalogue's price of it."""
    found: dict[Encounter, list[CaseScan]] = defaultdict(list)
    rows = await connection.fetch("SELECT * FROM udi.case_scans($1, $2)", *_split(encounters))
    versions = {version for row in rows for version in row["entry_versions"] or ()}
    prices = await _prices_of(connection, versions)

    def price_of(version: int, day: date) -> int | None:
        price = price_on(prices.get(version, ()), day)
        return None if isinstance(price, Reason) else price

    for row in rows:
        found[row["hospital"], row["case_encounter"]].append(scan_of(row, price_of))
    return found


async def _prices_of(connection: Connection, versions: Collection[int]) -> dict[int, tuple[DatedPrice, ...]]:
    """The dated prices of versions of the catalogue."""
    rows = await connection.fetch(_PRICED, list(versions)) if versions else []
    return {row["version"]: prices_of(CatalogueItem.model_validate_json(row["body"])) for row in rows}


def _split(encounters: Collection[Encounter]) -> tuple[list[str], list[str]]:
    return [hospital for hospital, _ in encounters], [encounter for _, encounter in encounters]


class CaseBooks:
    """The books as the prover and the case page use them."""

    def __init__(self, pool: asyncpg.Pool, price_on: PriceOn) -> None:
        self._pool = pool
        self._price_on = price_on

    async def has_work(self) -> bool:
        """Something changed that nobody has looked at."""
        return bool(
            await self._pool.fetchval("SELECT EXISTS (SELECT FROM udi.case_delta WHERE reader = 'proofs')"),
        )

    @asynccontextmanager
    async def session(self) -> AsyncIterator["CaseSession"]:
        """One transaction of a prover. Nothing of it stands after an exception."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield CaseSession(connection, self._price_on)

    async def hospitals_of(self, encounter: str) -> list[str]:
        """The hospitals that know an encounter of that name."""
        return sorted(row["hospital"] for row in await self._pool.fetch(_HOSPITALS, encounter))

    async def knows(self, hospital: str, encounter: str) -> bool:
        """The encounter has a record or a scan."""
        return bool(await self._pool.fetchval(_KNOWN, hospital, encounter))

    async def close(self, key: CaseKey, by: str) -> int:
        """A person closes a case; gives how often it has been closed."""
        return int(await self._pool.fetchval("SELECT udi.close_case($1, $2, $3, $4)", *key, by))

    async def snapshot(self, key: CaseKey) -> "CaseSnapshot":
        """A case as it stands and all that was proven of it, of one moment."""
        encounter = (key.hospital, key.encounter)
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            closings = await closings_of(connection, [encounter])
            differences = await differences_of(connection, [encounter])
            scans = (await scans_of(connection, [encounter], self._price_on)).get(encounter, [])
            codes = sorted({scan.item_code for scan in scans if scan.item_code})
            names = await connection.fetch(_NAMES, key.hospital, codes)
            history = [proof_of(row) for row in await connection.fetch(_HISTORY, *key)]
        by_code = {row["item_code"]: orjson.loads(row["body"])["name"] for row in names}
        return CaseSnapshot(closings.get(key, Closing()), differences[encounter], scans, history, by_code)


class CaseSession:
    """One transaction of one prover.

    What is read later is never older: the newest proof is read before the ledgers. So a prover that has seen older
    ledgers than another one writes a version that is taken, and fails.
    """

    def __init__(self, connection: Any, price_on: PriceOn) -> None:
        self._connection = connection
        self._price_on = price_on

    async def take(self, deltas_max: int) -> dict[Encounter, datetime]:
        """The encounters of so many changes, each with the newest instant that changed it; they are worked off."""
        changed: dict[Encounter, datetime] = {}
        for row in await self._connection.fetch(_TAKE, deltas_max):
            for encounter in zip(row["hospitals"], row["encounters"], strict=True):
                changed[encounter] = max(row["recorded_at"], changed.get(encounter, row["recorded_at"]))
        return changed

    async def closings(self, encounters: Collection[Encounter]) -> dict[CaseKey, Closing]:
        """See `closings_of`."""
        return await closings_of(self._connection, encounters)

    async def differences(self, encounters: Collection[Encounter]) -> Counter[Encounter]:
        """See `differences_of`."""
        return await differences_of(self._connection, encounters)

    async def newest(self, keys: Collection[CaseKey]) -> dict[CaseKey, Proof]:
        """See `newest_of`."""
        return await newest_of(self._connection, keys)

    async def scans(self, encounters: Collection[Encounter]) -> Mapping[Encounter, Sequence[CaseScan]]:
        """See `scans_of`."""
        return await scans_of(self._connection, encounters, self._price_on)

    async def record(self, proofs: Iterable[Proof]) -> None:
        """Write proofs, each with its record on the topic of cases.

        Raises:
            asyncpg.UniqueViolationError: another prover was faster.
        """
        written = list(proofs)
        await self._connection.execute(
            "SELECT udi.record_proofs($1, $2, $3)",
            [proof_row(proof) for proof in written],
            [proof.id for proof in written],
            [case_body(proof) for proof in written],
        )
