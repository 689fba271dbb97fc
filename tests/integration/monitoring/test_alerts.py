from datetime import timedelta
from decimal import Decimal

import orjson

from models.ids import made_id
from tests.integration.monitoring.usage import AT, Ward, ward

GROWTH, YEAR, NEW, TOP = "growth-month-on-month", "growth-year-on-year", "new-item", "top-three-three-months"
LATER = AT + timedelta(minutes=5)
YUAN = 100
STATES = ("version", "status", "provisional")


async def test_usage_counts_for_the_hospital_and_for_its_department_and_is_right_before_and_after_folding(
    database: str,
) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-06", 3, 900), department="ORTH", evaluate=False)
        await w.use(("A", "2022-06", -1, -300), ("X", "2022-06", 5, 0), department="ORTH", evaluate=False)
        await w.use(("A", "2022-06", 2, 600), evaluate=False)
        waiting = await w.usage()
        await w.evaluator.until_idle()
        assert (
            waiting
            == await w.usage()
            == {
                ("H1", "A", "2022-06"): (4, 1200),
                ("H1", "X", "2022-06"): (5, 0),
                ("ORTH", "A", "2022-06"): (2, 600),
                ("ORTH", "X", "2022-06"): (5, 0),
            }
        )
        assert await w.pool.fetchval("SELECT count(*) FROM udi.usage_delta") == 0


async def test_two_lanes_that_each_add_a_tenth_make_a_fifth(database: str) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 10, 100_000))
        await w.use(("A", "2022-06", 0, 10_000), evaluate=False)
        await w.use(("A", "2022-06", 0, 10_000), evaluate=False)
        await w.evaluator.until_idle()
        assert await w.alerts(GROWTH, "scope", "month", "value", *STATES) == [
            ("H1", "2022-06", Decimal("1200.00"), 1, "provisional", True)
        ]


async def test_an_alert_on_the_topic_and_in_the_report_say_the_same(database: str) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-05", 10, 100_000), department="ORTH")
        await w.use(("A", "2022-06", 12, 180_000), department="ORTH", at=LATER)
        alert_id = str(made_id("alert", "H1", "department", "ORTH", GROWTH, "A", 202206, "amount"))
        body = next(each for each in await w.bodies() if each["alert_id"] == alert_id)
        # 100 yuan a unit became 150: two units more at 125, and 50 yuan for 11 units; no discharges, no caseload.
        amounts = {"caseload": "0.00", "use": "250.00", "mix": "0.00", "price": "550.00"}
        cause = [{"factor": factor, "amount": amount} for factor, amount in amounts.items()]
        assert body == {
            "schema": "udi.alert/1",
            "alert_id": alert_id,
            "version": 1,
            "supersedes": None,
            "hospital": "H1",
            "scope": {"type": "department", "id": "ORTH"},
            "rule": GROWTH,
            "item_code": "A",
            "month": "2022-06",
            "provisional": True,
            "measure": "amount",
            "value": "1800.00",
            "base": {"month": "2022-05", "value": "1000.00"},
            "change_percent": "80.00",
            "rank": None,
            "months_in_a_row": None,
            "cause": cause,
            "status": "provisional",
            "fired_at": "2022-07-01T04:05:00+00:00",
        }
        row = dict(await w.pool.fetchrow("SELECT * FROM report.alerts WHERE alert_id = $1", alert_id) or {})
        assert row | {"alert_id": str(row["alert_id"]), "cause": orjson.loads(row["cause"])} == {
            "hospital": "H1",
            "alert_id": alert_id,
            "version": 1,
            "supersedes": None,
            "scope_type": "department",
            "scope": "ORTH",
            "rule": GROWTH,
            "item_code": "A",
            "month": "2022-06",
            "provisional": True,
            "measure": "amount",
            "value": Decimal("1800.00"),
            "base_month": "2022-05",
            "base_value": Decimal("1000.00"),
            "change_percent": Decimal("80.00"),
            "rank": None,
            "months_in_a_row": None,
            "cause": cause,
            "status": "provisional",
            "fired_at": LATER,
        }


async def test_while_the_month_is_open_only_a_changed_verdict_is_a_version(database: str) -> None:
    async with ward(database) as w:
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 10, 119_999))
        written = [
            await w.use(("A", "2022-06", 0, fen), at=LATER)
            for fen in (1, 50_000, -50_000, -1, 30_000)  # at the edge, more, back, below it, above again
        ]
        assert written == [1, 0, 0, 1, 1]
        assert await w.alerts(GROWTH, *STATES, "value", "supersedes") == [
            (1, "provisional", True, Decimal("1200.00"), None),
            (2, "withdrawn", True, Decimal("1199.99"), 1),
            (3, "provisional", True, Decimal("1499.99"), 2),
        ]


async def test_at_the_close_a_provisional_alert_becomes_final_with_the_figures_of_the_close(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 10, 120_000))
        await w.use(("A", "2022-06", 0, 10_000))
        await w.close("2022-05", "2022-06")
        closed_at = await w.pool.fetchval("SELECT closed_at FROM udi.period_close WHERE month = 202206")
        assert await w.alerts(GROWTH, *STATES, "value", "fired_at") == [
            (1, "provisional", True, Decimal("1200.00"), AT),
            (2, "fired", False, Decimal("1300.00"), closed_at),
        ]


async def test_at_the_close_a_provisional_alert_that_no_longer_fires_is_withdrawn(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 10, 120_000))
        await w.close("2022-05")
        # The return waits, unfolded, when the month is closed: the close judges what was recorded before it.
        await w.use(("A", "2022-06", -1, -20_000), evaluate=False)
        await w.close("2022-06")
        assert await w.alerts(GROWTH, *STATES, "value") == [
            (1, "provisional", True, Decimal("1200.00")),
            (2, "withdrawn", False, Decimal("1000.00")),
        ]


async def test_an_item_that_is_no_longer_monitored_is_withdrawn_at_the_close(database: str) -> None:
    async with ward(database, "2022-05") as w:
        await w.use(("A", "2022-05", 10, 100_000), ("A", "2022-06", 10, 120_000))
        await w.watch(["A"], monitored=False)
        await w.close("2022-05", "2022-06")
        assert await w.alerts(GROWTH, *STATES) == [(1, "provisional", True), (2, "withdrawn", False)]


async def test_an_item_that_is_not_monitored_fires_nothing_and_takes_no_rank(database: str) -> None:
    async with ward(database) as w:
        lines = [(item, month, 10 - place, (10 - place) * YUAN) for month in ("2022-01", "2022-02", "2022-03")
                 for place, item in enumerate(("X", "A", "B", "C", "D"))]  # fmt: skip
        await w.use(*lines, ("X", "2022-04", 500, 900_000))
        await w.close("2022-01", "2022-02", "2022-03")
        assert await w.alerts(TOP, "item_code", "rank", "months_in_a_row") == [("A", 1, 3), ("B", 2, 3), ("C", 3, 3)]
        assert await w.pool.fetchval("SELECT count(*) FROM udi.alert WHERE item_code = 'X'") == 0


async def test_nothing_grows_before_the_hospitals_first_month_and_a_new_item_is_new_after_it(database: str) -> None:
    async with ward(database, "2022-06") as w:
        assert await w.use(("A", "2022-06", 50, 500_000)) == 0
        await w.use(("B", "2022-07", 4, 400_000))
        assert await w.alerts(NEW, "item_code", "month", "base_month", "base_value", "change_percent", *STATES) == [
            ("B", "2022-07", "2022-06", Decimal("0.00"), None, 1, "provisional", True)
        ]
        assert await w.alerts(NEW, "item_code", measure="quantity") == []


async def test_a_late_scan_that_moves_the_first_month_back_makes_the_base_of_every_item_known(database: str) -> None:
    async with ward(database, "2022-06") as w:
        await w.use(("A", "2022-06", 4, 500_000), ("B", "2022-06", 4, 500_000), ("C", "2022-07", 4, 1))
        await w.scan("2022-05", device="other gun")
        await w.use(("B", "2022-05", 5, 200_000), at=LATER)
        assert await w.alerts(NEW, "item_code", "month", "fired_at") == [("A", "2022-06", LATER)]
        assert await w.alerts(GROWTH, "item_code", "month", "change_percent") == [("B", "2022-06", Decimal("150.00"))]


async def test_the_same_month_a_year_before_is_a_base_of_its_own(database: str) -> None:
    async with ward(database, "2021-06") as w:
        await w.use(("A", "2021-06", 10, 100_000), ("A", "2022-05", 10, 200_000), ("A", "2022-06", 10, 130_000))
        assert await w.alerts(YEAR, "month", "base_month", "change_percent", where="month = '2022-06'") == [
            ("2022-06", "2021-06", Decimal("30.00"))
        ]
        assert await w.alerts(GROWTH, "month", where="month = '2022-06'") == []


async def test_a_run_of_three_months_fires_in_its_third_and_every_further_month(database: str) -> None:
    async with ward(database) as w:
        months = ("2022-01", "2022-02", "2022-03", "2022-04")
        await w.use(*(("A", each, 1, 100) for each in months), department="ORTH")
        await w.close(*months)
        expected = [
            (scope, each, 1, run, 1, "fired", False)
            for scope in ("H1", "ORTH")
            for each, run in (("2022-03", 3), ("2022-04", 4))
        ]
        for measure in ("amount", "quantity"):
            found = await w.alerts(TOP, "scope", "month", "rank", "months_in_a_row", *STATES, measure=measure)
            assert found == expected


async def test_a_month_without_use_begins_the_run_anew(database: str) -> None:
    async with ward(database) as w:
        months = ("2022-01", "2022-02", "2022-03", "2022-04", "2022-05", "2022-06")
        await w.use(*(("A", each, 1, 100) for each in months if each != "2022-03"), ("B", "2022-03", 1, 100))
        await w.close(*months)
        assert await w.alerts(TOP, "item_code", "month", "months_in_a_row") == [("A", "2022-06", 3)]


async def test_the_rank_rules_are_silent_while_the_month_is_open(database: str) -> None:
    async with ward(database) as w:
        await w.use(*(("A", each, 1, 100) for each in ("2022-01", "2022-02", "2022-03")))
        await w.close("2022-01", "2022-02")
        assert await w.alerts(TOP, "month") == []


async def closed_quarter(w: Ward) -> None:
    """January to April closed: A leads for all of them."""
    months = ("2022-01", "2022-02", "2022-03", "2022-04")
    await w.use(*(("A", each, 10, 100_000) for each in months))
    await w.close(*months)


async def test_a_late_scan_changes_figures_of_a_closed_month_and_of_the_months_whose_base_it_is(database: str) -> None:
    async with ward(database) as w:
        await closed_quarter(w)
        assert await w.alerts(GROWTH, "month") == []
        await w.use(("A", "2022-03", 2, 20_000), at=LATER)
        await w.use(("A", "2022-02", 2, 20_000), at=LATER)
        assert await w.alerts(GROWTH, "month", *STATES, "value", "base_value", "fired_at") == [
            ("2022-02", 1, "fired", False, Decimal("1200.00"), Decimal("1000.00"), LATER),
            ("2022-03", 1, "fired", False, Decimal("1200.00"), Decimal("1000.00"), LATER),
            ("2022-03", 2, "withdrawn", False, Decimal("1200.00"), Decimal("1200.00"), LATER),
        ]


async def test_changed_figures_of_a_closed_month_are_a_version_though_the_verdict_stands(database: str) -> None:
    async with ward(database) as w:
        await closed_quarter(w)
        await w.use(("A", "2022-04", 5, 50_000), at=LATER)
        await w.use(("A", "2022-04", 1, 1_000), at=LATER)
        await w.use(("X", "2022-04", 1, 1_000), at=LATER)
        assert await w.alerts(GROWTH, *STATES, "value") == [
            (1, "fired", False, Decimal("1500.00")),
            (2, "fired", False, Decimal("1510.00")),
        ]
        assert await w.alerts(TOP, *STATES, "value", where="month = '2022-04'") == [
            (1, "fired", False, Decimal("1000.00")),
            (2, "fired", False, Decimal("1500.00")),
            (3, "fired", False, Decimal("1510.00")),
        ]


async def test_a_credit_that_empties_a_closed_month_breaks_the_runs_after_it(database: str) -> None:
    async with ward(database) as w:
        await closed_quarter(w)
        assert await w.alerts(TOP, "month", "months_in_a_row") == [("2022-03", 3), ("2022-04", 4)]
        await w.use(("A", "2022-02", -10, -100_000), at=LATER)
        assert await w.alerts(TOP, "month", "months_in_a_row", "rank", *STATES, where="version > 1") == [
            ("2022-03", 1, 1, 2, "withdrawn", False),
            ("2022-04", 2, 1, 2, "withdrawn", False),
        ]


async def test_a_late_scan_joins_two_runs_and_the_months_after_count_the_whole(database: str) -> None:
    async with ward(database) as w:
        months = ("2022-01", "2022-02", "2022-03", "2022-04", "2022-05")
        await w.use(*(("A", each, 1, 100) for each in months if each != "2022-03"))
        await w.close(*months)
        assert await w.alerts(TOP, "month") == []
        await w.use(("A", "2022-03", 1, 100), at=LATER)
        assert await w.alerts(TOP, "month", "months_in_a_row", "fired_at") == [
            ("2022-03", 3, LATER),
            ("2022-04", 4, LATER),
            ("2022-05", 5, LATER),
        ]


async def test_a_late_scan_of_one_item_takes_another_from_the_top(database: str) -> None:
    async with ward(database) as w:
        months = ("2022-01", "2022-02", "2022-03")
        await w.use(
            *((item, each, 1, fen) for each in months for item, fen in (("A", 40), ("B", 30), ("C", 20), ("D", 10)))
        )
        await w.close(*months)
        assert await w.alerts(TOP, "item_code", "rank") == [("A", 1), ("B", 2), ("C", 3)]
        await w.use(("D", "2022-03", 1, 15), at=LATER)
        assert await w.alerts(TOP, "item_code", "rank", "months_in_a_row", *STATES, where="version > 1") == [
            ("C", 4, 0, 2, "withdrawn", False)
        ]


async def test_closing_again_writes_nothing(database: str) -> None:
    async with ward(database) as w:
        await closed_quarter(w)
        before = await w.pool.fetch("SELECT * FROM udi.alert ORDER BY alert_id, version")
        await w.close("2022-03")
        assert await w.pool.fetch("SELECT * FROM udi.alert ORDER BY alert_id, version") == before


async def test_all_at_once_or_step_by_step_the_newest_versions_are_the_same(database: str) -> None:
    months = ("2022-01", "2022-02", "2022-03", "2022-04", "2022-05")
    lines = [
        (item, each, 1 + (place * 7 + number * 5) % 11, (3 + (place * 5 + number * 3) % 13) * 20_000)
        for number, each in enumerate(months)
        for place, item in enumerate(("A", "B", "C", "D", "E"))
    ]
    newest = (
        "SELECT DISTINCT ON (alert_id) hospital, scope, rule, item_code, month, measure, status, value, base_value, "
        "rank, months_in_a_row, cause FROM udi.alert ORDER BY alert_id, version DESC"
    )
    async with ward(database) as w:
        await w.use(*lines)
        await w.close(*months)
        await w.use(*((item, each, -units, -fen) for item, each, units, fen in lines))
        assert await w.alerts(TOP, "status", where="version = 1") != []
        for line in reversed(lines):
            await w.use(line)
        late = {tuple(row) for row in await w.pool.fetch(newest) if row["status"] != "withdrawn"}
        # The same figures, folded before the close by another hospital.
        await w.watch(("A", "B", "C", "D", "E"), hospital="H2")
        await w.scan("2022-01", hospital="H2")
        await w.use(*lines, hospital="H2")
        await w.close(*months, hospital="H2")
        fresh = {
            tuple(row) for row in await w.pool.fetch(newest) if row["status"] != "withdrawn" and row["hospital"] == "H2"
        }
        assert len(late) > 20
        assert {row[2:] for row in late} == {row[2:] for row in fresh}
