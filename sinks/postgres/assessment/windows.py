"""Cases of a window as columns, targets, and runs that are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from models.calendar import Month

_CASES = """
WITH cases AS MATERIALIZED (
    SELECT d.* FROM udi.discharges_between($1, udi.first_day($2), udi.first_day(udi.shifted($3, 1))) d
    WHERE NOT d.month = ANY ($4)
), silent AS MATERIALIZED (
    SELECT o.* FROM (
        SELECT array_agg(c.encounter) AS encounters FROM cases c WHERE c.consumable_cost_fen IS NULL
    ) asked CROSS JOIN LATERAL udi.encounters_at_cost($1, asked.encounters) o WHERE asked.encounters IS NOT NULL
)
SELECT c.department, c.team, c.drg_group, c.drg_weight::float8 AS weight, c.level4_surgery AS level4,
       c.stay_days::float8 AS days, coalesce(c.consumable_cost_fen, silent.cost_fen, 0) AS consumables_fen,
       c.consumable_cost_fen IS NULL AS from_books, c.stay_cost_fen, c.adverse_events, c.device_events,
       concat_ws(' ', c.grouper, c.grouper_version) AS grouper
FROM cases c LEFT JOIN silent USING (encounter)
"""
_HOSPITALS = "SELECT DISTINCT hospital FROM udi.discharge ORDER BY hospital"
_TARGETS = """
SELECT department, cost_per_weight, base_window, cut_percent, version FROM report.targets
WHERE hospital = $1
"""
_SET = """
INSERT INTO udi.target (hospital, department, version, base_window, cut_percent, base_value, cost_per_weight,
decided_by)
SELECT $1, t.department, 1 + coalesce((
    SELECT max(old.version) FROM udi.target old WHERE (old.hospital, old.department) = ($1, t.department)
), 0), $2, $3::numeric, t.base_value, t.base_value * (100 - $3::numeric) / 100, $4
FROM unnest($5::text[], $6::numeric[]) t (department, base_value)
"""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One discharged case of a window."""

    department: str
    """Id of the clinical department."""
    team: str | None
    """Id of the medical team; `None` when nobody said."""
    drg_group: str | None
    """DRG group of the stay; `None` until it is grouped."""
    weight: float | None
    """DRG weight; `None` when unknown."""
    level4: bool
    """The case had surgery of level 4."""
    days: float | None
    """Days in hospital; `None` when not reported."""
    consumables_fen: int
    """Consumables used, at cost."""
    from_books: bool
    """Its consumables are those of our own books."""
    stay_cost_fen: int | None
    """All the stay cost; `None` when not reported."""
    adverse_events: int | None
    """`None`: not reported, which is not zero."""
    device_events: int | None
    """Events with a device; `None`: not reported."""
    grouper: str
    """Grouper and version."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a department's cost per weight shall be, in yuan."""

    cost_per_weight: Decimal
    """Yuan per DRG weight."""
    base_window: str
    """Months it was set from, like `2021-01..2021-12`."""
    cut_percent: Decimal
    """How much less than the base, in per cent."""
    version: int
    """Counts the versions; a higher one stands in place of a lower one."""


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A department's row of a run that is kept."""

    department: str
    """Id of the clinical department."""
    values: Mapping[str, float]
    """Of each index, by its name."""
    closeness: float | None
    """0 to 1; `None` when no index tells departments apart."""
    rank: int | None
    """1 is best; `None` as `closeness`."""
    rank_low: int | None
    """Best rank it may have (simultaneous); `None` when none was reckoned."""
    rank_high: int | None
    """Worst rank it may have (simultaneous); `None` when none was reckoned."""
    target: Decimal | None
    """Yuan per weight; `None`: none was set."""
    attainment_percent: Decimal | None
    """Target ÷ actual × 100; `None` without target."""


async def hospitals_with_cases(pool: asyncpg.Pool) -> list[str]:
    """Hospitals that have discharged anybody."""
    return [row["hospital"] for row in await pool.fetch(_HOSPITALS)]


async def cases_of(
    pool: asyncpg.Pool, hospital: str, first: Month, last: Month, without: Sequence[Month]
) -> list[CaseRow]:
    """The cases discharged in the months from `first` to `last`, both included, but for those left out."""
    rows = await pool.fetch(_CASES, hospital, first, last, list(without))
    return [CaseRow(*row) for row in rows]


async def targets_of(pool: asyncpg.Pool, hospital: str) -> dict[str, Target]:
    """The targets in force, by department."""
    rows = await pool.fetch(_TARGETS, hospital)
    return {row["department"]: Target(*tuple(row)[1:]) for row in rows}


async def set_targets(  # noqa: PLR0917 -- the columns of a target
    pool: asyncpg.Pool, hospital: str, base_window: str, cut_percent: Decimal, by: str, base: Mapping[str, Decimal]
) -> None:
    """New versions of the targets of these departments: the base value (yuan per weight) less the cut."""
    await pool.execute(_SET, hospital, base_window, cut_percent, by, list(base), list(base.values()))


async def keep_run(  # noqa: PLR0917 -- the columns of a run
    pool: asyncpg.Pool, run: UUID, hospital: str, months: tuple[Month, Month], document: Mapping[str, Any],
    rows: Sequence[KeptRow],
) -> bool:  # fmt: skip
    """Keep a run; the same again changes nothing and gives false."""
    async with pool.acquire() as connection, connection.transaction():
        made = await connection.fetchval(
            "INSERT INTO udi.assessment_run (run, hospital, month_from, month_to, options, weights, bounds, document) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING true",
            run, hospital, *months, _json(document["method"]), _json(document["weights"]), _json(document["bounds"]),
            _json(document),
        )  # fmt: skip
        if made:
            await connection.executemany(
                "INSERT INTO udi.assessment_row VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                [
                    (run, r.department, _json(r.values), r.closeness, r.rank, r.rank_low, r.rank_high, r.target,
                     r.attainment_percent)
                    for r in rows
                ],
            )  # fmt: skip
    return bool(made)


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
