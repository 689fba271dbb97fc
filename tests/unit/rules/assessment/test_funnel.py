"""Where a department stands in the funnel: on a limit is within it."""

import math

import numpy as np
import pytest

from rules.assessment.from_cases import DepartmentCases
from rules.assessment.funnel import Z_95, Z_998, Funnel, funnel

FUNNEL = Funnel(100.0, 10.0)
HIGH, HIGHEST = 100.0 + Z_95 * 10 / 2, 100.0 + Z_998 * 10 / 2
LOW, LOWEST = 100.0 - Z_95 * 10 / 2, 100.0 - Z_998 * 10 / 2


@pytest.mark.parametrize(
    ("cost", "place"),
    [
        (100.0, "within"),
        (HIGH, "within"),
        (math.nextafter(HIGH, math.inf), "above-95"),
        (HIGHEST, "above-95"),
        (math.nextafter(HIGHEST, math.inf), "above-99.8"),
        (LOW, "within"),
        (math.nextafter(LOW, 0), "below-95"),
        (LOWEST, "below-95"),
        (math.nextafter(LOWEST, 0), "below-99.8"),
    ],
)
def test_a_department_is_placed_by_the_limit_it_lies_beyond(cost: float, place: str) -> None:
    assert FUNNEL.place(4.0, cost) == place


def test_the_limits_widen_with_less_weight_and_never_go_below_zero() -> None:
    assert FUNNEL.limits(4.0, 2.0) == (90.0, 110.0)
    assert FUNNEL.limits(1.0, 2.0) == (80.0, 120.0)
    assert FUNNEL.limits(0.01, 2.0) == (0.0, 300.0)


def test_the_spread_is_that_within_departments_by_the_mean_weight_of_a_case() -> None:
    def cases(name: str, *rows: tuple[float, float]) -> DepartmentCases:
        return DepartmentCases(name, 1, np.array([[weight, 0, 0, yuan * 100, 0] for weight, yuan in rows]))

    # Off the target by -10 and 10, and by 15 and 5: squares 200 and 50, 2 free; 4 cases of the mean weight 2.
    found = funnel([cases("X", (1, 90), (1, 110)), cases("Y", (3, 315), (3, 305))], 100.0)
    assert found.target == 100.0
    assert found.spread == pytest.approx(math.sqrt(250 / 2 / 2))
    assert funnel([cases("X", (1, 90))], 100.0) == Funnel(100.0, 0.0)
    assert funnel([], 100.0) == Funnel(100.0, 0.0)
