"""Confidence sets of ranks: they cover, they tell apart what is apart, and resampling is what it says."""

import doctest
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest

from rules.assessment.critic import critic, signs_of, values_of
from rules.assessment.from_cases import DepartmentCases, index_table, judged, sureness
from rules.assessment.rank_sets import rank_sets
from rules.assessment.resampling import resampled_sums
from rules.assessment.topsis import topsis
from tests.unit.rules.assessment.tables import hospital


@pytest.mark.parametrize("name", ["rank_sets", "from_cases", "funnel", "targets", "gaming"])
def test_worked_examples_hold(name: str) -> None:
    assert doctest.testmod(import_module(f"rules.assessment.{name}")).failed == 0


def test_simultaneous_sets_hold_the_marginal_ones() -> None:
    chance = np.random.default_rng(1)
    estimates = np.linspace(0, 1, 12)

    for each in rank_sets(estimates, estimates + 0.05 * chance.normal(size=(500, 12))):
        assert each.low <= each.marginal_low <= each.marginal_high <= each.high


def test_who_cannot_be_told_apart_is_so_both_ways() -> None:
    chance = np.random.default_rng(2)
    estimates = np.array([0.0, 0.01, 0.5, 0.51, 2.0])

    sets = rank_sets(estimates, estimates + 0.05 * chance.normal(size=(500, 5)))

    assert [each.same_as for each in sets] == [(1,), (0,), (3,), (2,), ()]


def test_equal_departments_without_any_spread_share_their_ranks() -> None:
    flat = np.array([1.0, 1.0, 2.0])

    assert [(each.low, each.high) for each in rank_sets(flat, np.tile(flat, (10, 1)))] == [(2, 3), (2, 3), (1, 1)]


def test_resampled_sums_have_the_mean_and_the_spread_of_drawing_with_replacement() -> None:
    columns = np.random.default_rng(3).lognormal(size=(800, 2))

    sums = resampled_sums(columns, 4000, np.random.default_rng(4))

    assert sums.mean(axis=0) == pytest.approx(columns.sum(axis=0), rel=0.01)
    assert sums.std(axis=0) == pytest.approx(columns.std(axis=0) * 800**0.5, rel=0.05)
    assert (sums == resampled_sums(columns, 4000, np.random.default_rng(4))).all()


def test_sums_of_a_single_case_are_the_case() -> None:
    assert (resampled_sums(np.array([[3.0, 0.0]]), 5, np.random.default_rng(1)) == [[3.0, 0.0]] * 5).all()


@pytest.mark.parametrize("seed", range(5))
def test_every_resample_is_judged_as_a_table_is(seed: int) -> None:
    table = hospital(seed)

    near = judged(values_of(table)[None], signs_of(table))[0]

    assert list(near) == pytest.approx([each.closeness for each in topsis(table, [w.weight for w in critic(table)])])


def test_departments_far_apart_in_cost_are_told_apart() -> None:
    chance = np.random.default_rng(7)
    departments = []
    for place in range(6):
        weight = chance.lognormal(0, 0.4, 400)
        costs = weight * (300_000 + 200_000 * place) * chance.lognormal(0, 0.2, 400)
        columns = np.stack([weight, chance.random(400) < 0.2, chance.poisson(7, 400), costs, costs * 3], axis=1)
        departments.append(DepartmentCases(f"D{place}", 9 + place, columns.astype(np.float64)))

    sure = sureness(departments, resamples=400)

    assert [(each.low, each.high) for each in sure.by_cost_per_weight] == [(place, place) for place in range(1, 7)]
    costs_per_weight = index_table(departments).cost_per_weight or ()
    assert all(
        low < cost < high for low, cost, high in zip(sure.cost_low, costs_per_weight, sure.cost_high, strict=True)
    )
    assert all(first < second for first, second in pairwise(costs_per_weight))
