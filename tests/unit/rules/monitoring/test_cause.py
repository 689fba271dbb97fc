from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.monitoring.cause import NO_CASELOAD, Caseload, CausePart, Factor, Window
from rules.monitoring.causes.cause import added, rounded, shapley, split, summed


def window(cases: int, weights: str | None, category: int, units: int, value: int) -> Window:
    return Window(Caseload(cases, None if weights is None else Decimal(weights)), category, units, value)


def parts(before: Window, after: Window) -> dict[str, int]:
    return {str(part.factor): part.amount for part in rounded(split(before, after))}


BASE = window(100, "100", 50, 50, 500_000)

WEIGHTS = st.one_of(st.none(), st.decimals(0, 500, places=4))
WINDOWS = st.builds(
    Window,
    st.builds(Caseload, st.integers(0, 400), WEIGHTS),
    st.integers(-50, 10**5),
    st.integers(-50, 10**5),
    st.integers(-(10**6), 10**10),
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # 10 units at 100 yuan, then 12 at 150: the two units count at 125, the 50 yuan for 11 units.
        (window(0, None, 10, 10, 100_000), window(0, None, 12, 12, 180_000),
         {"caseload": 0, "use": 25_000, "mix": 0, "price": 55_000}),
        # Twice the cases and all else as it was.
        (BASE, window(200, "200", 100, 100, 1_000_000),
         {"cases": 500_000, "weight": 0, "use": 0, "mix": 0, "price": 0}),
        # The same cases, half as heavy again.
        (BASE, window(100, "150", 75, 75, 750_000), {"cases": 0, "weight": 250_000, "use": 0, "mix": 0, "price": 0}),
        # More for each case.
        (BASE, window(100, "100", 75, 75, 750_000), {"cases": 0, "weight": 0, "use": 250_000, "mix": 0, "price": 0}),
        # Another brand of the category gives way.
        (window(100, "100", 100, 50, 500_000), window(100, "100", 100, 75, 750_000),
         {"cases": 0, "weight": 0, "use": 0, "mix": 250_000, "price": 0}),
        (BASE, window(100, "100", 50, 50, 600_000), {"cases": 0, "weight": 0, "use": 0, "mix": 0, "price": 100_000}),
        # A weight that is unknown in one window makes one factor of cases and weight.
        (BASE, window(200, None, 100, 100, 1_000_000), {"caseload": 500_000, "use": 0, "mix": 0, "price": 0}),
    ],
)  # fmt: skip
def test_what_alone_has_changed_carries_the_rise(before: Window, after: Window, expected: dict[str, int]) -> None:
    assert parts(before, after) == expected


def test_a_brand_that_enters_is_mix_and_never_price() -> None:
    entry = parts(window(100, "100", 100, 0, 0), window(100, "100", 100, 20, 900_000))
    assert entry == {"cases": 0, "weight": 0, "use": 0, "mix": 900_000, "price": 0}
    leaving = parts(window(100, "100", 100, 20, 900_000), window(100, "100", 100, 0, 0))
    assert leaving == {"cases": 0, "weight": 0, "use": 0, "mix": -900_000, "price": 0}


def test_a_category_that_was_not_used_at_all_is_use() -> None:
    assert parts(window(100, "100", 0, 0, 0), window(100, "100", 20, 20, 900_000)) == {
        "cases": 0, "weight": 0, "use": 900_000, "mix": 0, "price": 0,
    }  # fmt: skip


def test_without_discharges_in_one_window_the_caseload_is_no_cause() -> None:
    assert parts(window(0, None, 10, 10, 1000), window(50, "60", 20, 20, 2000)) == {
        "caseload": 0, "use": 1000, "mix": 0, "price": 0,
    }  # fmt: skip


def test_a_value_without_units_is_price() -> None:
    assert parts(window(0, None, 10, 10, 1000), window(0, None, 10, 0, 70))["price"] == 70


def test_uses_and_credits_that_cancel_out_leave_the_item_alone_in_its_category() -> None:
    assert parts(window(0, None, 0, 5, 500), window(0, None, 20, 10, 1000)) == {
        "caseload": 0, "use": 500, "mix": 0, "price": 0,
    }  # fmt: skip


@given(WINDOWS, WINDOWS)
def test_the_parts_add_up_exactly_with_zeros_and_credits(before: Window, after: Window) -> None:
    exact = split(before, after)
    rise = after.value - before.value
    assert sum(exact.values()) == rise
    assert sum(part.amount for part in rounded(exact)) == rise
    assert all(abs(part.amount - exact[part.factor]) < 1 for part in rounded(exact))


@given(WINDOWS, WINDOWS)
def test_the_way_back_has_the_same_parts_with_the_other_sign(before: Window, after: Window) -> None:
    back = split(after, before)
    assert {factor: -part for factor, part in split(before, after).items()} == back


@given(st.lists(st.tuples(WINDOWS, WINDOWS), min_size=1, max_size=5))
def test_the_causes_of_departments_add_up_to_the_hospitals(departments: list[tuple[Window, Window]]) -> None:
    exact = [split(before, after) for before, after in departments]
    rise = sum(after.value - before.value for before, after in departments)
    assert sum(part.amount for part in summed(rounded(each) for each in exact)) == rise
    assert sum(added(exact).values()) == rise


def test_the_largest_remainders_are_rounded_up_and_ties_in_the_order_of_the_factors() -> None:
    third = Fraction(1, 3)
    assert rounded({Factor.CASES: third, Factor.USE: 2 * third, Factor.PRICE: Fraction(0)}) == (
        CausePart(Factor.CASES, 0), CausePart(Factor.USE, 1), CausePart(Factor.PRICE, 0),
    )  # fmt: skip
    assert [part.amount for part in rounded(dict.fromkeys(Factor, Fraction(1, 6)))] == [1, 0, 0, 0, 0, 0]


ORACLE = [
    (("156", "0.81", "3.8", "0.14", "21711"), ("172", "0.82", "0.8", "0.97", "20300"),
     (292488.8562, 36830.2997, -4697082.736, 5332094.0759, -202045.4265)),
    (("238", "1.1", "1.2", "0.53", "62122"), ("232", "1.15", "3.0", "0.43", "46133"),
     (-357414.0017, 620814.3278, 12416214.3791, -2944071.9107, -4201467.1042)),
    (("167", "1.06", "2.7", "0.5", "30280"), ("206", "1.45", "3.1", "0.39", "76648"),
     (3406614.9389, 5030387.9079, 2259147.6333, -4227491.2647, 13974879.1631)),
    (("283", "1.33", "3.6", "0.2", "61438"), ("339", "1.26", "3.3", "0.82", "42308"),
     (6308199.9142, -1923363.9479, -3103001.5795, 44556255.6498, -13586522.9284)),
]  # fmt: skip
"""Factors before and after, and their parts by the package shapley-decomposition 0.0.2 (`decomposition`, four digits):
its answers are kept here, the package is not (it pulls in pandas and scikit-learn)."""


@pytest.mark.parametrize(("before", "after", "expected"), ORACLE)
def test_five_factors_have_the_parts_that_another_library_finds(
    before: tuple[str, ...], after: tuple[str, ...], expected: tuple[float, ...]
) -> None:
    found = shapley([Fraction(each) for each in before], [Fraction(each) for each in after])
    assert [float(part) for part in found] == pytest.approx(expected, abs=0.001)


def test_nothing_is_known_of_the_caseload_where_there_is_none() -> None:
    assert (NO_CASELOAD.cases, NO_CASELOAD.weights) == (0, None)


def test_two_factors_are_the_mean_of_both_orders() -> None:
    assert shapley([Fraction(10), Fraction(100)], [Fraction(12), Fraction(150)]) == [250, 550]
