"""The bell of the outbox on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from sinks.postgres.bell import CHANNEL, Bell, listen

SECONDS_MAX = 60.0
_LISTENING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(pool: asyncpg.Pool) -> AsyncIterator[tuple[list[None], asyncio.Task[None]]]:
    rings: list[None] = []
    task = asyncio.create_task(listen(pool, lambda: rings.append(None)))
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while not await pool.fetchval(_LISTENING):
                await asyncio.sleep(0.005)
        yield rings, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_listens_hears_it_and_many_rings_at_once_are_one(pool: asyncpg.Pool) -> None:
    bell = Bell(pool)
    async with listening(pool) as (rings, _):
        bell.ring()
        await until(lambda: len(rings) == 1)
        for _ in range(50):
            bell.ring()
        await until(lambda: len(rings) == 2)
        await pool.execute(f"NOTIFY {CHANNEL}")
        await until(lambda: len(rings) >= 3)
        assert len(rings) == 3


async def test_it_ends_with_its_connection_and_leaves_nothing_behind(pool: asyncpg.Pool) -> None:
    async with listening(pool) as (_, task):
        assert await pool.fetchval(f"SELECT pg_terminate_backend(pid) FROM ({_LISTENING}) one")
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), SECONDS_MAX)
    async with listening(pool):
        pass
    assert await pool.fetchval("SELECT count(*) FROM pg_listening_channels()") == 0


async def test_whoever_rings_is_not_hurt_when_the_database_is_away(pool: asyncpg.Pool) -> None:
    bell = Bell(pool)
    pool.terminate()
    bell.ring()
    await until(lambda: bell._ringing is not None and bell._ringing.done())
    assert bell._ringing is not None
    assert bell._ringing.exception() is None
