"""What stores use by the week, the forecast kept of it, what moves slowly, and what suppliers' goods here are worth."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from models.stock.demand import StoreDemand
from models.stock.order import Need
from rules.stock.forecasting import forecasts_of
from sinks.postgres.stock.replenishing.demand import (
    SlowMover,
    days_of_books,
    demand_before,
    forecasts,
    slow_movers,
)
from sinks.postgres.stock.replenishing.orders import needs
from sinks.postgres.stock.statements import StatementBooks
from streams.embedded.broker import EmbeddedBroker
from streams.services.stock.forecaster import Forecaster, forecast
from tests.integration.stock.test_orders import keep
from tests.support.builders import DI, HOSPITAL, NOON, encounter, gs1, gtin, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import PostgresStore, Ward, postgres_store

TODAY = date(2022, 6, 3)
"""The day of the books: whole weeks end with the day before."""
OTHER = gtin(99)
ADMITTED = "2021-01-01T00:00:00+08:00"


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(
        item(cost=[{"cost": "10.00"}]),
        item(item_code="OTHER", identifiers=[{"issuer": "GS1", "di": OTHER, "units_per_package": 1}], cost=[],
             owner="supplier", supplier="S9", prices=[]),
        encounter(admitted_at=ADMITTED),
    )  # fmt: skip


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


def on(days_ago: int) -> str:
    """Noon so many days before the day of the books."""
    return (NOON - timedelta(days=days_ago)).isoformat()


def receipt(number: int, days_ago: int, quantity: int, di: str = DI, **changes: Any) -> dict[str, Any]:
    made = {
        "action": "receive", "encounter": None, "quantity": quantity, "codes": [gs1(di, expiry="271231", lot="L1")],
        "scanned_at": on(days_ago),
    }  # fmt: skip
    return scan(number, **made | changes)


def use(number: int, days_ago: int, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"scanned_at": on(days_ago), "quantity": quantity} | changes)


def now(number: int = 900) -> dict[str, Any]:
    """A scan on the day of the books that moves nothing."""
    return scan(number, action="count", encounter=None, scanned_at=on(0))


async def test_weeks_hold_what_was_used_and_wasted_less_what_came_back(ward: Ward, store: PostgresStore) -> None:
    """The day of the books is in no week; a week ends seven days before the next; rooms are of their store."""
    await ward.scan(
        receipt(1, 60, 90), receipt(2, 60, 9, place="cab1"), receipt(20, 60, 9, store="OR-3"),
        use(3, 0, 50), use(4, 1, 2), use(5, 7, 3, place="cab1"), use(6, 8, 5), use(7, 28, 7), use(8, 29, 11),
        use(9, 1, 4), use(10, 8, store="OR-3"),
        scan(11, action="return", quantity=1, corrects=str(scan_id(9)), scanned_at=on(1)),
        scan(12, action="opened", reason="fell down", scanned_at=on(7), encounter=None),
    )  # fmt: skip
    assert await demand_before(store.pool, HOSPITAL, TODAY) == [
        StoreDemand(HOSPITAL, "OR-2", "SCREW", None, date(2022, 4, 4), TODAY, (11, 7, 0, 5, 9)),
        StoreDemand(HOSPITAL, "OR-3", "SCREW", None, date(2022, 4, 4), date(2022, 5, 26), (1, 0)),
    ]


async def test_a_use_that_was_taken_back_was_none(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(receipt(1, 21, 9), use(2, 15, 3), use(3, 3))
    await ward.scan(scan(4, action="return", quantity=1, corrects=str(scan_id(3)), scanned_at=on(3)))
    [found] = await demand_before(store.pool, HOSPITAL, TODAY)
    assert (found.last_used_on, found.weeks) == (date(2022, 5, 19), (3, 0, 0))


async def test_a_week_before_the_first_scan_is_over_is_no_whole_week(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(receipt(1, 20, 9), use(2, 15, 3), use(3, 3))
    [found] = await demand_before(store.pool, HOSPITAL, TODAY)
    assert found.weeks == (0, 1)


async def test_what_a_supplier_brought_for_one_operation_is_no_demand_of_the_store(
    ward: Ward, store: PostgresStore
) -> None:
    of_set = {"document": "LS-1", "place": "set"}
    await ward.scan(receipt(1, 30, 9, **of_set), use(2, 10, 4, **of_set), receipt(3, 30, 9), use(4, 10, 2))
    await ward.scan(scan(5, action="return", quantity=1, corrects=str(scan_id(2)), scanned_at=on(9), **of_set))
    [found] = await demand_before(store.pool, HOSPITAL, TODAY)
    assert (found.weeks, found.last_used_on) == ((2, 0), date(2022, 5, 24))


async def steady(ward: Ward) -> None:
    """Seven in each of ten weeks."""
    await ward.scan(now(), receipt(1, 80, 100), *(use(10 + week, 2 + 7 * week, 7) for week in range(10)))


async def need(pool: asyncpg.Pool) -> Need:
    [found] = await needs(pool, HOSPITAL, "OR-2", "SCREW")
    return found


async def test_the_forecast_is_kept_and_a_level_with_a_lead_time_is_filled_up_by_it(
    ward: Ward, store: PostgresStore
) -> None:
    await steady(ward)
    by_forecast = {"item_code": "SCREW", "maximum": 500, "lead_days": 14}
    await keep(store.pool, by_forecast)
    before = await need(store.pool)
    assert (before.minimum, before.maximum, before.forecast_high) == (500, 500, None)

    assert await forecast(store.pool) == {HOSPITAL: TODAY}
    [expected] = forecasts_of(await demand_before(store.pool, HOSPITAL, TODAY), TODAY, 95)
    assert await forecasts(store.pool) == [expected]
    assert (expected.days, expected.weeks, expected.forecast) == (21, 10, Decimal("21.0"))
    found = await need(store.pool)
    assert (found.forecast, found.forecast_low, found.forecast_high) == (
        expected.forecast, expected.low, expected.high,
    )  # fmt: skip
    assert (found.minimum, found.maximum, found.lead_days) == (expected.high, expected.high, 14)
    assert (found.on_hand, found.proposed > 0) == (30, found.minimum > 30)

    await keep(store.pool, by_forecast | {"maximum": 25})
    assert (await need(store.pool)).minimum == 25
    await keep(store.pool, by_forecast | {"minimum": 3})
    assert ((await need(store.pool)).minimum, (await need(store.pool)).maximum) == (3, 500)


async def test_it_is_forecast_once_a_day_of_the_books(ward: Ward, store: PostgresStore) -> None:
    forecaster = Forecaster(store.pool)
    assert not await forecaster.look()
    assert await days_of_books(store.pool) == []
    await steady(ward)
    await forecaster.look()
    await keep(store.pool, {"item_code": "SCREW", "maximum": 500, "lead_days": 0})
    await forecaster.look()
    assert [each.days for each in await forecasts(store.pool)] == [14]
    await forecast(store.pool)
    assert [each.days for each in await forecasts(store.pool)] == [7]


async def test_from_fewer_than_eight_weeks_no_use_of_a_week_is_told(ward: Ward, store: PostgresStore) -> None:
    """Nor how many months the goods last; also of rows that services of an earlier version wrote with one."""
    await ward.scan(now(), receipt(1, 58, 100), *(use(10 + week, 2 + 7 * week, 7) for week in range(7)))
    await forecast(store.pool)
    for written in ("NULL", "7.000"):
        await store.pool.execute(f"UPDATE udi.demand SET weekly = {written}")
        [found] = await forecasts(store.pool)
        assert (found.weekly, found.forecast, found.low, found.high) == (None, None, None, None)
        [lying] = await slow_movers(store.pool, 0)
        assert lying.months_of_stock is None


async def test_the_database_refuses_a_forecast_without_bounds_or_with_bounds_the_wrong_way(
    ward: Ward, store: PostgresStore
) -> None:
    await steady(ward)
    await forecast(store.pool)
    with pytest.raises(asyncpg.CheckViolationError, match="forecast_with_bounds"):
        await store.pool.execute("UPDATE udi.demand SET high = NULL")
    with pytest.raises(asyncpg.CheckViolationError, match="bounds_in_order"):
        await store.pool.execute("UPDATE udi.demand SET low = high + 1")


async def slow(pool: asyncpg.Pool, days: int = 90) -> list[tuple[str, str, int | None]]:
    return [(each.store, each.item_code, each.idle_days) for each in await slow_movers(pool, days)]


async def test_goods_that_nobody_used_for_so_long_are_slow_movers(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(
        now(), receipt(1, 120, 40), use(2, 95, 10), receipt(3, 5, 2, place="cab1"),
        receipt(4, 90, 3, OTHER, store="OR-3"), receipt(5, 89, 3, OTHER, store="OR-4"),
        receipt(6, 100, 3, store="OR-5"), use(7, 50, store="OR-5"),
        receipt(8, 100, 2, OTHER, store="OR-6"), receipt(9, 100, 2, OTHER, store="OR-6", action="quarantine"),
    )  # fmt: skip
    assert await slow_movers(store.pool, 90) == []
    await forecast(store.pool)
    assert await slow(store.pool) == [("OR-2", "SCREW", 95), ("OR-3", "OTHER", 90)]
    assert await slow(store.pool, 96) == []
    [screw, other] = await slow_movers(store.pool, 90)
    assert screw == SlowMover(
        HOSPITAL, "OR-2", "SCREW", "hospital", 32, date(2027, 12, 31), Decimal("320.00"), date(2022, 2, 28),
        date(2022, 2, 3), 95, screw.months_of_stock, TODAY,
    )  # fmt: skip
    assert screw.months_of_stock is not None
    assert (other.owner, other.value, other.last_used_on, other.months_of_stock) == ("S9", None, None, None)


async def test_what_was_last_used_more_than_a_year_ago_is_remembered(ward: Ward, store: PostgresStore) -> None:
    """Seen a year ago and forgotten by the weeks; what the books never reckoned is listed without days."""
    await ward.scan(
        now(), receipt(1, 380, 9), use(2, 370), receipt(3, 380, 9, store="OR-3"), receipt(4, 1, 9, store="OR-4")
    )
    await store.pool.execute(
        "INSERT INTO udi.demand VALUES "
        "('H1', 'OR-2', 'SCREW', '2022-06-01', '2021-05-19', '2021-05-29', 0, 0, 0, 14, NULL, NULL, NULL)"
    )
    await forecast(store.pool)
    assert await slow(store.pool) == [("OR-3", "SCREW", None), ("OR-2", "SCREW", 370)]
    [kept] = await forecasts(store.pool, HOSPITAL, "OR-2")
    assert (kept.as_of, kept.first_came_on, kept.last_used_on) == (TODAY, date(2021, 5, 19), date(2021, 5, 29))


async def test_where_nothing_was_used_or_came_for_a_year_all_that_lies_there_is_slow(
    ward: Ward, store: PostgresStore
) -> None:
    """What is counted today is no use: the day is far from the newest use, and no week is forecast from."""
    await ward.scan(now(), receipt(1, 500, 9), use(2, 400), receipt(3, 500, 2, OTHER, place="cab1"))
    assert await slow(store.pool) == [("OR-2", "SCREW", None), ("OR-2/cab1", "OTHER", None)]
    await forecast(store.pool)
    assert await forecasts(store.pool) == []
    [screw, _] = await slow_movers(store.pool, 90)
    assert (screw.quantity, screw.value, screw.months_of_stock, screw.as_of) == (8, Decimal("80.00"), None, TODAY)

    await ward.scan(use(4, 363))
    assert await slow(store.pool) == []
    await forecast(store.pool)
    assert await slow(store.pool) == [("OR-2", "SCREW", 363), ("OR-2", "OTHER", None)]


async def capital(store: PostgresStore, month: int = 202206) -> list[tuple[Any, ...]]:
    found = await StatementBooks(store.pool).capital(HOSPITAL, month)
    return [
        (each.supplier, each.days, each.value, each.units, each.units_without_cost, each.used, each.days_lying)
        for each in found
    ]


async def test_working_capital_is_the_mean_value_of_the_days(ward: Ward, store: PostgresStore) -> None:
    """Three days of June: 5 units lay there from May, 2 came on the 2nd, 1 was used on the 2nd and 1 on the 3rd.

    At the ends of the days 5, 6, 5 units lie there, at 800.00, on the 3rd at 900.00: 13,300.00 ÷ 3. The hospital's own
    goods and a balance below zero are not counted.
    """
    costs = [{"cost": "800.00", "to": "2022-06-03"}, {"cost": "900.00", "from": "2022-06-03"}]
    supplied = {"identifiers": [{"issuer": "GS1", "di": OTHER, "units_per_package": 1}], "owner": "supplier"}
    await ward.learn(item(item_code="OTHER", supplier="S9", cost=costs, **supplied))
    label = [gs1(OTHER, expiry="271231", lot="L1")]
    await ward.scan(
        receipt(1, 20, 5, OTHER), receipt(2, 1, 2, OTHER), receipt(5, 20, 50),
        use(3, 1, codes=label), use(4, 0, codes=label),
        use(6, 2, 3, store="OR-9", codes=[gs1(OTHER, expiry="271231", lot="L2")]),
    )  # fmt: skip
    used = Decimal("800.00") * 4 + 900
    assert await capital(store) == [
        ("S9", 3, Decimal("4433.33"), Decimal("5.3"), Decimal(0), used, Decimal("3.2")),
    ]
    assert await capital(store, 202205) == [
        ("S9", 31, Decimal("2322.58"), Decimal("2.9"), Decimal(0), Decimal(0), None),
    ]
    assert await capital(store, 202207) == []
    months = await store.pool.fetch("SELECT month, value FROM report.working_capital ORDER BY month")
    assert [tuple(row) for row in months] == [("2022-05", Decimal("2322.58")), ("2022-06", Decimal("4433.33"))]


async def test_goods_without_a_cost_are_named_and_in_no_sum(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(now(), receipt(1, 20, 6, OTHER))
    assert await capital(store) == [("S9", 3, Decimal(0), Decimal(6), Decimal(6), Decimal(0), None)]


async def test_people_see_the_forecast_slow_movers_and_working_capital(house: Installed) -> None:
    made = await house.json("orders", "forecast", "--past", "26")
    assert made["service_level_percent"] == 95
    assert {row["item_code"] for row in made["forecasts"]} >= {"SCREW", "PLATE"}
    shown = await house.udi("orders", "forecast", "--item", "PLATE")
    assert (shown.exit_code, "SCREW" in shown.stdout, "PLATE" in shown.stdout) == (0, False, True)
    nothing = await house.udi("expiring", "--slow", "--days", "3000")
    assert (nothing.exit_code, "Nothing that is known lies" in nothing.stdout) == (0, True)
    every = await house.udi("expiring", "--slow", "--days", "0")
    assert (every.exit_code, "yuan at cost" in every.stdout) == (1, True)
    freed = (await house.json("statement", "S9", "2022-06"))["working_capital"]
    assert (freed["supplier"], freed["month"], freed["used"]) == ("S9", "2022-06", "800.00")
    assert "Not paid for and lying here" in (await house.udi("statement", "S9", "2022-06")).stdout
