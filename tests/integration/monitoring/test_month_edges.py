"""Where months meet: the last instant of February, leap or not, and of the year; runs and bases across the new year."""

from datetime import timedelta
from decimal import Decimal

import pytest

from models.calendar import ZONE_DEFAULT
from streams.services.monitoring.evaluator import Evaluator
from tests.integration.monitoring.usage import AT, ward
from tests.support.builders import encounter, item, price, scan
from tests.support.ward import Ward, postgres_store

GROWTH, YEAR, TOP = "growth-month-on-month", "growth-year-on-year", "top-three-three-months"


@pytest.mark.parametrize(
    ("last", "next_first", "months"),
    [
        ("2022-02-28T15:59:59.999Z", "2022-02-28T16:00:00Z", ("2022-02", "2022-03")),
        ("2020-02-29T15:59:59.999Z", "2020-02-29T16:00:00Z", ("2020-02", "2020-03")),
        ("2020-02-28T16:00:00Z", "2020-03-01T00:00:00+08:00", ("2020-02", "2020-03")),
        ("2021-12-31T15:59:59.999Z", "2021-12-31T16:00:00Z", ("2021-12", "2022-01")),
    ],
)
async def test_a_use_counts_in_the_month_that_its_hospital_s_clock_shows(
    database: str, last: str, next_first: str, months: tuple[str, str]
) -> None:
    async with postgres_store(database) as store:
        opened = await Ward(store).open(
            item(prices=[price("1.00", None, None)]), encounter(admitted_at="2020-01-01T00:00:00+08:00")
        )
        await opened.scan(scan(1, scanned_at=last, quantity=2), scan(2, scanned_at=next_first, quantity=3))
        await Evaluator(store.pool, ZONE_DEFAULT).until_idle()

        rows = await store.pool.fetch(
            "SELECT month, quantity FROM report.usage_months WHERE scope_type = 'hospital' ORDER BY month"
        )

        assert [tuple(row) for row in rows] == [(months[0], 2), (months[1], 3)]


async def test_a_run_of_three_months_goes_on_over_the_new_year(database: str) -> None:
    async with ward(database, "2021-11") as w:
        months = ("2021-11", "2021-12", "2022-01")
        await w.use(*(("A", each, 1, 100) for each in months))
        await w.close(*months)

        assert await w.alerts(TOP, "month", "months_in_a_row", "status") == [("2022-01", 3, "fired")]


@pytest.mark.parametrize(("units", "fires"), [(119, False), (120, True)])
@pytest.mark.parametrize(
    "case",
    [
        (GROWTH, "2021-12", "2022-01"),
        (GROWTH, "2022-02", "2022-03"),
        (YEAR, "2021-01", "2022-01"),
        (YEAR, "2021-02", "2022-02"),
    ],
)
async def test_a_base_is_the_month_before_or_the_same_a_year_before(
    database: str, case: tuple[str, str, str], units: int, fires: bool
) -> None:
    rule, base, month = case
    async with ward(database, "2020-12") as w:
        await w.use(("A", base, 100, 1_000_000), ("A", month, units, units * 10_000))

        found = await w.alerts(rule, "month", "base_month", "change_percent", measure="quantity")

        assert found == ([(month, base, Decimal("20.00"))] if fires else [])


async def test_a_late_credit_in_december_changes_the_verdict_of_january(database: str) -> None:
    async with ward(database, "2021-12") as w:
        await w.use(("A", "2021-12", 101, 1_010_000), ("A", "2022-01", 120, 1_200_000))
        await w.close("2021-12", "2022-01")
        assert await w.alerts(GROWTH, "month") == []

        await w.use(("A", "2021-12", -1, -10_000), at=AT + timedelta(days=1))

        assert await w.alerts(GROWTH, "month", "version", "status", "base_month", "base_value") == [
            ("2022-01", 1, "fired", "2021-12", Decimal(10_000))
        ]
