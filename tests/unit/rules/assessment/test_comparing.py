"""Which test compares two windows, and what it says."""

import doctest

import numpy as np
import pytest
from scipy import stats

import rules.assessment.comparing
from rules.assessment.comparing import compare, correlate, p_text


def test_worked_examples_hold() -> None:
    assert doctest.testmod(rules.assessment.comparing).failed == 0


def test_normal_differences_of_equal_variance_take_the_paired_t_test() -> None:
    chance = np.random.default_rng(1)
    before = chance.normal(100, 10, 22)
    after = before + chance.normal(-8, 5, 22)

    found = compare(tuple(before), tuple(after))

    expected = stats.ttest_rel(after, before)
    assert (found.test, found.significant) == ("paired-t", True)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.normality_p == pytest.approx(stats.shapiro(after - before).pvalue)
    assert found.before.text == f"{before.mean():.2f} ± {before.std(ddof=1):.2f}"


def test_skewed_differences_take_the_signed_rank_test() -> None:
    before = np.full(12, 50.0) + np.arange(12)
    after = before + np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 40.0, 90.0])

    found = compare(tuple(before), tuple(after))

    p25, median, p75 = np.percentile(after, (25, 50, 75))
    assert (found.test, found.statistic) == ("wilcoxon", 0.0)
    assert found.after.text == f"{median:.2f}[{p25:.2f}, {p75:.2f}]"


def test_unequal_variance_takes_the_signed_rank_test() -> None:
    chance = np.random.default_rng(5)
    before, after = chance.normal(0, 1, 30), chance.normal(0, 10, 30)

    found = compare(tuple(before), tuple(after))

    assert found.normality_p is not None
    assert found.equal_variance_p is not None
    assert (found.normality_p >= 0.05, found.equal_variance_p < 0.05, found.test) == (True, True, "wilcoxon")


def test_a_difference_that_chance_explains_is_not_significant() -> None:
    before, after = (10.0, 20.0, 30.0, 40.0, 50.0), (11.0, 19.0, 32.0, 38.5, 50.0)

    found = compare(before, after)

    # By hand: differences 1, -1, 2, -1.5, 0 have the mean 0.1 and the sample deviation 1.432, so t = 0.156.
    assert (found.test, found.significant, round(found.statistic or 0, 3)) == ("paired-t", False, 0.156)


def test_two_pairs_cannot_be_tested_for_normality() -> None:
    found = compare((1.0, 2.0), (2.0, 4.0))

    assert (found.test, found.normality_p) == ("wilcoxon", None)


def test_nothing_is_tested_where_nothing_changed_or_one_department_stands_alone() -> None:
    same, alone = compare((1.0, 2.0, 3.0), (1.0, 2.0, 3.0)), compare((1.0,), (2.0,))

    assert (same.test, same.p, same.remark) == ("none", None, "no department changed: nothing to test")
    assert (alone.test, alone.before.sd) == ("none", None)


def test_equal_change_everywhere_is_compared_by_ranks() -> None:
    found = compare((1.0, 2.0, 3.0, 4.0), (2.0, 3.0, 4.0, 5.0))

    assert (found.test, found.normality_p, found.statistic) == ("wilcoxon", None, 0.0)


@pytest.mark.parametrize(
    ("p", "text"), [(0.00099, "< 0.001"), (0.001, "0.001"), (0.0499, "0.050"), (1.0, "1.000"), (None, None)]
)
def test_p_is_written_with_three_digits(p: float | None, text: str | None) -> None:
    assert p_text(p) == text


def test_constant_index_correlates_with_nothing() -> None:
    assert correlate((1.0, 2.0, 3.0), (5.0, 5.0, 5.0)).rho is None
    assert correlate((1.0, 2.0), (5.0, 6.0)).rho is None
    assert correlate((1.0, 2.0, 3.0), (3.0, 2.0, 1.0)).rho == pytest.approx(-1.0)
