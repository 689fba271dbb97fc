"""Returns of boxes and of single units of them, of uses that wait, and of uses that cost nothing."""

from typing import Any

import pytest

from tests.support.builders import (
    ADMITTED,
    BOX,
    DI,
    JUNE,
    LABEL,
    Bench,
    Outcome,
    gs1,
    into,
    item,
    out,
    price,
    scan_id,
)
from tests.unit.rules.test_returns import CREDITED, OVER, WITHOUT_USE, back, credited, of, taken_from

# Of boxes ---------------------------------------------------------------------------------------------------------

BOX_LABEL = gs1(BOX, expiry="271231", lot="L1")


@pytest.mark.parametrize("named", [{}, of(1)])
def test_single_units_come_back_of_a_box_that_was_used(named: dict[str, Any]) -> None:
    bench = Bench()
    bench.scan(1, codes=[BOX_LABEL])

    assert back(bench, 2, quantity=2, **named) == credited(2, "2468.00")
    assert back(bench, 3, quantity=4, **named) == OVER
    assert back(bench, 4, quantity=3, **named) == credited(3, "3702.00")


def test_a_box_comes_back_of_single_units_that_were_used() -> None:
    bench = Bench()
    bench.scan(1, quantity=5)

    assert back(bench, 2, codes=[BOX_LABEL]) == credited(5, "6170.00")


def test_a_use_of_the_very_unit_goes_before_that_of_a_box() -> None:
    bench = Bench()
    bench.scan(1)
    bench.scan(2, codes=[BOX_LABEL])

    taken = [taken_from(bench.decision(number, action="return")) for number in (3, 4)]

    assert taken == [scan_id(1), scan_id(2)]


def test_singles_of_another_lot_are_not_of_the_box() -> None:
    bench = Bench()
    bench.scan(1, codes=[BOX_LABEL])

    assert back(bench, 2, codes=[gs1(DI, expiry="271231", lot="L2")]) == WITHOUT_USE


# Of uses that wait ------------------------------------------------------------------------------------------------


def test_a_return_of_a_parked_use_waits_with_it_and_nets_to_zero() -> None:
    bench = Bench(encounters={})
    use = bench.decision(1)
    returned = bench.decision(2, action="return")
    assert (use.verdict, use.reasons) == (returned.verdict, returned.reasons)
    assert bench.again(returned) is None

    bench.learn(E1=ADMITTED)
    charged, credit = bench.again(use), bench.again(returned)

    assert charged == Outcome("billed", (), ("charge", 1, "1234.00", 202206), None, (), (("ORTH", JUNE, 1, "1234.00"),))
    assert credit == CREDITED


def test_a_return_of_a_held_use_is_held_with_it() -> None:
    bench = Bench(item(suspended=True))
    bench.scan(1)

    assert back(bench, 2) == Outcome("held", ("suspended-item",))


def test_a_return_of_goods_still_unknown_waits_for_the_catalogue() -> None:
    bench = Bench(item(item_code="OTHER", identifiers=[]), stocked=False)
    use, returned = bench.decision(1), bench.decision(2, action="return")
    assert returned.reasons == use.reasons

    bench.learn(item())
    bench.stock(LABEL)

    assert [bench.again(use), bench.again(returned)] == [
        Outcome("billed", (), ("charge", 1, "1234.00", 202206), out(1), (), (("ORTH", JUNE, 1, "1234.00"),)),
        CREDITED,
    ]


# Of uses that cost nothing ----------------------------------------------------------------------------------------


def test_a_return_of_a_use_that_cost_nothing_is_recorded_and_lowers_the_usage() -> None:
    bench = Bench(item(chargeable=False))
    bench.scan(1, quantity=2)

    assert back(bench, 2) == Outcome("recorded", (), None, into(1), (), (("ORTH", JUNE, -1, "-1234.00"),))


def test_parts_of_a_use_that_cost_nothing_sum_to_what_it_counted_for() -> None:
    bench = Bench(item(chargeable=False, prices=[price("0.0150")]))
    used = bench.scan(1, quantity=3).usage

    parts = [back(bench, number, **of(1)).usage[0][3] for number in (2, 3, 4)]

    assert (used, parts) == ((("ORTH", JUNE, 3, "0.05"),), ["-0.02", "-0.01", "-0.02"])
