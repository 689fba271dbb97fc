"""The kind "forecast": more was used than the months before lead to expect, with their trend and their spread.

A straight line through the `months` months before, by least squares, is carried on to the month; the limit is the
upper end of its one-sided prediction interval at the level of `threshold_percent`:

    limit = forecast + t · s · √(1 + 1/n + (x - x̄)² ÷ Σ(x_i - x̄)²)

s is the standard error of the line, but never less than what a count varies by itself: of q units about √q. The
base that an alert states is the mean of the months, so that the cause splits what is more than that.

References:
    Montgomery, Peck, Vining: Introduction to Linear Regression Analysis, 5th ed. 2012, section 2.5 (prediction).
    The kind is ours (docs/alerts.md); the Gansu study, table 2, says "and so on".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, sqrt
from typing import ClassVar, Final

from models.monitoring.alert import Facts, Judgement, Measure, UsageSums
from models.monitoring.rule import RuleRow
from rules.monitoring.kinds.growth import base_of, growth_figures

MONTHS_MIN: Final = 6
"""A line through fewer months says nothing of its spread. Ours."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Fires when the value reaches the limit, and the mean of the months its floor."""

    provisional: ClassVar[bool] = True
    """Open months are judged, too: an early warning."""
    row: RuleRow
    """The rule's data."""
    measure: Measure
    """What it counts."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """The months of the line."""
        return tuple(range(1, (self.row.months or MONTHS_MIN) + 1))

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`. When a month is before the hospital's records, nothing fires."""
        figures = growth_figures(facts, self.measure, self.reads_back)
        base = base_of(facts, self.measure, self.reads_back)
        floor = self.row.floor_fen if self.measure is Measure.AMOUNT else self.row.floor_quantity
        if base is None or base < max(1, floor):
            return Judgement(False, figures)
        known = [facts.sums[back] or UsageSums() for back in reversed(self.reads_back)]
        limit = limit_of(known, self.measure, float(self.row.threshold_percent or 0))
        return Judgement(figures.value >= limit, figures, limit - base)

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:
        """See `Rule.left_fires`."""
        return None if judgement.rise_min is None else left >= judgement.rise_min


def limit_of(months: Sequence[UsageSums], measure: Measure, level_percent: float) -> int:
    """The least value that is a breach, in fen or units.

    Args:
        months: Oldest first, one after the other; the next one is forecast.
        measure: What is forecast.
        level_percent: Above 50 and below 100: how seldom chance alone may reach the limit.

    Twelve months of 100 units: the line says 100, it has no spread, so s is that of a count, 10.
    √(1 + 1/12 + 6.5² ÷ 143) is 1.1742, t with 10 degrees at 99 % is 2.7638: 100 + 32.45.

    >>> limit_of([UsageSums(100, 5000)] * 12, Measure.QUANTITY, 99)
    133
    """
    values = [each.of(measure) for each in months]
    count, middle = len(values), (len(values) - 1) / 2
    mean, width = sum(values) / count, sum((place - middle) ** 2 for place in range(count))
    slope = sum((place - middle) * value for place, value in enumerate(values)) / width
    error = sum((value - mean - slope * (place - middle)) ** 2 for place, value in enumerate(values)) / (count - 2)
    units, fen = sum(max(0, each.quantity) for each in months), sum(max(0, each.amount_fen) for each in months)
    price = (fen / units if units else 0.0) if measure is Measure.AMOUNT else 1.0
    spread = sqrt(max(error, price**2 * units / count))
    ahead = count - middle
    reach = _quantile(level_percent, count - 2) * spread * sqrt(1 + 1 / count + ahead**2 / width)
    # What is left of rounding in the last digits must not decide.
    return ceil(mean + slope * ahead + reach - 1e-6)


@lru_cache(maxsize=64)
def _quantile(level_percent: float, degrees: int) -> float:
    from scipy import stats  # noqa: PLC0415 -- half a second, for who has such a rule

    return float(stats.t.ppf(level_percent / 100, degrees))
