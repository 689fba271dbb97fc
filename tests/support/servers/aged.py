"""Books whose batches were recorded long ago: only a superuser can make them so, and the chain holds."""

import asyncpg

_HEADS = """
WITH RECURSIVE made AS (
    SELECT c.lane, c.batch, udi.head_of(NULL, c) AS head FROM udi.chain c WHERE c.batch = 1
    UNION ALL
    SELECT c.lane, c.batch, udi.head_of(m.head, c)
    FROM made m JOIN udi.chain c ON (c.lane, c.batch) = (m.lane, m.batch + 1)
)
UPDATE udi.chain c SET head = m.head FROM made m WHERE (m.lane, m.batch) = (c.lane, c.batch)
"""
_OLDER = {
    "chain": "recorded_at",
    "scan_raw": "stored_at",
    "ledger": "recorded_at",
    "settlement": "recorded_at",
    "waste_cost": "recorded_at",
}


async def age(pool: asyncpg.Pool, days: int) -> None:
    """Everything that lanes have recorded was recorded so many days earlier, by the clock of the database."""
    earlier = f"- make_interval(days => {days})"
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetch(f"SELECT udi.make_raw_month(stored_at {earlier}) FROM udi.scan_raw")
        await connection.execute("SET LOCAL session_replication_role = replica")
        for table, column in _OLDER.items():
            await connection.execute(f"UPDATE udi.{table} SET {column} = {column} {earlier}")
        await connection.execute(_HEADS)
