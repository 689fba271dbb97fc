"""The same scans in small books and in large ones, a batch here and a batch there; then what people look up in both."""

from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Final

import asyncpg

from benchmarks.growth import years
from benchmarks.growth.filling import FILL_SECONDS_MAX, fill
from benchmarks.growth.looking import look
from benchmarks.growth.years import DAY
from benchmarks.parts import LANES, books
from benchmarks.processes import cpu_seconds
from benchmarks.steps import BATCH, Line, hot_pool, statements
from benchmarks.table import Table
from sinks.postgres.database import open_pool

SECTION: Final = "Books of years"
LOOK_UPS_MS: Final = 100
"""Wanted of the slowest look-up but a recall's list. Own choice: what a page of the board may take."""
_BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
_READ_KEYS: Final = """
SELECT pg_prewarm(oid) FROM pg_class WHERE relnamespace = 'udi'::regnamespace AND relkind = 'i' ORDER BY relpages
"""
_SIZES: Final = """
SELECT c.relname AS name, sum(pg_total_relation_size(part.oid))::float8 AS bytes
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhparent = c.oid JOIN pg_class part ON part.oid IN (c.oid, i.inhrelid)
WHERE c.relnamespace = 'udi'::regnamespace AND c.relkind IN ('r', 'p')
GROUP BY 1 ORDER BY 2 DESC LIMIT 14
"""


@dataclass(slots=True)
class Grown:
    """Books of one size."""

    rows: int
    """Scans in them before any was timed."""
    batches: list[float]
    """µs a scan of each batch, all its steps."""
    cpu: float
    """µs a scan of CPU, here and in the lane's backend: what others on the machine do is not in it."""
    statements: dict[str, float]
    """µs a scan in the server by statement."""
    looked_up: dict[str, float]
    """Milliseconds by look-up."""
    bytes: dict[str, float]
    """Bytes on disk a scan of the largest tables, indexes and all."""


async def run(server_url: str, sizes: tuple[int, int], window: int) -> list[Grown]:
    """Fill books of both sizes, record `window` more scans in both, look up."""
    async with books(server_url, facts=False) as small, books(server_url, facts=False) as large:
        urls = dict(zip(sizes, (small, large), strict=True))
        grown = []
        for rows, url in urls.items():
            await fill(url, rows)
            grown.append(Grown(rows, [], 0.0, {}, {}, await _bytes(url, rows)))
        await _record(urls, grown, window)
        for each in grown:
            pool = await open_pool(urls[each.rows], 4)
            try:
                each.looked_up = await look(pool, each.rows)
            finally:
                await pool.close()
    return grown


async def _bytes(url: str, rows: int) -> dict[str, float]:
    connection = await asyncpg.connect(url)
    try:
        return {row["name"]: row["bytes"] / rows for row in await connection.fetch(_SIZES)}
    finally:
        await connection.close()


async def _record(urls: dict[int, str], grown: list[Grown], window: int) -> None:
    small, large = urls.values()
    async with hot_pool(small) as first, hot_pool(large) as second:
        pools = (first, second)
        lines = [Line(pool, years.records, each.rows) for pool, each in zip(pools, grown, strict=True)]
        for pool, line, each in zip(pools, lines, grown, strict=True):
            await years.load_encounters(pool, LANES, each.rows, window + BATCH + DAY)
            await line.use(BATCH)
            await pool.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            # As a server that has run for days: it has the keys in its buffers, as far as they hold them.
            await pool.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            await pool.execute(_READ_KEYS, timeout=FILL_SECONDS_MAX)
            await statements(pool)
        backends = [[row["pid"] for row in await pool.fetch(_BACKENDS)] for pool in pools]
        for _ in range(window // BATCH):
            for line, each, pids in zip(lines, grown, backends, strict=True):
                before = sum(map(cpu_seconds, pids)) + process_time()
                spent = await line.use(BATCH)
                # The rows are made twice, once to know what they cost.
                took = process_time() + sum(map(cpu_seconds, pids)) - before - spent.rows
                each.batches += [1e6 * seconds / BATCH for seconds in spent.batches]
                each.cpu += 1e6 * took / window
        for pool, each in zip(pools, grown, strict=True):
            each.statements = {name: 1e6 * took / window for name, took in (await statements(pool)).items()}
            # As the evaluator would have: the board's months are asked for without what waits for it.
            await pool.execute("SELECT udi.fold_usage(1000000)")


def show(table: Table, grown: list[Grown]) -> None:
    """Put it into the table, beside what is wanted."""
    small, large = grown
    for each in grown:
        table.add(SECTION, f"a batch after {each.rows:,} scans", "µs per scan", each.batches)
    ratios = [after / before for before, after in zip(small.batches, large.batches, strict=True)]
    table.add(SECTION, "of two batches, one right after the other, the second times the first", "", ratios)
    for each in grown:
        table.add(SECTION, f"CPU after {each.rows:,}, here and in PostgreSQL", "µs per scan", [each.cpu])
    for name in sorted(large.statements, key=lambda name: -large.statements[name]):
        for each in grown:
            table.add(SECTION, f"{name} after {each.rows:,}", "µs per scan", [each.statements.get(name, 0.0)])
    for name in large.looked_up:
        for each in grown:
            table.add(SECTION, f"{name}, at {each.rows:,}", "ms", [each.looked_up[name]])
    for name, size in large.bytes.items():
        table.add(SECTION, f"udi.{name} at {large.rows:,}, indexes and all", "bytes a scan", [size])
    for what, cost in (("cost", median(ratios)), ("CPU", large.cpu / small.cpu)):
        name = f"{what} of a scan at {large.rows:,}, times that at {small.rows:,}"
        table.aim(name, cost, 1.15, least=False, digits=2)
    slowest = max((name for name in large.looked_up if "lists" not in name), key=lambda name: large.looked_up[name])
    table.aim(f"slowest look-up ({slowest}) at {large.rows:,}, ms", large.looked_up[slowest], LOOK_UPS_MS, least=False)
