"""Watching and judging: a month's close, a late scan after it, a back-test, a page of findings, an assessment.

The books are filled as lanes leave them: a row for each scan, and the use of months as one row of usage for each month
and department. What is timed is what a person waits for. Use grows by chance alone but for one item in twenty, which
doubles in a month.
"""

from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from time import perf_counter
from typing import Final

import asyncpg
import numpy as np

from benchmarks.parts import without_indexes
from benchmarks.table import Table
from models.calendar import ZONE_DEFAULT, Month, parse_month, shift
from models.monitoring.alert import Measure, ScopeType, Traits
from models.monitoring.rule import RuleBase, RuleKind, RuleRow
from rules.assessment.assessing import Options, assess
from rules.assessment.from_cases import DepartmentCases, index_table, sureness
from rules.monitoring.back_test import Past, back_test
from sinks.postgres.closing.periods import PeriodBooks
from sinks.postgres.database import open_pool
from sinks.postgres.monitoring.desk import Desk
from sinks.postgres.monitoring.past import PastUsage
from streams.services.monitoring.evaluator import Evaluator

SECTION: Final = "Watch and judge"
FIRST: Final = parse_month("2021-01")
MONTHS: Final = 24
DEPARTMENTS: Final = 22
ITEMS: Final = 1_200
"""Of which a quarter is monitored."""
PAGES: Final = 20
RULE: Final = RuleRow(
    "growth-of-three", RuleKind.GROWTH, tuple(Measure), (ScopeType.HOSPITAL, ScopeType.DEPARTMENT),
    base=RuleBase.THREE_MONTHS, threshold_percent=Decimal(20), floor_quantity=5, floor_fen=100_000,
)  # fmt: skip
_ITEMS: Final = """
INSERT INTO udi.catalogue (hospital, item_code, version, body, recorded_at)
SELECT 'H1', 'I' || i, i, convert_to(json_build_object('hospital', 'H1', 'item_code', 'I' || i, 'name', 'item ' || i,
       'monitored', i % 4 = 0, 'category', 'type-' || i % 30)::text, 'UTF8'), '2021-01-01'
FROM generate_series(1, $1) i
"""
_SCANS: Final = """
INSERT INTO udi.scan (position_id, record_offset, lane, recorded_at, hospital, device_id, scanned_at, action,
                      department, encounter, issuer, di, verdict, reasons, item_code, units)
SELECT 1, n, 0, at, 'H1', 'gun' || n % 40, at, 'use', 'D' || n % 22, 'E' || n / 8, 'GS1', 'I' || item, 'billed', '{}',
       'I' || item, 1
FROM generate_series(1, $1) n
CROSS JOIN LATERAL (
    SELECT timestamptz '2021-01-01 08:00+08' + n * (interval '729 days' / $1) AS at,
           1 + (n::bigint * 7919) % $2 AS item
) of_scan
"""
_USAGE: Final = """
WITH used AS (
    SELECT s.department, s.item_code, to_char(s.scanned_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::int AS month,
           count(*)::int AS units
    FROM udi.scan s GROUP BY 1, 2, 3
), grown AS (
    SELECT department, item_code, month,
           units * CASE WHEN hashtext(item_code || month) % 20 = 0 THEN 2 ELSE 1 END AS units,
           1000 + abs(hashtext(item_code)) % 90000 AS price
    FROM used
)
INSERT INTO udi.usage_delta (lane, version, hospitals, departments, items, months, quantities, amounts, recorded_at)
SELECT 0, 1 + row_number() OVER (), array_agg('H1'::text), array_agg(department), array_agg(item_code),
       array_agg(month), array_agg(units), array_agg(units::bigint * price), '2023-01-01'
FROM grown GROUP BY month, department
"""
_LATE: Final = """
INSERT INTO udi.usage_delta (lane, version, hospitals, departments, items, months, quantities, amounts, recorded_at)
VALUES (0, 1, '{H1}', '{D3}', '{I4}', ARRAY[$1::int], '{1}', '{5000}', '2023-01-02')
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """One run; seconds, but for the page."""

    close: float
    """Of the newest month, its alerts and findings judged; the months before are closed."""
    late: float
    """A late scan of that month, judged."""
    back_test: float
    """A rule over all months, read and judged."""
    page_ms: float
    """The newest month's findings with their alerts, median."""
    findings: int


async def run(url: str, scans: int) -> Watched:
    """Measure in fresh books at `url`."""
    pool = await open_pool(url, 4)
    try:
        await _fill(pool, scans)
        evaluator, periods, last = Evaluator(pool, ZONE_DEFAULT), PeriodBooks(pool), shift(FIRST, MONTHS - 1)
        await evaluator.until_idle()
        for back in range(MONTHS):
            # What is not timed is closed together, and judged in one go.
            started = perf_counter()
            await periods.close(shift(FIRST, back), {"H1": FIRST})
            if back >= MONTHS - 2:
                await evaluator.until_idle()
            close = perf_counter() - started
        started = perf_counter()
        await pool.execute(_LATE, last)
        await evaluator.until_idle()
        late = perf_counter() - started
        tested = await _back_test(pool, last)
        pages = []
        for _ in range(PAGES):
            started = perf_counter()
            rows = await Desk(pool).findings("2022-12", "H1")
            await Desk(pool).alerts(rows)
            pages.append(1000 * (perf_counter() - started))
        return Watched(close, late, tested, median(pages), len(rows))
    finally:
        await pool.close()


async def _fill(pool: asyncpg.Pool, scans: int) -> None:
    items = min(ITEMS, scans // 50)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(_ITEMS, items)
        await connection.execute("UPDATE udi.fact_counter SET version = $1", items)
        async with without_indexes(connection, "udi.scan"):
            await connection.execute(_SCANS, scans, items, timeout=3600)
        await connection.execute(_USAGE, timeout=3600)
        await connection.execute("ANALYZE", timeout=3600)


async def _back_test(pool: asyncpg.Pool, last: Month) -> float:
    started = perf_counter()
    months = await PastUsage(pool).months("H1", FIRST, last)
    assert months.first_month is not None
    past = Past("H1", months.first_month, months.usage, lambda _, item: months.traits.get(item, Traits()))
    back_test(RULE, past, FIRST, last)
    return perf_counter() - started


def assessment(cases: int) -> float:
    """Seconds to judge the departments by so many cases, with the sets of their ranks by 2,000 resamples."""
    rng = np.random.default_rng(7)
    departments = []
    for number, size in enumerate(rng.multinomial(cases, rng.dirichlet(np.full(DEPARTMENTS, 3.0)))):
        weight = rng.gamma(2.0, 0.6, size) + 0.2
        columns = np.column_stack([
            weight, rng.random(size) < 0.2, rng.gamma(2.0, 4.0, size).round() + 1, weight * rng.gamma(2.0, 1e5, size),
            weight * rng.gamma(3.0, 4e5, size),
        ])  # fmt: skip
        departments.append(DepartmentCases(f"D{number}", 40, columns))
    started = perf_counter()
    assess(index_table(departments), None, Options())
    sureness(departments)
    return perf_counter() - started


def show(table: Table, scans: int, found: Watched, cases: int, assessed: float) -> None:
    """Put it into the table, beside what is wanted."""
    table.add(SECTION, f"close of a month over {scans:,} scans in {MONTHS} months", "s", [found.close])
    table.add(SECTION, "a late scan after it, judged", "s", [found.late])
    table.add(SECTION, f"back-test of {MONTHS} months", "s", [found.back_test])
    table.add(SECTION, f"a page of {found.findings} findings", "ms", [found.page_ms])
    table.add(SECTION, f"assessment of {cases:,} cases with 2,000 resamples", "s", [assessed])
    table.aim("month close, s", found.close, 60, least=False)
    table.aim("back-test, s", found.back_test, 60, least=False)
    table.aim("page of findings, ms", found.page_ms, 100, least=False)
    table.aim("assessment, s", assessed, 10, least=False)
