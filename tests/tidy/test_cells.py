"""Hospitals can be divided into cells: docs/operations.md, "How a site grows"."""

from tests.support.ward import postgres_store

OF_ONE_HOSPITAL = {"hospital", "alert_id", "difference_id", "finding"}
"""The hospital, or an id that is made from it."""
OF_ONE_LANE = {"position_id", "lane", "charge_position", "use_position", "topic"}
"""Lanes and topics are of one cell."""
OF_THE_INSTALLATION = {
    "only_row", "name", "subject", "token_hash", "revision", "version", "fact", "run", "n", "delta_id", "purge_id",
    "move_id", "intervention_id", "verification_id",
}  # fmt: skip
"""Its own settings and accounts, and what it counts for itself: no other cell ever sees them."""
UNIQUE = """
SELECT c.relname AS of, array_agg(a.attname::text) AS key
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
CROSS JOIN LATERAL unnest(i.indkey::int[]) k (attnum) JOIN pg_attribute a ON (a.attrelid, a.attnum) = (c.oid, k.attnum)
WHERE i.indisunique AND c.relnamespace = 'udi'::regnamespace AND c.relkind IN ('r', 'p')
GROUP BY i.indexrelid, c.relname
"""


async def test_no_unique_key_crosses_cells(database: str) -> None:
    async with postgres_store(database) as store:
        keys = await store.pool.fetch(UNIQUE)

    known = OF_ONE_HOSPITAL | OF_ONE_LANE | OF_THE_INSTALLATION
    assert len(keys) > 50
    assert [(row["of"], *row["key"]) for row in keys if not known & set(row["key"])] == []
