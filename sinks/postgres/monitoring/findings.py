"""Findings as rows of the books, within a session of the evaluator and for people."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from models.calendar import Month
from models.monitoring.alert import AlertVersion, Measure
from models.monitoring.finding import (
    AlertRef,
    DepartmentRise,
    DeskCut,
    Filed,
    FindingBody,
    FindingKey,
    FindingStatus,
    FindingVersion,
)
from sinks.postgres.charging.tables import Row
from sinks.postgres.monitoring.alert_rows import cause_read, cause_shown, version_of

_INSERT = "INSERT INTO udi.watch_finding SELECT * FROM unnest($1::udi.watch_finding[])"


class FindingRows:
    """Findings in the transaction of a session."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def keys_of_months(self, months: Collection[tuple[str, Month]]) -> set[FindingKey]:
        """The items that alerts of hospitals and months are about."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT hospital, item_code, month FROM unnest($1::text[], $2::int[]) k (hospital, month) "
            "JOIN udi.alert a USING (hospital, month)",
            [hospital for hospital, _ in months], [month for _, month in months],
        )  # fmt: skip
        return {FindingKey(*row) for row in rows}

    async def alerts(self, keys: Collection[FindingKey]) -> dict[FindingKey, list[AlertVersion]]:
        """The newest version of every alert on items and months, in all scopes."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT ON (a.alert_id) a.* FROM (SELECT DISTINCT hospital, month FROM "
            "unnest($1::text[], $3::int[]) m (hospital, month)) m JOIN udi.alert a USING (hospital, month) "
            "JOIN unnest($1::text[], $2::text[], $3::int[]) k (hospital, item_code, month) "
            "USING (hospital, item_code, month) ORDER BY a.alert_id, a.version DESC",
            *_columns(keys),
        )
        found: dict[FindingKey, list[AlertVersion]] = {key: [] for key in keys}
        for row in rows:
            found[FindingKey(row["hospital"], row["item_code"], row["month"])].append(version_of(row))
        return found

    async def newest(self, keys: Collection[FindingKey]) -> dict[FindingKey, FindingVersion]:
        """The newest version of findings."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT ON (f.finding) f.* FROM udi.watch_finding f WHERE f.finding = ANY ($1) "
            "ORDER BY f.finding, f.version DESC",
            [key.finding_id for key in keys],
        )
        versions = [finding_of_row(row) for row in rows]
        return {version.key: version for version in versions}

    async def cuts(self, hospitals: Collection[str]) -> dict[str, dict[Month, DeskCut | None]]:
        """The cuts of hospitals by closed month."""
        rows = await self._connection.fetch("SELECT * FROM udi.desk_cut WHERE hospital = ANY ($1)", list(hospitals))
        found: dict[str, dict[Month, DeskCut | None]] = {}
        for row in rows:
            cut = None if row["certain_fen"] is None else DeskCut(row["certain_fen"], row["amount_fen"])
            found.setdefault(row["hospital"], {})[row["month"]] = cut
        return found

    async def record(
        self, versions: Sequence[FindingVersion], cuts: Mapping[tuple[str, Month], DeskCut | None]
    ) -> None:
        """Write versions of findings, and the cuts of closed months."""
        if versions:
            await self._connection.execute(_INSERT, [finding_row(each) for each in versions])
        for (hospital, month), cut in cuts.items():
            await self._connection.execute(
                "INSERT INTO udi.desk_cut VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                hospital, month, *(cut or (None, None)),
            )  # fmt: skip


def _columns(keys: Collection[FindingKey]) -> list[list[Any]]:
    return [[key[place] for key in keys] for place in range(3)]


def finding_row(version: FindingVersion) -> Row:
    """A version in the column order of udi.watch_finding."""
    key, body = version.key, version.body
    cause = cause_shown(body.measure or Measure.AMOUNT, body.cause)
    departments = [[each.department, each.amount_fen] for each in body.departments]
    return (
        key.finding_id, version.version, *key, body.status, body.filed, body.provisional, body.amount_fen,
        body.certain_fen, orjson.dumps(cause).decode(), body.measure, [each.alert_id for each in body.alerts],
        [each.version for each in body.alerts], orjson.dumps(departments).decode(), version.found_at,
    )  # fmt: skip


def finding_of_row(row: Any) -> FindingVersion:
    """The version in a row of udi.watch_finding."""
    measure = None if row["measure"] is None else Measure(row["measure"])
    body = FindingBody(
        FindingStatus(row["status"]),
        None if row["filed"] is None else Filed(row["filed"]),
        row["provisional"],
        row["amount_fen"],
        row["certain_fen"],
        cause_read(measure or Measure.AMOUNT, row["cause"]),
        measure,
        tuple(
            AlertRef(UUID(int=alert.int), version)
            for alert, version in zip(row["alerts"], row["alert_versions"], strict=True)
        ),
        tuple(DepartmentRise(*each) for each in orjson.loads(row["departments"])),
    )
    key = FindingKey(row["hospital"], row["item_code"], row["month"])
    return FindingVersion(key, row["version"], body, row["found_at"])
