"""What one test leaves in its database no other finds, though it is the same database."""

from contextlib import suppress

import asyncpg
import pytest

from tests.support.builders import scan
from tests.support.databases.books import prepare
from tests.support.databases.given import Given
from tests.support.servers.postgres import connected, name_of
from tests.support.ward import LANES, Ward, postgres_store, usual

IDENTITY = "SELECT oid FROM pg_database WHERE datname = current_database()"
TABLES = """
SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


async def identity(url: str) -> int:
    """What stays of a database that gets another name."""
    async with connected(url) as connection:
        found: int = await connection.fetchval(IDENTITY)
        return found


async def held(url: str) -> dict[str, object]:
    """All rows of all tables, and where all sequences stand."""
    async with connected(url) as connection:
        names = [row["name"] for row in await connection.fetch(TABLES)]
        rows = {
            name: await connection.fetchval(f"SELECT jsonb_agg(t ORDER BY t::text) FROM {name} t") for name in names
        }
        counted = [tuple(row) for row in await connection.fetch("SELECT * FROM pg_sequences ORDER BY sequencename")]
        return {**rows, "sequences": counted}


async def changed(url: str, *statements: str) -> None:
    """The owner of the tables does so, past every trigger."""
    async with connected(url) as connection:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)


async def test_what_was_written_is_gone_and_what_was_there_is_there(given: Given) -> None:
    url = await given.take()
    fresh, same = await held(url), await identity(url)
    assert fresh["udi.rule"]
    await prepare(url, LANES)
    async with postgres_store(url) as store:
        ward = await Ward(store).open(*usual())
        await ward.scan(scan(1), scan(2, quantity=3), b"not json")
    await changed(
        url, "UPDATE udi.rule SET rule = 'odd' || version || rule", "DELETE FROM udi.served",
        "SELECT setval('udi.purge_purge_id_seq', 77)",
    )  # fmt: skip
    written = await held(url)
    assert [name for name in fresh if written[name] != fresh[name]] != []

    await given.give_back(url)

    again = await given.take()
    assert (await identity(again), await held(again)) == (same, fresh)
    await given.give_back(again)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE udi.mine ()",
        "ALTER TABLE udi.ledger DROP CONSTRAINT ledger_pkey CASCADE",
        "ALTER TABLE udi.ledger DISABLE TRIGGER check_ledger",
        "ALTER TABLE udi.scan ADD COLUMN mine int",
        "REVOKE SELECT ON udi.ledger FROM udi_reader",
        "CREATE OR REPLACE FUNCTION report.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX mine ON udi.scan (hospital)",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = udi', current_database()); END $$",
    ],
)
async def test_who_has_changed_the_schema_keeps_it(given: Given, statement: str) -> None:
    url = await given.take()
    was = await identity(url)
    await changed(url, statement)

    await given.give_back(url)

    other = await given.take()
    assert await identity(other) != was
    await given.give_back(other)


async def test_who_still_has_the_address_is_thrown_out_and_finds_nothing(given: Given) -> None:
    url = await given.take()
    held_open = await asyncpg.connect(url)
    await held_open.execute("BEGIN; LOCK TABLE udi.scan")

    await given.give_back(url)

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await held_open.execute("SELECT 1")
    with pytest.raises(asyncpg.InvalidCatalogNameError, match=name_of(url)):
        await asyncpg.connect(url)
    with suppress(OSError):
        held_open.terminate()


async def test_who_has_filled_a_table_keeps_it(given: Given) -> None:
    url = await given.take()
    was = await identity(url)
    await changed(url, "INSERT INTO udi.served SELECT repeat('r', 900) || n FROM generate_series(1, 2000) AS n")

    await given.give_back(url)

    other = await given.take()
    assert await identity(other) != was
    await given.give_back(other)
