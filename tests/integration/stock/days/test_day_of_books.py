"""The day of the books is a hospital's own: that of its newest scan, whatever another scans and whatever clocks say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sinks.postgres.stock.replenishing.demand import days_of_books, forecasts, keep
from sinks.postgres.stock.shelves import expiring
from streams.services.stock.forecaster import Forecaster, forecast
from tests.support.builders import DI, NOON, encounter, gs1, item, scan
from tests.support.ward import PostgresStore, Ward, postgres_store

QUIET, BUSY = "H1", "H2"
YEARS_LATER = NOON + timedelta(days=1500)
"""When the broker has the scans of 2022 that are sent again, as a demo sends them."""


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    facts = [
        each for hospital in (QUIET, BUSY)
        for each in (item(hospital=hospital), encounter(hospital=hospital, admitted_at="2021-01-01T00:00:00+08:00"))
    ]  # fmt: skip
    return await Ward(store).open(*facts)


def at(number: int, when: datetime, hospital: str = QUIET, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"hospital": hospital, "scanned_at": when.isoformat()} | changes)


def steady(first: int, newest: datetime, hospital: str = QUIET) -> list[dict[str, Any]]:
    """A receipt, and seven used in each of ten weeks; the newest use is two days before the last scan, a count."""
    goods = {"codes": [gs1(DI, expiry="271231", lot="L1")]}
    return [
        at(first, newest - timedelta(days=80), hospital, action="receive", encounter=None, quantity=200, **goods),
        *(
            at(first + 1 + week, newest - timedelta(days=2 + 7 * week), hospital, quantity=7, **goods)
            for week in range(10)
        ),
        at(first + 20, newest, hospital, action="count", encounter=None, **goods),
    ]  # fmt: skip


async def days(store: PostgresStore) -> dict[str, tuple[date, date | None]]:
    return {each.hospital: (each.day, each.kept_of) for each in await days_of_books(store.pool)}


async def test_scans_of_a_past_year_have_their_day_whenever_they_are_recorded(ward: Ward, store: PostgresStore) -> None:
    """A demo: the broker's time is years after. It is forecast from, and goods are judged by the day of then."""
    assert await days_of_books(store.pool) == []
    await ward.scan(*steady(1, NOON), stamp=YEARS_LATER)
    assert await days(store) == {QUIET: (date(2022, 6, 3), None)}
    await Forecaster(store.pool).look()
    [found] = await forecasts(store.pool)
    assert (found.as_of, found.weeks, found.weeks_used) == (date(2022, 6, 3), 10, 10)
    assert found.forecast is not None
    [lying] = await expiring(store.pool, 3000)
    assert lying.days_left == (date(2027, 12, 31) - date(2022, 6, 3)).days


async def test_a_quiet_hospital_is_not_judged_by_the_day_of_another(ward: Ward, store: PostgresStore) -> None:
    busy = NOON + timedelta(days=400)
    await ward.scan(*steady(1, NOON))
    await ward.scan(*steady(100, busy, BUSY), lane=1, stamp=busy)
    own = {QUIET: date(2022, 6, 3), BUSY: date(2023, 7, 8)}
    assert await forecast(store.pool) == own
    assert {each.hospital: (each.as_of, each.weeks) for each in await forecasts(store.pool)} == {
        QUIET: (own[QUIET], 10), BUSY: (own[BUSY], 11),
    }  # fmt: skip
    left = {each.hospital: each.days_left for each in await expiring(store.pool, 3000)}
    assert left == {each: (date(2027, 12, 31) - day).days for each, day in own.items()}


async def test_each_hospital_is_forecast_when_its_own_day_has_moved(ward: Ward, store: PostgresStore) -> None:
    forecaster = Forecaster(store.pool)
    await ward.scan(*steady(1, NOON), *steady(100, NOON, BUSY))
    await forecaster.look()
    await store.pool.execute("UPDATE udi.demand SET days = 99")
    later = NOON + timedelta(days=1)
    await ward.scan(at(300, later, BUSY, action="count", encounter=None), stamp=later)
    await forecaster.look()
    assert {each.hospital: (each.as_of, each.days) for each in await forecasts(store.pool)} == {
        QUIET: (date(2022, 6, 3), 99), BUSY: (date(2022, 6, 4), 14),
    }  # fmt: skip


async def test_a_forecast_of_a_day_the_hospital_has_not_come_to_is_replaced(ward: Ward, store: PostgresStore) -> None:
    """Services of the version before wrote the day of the whole installation."""
    await ward.scan(*steady(1, NOON))
    await forecast(store.pool)
    await store.pool.execute("UPDATE udi.demand SET as_of = '2026-11-30', days = 99")
    await Forecaster(store.pool).look()
    assert await days(store) == {QUIET: (date(2022, 6, 3), date(2022, 6, 3))}
    [row] = await forecasts(store.pool)
    await keep(store.pool, [replace(row, as_of=date(2022, 6, 2), days=99)])
    assert await forecasts(store.pool) == [row]


@pytest.mark.parametrize(
    ("ahead", "day"),
    [
        (timedelta(hours=11, minutes=59), date(2022, 6, 3)),
        (timedelta(hours=23), date(2022, 6, 3)),
    ],
)
async def test_a_clock_that_is_ahead_does_not_move_the_day(
    ward: Ward, store: PostgresStore, ahead: timedelta, day: date
) -> None:
    """Alone in its hospital, and beside clocks that go right."""
    await ward.scan(at(1, NOON + ahead))
    assert (await days(store))[QUIET][0] == day
    await ward.scan(at(2, NOON - timedelta(days=3)), at(3, NOON + ahead))
    assert (await days(store))[QUIET][0] == day


async def test_a_copy_of_a_scan_and_a_record_that_is_none_move_no_day(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(at(1, NOON - timedelta(days=3)))
    conflict = at(1, NOON - timedelta(days=1))
    future = at(2, NOON + timedelta(hours=30))
    await ward.scan(at(1, NOON - timedelta(days=3)), conflict, future)
    assert (await days(store))[QUIET][0] == date(2022, 5, 31)


async def test_it_is_the_newest_whatever_the_order_in_which_scans_came(ward: Ward, store: PostgresStore) -> None:
    """By every scan and clock, reckoned from all rows as it is defined."""
    hours = [-70, 20, -3, 5, -100, 14, 23, -1, 11]
    for number, each in enumerate(hours):
        stamp = NOON + timedelta(hours=(7 * number) % 24 - 12)
        await ward.scan(at(number + 1, NOON + timedelta(hours=each)), stamp=stamp, lane=number % 2)
        defined = await store.pool.fetchval(
            "SELECT udi.local_day(max(least(scanned_at, recorded_at))) FROM udi.scan WHERE scanned_at IS NOT NULL"
        )
        assert (await days(store)).get(QUIET, (None, None))[0] == defined


async def test_an_index_serves_it(ward: Ward, store: PostgresStore) -> None:
    """A few rows of the index are read, of a hospital with very many scans, too."""
    await ward.scan(*(at(1 + number, NOON - timedelta(minutes=number)) for number in range(400)))
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        [body] = await connection.fetch("SELECT prosrc FROM pg_proc WHERE proname = 'day_of_books_2'")
        rows = await connection.fetch("EXPLAIN " + body["prosrc"].replace("p_hospital", "'H1'"))
    plan = "\n".join(str(row[0]) for row in rows)
    assert "scan_made" in plan
    assert "Seq Scan on scan" not in plan
