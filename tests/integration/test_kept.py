"""What one test leaves in a connection no other finds, though it is the same connection."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from sinks.postgres.database import migrate
from tests.integration.test_given import held
from tests.support.databases.books import prepare
from tests.support.databases.given import Given
from tests.support.databases.kept import pool_of
from tests.support.loops import cancel_what_is_left, in_shared_loop, run
from tests.support.ward import LANES

PID = "SELECT pg_backend_pid()"
STATE = """
SELECT current_user, session_user, (SELECT json_object_agg(name, setting ORDER BY name) FROM pg_settings) AS settings,
       (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks,
       ARRAY(SELECT pg_listening_channels()) AS channels, (SELECT count(*) FROM pg_cursors) AS cursors,
       (SELECT count(*) FROM pg_class WHERE relpersistence = 't') AS temporary
"""
"""What a session can have of its own."""


@pytest.fixture
async def url(given: Given) -> AsyncIterator[str]:
    taken = await given.take()
    await prepare(taken, LANES)
    yield taken
    await given.give_back(taken)


@pytest.mark.parametrize(
    "statement",
    [
        "SET search_path = report",
        "SET ROLE udi_reader",
        "SET SESSION AUTHORIZATION udi_reader",
        "SET statement_timeout = 50000",
        "SET default_transaction_read_only = on",
        "SELECT pg_advisory_lock(7)",
        "LISTEN mine",
        "CREATE TEMP TABLE mine ()",
        "DECLARE mine CURSOR WITH HOLD FOR SELECT 1",
        "BEGIN; LOCK TABLE udi.scan; SET LOCAL work_mem = '1MB'",
    ],
)
async def test_what_a_session_was_told_is_forgotten(url: str, statement: str) -> None:
    async with pool_of(url) as pool:
        pid, before = await pool.fetchval(PID), await pool.fetchrow(STATE)
        async with pool.acquire() as connection:
            await connection.execute(statement)
            assert await connection.fetchrow(STATE) != before

    async with pool_of(url) as again:
        assert (await again.fetchval(PID), await again.fetchrow(STATE)) == (pid, before)


async def test_the_next_test_has_the_same_connection_and_no_value_of_its_sequences(given: Given) -> None:
    pids = []
    for _ in range(2):
        url = await given.take()
        await prepare(url, LANES)
        async with pool_of(url) as pool:
            pids.append(await pool.fetchval(PID))
            with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
                await pool.fetchval("SELECT lastval()")
            await pool.execute("SELECT nextval('udi.purge_purge_id_seq')")
        await given.give_back(url)
    assert pids[0] == pids[1]


async def test_a_pool_that_was_closed_or_lost_its_connections_is_opened_anew(url: str) -> None:
    async with pool_of(url) as pool:
        first = await pool.fetchval(PID)
        pool.terminate()
    async with pool_of(url) as pool:
        second = await pool.fetchval(PID)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await pool.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    async with pool_of(url) as pool:
        assert len({first, second, await pool.fetchval(PID)}) == 3


async def test_two_at_once_have_connections_of_their_own(url: str) -> None:
    async with pool_of(url) as one, pool_of(url) as other:
        assert await one.fetchval(PID) != await other.fetchval(PID)


async def test_who_keeps_the_pool_over_the_end_does_not_have_it_in_the_next_test(given: Given) -> None:
    url = await given.take()
    holder = pool_of(url)
    pool = await holder.__aenter__()
    await given.give_back(url)

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await pool.fetchval(PID)
    await holder.__aexit__(None, None, None)
    assert pool.is_closing()


async def test_books_are_prepared_as_migrate_does(given: Given) -> None:
    found = []
    for way in (migrate, prepare, prepare):
        url = await given.take()
        await (prepare(url, LANES) if way is prepare else migrate(url, "udi.", LANES))
        found.append(await held(url))
        await given.give_back(url)
    assert found[0] == found[1] == found[2]


def test_what_a_test_leaves_running_ends_with_it() -> None:
    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(asyncio.sleep(600))

    task = run(begin())
    cancel_what_is_left()
    assert task.cancelled()


async def test_tests_and_their_fixtures_run_in_one_loop() -> None:
    assert in_shared_loop()
