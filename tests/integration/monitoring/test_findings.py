from datetime import timedelta
from decimal import Decimal
from typing import Any

from models.calendar import Month
from models.monitoring.alert import Measure, ScopeType
from models.monitoring.rule import EVERY_HOSPITAL, RuleKind, RuleRow
from models.policy import POLICY
from sinks.postgres.monitoring.desk import Desk
from sinks.postgres.monitoring.rules import RuleBooks
from tests.integration.monitoring.usage import AT, Ward, ward

LATER = AT + timedelta(days=9)
MONTHS = ("2022-01", "2022-02", "2022-03")


async def found(w: Ward, *columns: str, month: str | None = None) -> list[Any]:
    rows = await Desk(w.pool).findings(month)
    return [tuple(row[name] for name in columns) for row in rows]


async def test_what_concerns_an_item_and_month_is_one_finding(database: str) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-01", 100, 1_000_000), department="ORTH")
        await w.use(("A", "2022-02", 200, 2_000_000), department="ORTH")
        await w.close("2022-01", "2022-02")
        [row] = await Desk(w.pool).findings()
        alerts = (await Desk(w.pool).alerts([row]))[row["finding"]]
        assert {(each["scope"], each["measure"]) for each in alerts} == {
            ("H1", "amount"), ("H1", "quantity"), ("ORTH", "amount"), ("ORTH", "quantity"),
        }  # fmt: skip
        assert (row["item_code"], row["month"], row["status"], row["amount"]) == (
            "A",
            "2022-02",
            "open",
            Decimal(10_000),
        )
        assert row["departments"] == [["ORTH", 1_000_000]]
        assert sum(Decimal(part["amount"]) for part in row["cause"]) == Decimal(10_000)


async def test_a_finding_is_provisional_until_its_month_is_closed(database: str) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-01", 100, 1_000_000), ("A", "2022-02", 200, 2_000_000))
        assert await found(w, "version", "status", "provisional") == [(1, "open", True)]
        await w.close("2022-01", "2022-02")
        assert await found(w, "version", "status", "provisional") == [(2, "open", False)]


async def test_a_breach_of_the_forecast_is_a_finding_before_its_month_is_over(database: str) -> None:
    """A year of 1,000 units a month: the upper end at 99 % is 1,103, and no rise of 20 %."""
    rule = RuleRow(
        "beyond-forecast", RuleKind.FORECAST, (Measure.QUANTITY,), (ScopeType.HOSPITAL,), "monitored",
        threshold_percent=Decimal(99), months=12, floor_quantity=10,
    )  # fmt: skip
    async with ward(database) as w:
        books = RuleBooks(w.pool)
        version = await books.draft(EVERY_HOSPITAL, rule, "li", "use is forecast")
        await books.switch(EVERY_HOSPITAL, rule.rule, version, True, Month(0), "li", "tried")
        year = [f"2021-{month:02d}" for month in range(1, 13)]
        for month in year:
            await w.use(("A", month, 1000, 1_000_000), *((item, month, 5000, 5_000_000) for item in "BCDE"))
        await w.scan("2021-01")
        await w.close(*year)
        await w.use(("A", "2022-01", 1102, 1_102_000))
        assert await found(w, "status", month="2022-01") == []
        await w.use(("A", "2022-01", 1, 1_000))
        rows = await found(w, "item_code", "status", "provisional", month="2022-01")
        assert rows == [("A", "open", True)]
        [alert] = await w.alerts("beyond-forecast", "value", "status", measure="quantity", where="month = '2022-01'")
        assert alert == (1103, "provisional")


async def test_a_run_in_the_top_that_goes_on_is_the_finding_of_its_first_month(database: str) -> None:
    async with ward(database) as w:
        months = (*MONTHS, "2022-04", "2022-05")
        await w.use(*(("A", month, 10, 100_000) for month in months))
        await w.close(*months)
        assert await found(w, "month", "status") == [
            ("2022-05", "continued"), ("2022-04", "continued"), ("2022-03", "open"),
        ]  # fmt: skip


async def test_a_late_credit_withdraws_the_finding_of_a_closed_month(database: str) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-01", 100, 1_000_000), ("A", "2022-02", 120, 1_200_000))
        await w.close("2022-01", "2022-02")
        assert await found(w, "status") == [("open",)]
        await w.use(("A", "2022-02", -1, -10_000), at=LATER)
        assert await found(w, "version", "status", "amount", "found_at") == [(3, "withdrawn", 0, LATER)]


async def test_a_desk_holds_thirty_and_the_rest_is_filed_with_a_reason(database: str) -> None:
    room = POLICY.findings_open_max
    async with ward(database) as w:
        items = [f"I{number:03d}" for number in range(room + 10)]
        await w.watch(items)
        # All rise by a fifth or more, by certain money that grows with the number, and one by chance.
        await w.use(*((item, "2022-01", 1000, 100_000_000) for item in items))
        await w.use(*((item, "2022-02", 2000, 200_000_000 + n * 10_000_000) for n, item in enumerate(items)))
        await w.use(("A", "2022-01", 9, 90_000_000), ("A", "2022-02", 11, 110_000_000))
        await w.close("2022-01", "2022-02")
        rows = await Desk(w.pool).findings("2022-02")
        opened = [row["item_code"] for row in rows if row["status"] == "open"]
        assert opened == sorted(items[10:], reverse=True)
        assert {row["item_code"]: row["filed"] for row in rows if row["status"] != "open"} == {
            "A": "chance", **dict.fromkeys(items[:10], "beyond-desk"),
        }  # fmt: skip
        # A late scan brings one that was filed over the edge; nobody else moves.
        await w.use((items[0], "2022-02", 0, 900_000_000), at=LATER)
        after = await Desk(w.pool).findings("2022-02")
        assert [row["item_code"] for row in after if row["status"] == "open"] == [items[0], *opened]


async def test_findings_are_the_same_whatever_the_order_in_which_use_came(database: str) -> None:
    columns = ("item_code", "month", "status", "filed", "amount", "certain_amount", "cause", "departments")
    lines = [(item, month, 10 * place + number, 50_000 * (place + number))
             for place, item in enumerate("ABCDE", 1) for number, month in enumerate(MONTHS)]  # fmt: skip
    async with ward(database) as w:
        await w.use(*lines, department="ORTH")
        await w.close(*MONTHS)
        once = await found(w, *columns)
        await w.use(*((item, month, -units, -fen) for item, month, units, fen in lines), department="ORTH")
        for line in reversed(lines):
            await w.use(line, department="ORTH")
        assert [row for row in await found(w, *columns) if row[2] != "withdrawn"] == once
