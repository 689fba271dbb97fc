"""What is known at an instant: whoever records or closes at it is waited for; what is to come can't be said."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg
import pytest

from models.calendar import Month
from sinks.postgres.closing.figures import NotYetError, settled
from sinks.postgres.closing.periods import PeriodBooks
from tests.support.builders import scan
from tests.support.ward import PostgresStore, Ward, postgres_store, usual

JUNE = Month(202206)


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        await (await Ward(made).open(*usual())).scan(scan(1))
        yield made


async def waits_for(store: PostgresStore, holding: str) -> datetime:
    """Ask for now while a transaction holds something; gives the instant, known only when that one has ended."""
    async with store.pool.acquire() as busy:
        async with busy.transaction():
            await busy.execute(holding)
            asking = asyncio.create_task(settled(store.pool, None))
            async with asyncio.timeout(30):
                while not await store.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    assert not asking.done()
            ended: datetime = await busy.fetchval("SELECT clock_timestamp()")
        known = await asking
    assert known < ended
    return known


async def test_a_lane_that_is_recording_is_waited_for(store: PostgresStore) -> None:
    await waits_for(store, "SELECT FROM udi.lane WHERE lane = 1 FOR UPDATE")


async def test_a_close_that_is_under_way_is_waited_for(store: PostgresStore) -> None:
    known = await waits_for(store, "SELECT udi.close_month(202206, ARRAY['H1'], ARRAY[202206])")

    # It was closed before that instant, although it was committed after it.
    assert await store.pool.fetchval("SELECT closed_at FROM udi.period_close") < known


async def test_an_instant_that_is_not_past_can_not_be_said(store: PostgresStore) -> None:
    clock: datetime = await store.pool.fetchval("SELECT clock_timestamp()")

    assert await settled(store.pool, clock - timedelta(seconds=1)) == clock - timedelta(seconds=1)
    with pytest.raises(NotYetError, match="Expected an instant before now"):
        await settled(store.pool, clock + timedelta(hours=1))


async def test_the_instant_of_a_close_parts_what_was_recorded_before_it_from_what_came_after(
    store: PostgresStore,
) -> None:
    ward = await Ward(store).open()
    await PeriodBooks(store.pool).close(JUNE, {"H1": JUNE})
    await ward.scan(scan(2))

    rows: list[asyncpg.Record] = await store.pool.fetch(
        "SELECT l.period, l.recorded_at <= c.closed_at AS before FROM udi.ledger l, udi.period_close c ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [(202206, True), (202207, False)]
