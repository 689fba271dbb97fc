"""Monitoring rules in PostgreSQL: which hold, drafts, and who switched what on or off."""

from typing import Any

import asyncpg

from models.calendar import Month
from models.monitoring.alert import Measure, ScopeType
from models.monitoring.rule import HeldRule, RuleBase, RuleKind, RuleRow

_HELD = (
    "SELECT r.*, s.valid_from, s.valid_to FROM udi.rule_span s JOIN udi.rule r USING (hospital, rule, version) "
    "ORDER BY r.rule, r.version, s.valid_from NULLS FIRST"
)


class RuleRefusedError(Exception):
    """A person's switch can't be done; the text says what was expected and what came."""


async def held_rules(connection: Any) -> list[HeldRule]:
    """Every version of a rule that holds in some months, with these months."""
    return [
        HeldRule(row["hospital"], row["version"], rule_row(row), row["valid_from"], row["valid_to"])
        for row in await connection.fetch(_HELD)
    ]


def rule_row(row: Any) -> RuleRow:
    """The rule in a row of udi.rule."""
    return RuleRow(
        rule=row["rule"],
        kind=RuleKind(row["kind"]),
        measures=tuple(map(Measure, row["measures"])),
        scopes=tuple(map(ScopeType, row["scopes"])),
        population=row["population"],
        base=None if row["base"] is None else RuleBase(row["base"]),
        threshold_percent=row["threshold_percent"],
        rank_max=row["rank_max"],
        months=row["months"],
        floor_quantity=row["floor_quantity"],
        floor_fen=row["floor_fen"],
        open_from_fen=row["open_from_fen"],
    )


class RuleBooks:
    """The rule table as people's commands use it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def listed(self, hospital: str | None = None) -> list[Any]:
        """The rows of report.rules, of one hospital with those for every hospital, or of all."""
        return list(
            await self._pool.fetch(
                "SELECT * FROM report.rules WHERE $1::text IS NULL OR hospital IN ($1, '*') "
                "ORDER BY rule, hospital, version, valid_from NULLS FIRST",
                hospital,
            )
        )

    async def version(self, hospital: str, rule: str, version: int | None = None) -> tuple[int, RuleRow] | None:
        """A version of a rule, or its newest one; `None` when there is none."""
        row = await self._pool.fetchrow(
            "SELECT * FROM udi.rule WHERE (hospital, rule) = ($1, $2) AND ($3::int IS NULL OR version = $3) "
            "ORDER BY version DESC LIMIT 1",
            hospital, rule, version,
        )  # fmt: skip
        return None if row is None else (row["version"], rule_row(row))

    async def draft(self, hospital: str, row: RuleRow, by: str, reason: str) -> int:
        """Keep a new version as a draft; gives its number."""
        version = await self._pool.fetchval(
            "SELECT udi.draft_rule($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            hospital, row.rule, row.kind, list(row.measures), list(row.scopes), row.population, row.base,
            row.threshold_percent, row.rank_max, row.months, row.floor_quantity, row.floor_fen, row.open_from_fen,
            by, reason,
        )  # fmt: skip
        return int(version)

    async def switch(  # noqa: PLR0917 -- the parts of a switch
        self, hospital: str, rule: str, version: int, is_on: bool, from_month: Month, by: str, reason: str
    ) -> None:
        """Switch a version on or off from a month on.

        Raises:
            RuleRefusedError: the month is closed, or there is no such version.
        """
        try:
            await self._pool.execute(
                "SELECT udi.switch_rule($1, $2, $3, $4, $5, $6, $7)",
                hospital, rule, version, is_on, from_month, by, reason,
            )  # fmt: skip
        except asyncpg.PostgresError as error:
            if error.sqlstate == "UD005":
                raise RuleRefusedError(str(error)) from None
            raise

    async def open_month(self, hospital: str) -> Month | None:
        """The first month that is not closed at any hospital the rule is for; `None` when none is closed."""
        month = await self._pool.fetchval(
            "SELECT udi.month_after(max(closed_through)) FROM udi.period WHERE $1 IN ('*', hospital)", hospital
        )
        return None if month is None else Month(month)
