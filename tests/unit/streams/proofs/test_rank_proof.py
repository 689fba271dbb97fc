"""The proof of rank sets: worlds it simulates are covered, and what it counts is coverage."""

import numpy as np

from streams.proofs.rank_proof import coverage, worlds


def test_sets_cover_in_every_world() -> None:
    for name, truth in worlds(10).items():
        found = coverage(name, truth, 40, seed=3)

        assert found.together >= 0.9
        assert found.worst_marginal >= 0.85


def test_departments_far_apart_have_a_rank_of_their_own() -> None:
    assert coverage("far", np.arange(6) * 100.0, 10, seed=1).width == 1.0
