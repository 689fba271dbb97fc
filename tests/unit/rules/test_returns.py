"""Returns: which use they take back, how much of it, and what comes back of charge, stock, settlement and usage."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.charging.decision import Decision
from models.policy import ReturnClock
from tests.support.builders import (
    ADMITTED,
    DI,
    HOSPITAL,
    JUNE,
    NOON,
    Bench,
    Outcome,
    at,
    gs1,
    into,
    item,
    outcome,
    price,
    scan_id,
)

UNIT = gs1(DI, expiry="271231", lot="L1", serial="S1")
CREDITED = Outcome("credited", (), ("credit", 1, "1234.00", 202206), into(1), (), (("ORTH", JUNE, -1, "-1234.00"),))
WITHOUT_USE = Outcome("held", ("return-without-use",))
OVER = Outcome("held", ("over-return",))


def back(bench: Bench, number: int, **changes: Any) -> Outcome:
    return bench.scan(number, action="return", **changes)


def of(number: int) -> dict[str, Any]:
    return {"corrects": str(scan_id(number))}


def taken_from(decided: Decision) -> UUID | None:
    return decided.account.scan_id if decided.account else None


def credited(units: int, amount: str) -> Outcome:
    return Outcome(
        "credited", (), ("credit", units, amount, 202206), into(units), (), (("ORTH", JUNE, -units, f"-{amount}"),)
    )


# Which use --------------------------------------------------------------------------------------------------------


def test_a_return_takes_back_the_use_it_names() -> None:
    bench = Bench()
    charge = bench.decision(1).charging.entries[0]
    bench.scan(2)

    credit = bench.decision(3, action="return", **of(1))

    assert taken_from(credit) == scan_id(1)
    assert [each.reverses for each in credit.charging.entries] == [charge]


def test_a_return_takes_back_the_last_use_of_that_unit_in_that_encounter() -> None:
    bench = Bench(encounters={"E1": ADMITTED, "E2": ADMITTED})
    bench.scan(1)
    bench.scan(2)
    bench.scan(3, encounter="E2")
    bench.scan(4, codes=[gs1(DI, expiry="271231", lot="L2")])

    decided = [bench.decision(number, action="return") for number in (5, 6)]

    assert [taken_from(each) for each in decided] == [scan_id(2), scan_id(1)]


def test_the_last_use_is_the_last_that_was_scanned_not_the_last_that_came() -> None:
    bench = Bench()
    bench.scan(1, scanned_at=at(100))
    bench.scan(2, scanned_at=at(50))

    assert taken_from(bench.decision(3, action="return", scanned_at=at(200))) == scan_id(1)


def test_the_last_use_with_enough_left_is_taken() -> None:
    bench = Bench()
    bench.scan(1, quantity=5)
    bench.scan(2, quantity=1)

    assert taken_from(bench.decision(3, action="return", quantity=2)) == scan_id(1)


def test_a_use_that_stands_goes_before_a_later_one_that_waits() -> None:
    bench = Bench(item(prices=[price("1234.00", None, "2022-06-03"), price("1234.00", "2022-06-04", None)]))
    bench.scan(1, scanned_at="2022-06-02T12:00:00+08:00")
    assert bench.scan(2).verdict == "parked"

    assert back(bench, 3) == CREDITED


@pytest.mark.parametrize(
    "changes",
    [
        {"encounter": "E2"},
        {"codes": [gs1(DI, expiry="271231", lot="L2")]},
        {"corrects": str(scan_id(99))},
        {"corrects": str(scan_id(1)), "codes": [gs1(DI, expiry="271231", lot="L2")]},
    ],
)
def test_a_return_of_what_was_not_used_is_held_whole(changes: dict[str, Any]) -> None:
    bench = Bench(encounters={"E1": ADMITTED, "E2": ADMITTED})
    bench.scan(1)

    assert back(bench, 2, **changes) == WITHOUT_USE


def test_a_return_without_encounter_must_name_its_use() -> None:
    bench = Bench()
    bench.scan(1, encounter=None)

    assert back(bench, 2, encounter=None) == WITHOUT_USE
    assert back(bench, 3, encounter=None, **of(1)) == Outcome("parked", ("encounter-missing",))


def test_a_refused_use_cannot_be_returned() -> None:
    bench = Bench()
    bench.scan(1, codes=["]d201" + "00000000000001"])

    assert back(bench, 2, **of(1)) == WITHOUT_USE


# How much ---------------------------------------------------------------------------------------------------------


def test_a_whole_return_takes_everything_back() -> None:
    bench = Bench()
    bench.scan(1)

    assert back(bench, 2, **of(1)) == CREDITED


def test_partial_returns_sum_to_the_charge_and_the_last_takes_the_rest() -> None:
    bench = Bench(item(prices=[price("0.0150")]))
    charge = bench.scan(1, quantity=3).charge

    parts = [back(bench, number, **of(1)) for number in (2, 3, 4)]

    # Three times half a fen: 0.05 charged, 0.02 a part, and the last part has 0.01 left.
    assert charge == ("charge", 3, "0.05", 202206)
    assert parts == [credited(1, "0.02"), credited(1, "0.02"), credited(1, "0.01")]


def test_parts_never_exceed_the_charge_though_each_rounds_up() -> None:
    bench = Bench(item(prices=[price("0.0050")]))
    bench.scan(1, quantity=4)

    assert [back(bench, number, **of(1)).charge for number in (2, 3, 4, 5)] == [
        ("credit", 1, "0.01", 202206),
        ("credit", 1, "0.01", 202206),
        ("credit", 1, "0.00", 202206),
        ("credit", 1, "0.00", 202206),
    ]


def test_credits_are_numbered_from_one() -> None:
    bench = Bench()
    bench.scan(1, quantity=2)

    numbers = [bench.decision(number, action="return", **of(1)).charging.entries[0].credit_number for number in (2, 3)]

    assert numbers == [1, 2]


@pytest.mark.parametrize(("quantity", "expected"), [(2, credited(2, "2468.00")), (3, OVER)])
def test_more_than_what_is_left_is_held_whole(quantity: int, expected: Outcome) -> None:
    bench = Bench()
    bench.scan(1, quantity=3)
    back(bench, 2, **of(1))

    assert back(bench, 3, quantity=quantity, **of(1)) == expected


def test_a_use_taken_back_whole_cannot_be_returned_again() -> None:
    bench = Bench()
    bench.scan(1)
    back(bench, 2)

    assert back(bench, 3) == OVER


# Before its use ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [{}, of(2)])
def test_a_return_that_comes_before_its_use_is_credited_when_the_use_arrives(named: dict[str, Any]) -> None:
    bench = Bench()
    early = bench.decision(1, action="return", **named)
    assert bench.again(early) is None

    bench.scan(2)

    assert bench.again(early) == CREDITED


def test_an_over_return_is_credited_when_another_use_brings_enough() -> None:
    bench = Bench()
    bench.scan(1)
    early = bench.decision(2, action="return", quantity=2)

    bench.scan(3, quantity=2)

    assert bench.again(early) == credited(2, "2468.00")


# Order in time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [{}, of(1)])
@pytest.mark.parametrize(("seconds", "taken"), [(300, True), (300.001, False)])
def test_a_return_takes_back_a_use_up_to_five_minutes_later_by_another_clock(
    named: dict[str, Any], seconds: float, taken: bool
) -> None:
    bench = Bench()
    bench.scan(1, scanned_at=at(seconds))

    assert back(bench, 2, scanned_at=at(0), **named) == (CREDITED if taken else WITHOUT_USE)


def test_a_return_that_waits_does_not_take_back_a_later_use() -> None:
    bench = Bench()
    early = bench.decision(1, action="return", scanned_at=at(0))
    bench.scan(2, scanned_at=at(3 * 86_400))

    assert bench.again(early) is None


def test_a_return_scanned_twice_does_not_take_back_the_next_use() -> None:
    bench = Bench()
    bench.scan(1, scanned_at=at(0))
    back(bench, 2, scanned_at=at(600))
    again = bench.decision(3, action="return", scanned_at=at(610))

    bench.scan(4, scanned_at=at(7_200))

    assert outcome(again) == OVER
    assert bench.again(again) is None


def test_a_late_use_that_was_earlier_is_taken_back_by_the_return_that_came_before_it() -> None:
    bench = Bench()
    early = bench.decision(1, action="return", scanned_at=at(600))
    bench.scan(2, scanned_at=at(7_200))
    bench.scan(3, scanned_at=at(0))

    assert bench.again(early) == CREDITED


def test_a_hospital_may_have_its_own_tolerance_of_clocks() -> None:
    bench = Bench()
    bench.view.gathered.return_clocks[HOSPITAL] = (ReturnClock(NOON, timedelta(seconds=30)),)
    bench.scan(1, scanned_at=at(31))

    assert back(bench, 2, scanned_at=at(0)) == WITHOUT_USE


@pytest.mark.parametrize(
    ("scanned", "seconds"), [(-1, 300), (0, 60), (3_599, 60), (3_600, 120), (7_199, 120), (7_200, 30), (99_999, 30)]
)
def test_a_return_is_decided_by_the_tolerance_set_last_of_those_that_reach_back_to_its_scan(
    scanned: int, seconds: int
) -> None:
    bench = Bench()
    set_in_this_order = ((0, 60), (7_200, 90), (3_600, 120), (7_200, 30))
    bench.view.gathered.return_clocks = {
        HOSPITAL: tuple(
            ReturnClock(NOON + timedelta(seconds=since), timedelta(seconds=tolerance))
            for since, tolerance in set_in_this_order
        ),
        "H2": (ReturnClock(NOON - timedelta(days=9), timedelta(0)),),
    }

    tolerance = bench.view.return_clock_tolerance(HOSPITAL, NOON + timedelta(seconds=scanned))

    assert tolerance == timedelta(seconds=seconds)


# The unit ---------------------------------------------------------------------------------------------------------


def test_a_serial_is_free_again_after_its_return() -> None:
    bench = Bench()
    bench.stock(UNIT)
    used = bench.decision(1, codes=[UNIT])
    assert bench.scan(2, codes=[UNIT]).verdict == "held"

    credit = bench.decision(3, action="return", codes=[UNIT], **of(1))

    assert credit.stock.frees_unit == used.subject.ref
    assert bench.scan(4, codes=[UNIT]).verdict == "billed"


def test_a_return_of_more_than_the_one_unit_leaves_it_in_use() -> None:
    bench = Bench()
    bench.stock(UNIT)
    bench.scan(1, codes=[UNIT])

    assert back(bench, 2, codes=[UNIT], quantity=2, **of(1)) == OVER
    assert bench.scan(3, codes=[UNIT]) == Outcome("held", ("serial-used",))


def test_a_second_scan_of_a_used_unit_does_not_stand_in_the_way_of_its_return() -> None:
    bench = Bench()
    bench.stock(UNIT)
    bench.scan(1, codes=[UNIT])
    bench.scan(2, codes=[UNIT])

    assert back(bench, 3, codes=[UNIT]) == CREDITED


# Months, settlement -----------------------------------------------------------------------------------------------


def test_usage_falls_in_the_month_of_the_use_and_money_in_that_of_the_return() -> None:
    bench = Bench(encounters={"E1": replace(ADMITTED, admitted_at=ADMITTED.admitted_at - timedelta(days=9))})
    bench.scan(1, scanned_at="2022-05-31T23:59:59.999+08:00")

    credit = bench.scan(2, action="return", scanned_at="2022-06-01T00:00:00+08:00", **of(1))

    assert (credit.charge, credit.usage) == (
        ("credit", 1, "1234.00", 202206),
        (("ORTH", 202205, -1, "-1234.00"),),
    )


@pytest.mark.parametrize(
    ("closed", "reasons", "period"), [(202205, (), 202206), (202206, ("late", "period-closed"), 202207)]
)
def test_a_credit_posts_to_the_first_open_month_from_its_return_on(
    closed: int, reasons: tuple[str, ...], period: int
) -> None:
    bench = Bench()
    bench.scan(1)
    bench.view.gathered.closed["H1"] = closed

    assert back(bench, 2) == CREDITED._replace(reasons=reasons, charge=("credit", 1, "1234.00", period))


def test_reversals_of_a_settlement_line_sum_to_the_line() -> None:
    bench = Bench(item(owner="supplier", supplier="S9", cost=[{"cost": "0.0050"}]))
    bench.scan(1, quantity=3)

    parts = [back(bench, number, **of(1)).settlement for number in (2, 3, 4)]

    # 0.015 yuan rounds to 0.02; the running totals 0.01, 0.01, 0.02 leave 0.01, 0.00, 0.01.
    assert parts == [
        (("reversal", 1, "0.01", 202206),),
        (("reversal", 1, "0.00", 202206),),
        (("reversal", 1, "0.01", 202206),),
    ]


def test_a_line_without_cost_is_reversed_without_amount() -> None:
    bench = Bench(item(owner="supplier", supplier="S9"))
    line = bench.decision(1).settlement[0]
    reversal = bench.decision(2, action="return").settlement[0]

    assert (reversal.status, reversal.amount_fen, reversal.reverses) == ("reversal", None, line.line_id)


def test_a_return_comes_into_the_store_it_was_scanned_in() -> None:
    bench = Bench()
    bench.scan(1)

    assert back(bench, 2, store="OR-1").move == into(1, store="OR-1")
