"""Two windows compared department by department, and what goes along with cost per weight.

Which test: the differences of a pair are tested for normality (Shapiro-Wilk), both windows for equal variance (Levene,
about the median). When neither is rejected at 0.05 it is the paired t test with mean ± SD, else Wilcoxon's signed-rank
test with M[P25, P75]. Less than three pairs can't be tested for normality: Wilcoxon.

References:
    The methods of docs/studies.md, "Wuhan study" (docs/assessment.md, "Comparison"). Shapiro, Wilk, Biometrika 52
    (1965); Brown, Forsythe, JASA 69 (1974); Wilcoxon, Biometrics Bulletin 1 (1945); Spearman, Am J Psychol 15 (1904).
    Computed by scipy.stats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from rules.assessment.critic import Array

SIGNIFICANT: Final = 0.05
"""P below this is marked."""
PAIRS_NORMAL_MIN: Final = 3
"""Shapiro and Wilk's test needs as many."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One index in one window, over the departments."""

    mean: float
    """Arithmetic mean over the departments."""
    sd: float | None
    """Sample standard deviation; `None` of a single department."""
    median: float
    """The 50 % point."""
    p25: float
    """By linear interpolation (type 7 of Hyndman and Fan)."""
    p75: float
    """As `p25`."""
    text: str
    """`mean ± SD` or `M[P25, P75]`, as the test asks for."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One index in two windows."""

    test: str
    """`paired-t`, `wilcoxon`, or `none` when nothing can be tested."""
    statistic: float | None
    """t of after - before, or Wilcoxon's smaller sum of ranks."""
    p: float | None
    """Two-sided."""
    p_text: str | None
    """As it is printed: three digits, `< 0.001` below that."""
    significant: bool
    """P is below 0.05."""
    normality_p: float | None
    """Of the differences; `None` when they can't be tested."""
    equal_variance_p: float | None
    """Of Levene's test about the median; `None` when it can't be tested."""
    before: Summary
    """The index in the earlier window."""
    after: Summary
    """The index in the later window."""
    pairs: int
    """Departments that stand in both windows."""
    remark: str | None = None
    """Why there is no test."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation with cost per weight."""

    rho: float | None
    """-1 to 1; `None` when one of both is constant or there are fewer than three departments."""
    p: float | None
    """Two-sided; `None` as `rho`."""
    p_text: str | None
    """As it is printed: three digits, `< 0.001` below that."""
    significant: bool
    """P is below 0.05."""
    departments: int
    """How many were correlated."""


def p_text(p: float | None) -> str | None:
    """P for people: three digits, `< 0.001` below that.

    >>> p_text(0.0004), p_text(0.001), p_text(0.0496), p_text(None)
    ('< 0.001', '0.001', '0.050', None)
    """
    if p is None:
        return None
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def compare(before: Sequence[float], after: Sequence[float]) -> Comparison:
    """One index of the same departments in two windows.

    By hand: differences 1, 2, 3, 4, 5 have the mean 3 and the sample deviation √2.5, so t = 3 ÷ (√2.5 ÷ √5) = 4.243
    with 4 degrees of freedom.

    >>> found = compare((10.0, 20.0, 30.0, 40.0, 50.0), (11.0, 22.0, 33.0, 44.0, 55.0))
    >>> found.test, round(found.statistic, 3), found.p_text, found.after.text
    ('paired-t', 4.243, '0.013', '33.00 ± 17.39')

    By hand: differences 1, 2, 3, 4, 5, 6, -7, 800 rank 1 to 8; only the seventh is below zero, so the smaller sum is 7.

    >>> found = compare((0.0,) * 8, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -7.0, 800.0))
    >>> found.test, found.statistic
    ('wilcoxon', 7.0)
    """
    first, second = np.array(before, dtype=np.float64), np.array(after, dtype=np.float64)
    difference = second - first
    normal, equal = _normality(difference), _equal_variance(first, second)
    if len(difference) == 0:
        raise ValueError("Expected at least one department in both windows, got none.")
    if len(difference) < 2:
        return _untested(first, second, None, None, "one department in both windows: nothing to test")
    if not difference.any():
        return _untested(first, second, normal, equal, "no department changed: nothing to test")
    parametric = normal is not None and normal >= SIGNIFICANT and (equal is None or equal >= SIGNIFICANT)
    found: Any = stats.ttest_rel(second, first) if parametric else stats.wilcoxon(second, first)
    statistic, p = float(found.statistic), float(found.pvalue)
    return Comparison(
        "paired-t" if parametric else "wilcoxon", statistic, p, p_text(p), p < SIGNIFICANT, normal, equal,
        _summary(first, parametric=parametric), _summary(second, parametric=parametric), len(difference),
    )  # fmt: skip


def correlate(costs: Sequence[float], values: Sequence[float]) -> Correlation:
    """Spearman's correlation of cost per weight with an index.

    By hand: ranks 1, 2, 3, 4 against 2, 1, 4, 3 differ by 1 each, so rho = 1 - 6·4 ÷ (4·15) = 0.6.

    >>> round(correlate((1.0, 2.0, 3.0, 4.0), (20.0, 10.0, 40.0, 30.0)).rho, 6)
    0.6
    """
    count = len(costs)
    if count < PAIRS_NORMAL_MIN or len(set(costs)) < 2 or len(set(values)) < 2:
        return Correlation(None, None, None, False, count)
    found = stats.spearmanr(np.array(costs), np.array(values))
    rho, p = float(found.statistic), float(found.pvalue)
    return Correlation(rho, p, p_text(p), p < SIGNIFICANT, count)


def _normality(difference: Array) -> float | None:
    if len(difference) < PAIRS_NORMAL_MIN or np.ptp(difference) == 0:
        return None
    return float(stats.shapiro(difference).pvalue)


def _equal_variance(first: Array, second: Array) -> float | None:
    """`None` when neither window varies, or there are too few."""
    if len(first) < PAIRS_NORMAL_MIN or (np.ptp(first) == 0 and np.ptp(second) == 0):
        return None
    p = float(stats.levene(first, second).pvalue)
    return None if np.isnan(p) else p


def _untested(first: Array, second: Array, normal: float | None, equal: float | None, why: str) -> Comparison:
    # Without a test, what the test would have asked for can't be known: mean ± SD says what is there.
    summaries = _summary(first, parametric=True), _summary(second, parametric=True)
    return Comparison("none", None, None, None, False, normal, equal, *summaries, len(first), why)


def _summary(values: Array, *, parametric: bool) -> Summary:
    p25, median, p75 = (float(each) for each in np.percentile(values, (25, 50, 75)))
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if len(values) > 1 else None
    # Shares of a small part need more digits than yuan.
    digits = 2 if np.abs(values).max() >= 1 else 4
    if parametric:
        text = f"{mean:.{digits}f}" + ("" if sd is None else f" ± {sd:.{digits}f}")
    else:
        text = f"{median:.{digits}f}[{p25:.{digits}f}, {p75:.{digits}f}]"
    return Summary(mean, sd, median, p25, p75, text)
