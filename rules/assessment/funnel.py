"""A funnel plot: cost per weight against volume, within limits that chance alone would keep it.

With the target t, a case of cost c and weight w deviates by e = c - t·w. Over n cases of total weight W, cost
per weight deviates
from the target by Σe ÷ W, with standard error s·√n ÷ W, where s is the standard deviation of e about its
department's mean, over
all cases. At the hospital's mean weight m there are n = W ÷ m cases, so the limits at a total weight W are

    t ± z · s ÷ √(m · W)        z = 1.960 for 95 %, 3.090 for 99.8 %

References:
    Spiegelhalter: Funnel plots for comparing institutional performance, Statistics in Medicine 24 (2005) 1185-1202.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rules.assessment.from_cases import CONSUMABLES, WEIGHT, DepartmentCases

Z_95: Final = 1.959964
Z_998: Final = 3.090232


@dataclass(frozen=True, slots=True)
class Funnel:
    """The limits, as what depends on the target and the cases alone."""

    target: float
    """Yuan per weight."""
    spread: float
    """s ÷ √m: the half-width of the limits is z × spread ÷ √(total weight)."""

    def limits(self, weight: float, z: float) -> tuple[float, float]:
        """(low, high) in yuan per weight at a total weight above zero; low is 0 at least."""
        half = z * self.spread / weight**0.5
        return max(0.0, self.target - half), self.target + half

    def place(self, weight: float, cost_per_weight: float) -> str:
        """`within`, `above-95`, `above-99.8`, `below-95` or `below-99.8`; on a limit is within it."""
        for name, z in (("99.8", Z_998), ("95", Z_95)):
            low, high = self.limits(weight, z)
            if cost_per_weight > high:
                return f"above-{name}"
            if cost_per_weight < low:
                return f"below-{name}"
        return "within"


def funnel(departments: Sequence[DepartmentCases], target: float) -> Funnel:
    """The funnel of a hospital at a target in yuan per weight.

    By hand: one department with weights 1 and 1 and costs of 90 and 110 yuan: at a target of 100, e is -10 and
    10, s = √200 =
    14.14 (n - 1), m = 1. At a total weight of 4 the 95 % limits are 100 ± 1.96 × 14.14 ÷ 2.

    >>> import numpy as np
    >>> cases = np.array([[1.0, 0, 0, 9_000, 0], [1.0, 0, 0, 11_000, 0]])
    >>> low, high = funnel([DepartmentCases("X", 1, cases)], 100.0).limits(4.0, 1.96)
    >>> round(low, 2), round(high, 2)
    (86.14, 113.86)
    """
    squares, free, weight, count = 0.0, 0, 0.0, 0
    for each in departments:
        off = each.columns[:, CONSUMABLES] / 100 - target * each.columns[:, WEIGHT]
        squares += float(((off - off.mean()) ** 2).sum())
        free += len(off) - 1
        weight += float(each.columns[:, WEIGHT].sum())
        count += len(off)
    deviation = (squares / free) ** 0.5 if free > 0 else 0.0
    return Funnel(target, deviation / (weight / count) ** 0.5 if weight > 0 else 0.0)


def volumes(departments: Sequence[DepartmentCases]) -> tuple[float, ...]:
    """The total weight of each department."""
    return tuple(float(np.sum(each.columns[:, WEIGHT])) for each in departments)
