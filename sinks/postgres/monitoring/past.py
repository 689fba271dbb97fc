"""The use of past months and what was said of them, for a back-test."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from models.calendar import Month, local_day, month_of, months_between, parse_month
from models.monitoring.alert import Cell, Scope, ScopeMonth, ScopeType, Traits, UsageSums
from models.monitoring.review import INTERVENTIONS
from sinks.postgres.monitoring.alert_rows import cell_of


class PastMonths(NamedTuple):
    """What a hospital used in past months."""

    first_month: Month | None
    """Of its records; `None` when it has none."""
    usage: dict[Cell, UsageSums]
    """Use by item, scope and month."""
    traits: dict[str, Traits]
    """By item code, of the newest catalogue version."""


class PastUsage:
    """Reads past months."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def hospitals(self) -> list[str]:
        """Those with records."""
        rows = await self._pool.fetch("SELECT hospital FROM udi.hospitals_with_records() h (hospital) ORDER BY 1")
        return [row["hospital"] for row in rows]

    async def months(self, hospital: str, first: Month, last: Month) -> PastMonths:
        """All use of a hospital from one month to another, folded or not."""
        zone = ZoneInfo(await self._pool.fetchval("SELECT zone FROM udi.installation"))
        at = await self._pool.fetchval("SELECT udi.first_scanned_at($1)", hospital)
        rows = await self._pool.fetch(
            "SELECT * FROM udi.usage_now WHERE hospital = $1 AND month BETWEEN $2 AND $3", hospital, first, last
        )
        items = await self._pool.fetch(
            "SELECT DISTINCT ON (item_code) item_code, body FROM udi.catalogue WHERE hospital = $1 "
            "ORDER BY item_code, version DESC",
            hospital,
        )
        return PastMonths(
            None if at is None else month_of(local_day(at, zone)),
            {cell_of(row): UsageSums(row["quantity"], row["amount_fen"]) for row in rows},
            {row["item_code"]: traits_of(orjson.loads(row["body"])) for row in items},
        )

    async def places(self, hospital: str, first: Month, last: Month) -> dict[Cell, UsageSums]:
        """The same by store and medical team, counted for the purpose."""
        rows = await self._pool.fetch(
            "SELECT $1 AS hospital, p.* FROM udi.usage_of_places($1, NULL, $2) p", hospital, months_between(first, last)
        )
        return {cell_of(row): UsageSums(row["quantity"], row["amount_fen"]) for row in rows}

    async def named_by_others(self, hospital: str, rule: str, first: Month, last: Month) -> dict[Month, frozenset[str]]:
        """The items that standing alerts of other rules name, by month."""
        rows = await self._pool.fetch(
            "SELECT DISTINCT month, item_code FROM (SELECT DISTINCT ON (alert_id) * FROM udi.alert "
            "WHERE hospital = $1 AND month BETWEEN $3 AND $4 AND rule <> $2 ORDER BY alert_id, version DESC) newest "
            "WHERE status IN ('provisional', 'fired', 'explained')",
            hospital, rule, first, last,
        )  # fmt: skip
        return _by_month(rows)

    async def acted_on(self, hospital: str, first: Month, last: Month) -> dict[Month, frozenset[str]]:
        """The items about which something was done in the review of a finding, by its month."""
        rows = await self._pool.fetch(
            "SELECT DISTINCT f.month, f.item_code FROM udi.review_entry e JOIN udi.watch_finding f USING (finding) "
            "WHERE f.hospital = $1 AND f.month BETWEEN $2 AND $3 AND e.kind = ANY ($4)",
            hospital, first, last, list(INTERVENTIONS),
        )  # fmt: skip
        return _by_month(rows)

    async def released(self, hospital: str, first: Month, last: Month) -> dict[tuple[ScopeMonth, str], int]:
        """Units of controlled categories released to departments."""
        rows = await self._pool.fetch(
            "SELECT body ->> 'category' AS category, body ->> 'department' AS department, body ->> 'month' AS month, "
            "(body ->> 'released')::bigint AS units FROM udi.control_now WHERE hospital = $1 AND kind = 'quota'",
            hospital,
        )
        found = {
            (ScopeMonth(Scope(hospital, ScopeType.DEPARTMENT, row["department"]), parse_month(row["month"])),
             row["category"]): row["units"]
            for row in rows
        }  # fmt: skip
        return {key: units for key, units in found.items() if first <= key[0].month <= last}


def _by_month(rows: Iterable[Any]) -> dict[Month, frozenset[str]]:
    found: dict[Month, set[str]] = defaultdict(set)
    for row in rows:
        found[row["month"]].add(row["item_code"])
    return {month: frozenset(items) for month, items in found.items()}


def traits_of(body: dict[str, object]) -> Traits:
    """What rules ask of an item, from its catalogue record."""
    category, controlled = body.get("category"), body.get("controlled_category")
    return Traits(
        bool(body.get("monitored")),
        None if category is None else str(category),
        None if controlled is None else str(controlled),
        bool(body.get("auxiliary")),
    )
