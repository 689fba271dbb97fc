"""Usage and alerts in PostgreSQL: one session of one evaluator is one transaction.

A session begins by locking the topic's rows of udi.topic_counter. So evaluators come one after the other, whatever
their leases say: each sees what the one before has folded and written, and sequence numbers have no gaps.

References:
    docs/alerts.md.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson

from models.calendar import Month, month_text
from models.monitoring.alert import (
    AlertKey,
    AlertVersion,
    Cell,
    Measure,
    RuleMeasure,
    Scope,
    ScopeMonth,
    ScopeType,
    Standing,
    StandingKey,
    Tops,
    Traits,
    UsageSums,
)
from models.monitoring.cause import Caseload
from models.monitoring.finding import FindingKey
from models.monitoring.rule import HeldRule
from models.wire.topics import ALERTS
from sinks.postgres.monitoring.alert_rows import (
    alert_row,
    cell_columns,
    cell_of,
    outbox_rows,
    place_columns,
    standing_rows,
    version_of,
)
from sinks.postgres.monitoring.findings import FindingRows
from sinks.postgres.monitoring.past import traits_of
from sinks.postgres.monitoring.reviews import Judge, reopen
from sinks.postgres.monitoring.rules import held_rules

_LOCK = "SELECT partition FROM udi.topic_counter WHERE topic = $1 ORDER BY partition FOR UPDATE"
_CELLS = (
    "unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[]) "
    "k (hospital, scope_type, scope, item_code, month)"
)
_PLACES = "unnest($1::text[], $2::text[], $3::text[], $4::int[]) k (hospital, scope_type, scope, month)"


class PendingClose(NamedTuple):
    """A closed month whose alerts are not judged yet."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    month: Month
    """Month of the hospital's zone, as `yyyymm`."""
    closed_at: datetime
    """When the month was closed."""


@dataclass(frozen=True, slots=True)
class Periods:
    """What is closed, and what of it waits to be judged."""

    closed_through: Mapping[str, Month]
    """By hospital, the newest closed month."""
    pending: Sequence[PendingClose]
    """In the order of their months."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold has moved."""

    changed: Mapping[Cell, datetime]
    """The cells it changed, each with the newest instant that changed it."""
    deltas: int
    """Rows of usage that were folded."""


@dataclass(slots=True)
class Evaluated:
    """What one session writes in the end."""

    versions: list[AlertVersion] = field(default_factory=list)
    """New versions of alerts."""
    standings_before: dict[StandingKey, Tops] = field(default_factory=dict)
    """Of each scope, month and rule whose tops have changed: those in the books."""
    standings: dict[StandingKey, Tops] = field(default_factory=dict)
    """Those that take their place; only items at the top."""
    first_months: dict[str, Month] = field(default_factory=dict)
    """By hospital, the first month of records, where it is new."""
    judged: list[PendingClose] = field(default_factory=list)
    """Closed months whose alerts are judged by this."""


class AlertBooks:
    """The books as the evaluator uses them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._catalogue_version = 0
        self._traits: dict[tuple[str, str], Traits] = {}

    @asynccontextmanager
    async def session(self) -> AsyncIterator["AlertSession"]:
        """One transaction; other sessions wait until it ends. Nothing of it stands after an exception."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_LOCK, ALERTS)
            await self._read_catalogue(connection)
            yield AlertSession(connection, len(rows), self._traits)

    async def has_work(self) -> bool:
        """Usage waits to be folded, discharges to be looked at, or a close to be judged."""
        return bool(
            await self._pool.fetchval(
                "SELECT EXISTS (SELECT FROM udi.usage_delta) OR EXISTS (SELECT FROM udi.close_pending) "
                "OR EXISTS (SELECT FROM udi.caseload_delta)"
            )
        )

    async def _read_catalogue(self, connection: Any) -> None:
        """What rules ask of items, by their newest version; only what is newer than the last time."""
        newest = await connection.fetchval("SELECT version FROM udi.fact_counter")
        if newest == self._catalogue_version:
            return
        rows = await connection.fetch(
            "SELECT hospital, item_code, body FROM udi.catalogue WHERE version > $1 AND version <= $2 ORDER BY version",
            self._catalogue_version, newest,
        )  # fmt: skip
        for row in rows:
            self._traits[row["hospital"], row["item_code"]] = traits_of(orjson.loads(row["body"]))
        self._catalogue_version = newest


_NO_TRAITS = Traits()


def _caseload_columns(caseloads: Collection[tuple[Scope, Month]]) -> list[list[Any]]:
    return [
        [scope.hospital for scope, _ in caseloads], [scope.id for scope, _ in caseloads],
        [month for _, month in caseloads],
    ]  # fmt: skip


class AlertSession:
    """One transaction of one evaluator, alone."""

    def __init__(self, connection: Any, partitions: int, traits: Mapping[tuple[str, str], Traits]) -> None:
        self._connection = connection
        self._partitions = partitions
        self._traits = traits
        self.findings = FindingRows(connection)
        """Findings in the same transaction."""

    def traits(self, hospital: str, item_code: str) -> Traits:
        """What the newest catalogue version says of an item; nothing of one that is in no catalogue."""
        return self._traits.get((hospital, item_code), _NO_TRAITS)

    def same_categories(self, items: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
        """The items of hospitals and all others of their categories."""
        wanted = {(hospital, self.traits(hospital, item).category) for hospital, item in items}
        others = {
            key for key, traits in self._traits.items() if traits.category and (key[0], traits.category) in wanted
        }
        return sorted(others.union(items))

    async def reopen(self, key: FindingKey, at: datetime, judge: Judge) -> None:
        """What a closed finding rests on has changed: its review goes on."""
        await reopen(self._connection, key, at, judge)

    async def rules(self) -> list[HeldRule]:
        """Every version of a rule that holds in some months."""
        return await held_rules(self._connection)

    async def periods(self) -> Periods:
        """To be asked before the fold: whatever a close has waited for is folded then."""
        rows = await self._connection.fetch(
            "SELECT p.hospital, p.closed_through, c.month, c.closed_at FROM udi.period p "
            "LEFT JOIN udi.close_pending c USING (hospital) ORDER BY c.month, p.hospital"
        )
        pending = [PendingClose(row["hospital"], row["month"], row["closed_at"]) for row in rows if row["month"]]
        return Periods({row["hospital"]: row["closed_through"] for row in rows}, pending)

    async def fold(self, deltas_max: int) -> Folded:
        """Move waiting usage of at most so many batches into the months."""
        rows = await self._connection.fetch("SELECT * FROM udi.fold_usage($1)", deltas_max)
        return Folded({cell_of(row): row["at"] for row in rows}, rows[0]["deltas"] if rows else 0)

    async def count_places(self, hospital: str, items: Collection[str] | None, months: Collection[Month]) -> set[Cell]:
        """Count the use of items (`None`: all) by store and team in months anew; gives what has changed."""
        rows = await self._connection.fetch(
            "SELECT $1 AS hospital, p.* FROM udi.count_places($1, $2, $3) p",
            hospital, None if items is None else list(items), list(months),
        )  # fmt: skip
        return {cell_of(row) for row in rows}

    async def moved_caseloads(self) -> dict[tuple[Scope, Month], datetime]:
        """Departments and months whose discharges have changed; the marks are taken away."""
        rows = await self._connection.fetch(
            "WITH gone AS (DELETE FROM udi.caseload_delta RETURNING *) "
            "SELECT hospital, department, month, max(recorded_at) AS at FROM gone GROUP BY 1, 2, 3"
        )
        return {(Scope(row[0], ScopeType.DEPARTMENT, row[1]), row["month"]): row["at"] for row in rows}

    async def keep_for_the_close(self, caseloads: Collection[tuple[Scope, Month]]) -> None:
        """Closed months rest on these discharges: their causes are judged again at the next close."""
        await self._connection.execute(
            "INSERT INTO udi.cause_pending SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) "
            "ON CONFLICT DO NOTHING",
            *_caseload_columns(caseloads),
        )

    async def kept_for_the_close(self, hospitals: Collection[str]) -> set[tuple[Scope, Month]]:
        """What was kept of hospitals; it is taken away."""
        rows = await self._connection.fetch(
            "DELETE FROM udi.cause_pending WHERE hospital = ANY ($1) RETURNING *", list(hospitals)
        )
        return {(Scope(row[0], ScopeType.DEPARTMENT, row[1]), row["month"]) for row in rows}

    async def cells_with_cause(self, caseloads: Collection[tuple[Scope, Month]]) -> set[Cell]:
        """Cells of departments and months, and of their hospitals, on which there is an alert with a base."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT a.hospital, a.scope_type, a.scope, a.item_code, a.month "
            "FROM unnest($1::text[], $2::text[], $3::int[]) k (hospital, department, month) "
            "JOIN udi.alert a USING (hospital, month) WHERE a.base_value > 0 "
            "AND (a.scope_type = 'hospital' OR (a.scope_type, a.scope) = ('department', k.department))",
            *_caseload_columns(caseloads),
        )
        return {cell_of(row) for row in rows}

    async def caseloads(self, months: Collection[tuple[str, Month]]) -> dict[ScopeMonth, Caseload]:
        """Discharges of every department that has any, in months of hospitals."""
        rows = await self._connection.fetch(
            "SELECT * FROM udi.caseloads($1, $2)",
            [hospital for hospital, _ in months], [month for _, month in months],
        )  # fmt: skip
        return {
            ScopeMonth(Scope(row["hospital"], ScopeType.DEPARTMENT, row["department"]), row["month"]): Caseload(
                row["cases"], row["weights"]
            )
            for row in rows
        }

    async def first_instants(self, hospitals: Collection[str]) -> dict[str, datetime]:
        """When the earliest scan of each hospital was made; hospitals without scans are left out."""
        rows = await self._connection.fetch(
            "SELECT h, udi.first_scanned_at(h) AS at FROM unnest($1::text[]) h", list(hospitals)
        )
        return {row["h"]: row["at"] for row in rows if row["at"]}

    async def first_months(self, hospitals: Collection[str]) -> dict[str, Month]:
        """The first months by which alerts were judged so far."""
        rows = await self._connection.fetch(
            "SELECT hospital, month FROM udi.first_month WHERE hospital = ANY ($1)", list(hospitals)
        )
        return {row["hospital"]: row["month"] for row in rows}

    async def usage(self, cells: Collection[Cell]) -> dict[Cell, UsageSums]:
        """The use in each cell that has any."""
        rows = await self._connection.fetch(
            f"SELECT u.* FROM {_CELLS} JOIN udi.usage_month u USING (hospital, scope_type, scope, item_code, month)",
            *cell_columns(cells),
        )
        return {cell_of(row): UsageSums(row["quantity"], row["amount_fen"]) for row in rows}

    async def usage_of_months(self, months: Collection[tuple[str, Month]]) -> dict[Cell, UsageSums]:
        """All use in months of hospitals, in every scope."""
        rows = await self._connection.fetch(
            "SELECT u.* FROM unnest($1::text[], $2::int[]) k (hospital, month) "
            "JOIN udi.usage_month u USING (hospital, month)",
            [hospital for hospital, _ in months], [month for _, month in months],
        )  # fmt: skip
        return {cell_of(row): UsageSums(row["quantity"], row["amount_fen"]) for row in rows}

    async def usage_of_scopes(self, places: Collection[ScopeMonth]) -> dict[ScopeMonth, dict[str, UsageSums]]:
        """The use of all items in scopes and months."""
        rows = await self._connection.fetch(
            f"SELECT u.* FROM {_PLACES} JOIN udi.usage_month u USING (hospital, scope_type, scope, month)",
            *place_columns(places),
        )
        found: dict[ScopeMonth, dict[str, UsageSums]] = defaultdict(dict)
        for row in rows:
            cell = cell_of(row)
            found[ScopeMonth(cell.scope, cell.month)][cell.item_code] = UsageSums(row["quantity"], row["amount_fen"])
        return found

    async def quotas(self, keys: Collection[tuple[ScopeMonth, str]]) -> dict[tuple[ScopeMonth, str], int]:
        """Units released of controlled categories to departments; where nothing was released there is no entry."""
        wanted = {
            f"{category}/{place.scope.id}/{month_text(place.month)}": (place, category) for place, category in keys
        }
        rows = await self._connection.fetch(
            "SELECT hospital, key, (body ->> 'released')::bigint AS released FROM udi.control_now "
            "WHERE kind = 'quota' AND key = ANY ($1)",
            list(wanted),
        )
        found = ((wanted[row["key"]], row) for row in rows)
        return {key: row["released"] for key, row in found if key[0].scope.hospital == row["hospital"]}

    async def usage_of_items(
        self, months: Collection[tuple[str, Month]], items: Collection[tuple[str, str]]
    ) -> dict[Cell, UsageSums]:
        """The use of items of hospitals, in every scope, in months of hospitals."""
        # OFFSET 0: asked item by item, whatever the planner knows of the table; else it reads whole months.
        rows = await self._connection.fetch(
            "SELECT u.* FROM unnest($1::text[], $2::int[]) k (hospital, month) "
            "JOIN unnest($3::text[], $4::text[]) i (hospital, item_code) USING (hospital) "
            "CROSS JOIN LATERAL (SELECT * FROM udi.usage_month u "
            "WHERE (u.hospital, u.item_code, u.month) = (i.hospital, i.item_code, k.month) OFFSET 0) u",
            [hospital for hospital, _ in months], [month for _, month in months],
            [hospital for hospital, _ in items], [item for _, item in items],
        )  # fmt: skip
        return {cell_of(row): UsageSums(row["quantity"], row["amount_fen"]) for row in rows}

    async def standings(self, places: Collection[ScopeMonth]) -> dict[StandingKey, dict[str, Standing]]:
        """Who was at the top of scopes from a month on."""
        rows = await self._connection.fetch(
            "SELECT s.* FROM unnest($1::text[], $2::text[], $3::text[], $4::int[]) "
            "k (hospital, scope_type, scope, from_month) "
            "JOIN udi.standing s USING (hospital, scope_type, scope) WHERE s.month >= k.from_month",
            *place_columns(places),
        )
        found: dict[StandingKey, dict[str, Standing]] = defaultdict(dict)
        for row in rows:
            cell = cell_of(row)
            key = (ScopeMonth(cell.scope, cell.month), RuleMeasure(row["rule"], Measure(row["measure"])))
            found[key][cell.item_code] = Standing(row["rank"], row["months_in_a_row"])
        return found

    async def newest(self, cells: Collection[Cell]) -> dict[AlertKey, AlertVersion]:
        """The newest version of every alert on the cells."""
        rows = await self._connection.fetch(
            f"SELECT DISTINCT ON (a.alert_id) a.* FROM {_CELLS} "
            "JOIN udi.alert a USING (hospital, scope_type, scope, item_code, month) "
            "ORDER BY a.alert_id, a.version DESC",
            *cell_columns(cells),
        )
        versions = [version_of(row) for row in rows]
        return {version.key: version for version in versions}

    async def record(self, evaluated: Evaluated) -> None:
        """Write what was evaluated, each version with its record on the topic of alerts."""
        left = [row for key, tops in evaluated.standings_before.items() for row in standing_rows(key, tops)]
        standings = [row for key, tops in evaluated.standings.items() for row in standing_rows(key, tops)]
        await self._connection.execute(
            "SELECT udi.record_alerts($1, $2, $3, $4, $5, $6)",
            [alert_row(version) for version in evaluated.versions], left, standings,
            list(evaluated.first_months.items()), evaluated.judged, outbox_rows(evaluated.versions, self._partitions),
        )  # fmt: skip
