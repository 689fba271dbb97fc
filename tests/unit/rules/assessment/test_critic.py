"""CRITIC: weights from the table itself."""

import doctest

import numpy as np
import pytest

import rules.assessment.critic
from rules.assessment.critic import Deviation, bounds_of, critic, scaled, signs_of, values_of
from tests.unit.rules.assessment.tables import BENEFIT, COST, hospital, table


def test_worked_examples_hold() -> None:
    assert doctest.testmod(rules.assessment.critic).failed == 0


@pytest.mark.starts  # The library draws, and where no fonts are noted yet it starts who looks for them.
@pytest.mark.parametrize("seed", range(20))
def test_weights_are_those_of_the_kept_library(seed: int) -> None:
    from pymcdm.weights import critic_weights  # With all that it draws with, so where it is needed.

    found = hospital(seed)
    values = values_of(found)
    scores = scaled(values, bounds_of(values), signs_of(found))

    # The library takes no notice of costs, so it gets what is reversed and scaled already.
    assert [each.weight for each in critic(found)] == pytest.approx(list(critic_weights(scores)))


def test_weights_are_the_same_with_either_deviation() -> None:
    found = hospital(1)
    sample, population = critic(found, Deviation.SAMPLE), critic(found, Deviation.POPULATION)

    assert [each.weight for each in sample] == pytest.approx([each.weight for each in population])
    assert sample[0].variability == pytest.approx(population[0].variability * np.sqrt(22 / 21))


def test_constant_index_weighs_nothing_and_changes_no_other_weight() -> None:
    rows = [(1, 9), (2, 5), (4, 7)]
    alone = critic(table(*rows))
    beside = critic(table(*((*row, 3) for row in rows), directions=(BENEFIT, COST, BENEFIT)))

    assert [each.weight for each in beside] == [*(each.weight for each in alone), 0.0]
    assert [each.constant for each in beside] == [False, False, True]


def test_indices_that_all_say_the_same_weigh_the_same() -> None:
    found = critic(table((1, 2), (2, 4), (3, 6), directions=(BENEFIT, BENEFIT)))

    assert [(each.conflict, each.weight) for each in found] == [(0.0, 0.5), (0.0, 0.5)]


def test_index_alone_has_all_the_weight() -> None:
    assert [each.weight for each in critic(table((1,), (2,), directions=(BENEFIT,)))] == [1.0]


def test_nothing_weighs_when_every_index_is_constant() -> None:
    assert [each.weight for each in critic(table((1, 2), (1, 2)))] == [0.0, 0.0]
    assert [each.weight for each in critic(table((1, 2)))] == [0.0, 0.0]
