"""Books of years are those which recording every scan would have made."""

from typing import Any, Final

import asyncpg

from benchmarks.growth import years
from benchmarks.growth.filling import fill
from benchmarks.growth.looking import look
from benchmarks.growth.years import DAY
from benchmarks.parts import LANES, books
from benchmarks.steps import Line, hot_pool
from sinks.postgres.database import open_pool
from streams.embedded.database import EmbeddedDatabase

CLOCK_AND_HASHES: Final[dict[str, set[str]]] = {
    "scan": set(),
    "scan_claim": {"fingerprint"},
    "unit_claim": set(),
    "unit_place": set(),
    "use_change": set(),
    "ledger": {"billing_id", "recorded_at"},
    "settlement": {"line_id", "reverses", "recorded_at"},
    "balance": set(),
    "store_item": set(),
    "usage_now": set(),
    "open_scan": set(),
    "scan_raw": {"stored_at", "raw"},
    "chain": {"recorded_at", "digests", "head"},
    "outbox_block": {"ids", "keys", "bodies", "written_at"},
    "encounter": set(),
    "fact_change": set(),
    "fact_counter": set(),
    "lane": set(),
    "position": {"last_hash"},
}  # fmt: skip
"""Tables that grow with scans, or change, and the columns that are as large, not equal."""
_COLUMNS: Final = """
SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
"""


async def _rows(url: str, table: str, left_out: set[str]) -> set[Any]:
    connection = await asyncpg.connect(url)
    try:
        every = [row["attname"] for row in await connection.fetch(_COLUMNS, f"udi.{table}")]
        columns = [name if name not in left_out else f"{name} IS NULL" for name in every]
        found = await connection.fetch(f"SELECT ROW({', '.join(columns)})::text AS row FROM udi.{table}")
        assert found
        return {row["row"] for row in found}
    finally:
        await connection.close()


async def _record(url: str, days: int) -> None:
    async with hot_pool(url) as pool:
        await years.load_items(pool, LANES)
        await years.load_encounters(pool, LANES, 0, days * DAY)
        await Line(pool, years.records).use(days * DAY)


async def test_days_made_of_the_first_are_the_days_recorded(
    database_server: EmbeddedDatabase, schema_template: str
) -> None:
    server, days = database_server.url, 3
    async with (
        books(server, facts=False, template=schema_template) as recorded,
        books(server, facts=False, template=schema_template) as filled,
    ):
        await _record(recorded, days)
        await fill(filled, days * DAY)

        for table, left_out in CLOCK_AND_HASHES.items():
            expected = await _rows(recorded, table, left_out)
            assert await _rows(filled, table, left_out) == expected, table


async def test_product_goes_on_in_filled_books_and_finds_what_it_looks_up(
    database_server: EmbeddedDatabase, schema_template: str
) -> None:
    async with books(database_server.url, facts=False, template=schema_template) as url:
        await fill(url, 2 * DAY)
        pool = await open_pool(url, 4, hot=True)
        try:
            await years.load_encounters(pool, LANES, 2 * DAY, DAY)
            await Line(pool, years.records, 2 * DAY).use(DAY)
            verdicts = "SELECT verdict::text, count(*) FROM udi.scan GROUP BY record_offset / $1, 1 ORDER BY 1, 2"
            counted = [tuple(row) for row in await pool.fetch(verdicts, DAY)]
            assert len(counted) == 3 * len(dict(counted)), counted
            assert await look(pool, 3 * DAY)
        finally:
            await pool.close()
