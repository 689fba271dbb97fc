"""The scan rate: what is in its denominator, and how sure it is."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assessment.scan_rate import CaseCell
from rules.assessment.scan_rate import Rate, Seen, Unseen, expected, rate, unseen_by_department


def test_what_nobody_scanned_is_in_the_denominator() -> None:
    assert rate(Seen(80)).percent == 100
    assert rate(Seen(80, typed=10, charged=10)).percent == 80
    assert rate(Seen(80, typed=10, charged=10), Unseen(60)).percent == 50
    assert rate(Seen(0)) == Rate(None, None, None, 0.0)


def test_the_interval_is_wilsons_and_wider_when_the_denominator_is_a_guess() -> None:
    # Wilson 1927 by hand: p = 0.9, n = 100, z = 1.96: centre 0.8852, half width 0.0596.
    found = rate(Seen(90, typed=10))
    assert found.low is not None
    assert found.high is not None
    assert (round(found.low, 1), round(found.high, 1)) == (82.6, 94.5)
    guessed = rate(Seen(90), Unseen(10, 4))
    assert guessed.low is not None
    assert guessed.high is not None
    assert guessed.low < found.low
    assert guessed.high > found.high


@given(
    st.integers(0, 5000), st.integers(0, 500), st.integers(0, 500), st.floats(0, 500), st.floats(0, 50),
)  # fmt: skip
def test_a_rate_lies_in_its_interval_and_between_none_and_all(
    scanned: int, typed: int, charged: int, unseen: float, deviation: float
) -> None:
    found = rate(Seen(scanned, typed, charged), Unseen(unseen, deviation))
    if found.percent is None:
        return
    assert found.low is not None
    assert found.high is not None
    # The interval is that of a whole number of lines, so a single line may be rounded away.
    assert -1e-9 <= found.low <= 100
    assert found.low <= found.high <= 100 + 1e-9


@pytest.mark.parametrize(("known", "missing"), [(200, 0.0), (185, 0.0), (140, 60.0)])
def test_cases_lack_something_only_beyond_chance(known: int, missing: float) -> None:
    # A hundred cases of a group that used 2 lines each with a variance of 1 before: expected 200, deviation about 14.
    _, unseen = expected([CaseCell("ORTH", 100, known, 0, 0, 100, 200, 500)])["ORTH"]
    assert isclose(unseen.lines, missing, abs_tol=1e-9)


def test_a_team_with_a_history_of_its_own_is_held_against_that() -> None:
    frugal = CaseCell("ORTH", 100, 105, 400, 400, 1000, 2000, 5000)
    should, unseen = expected([frugal])["ORTH"]
    assert round(should) == round(100 * (20 * 2 + 400) / 420)
    assert unseen == Unseen()


def test_the_deviation_is_that_of_the_cases_and_of_the_mean_they_are_held_against() -> None:
    # A group of 100 cases with 2 lines each and a variance of 4; a team with 20 cases of its own and 40 lines.
    # By hand: cases 100 * 4 = 400; mean 4 * (20 ** 2 / 100 + 20) / 40 ** 2 = 0.06, times 100 ** 2 = 600;
    # together 1000, the square of 31.62.
    _, unseen = expected([CaseCell("ORTH", 100, 0, 20, 40, 100, 200, 800)])["ORTH"]
    assert unseen.lines == pytest.approx(200)
    assert unseen.deviation == pytest.approx(31.6228)


def test_a_group_without_history_says_nothing() -> None:
    assert expected([CaseCell("ORTH", 10, 3, 0, 0, 0, 0, 0)]) == {}


def test_a_department_nobody_counted_has_as_much_beside_its_books_as_the_counted_ones() -> None:
    seen = {f"D{number}": Seen(80, 5, 15) for number in range(6)}
    counted = {f"D{number}": 4.0 for number in range(5)}
    found = unseen_by_department(seen, counted, {})
    assert [found["D0"][1], found["D5"][1]] == ["count", "elsewhere"]
    assert found["D5"][0].lines == pytest.approx(4.0)
    # What its cases lack goes before when it is more; four counted departments say nothing of the others.
    lacking = unseen_by_department(seen, counted, {"D5": (130.0, Unseen(30, 5))})
    assert lacking["D5"] == (Unseen(30, 5), "cases")
    del counted["D4"]
    assert unseen_by_department(seen, counted, {})["D5"] == (Unseen(), None)
