"""The reconciliation in PostgreSQL: one session of one reconciler is one transaction, and sessions come one by one.

References:
    docs/reconciliation.md.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from models.charging.snapshot import Catalogue
from models.reasons import Reason, Verdict
from models.reconciling.differences import Difference, DifferenceStatus, DifferenceVersion, GatheredSides, UsedScan
from sinks.postgres.charging.books import read_catalogue
from sinks.postgres.locks import AdvisoryLock
from sinks.postgres.named import Asked
from sinks.postgres.reconciling.difference_rows import (
    correction_body,
    correction_id,
    difference_of,
    finding_row,
    line_of,
    version_of,
    version_row,
)

Encounter = tuple[str, str]
"""(hospital, encounter)."""
HospitalItem = tuple[str, str]
"""(hospital, item code)."""

_TAKE = """
WITH next AS MATERIALIZED (
    SELECT n.delta_id, sum(cardinality(n.encounters)) OVER (ORDER BY n.delta_id) - cardinality(n.encounters) AS before
    FROM (SELECT * FROM udi.case_delta WHERE reader = 'differences' ORDER BY delta_id LIMIT $1) n
), taken AS (
    DELETE FROM udi.case_delta d USING next
    WHERE d.reader = 'differences' AND d.delta_id = next.delta_id AND next.before < $1
    RETURNING d.hospitals, d.encounters, d.recorded_at
), every_one AS (
    SELECT one.hospital, one.encounter, taken.recorded_at
    FROM taken CROSS JOIN LATERAL unnest(taken.hospitals, taken.encounters) one (hospital, encounter)
    UNION ALL
    SELECT o.hospital, o.encounter, c.recorded_at
    FROM udi.fact_change c CROSS JOIN LATERAL unnest(c.issuers, c.dis) i (issuer, di)
    JOIN udi.open_scan o ON (o.hospital, o.issuer, o.di) = (c.hospital, i.issuer, i.di)
    WHERE c.version > $2 AND c.version <= $3 AND c.kind = 'item' AND o.encounter IS NOT NULL
)
SELECT hospital, encounter, max(recorded_at) AS at FROM every_one
WHERE EXISTS (SELECT FROM udi.his_line l WHERE l.hospital = every_one.hospital)
GROUP BY hospital, encounter
"""
_SEEN = "SELECT coalesce((SELECT facts_version FROM udi.reconciled), 0)"
_SEE = "INSERT INTO udi.reconciled VALUES (true, $1) ON CONFLICT (only_row) DO UPDATE SET facts_version = $1"
_HAS_WORK: Final = f"""
SELECT EXISTS (SELECT FROM udi.case_delta WHERE reader = 'differences')
    OR (SELECT version FROM udi.fact_counter) > ({_SEEN})
"""
"""Whether something changed that nobody has compared."""
_PAST = """
SELECT d.difference_id, bool_or(d.status = 'asked') AS asked, bool_or(d.cause = 'not-charged-yet') AS waited
FROM udi.difference d
WHERE d.difference_id = ANY ($1) AND NOT EXISTS (
    SELECT FROM udi.difference gone
    WHERE gone.difference_id = d.difference_id AND gone.version > d.version AND gone.status IN ('mended', 'vanished')
)
GROUP BY d.difference_id
"""
_KNOWN = """
SELECT k.hospital, k.encounter FROM unnest($1::text[], $2::text[]) k (hospital, encounter)
WHERE EXISTS (SELECT FROM udi.encounter e WHERE (e.hospital, e.encounter) = (k.hospital, k.encounter))
"""
_STANDING = """
SELECT s.across, d.* FROM udi.difference_standing s
JOIN udi.difference d ON (d.difference_id, d.version) = (s.difference_id, s.version)
WHERE (s.hospital, s.encounter) IN (SELECT * FROM unnest($1::text[], $2::text[]))
UNION
SELECT s.across, d.* FROM udi.difference_standing s
JOIN udi.difference d ON (d.difference_id, d.version) = (s.difference_id, s.version)
WHERE (s.hospital, s.item_code) IN (SELECT * FROM unnest($3::text[], $4::text[])) AND s.across
UNION
SELECT s.across, d.* FROM udi.difference_standing s
JOIN udi.difference d ON (d.difference_id, d.version) = (s.difference_id, s.version)
WHERE s.difference_id = ANY ($5)
"""


async def has_work(asked: Asked) -> bool:
    """Something changed that nobody has compared."""
    return bool(await asked.fetchval(_HAS_WORK))


class ReconcilingBooks:
    """The books as the reconciler uses them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._catalogue = Catalogue()

    async def has_work(self) -> bool:
        """Something changed that nobody has compared."""
        return await has_work(self._pool)

    @asynccontextmanager
    async def session(self) -> AsyncIterator["ReconcilingSession"]:
        """One transaction; other sessions wait until it ends. Nothing of it stands after an exception."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", AdvisoryLock.RECONCILING)
            await read_catalogue(connection, self._catalogue)
            yield ReconcilingSession(connection, self._catalogue)


class ReconcilingSession:
    """One transaction of one reconciler (or of a person who decides on differences), alone."""

    def __init__(self, connection: Any, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    async def take(self, encounters_max: int) -> dict[Encounter, datetime]:
        """Encounters that changed, each with the newest instant that changed it; they are worked off.

        Changes are taken whole (each has the encounters of one batch) until there are `encounters_max` different ones:
        a backlog names the same ones again and again, and together they are compared once. A change of
        the catalogue changes what open uses are worth, so their encounters are among them. Hospitals whose HIS has
        never sent a line are left out: there is nothing to compare with.
        """
        seen = await self._connection.fetchval(_SEEN)
        newest = self._catalogue.version
        changed: dict[Encounter, datetime] = {}
        since = seen
        while len(changed) < encounters_max:
            rows = await self._connection.fetch(_TAKE, encounters_max - len(changed), since, newest)
            since = newest
            for row in rows:
                encounter = (row["hospital"], row["encounter"])
                changed[encounter] = max(row["at"], changed.get(encounter, row["at"]))
            if not rows:
                break
        if newest > seen:
            await self._connection.execute(_SEE, newest)
        return changed

    async def gathered(self, encounters: Collection[Encounter]) -> Mapping[Encounter, GatheredSides]:
        """What each encounter has on both sides; one that has nothing gives empty sides."""
        found: dict[Encounter, GatheredSides] = defaultdict(GatheredSides)
        for row in await self._connection.fetch("SELECT * FROM udi.case_uses($1, $2)", *_split(encounters)):
            found[row["hospital"], row["encounter"]].scans.append(self._scan(row))
        for row in await self._connection.fetch("SELECT * FROM udi.case_lines($1, $2)", *_split(encounters)):
            found[row["hospital"], row["encounter"]].lines.append(line_of(row))
        return found

    async def known(self, encounters: Collection[Encounter]) -> set[Encounter]:
        """Those the books have a record of."""
        return {tuple(row) for row in await self._connection.fetch(_KNOWN, *_split(encounters))}

    def _scan(self, row: Any) -> UsedScan:
        return UsedScan(
            scan_id=UUID(int=row["scan_id"].int),
            encounter=row["encounter"],
            scanned_at=row["scanned_at"],
            department=row["department"],
            item_code=row["item_code"],
            item=self._catalogue.item(row["hospital"], row["item_code"] or ""),
            insurance_code=row["insurance_code"],
            lot=row["lot"],
            serial=row["serial"],
            units=row["units"],
            returned=row["returned"],
            verdict=Verdict(row["verdict"]),
            reasons=tuple(map(Reason, row["reasons"])),
            charged_price=row["unit_price"],
            left_fen=row["left_fen"],
            billing_id=row["billing_id"],
            earlier_billing_ids=tuple(row["earlier"]),
        )

    async def findings(self, encounters: Collection[Encounter]) -> list[Difference]:
        """What the comparison before has found in each encounter by itself."""
        rows = await self._connection.fetch(
            "SELECT f.* FROM unnest($1::text[], $2::text[]) k (hospital, encounter) "
            "JOIN udi.finding f USING (hospital, encounter)",
            *_split(encounters),
        )
        return [difference_of(row) for row in rows]

    async def replace_findings(self, gone: Iterable[Difference], found: Iterable[Difference]) -> None:
        """Take the place of earlier findings."""
        await self._connection.execute(
            "DELETE FROM udi.finding WHERE difference_id = ANY ($1)", [each.difference_id for each in gone]
        )
        await self._connection.execute(
            "INSERT INTO udi.finding SELECT * FROM unnest($1::udi.finding[])", [finding_row(each) for each in found]
        )

    async def findings_of(self, ids: Collection[UUID]) -> list[Difference]:
        """Findings by their ids, as far as they are there."""
        rows = await self._connection.fetch("SELECT * FROM udi.finding WHERE difference_id = ANY ($1)", list(ids))
        return [difference_of(row) for row in rows]

    async def candidates(self, items: Collection[HospitalItem], window: timedelta) -> list[Difference]:
        """What is missed in one encounter and extra in another, and may be one charge on the wrong patient."""
        rows = await self._connection.fetch("SELECT * FROM udi.across_encounters($1, $2, $3)", *_split(items), window)
        return [difference_of(row) for row in rows]

    async def standing(
        self, encounters: Collection[Encounter], items: Collection[HospitalItem], ids: Collection[UUID]
    ) -> list[DifferenceVersion]:
        """The differences that are there: of the encounters, between encounters over the items, and of these ids."""
        rows = await self._connection.fetch(_STANDING, *_split(encounters), *_split(items), list(ids))
        return [version_of(row) for row in rows]

    async def standing_of(self, ids: Collection[UUID]) -> list[DifferenceVersion]:
        """Those of the ids that are there."""
        return await self.standing([], [], ids)

    async def decide(
        self, standing: Sequence[DifferenceVersion], status: DifferenceStatus, by: str, reason: str, at: datetime
    ) -> None:
        """A person asks the HIS to mend differences, or lets them stand.

        What is asked goes out on the topic of cases, in this transaction.
        """
        versions = [
            replace(each, version=each.version + 1, status=status, changed_at=at, by=by, reason=reason)
            for each in standing
        ]
        await self.record(versions)
        for version in versions if status is DifferenceStatus.ASKED else ():
            difference = version.difference
            await self._connection.execute(
                "SELECT udi.publish_case($1, $2, $3, $4)",
                difference.hospital, difference.encounter, correction_id(version), correction_body(version),
            )  # fmt: skip

    async def newest(self, ids: Collection[UUID]) -> dict[UUID, int]:
        """The newest version of differences that were there at some time."""
        rows = await self._connection.fetch(
            "SELECT difference_id, max(version) AS version FROM udi.difference "
            "WHERE difference_id = ANY ($1) GROUP BY difference_id",
            list(ids),
        )
        return {row["difference_id"]: row["version"] for row in rows}

    async def past(self, ids: Collection[UUID]) -> tuple[set[UUID], set[UUID]]:
        """Which of the differences that are there were asked for, and which waited for a scan to be freed."""
        rows = await self._connection.fetch(_PAST, list(ids))
        asked = {row["difference_id"] for row in rows if row["asked"]}
        return asked, {row["difference_id"] for row in rows if row["waited"]}

    async def record(self, versions: Sequence[DifferenceVersion]) -> None:
        """Write versions of differences."""
        await self._connection.execute(
            "SELECT udi.record_differences($1, $2)",
            [version_row(each) for each in versions],
            [each.difference.difference_id for each in versions if each.across],
        )


def _split(pairs: Collection[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [first for first, _ in pairs], [second for _, second in pairs]
