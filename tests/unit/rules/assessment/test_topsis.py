"""TOPSIS: closeness, ranks, and why a rank changed."""

import doctest
from fractions import Fraction

import numpy as np
import pytest

import rules.assessment.topsis
from models.assessment.indices import Direction, IndexTable
from rules.assessment.critic import Bounds, bounds_of, critic, values_of
from rules.assessment.topsis import Form, RankChange, Window, rank_changes, removal_shares, topsis
from tests.unit.rules.assessment.tables import hospital, table


def test_worked_examples_hold() -> None:
    assert doctest.testmod(rules.assessment.topsis).failed == 0


def library(found: IndexTable, weights: np.ndarray) -> list[float]:
    from pymcdm.methods import TOPSIS  # With all that it draws with, so where it is needed.

    types = np.array([1 if each.direction is Direction.BENEFIT else -1 for each in found.indices])
    return list(TOPSIS()(values_of(found), weights, types))


@pytest.mark.starts  # The library draws, and where no fonts are noted yet it starts who looks for them.
@pytest.mark.parametrize("seed", range(20))
def test_closeness_is_that_of_the_kept_library_given_roots_of_the_weights(seed: int) -> None:
    found = hospital(seed)
    weights = np.array([each.weight for each in critic(found)])
    roots = np.sqrt(weights) / np.sqrt(weights).sum()

    assert [each.closeness for each in topsis(found, tuple(weights))] == pytest.approx(library(found, roots))
    squared = topsis(found, tuple(weights), Form.SQUARED)
    assert [each.closeness for each in squared] == pytest.approx(library(found, weights))


def test_equal_departments_share_the_better_rank() -> None:
    found = topsis(table((1, 9), (2, 5), (2, 5), (4, 1)), (0.5, 0.5))

    assert [each.rank for each in found] == [4, 2, 2, 1]


def test_nobody_has_a_rank_when_no_index_tells_departments_apart() -> None:
    found = topsis(table((1, 2), (1, 2)), (0.0, 0.0))

    assert [(each.closeness, each.rank) for each in found] == [(None, None), (None, None)]


def test_better_than_the_reference_is_not_worse_than_the_reference() -> None:
    bounds = Bounds((0.0, 0.0), (10.0, 10.0))
    at, beyond = topsis(table((10, 5), (14, 5)), (0.5, 0.5), bounds=bounds)

    assert beyond.d_plus == at.d_plus
    assert beyond.closeness is not None
    assert at.closeness is not None
    assert beyond.closeness > at.closeness


@pytest.mark.parametrize("seed", range(10))
def test_parts_of_a_rank_change_add_up_to_it(seed: int) -> None:
    before, after = hospital(seed), hospital(seed + 100)
    first, second = (Window(each, tuple(weight.weight for weight in critic(each))) for each in (before, after))
    ranks = [[each.rank or 0 for each in topsis(window.table, window.weights)] for window in (first, second)]

    for old, new, change in zip(*ranks, rank_changes(first, second), strict=True):
        assert change is not None
        assert change.change == old - new
        assert change.own + change.weights + change.others == change.change


def test_change_of_one_department_alone_is_its_own() -> None:
    before = table((1, 9), (2, 5), (4, 1))
    after = table((5, 0), (2, 5), (4, 1))
    weights = (0.5, 0.5)

    found = rank_changes(Window(before, weights), Window(after, weights))

    none = Fraction()
    assert found[0] == RankChange(2, Fraction(2), none, none)
    assert found[2] == RankChange(-1, none, none, Fraction(-1))


def test_removing_a_department_changes_no_rank_by_the_reference() -> None:
    found = hospital(3)
    bounds = bounds_of(values_of(found))
    fixed = Window(found, tuple(each.weight for each in critic(found)), bounds)

    assert removal_shares(found, fixed=fixed) == (0.0,) * 22
    assert max(removal_shares(found)) > 0
    assert removal_shares(table((1, 2))) == (0.0,)
