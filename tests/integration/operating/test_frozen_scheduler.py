"""A scheduler that freezes inside a transaction holds up its standby no longer than the lease."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from models.calendar import ZONE_DEFAULT
from sinks.postgres.database import SESSION_SETTINGS, open_pool
from streams.services.leased import LEASE_SECONDS
from streams.services.monitoring.evaluator import Evaluator
from tests.oracle.processes import Service
from tests.support.builders import scan
from tests.support.ward import Ward, postgres_store, usual

WORKS_SECONDS_MAX: Final = 120.0
"""Much more than the 15 that `SESSION_SETTINGS` and the lease give it on a quiet machine; without them it is never."""
HOLDER: Final = """
import asyncio, sys
from uuid import uuid4
from sinks.postgres.database import open_pool
from sinks.postgres.monitoring.alerts import AlertBooks
from sinks.postgres.outbox import Outbox

async def main():
    pool = await open_pool(sys.argv[1], 2)
    assert await Outbox(pool).lease("evaluator", uuid4(), float(sys.argv[2]))
    async with AlertBooks(pool).session() as session:
        await session.fold(500)
        print("inside", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""
"""A scheduler as it is inside a session: it has the lease, its transaction holds the session's lock and folded rows."""


async def test_a_standby_works_while_who_froze_is_still_there(database: str, folder: Path) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(*usual())
        await ward.scan(scan(1))
        program = (sys.executable, "-c", HOLDER)
        holder = Service("holder", [database, str(LEASE_SECONDS)], {"PYTHONPATH": "."}, folder, program=program)
        with holder:
            while "inside" not in holder.log:
                assert holder.running, holder.log
                await asyncio.sleep(0.1)
            holder.freeze()
            clock = asyncio.get_running_loop().time
            frozen_at, pool = clock(), await open_pool(database, 2)
            standby = asyncio.create_task(Evaluator(pool, ZONE_DEFAULT).run())
            try:
                while await store.pool.fetchval("SELECT count(*) FROM udi.usage_month") == 0:
                    assert clock() - frozen_at < WORKS_SECONDS_MAX
                    await asyncio.sleep(0.1)
            finally:
                standby.cancel()
                await asyncio.gather(standby, return_exceptions=True)
                pool.terminate()
                holder.thaw()


@pytest.mark.parametrize("hot", [True, False])
async def test_every_connection_of_a_service_has_time_outs(database: str, hot: bool) -> None:
    pool = await open_pool(database, 1, hot=hot)
    try:
        found = {name: await pool.fetchval("SELECT current_setting($1)", name) for name in SESSION_SETTINGS}
    finally:
        await pool.close()
    times = {name: value for name, value in SESSION_SETTINGS.items() if not name.startswith("tcp_")}
    assert {name: found[name] for name in times} == times | {"statement_timeout": "1min"}


async def test_a_session_that_is_idle_in_a_transaction_is_ended_and_its_locks_with_it(database: str) -> None:
    pool = await open_pool(database, 2)
    try:
        frozen = await pool.acquire()
        await frozen.execute("SET idle_in_transaction_session_timeout = '200ms'")
        await frozen.execute("BEGIN; SELECT pg_advisory_xact_lock(1)")
        assert not await pool.fetchval("SELECT pg_try_advisory_xact_lock(1)")
        async with asyncio.timeout(60):
            while not await pool.fetchval("SELECT pg_try_advisory_xact_lock(1)"):
                await asyncio.sleep(0.05)
        with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresError)):
            await frozen.fetchval("SELECT 1")
    finally:
        pool.terminate()
