"""The demo's books many times over: what a page of large books costs does not depend on how they were filled.

Each copy lies some months before the one before it, as years of a hospital do; what waits for a person stays as it is.
"""

from typing import Any, Final

import asyncpg

from benchmarks.parts import without_indexes

MONTHS_BACK_MAX: Final = 60
"""Copies lie within five years; so a month has as many scans as a hospital's when there are a million."""
_OFFSET: Final = f"t.{{column}} - (1 + i % {MONTHS_BACK_MAX}) * 100000000000::bigint - i * 10000000::bigint"
_BACK: Final = f"make_interval(months => 1 + i % {MONTHS_BACK_MAX})"
_COPIED: Final[dict[str, dict[str, str]]] = {
    "scan": {
        "record_offset": _OFFSET.format(column="record_offset"), "scan_id": "md5(t.scan_id::text || i)::uuid",
        "encounter": "t.encounter || '-' || i", "serial": "t.serial || '-' || i",
        "recorded_at": f"t.recorded_at - {_BACK}", "scanned_at": f"t.scanned_at - {_BACK}",
    },
    "scan_claim": {
        "record_offset": _OFFSET.format(column="record_offset"), "scan_id": "md5(t.scan_id::text || i)::uuid",
    },
    "decision": {"record_offset": _OFFSET.format(column="record_offset"), "decided_at": f"t.decided_at - {_BACK}"},
    "ledger": {
        "record_offset": _OFFSET.format(column="record_offset"),
        "charge_offset": _OFFSET.format(column="charge_offset"), "billing_id": "md5(t.billing_id::text || i)::uuid",
        "encounter": "t.encounter || '-' || i", "posted_at": f"t.posted_at - {_BACK}",
    },
}  # fmt: skip
_COLUMNS: Final = """
SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


async def multiply(url: str, scans: int) -> None:
    """Copy what scans have left until there are about so many of them, at a server's owner's `url`."""
    connection = await asyncpg.connect(url)
    try:
        there = await connection.fetchval("SELECT count(*) FROM udi.scan")
        async with connection.transaction():
            # Neither triggers nor foreign keys: the rows are copies of such as passed them.
            await connection.execute("SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0")
            for table, changes in _COPIED.items():
                await _copy(connection, f"udi.{table}", changes, scans // there - 1)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
    finally:
        await connection.close()


async def _copy(connection: Any, table: str, changes: dict[str, str], times: int) -> None:
    columns = [row["attname"] for row in await connection.fetch(_COLUMNS, table)]
    values = ", ".join(changes.get(column, f"t.{column}") for column in columns)
    async with without_indexes(connection, table):
        await connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {values} FROM {table} t CROSS JOIN generate_series(1, {times}) i "
            # The oldest first, as they would have come.
            f"ORDER BY i % {MONTHS_BACK_MAX} DESC, t.ctid",
            timeout=3600,
        )
