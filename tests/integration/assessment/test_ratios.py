"""Ratios by hand, their changes, who is left out; windows of cases, targets and kept runs, by the commands."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, gs1, item, price, scan
from tests.support.cases import discharge, income, post_discharges, post_incomes
from tests.support.installed import Installed, installed


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as house:
        yield house


async def ratios(house: Installed, month: str = "2022-06") -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = await house.json("ratios", month)
    return {(row["scope_type"], row["scope"], row["formula"]): row for row in rows}


async def test_three_formulas_by_hand_and_departments_sum_to_the_hospital(house: Installed) -> None:
    await post_incomes(
        house.pool,
        income(),
        income(department="CARD", medical_income="300000.00", drug_income="100000.00",
               consumable_income="90000.00", consumable_cost="80000.00"),
    )  # fmt: skip

    found = await ratios(house)

    def of(*key: str) -> tuple[str, str, str]:
        row = found[key]  # type: ignore[index]
        return row["numerator"], row["denominator"], row["ratio_percent"]

    assert of("department", "ORTH", "consumption-ratio") == ("30000.00", "100000.00", "30.00")
    assert of("department", "ORTH", "consumption-ratio-without-drugs") == ("30000.00", "80000.00", "37.50")
    assert of("department", "ORTH", "per-100-yuan") == ("25000.00", "80000.00", "31.25")
    assert of("hospital", "H1", "consumption-ratio") == ("120000.00", "400000.00", "30.00")
    assert of("hospital", "H1", "per-100-yuan") == ("105000.00", "280000.00", "37.50")


@pytest.mark.parametrize(
    ("month", "before", "year_before"),
    [("2022-06", "2022-05", "2021-06"), ("2022-01", "2021-12", "2021-01"), ("2024-02", "2024-01", "2023-02")],
)
async def test_changes_are_of_the_exact_ratios_and_flat_is_said(
    house: Installed, month: str, before: str, year_before: str
) -> None:
    await post_incomes(
        house.pool,
        income(month=year_before, consumable_income="20000.00"),
        income(month=before, consumable_income="30004.00"),
        income(month=month),
    )

    row = (await ratios(house, month))["department", "ORTH", "consumption-ratio"]

    assert (row["year_on_year_points"], row["year_on_year_percent"], row["year_on_year_flat"]) == (
        "10.00", "50.00", False,
    )  # fmt: skip
    # 30.004 % before, 30 % now: -0.004 points, -0.0133 %.
    assert (row["month_on_month_points"], row["month_on_month_percent"], row["month_on_month_flat"]) == (
        "0.00", "-0.01", True,
    )  # fmt: skip
    first = (await ratios(house, year_before))["department", "ORTH", "consumption-ratio"]
    assert (first["year_on_year_points"], first["year_on_year_percent"], first["year_on_year_flat"]) == (None,) * 3


async def test_a_base_of_zero_has_points_and_no_per_cent(house: Installed) -> None:
    await post_incomes(house.pool, income(month="2022-05", consumable_income="0.00"), income())

    row = (await ratios(house))["department", "ORTH", "consumption-ratio"]

    assert (row["month_on_month_points"], row["month_on_month_percent"], row["month_on_month_flat"]) == (
        "30.00", None, False,
    )  # fmt: skip


async def test_who_is_left_out_stands_in_no_sum_and_says_why(house: Installed) -> None:
    await post_incomes(house.pool, income(department="CARD"), income(department="NEUR", drug_income="100000.01"))

    found = await ratios(house)

    assert found["hospital", "H1", "consumption-ratio"]["denominator"] == "100000.00"
    left = {(scope, row["left_out"]) for (_, scope, _), row in found.items() if row["left_out"]}
    assert left == {("NEUR", "drug income exceeds medical income"), ("ORTH", "no income record")}


async def test_a_silent_record_is_filled_from_our_own_books(house: Installed) -> None:
    await house.ward.learn(item(prices=[price("1234.00")], cost=[{"cost": "1000.00"}]))
    await post_incomes(house.pool, income(consumable_income=None, consumable_cost=None))
    charged = await house.pool.fetchval(
        "SELECT sum(CASE kind WHEN 'charge' THEN amount ELSE -amount END) FROM report.charges "
        "WHERE department = 'ORTH' AND service_at >= '2022-06-01+08' AND service_at < '2022-07-01+08'"
    )

    found = await ratios(house)

    row = found["department", "ORTH", "consumption-ratio"]
    assert (Decimal(row["numerator"]), row["numerator_from"]) == (charged, "books")
    assert charged > 0
    assert found["hospital", "H1", "per-100-yuan"]["numerator_from"] == "books"


async def test_diseases_and_groups_come_from_cases_and_follow_regrouping(house: Installed) -> None:
    await post_discharges(house.pool, discharge(), discharge(encounter="E2", consumable_income="500.00"))
    assert (await ratios(house))["drg-group", "IB15", "consumption-ratio"]["ratio_percent"] == "20.00"

    await post_discharges(house.pool, discharge(encounter="E2", drg_group="IB19", consumable_income="500.00"))

    found = await ratios(house)
    assert found["drg-group", "IB15", "consumption-ratio"]["ratio_percent"] == "35.00"
    assert found["drg-group", "IB19", "consumption-ratio"]["ratio_percent"] == "5.00"
    assert found["disease", "S72", "consumption-ratio"]["ratio_percent"] == "20.00"


# Windows -----------------------------------------------------------------------------------------------------------


async def post_two_windows(house: Installed) -> None:
    """Two departments in May and June 2022; orthopaedics gets cheaper, a third one has discharged in June alone."""
    cases = []
    for number in range(40):
        for department, group, cost in (("ORTH", "IB", 3000), ("CARD", "FB", 6000)):
            for month in (5, 6):
                fen = cost + 10 * number - (900 if (department, month) == ("ORTH", 6) else 0)
                cases.append(
                    discharge(
                        encounter=f"{department}{month}{number}", department=department, team=f"T{number % 2}",
                        drg_group=f"{group}{number % 3}", discharged_at=f"2022-{month:02d}-10T10:00:00+08:00",
                        drg_weight=f"{1 + number % 3}.5", consumable_cost=f"{fen}.00", stay_days=5 + number % 4,
                        level4_surgery=number % 3 == 0,
                    )
                )  # fmt: skip
    cases.append(discharge(encounter="N1", department="NEUR"))
    cases.append(discharge(encounter="N2", department="ORTH", drg_weight=None))
    await post_discharges(house.pool, *cases)


async def test_cases_are_judged_against_the_earlier_window_and_their_targets(house: Installed) -> None:
    await post_two_windows(house)
    shown = await house.udi("targets", "--base", "2022-05..2022-05", "--cut", "10", "--by", "li")
    assert (shown.exit_code, shown.stderr) == (0, "")

    found = await house.json("assess", "--window", "2022-06", "--against", "2022-05..2022-05")
    turned = await house.json("assess", "--window", "2022-05", "--against", "2022-06")

    assert turned == found
    rows = {row["department"]: row for row in found["departments"]}
    assert rows.keys() == {"ORTH", "CARD"}
    assert {(each["department"], each["reason"]) for each in found["left_out"]} >= {
        ("NEUR", "only in the window after"), ("ORTH", "1 cases without a weight"),
    }  # fmt: skip
    weight = sum(1.5 + number % 3 for number in range(40))
    total = sum(3000 + 10 * number for number in range(40))
    assert Decimal(rows["ORTH"]["target"]).quantize(Decimal("0.01")) == round(Decimal(total / weight * 0.9), 2)
    assert (rows["ORTH"]["above_target"], rows["CARD"]["above_target"]) == (False, True)
    assert rows["CARD"]["attainment_percent"] == "90.00"
    assert rows["CARD"]["share_percent"] == "100.00"
    assert all(1 <= row["rank_low"] <= row["rank"] <= row["rank_high"] <= 2 for row in found["departments"])
    assert [row["cost_rank_high"] for row in (rows["ORTH"], rows["CARD"])] == [1, 2]
    assert found["months"] == {"before": ["2022-05"], "after": ["2022-06"]}
    assert found["conclusions"][0]["zh-CN"]


async def test_a_kept_run_stands_in_the_view_once(house: Installed) -> None:
    await post_two_windows(house)
    for _ in range(2):
        assert (await house.udi("assess", "--window", "2022-06", "--keep", "--department", "ORTH")).exit_code == 0

    rows = await house.pool.fetch('SELECT "window", department, rank FROM report.assessment ORDER BY department')
    assert [tuple(row)[:2] for row in rows] == [("2022-06..2022-06", each) for each in ("CARD", "NEUR", "ORTH")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("assess",), "Expected either --indices FILE or --window A..B."),
        (("assess", "--window", "2022-06..2022-05"), "Expected a window of 1 to 120 months"),
        (("assess", "--window", "June"), "Expected a window like 2022-01..2022-06"),
        (("assess", "--window", "2022-06", "--without", "2022-06"), "Expected months of 2022-06 beside those left out"),
        (("assess", "--window", "2022-06"), "Expected discharged cases in the books"),
        (("targets", "--cut", "5"), "Expected --base A..B together with --cut 5 or 10."),
        (("ratios", "2022-13"), "Expected a month from 01 to 12"),
    ],
)
async def test_bad_use_is_one_line(house: Installed, arguments: tuple[str, ...], said: str) -> None:
    shown = await house.udi(*arguments)

    assert (shown.exit_code, said in shown.stderr + str(shown.exception or "")) == (2, True) or said in str(
        shown.exception
    )


async def test_encounter_of_a_case_without_cost_is_taken_from_our_books(house: Installed) -> None:
    await house.ward.learn(item(prices=[price("1234.00")], cost=[{"cost": "1000.00"}]))
    await house.ward.scan(scan(901, codes=[gs1(DI, lot="L9")], encounter="E1"))
    await post_discharges(house.pool, discharge(consumable_cost=None), discharge(encounter="C1", department="CARD"))

    found = await house.json("assess", "--window", "2022-06")

    assert any(each["key"] == "from-books" for each in found["conclusions"])
    assert Decimal(next(r["cost_per_weight"] for r in found["departments"] if r["department"] == "ORTH")) > 0
