"""Confidence sets for ranks by pairwise differences: between which places a department surely stands.

A bootstrap of ranks does not cover where departments are bunched. Differences are well behaved: with estimates θ and
resampled θ*, the differences d_jk = θ_j - θ_k have standard errors s_jk, and t = |d*_jk - d_jk| ÷ s_jk says
how far chance alone
throws them. With c the (1 - α) quantile of the largest t over the pairs that are asked about,

    k is significantly better than j     when (θ_k - θ_j) ÷ s_jk > c
    rank of j is in [1 + number significantly better, n - number significantly worse]

Marginal sets ask about the pairs with j alone and hold for one department at a time (its own page). Simultaneous sets
ask about all pairs and hold for all departments at once (a table). Two departments cannot be told apart when neither is
significantly better in the simultaneous test.

References:
    Mogstad, Romano, Shaikh, Wilhelm: Inference for ranks with applications to mobility across neighbourhoods
    and academic
    achievement across countries, Review of Economic Studies 91 (2024; online 2023), doi
    10.1093/restud/rdad006. Written from
    the paper's idea; single step, two-sided.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rules.assessment.critic import Array

LEVEL: Final = 0.95
"""Of the sets."""


@dataclass(frozen=True, slots=True)
class RankSet:
    """Between which ranks one department stands; both ends are in the set, 1 is best."""

    low: int
    """Best rank it may have, all departments taken together (simultaneous)."""
    high: int
    """Worst rank it may have, all departments taken together."""
    marginal_low: int
    """Best rank it may have, taken by itself."""
    marginal_high: int
    """Worst rank it may have, taken by itself."""
    same_as: tuple[int, ...]
    """Places of the departments that cannot be told apart from it."""


def rank_sets(estimates: Array, draws: Array, level: float = LEVEL) -> tuple[RankSet, ...]:
    """The sets of every department; more of the estimate is better.

    Args:
        estimates: one figure for each department.
        draws: resamples × departments, all departments of a row resampled together.
        level: how often the sets shall hold the true ranks.

    Three departments far apart and sure of it, then two that are not:

    >>> import numpy as np
    >>> noise = np.array([[0.1, -0.1, 0.1], [-0.1, 0.1, -0.1], [0.1, 0.1, -0.1], [-0.1, -0.1, 0.1]])
    >>> sure = np.array([1.0, 2.0, 3.0])
    >>> [(each.low, each.high) for each in rank_sets(sure, sure + noise)]
    [(3, 3), (2, 2), (1, 1)]
    >>> close = np.array([1.0, 2.9, 3.0])
    >>> [(each.low, each.high, each.same_as) for each in rank_sets(close, close + noise)]
    [(3, 3, ()), (1, 2, (2,)), (1, 2, (1,))]
    """
    count = len(estimates)
    difference = estimates[:, None] - estimates[None, :]
    spread = draws[:, :, None] - draws[:, None, :]
    # The mean square of each from where it should be: what bias there is counts as error.
    spread -= difference
    error = np.sqrt((spread**2).mean(axis=0))
    thrown = np.abs(np.divide(spread, error, out=np.zeros_like(spread), where=error > 0))
    marginal = np.quantile(thrown.max(axis=2), level, axis=0, method="higher") if count else np.zeros(0)
    overall = float(np.quantile(thrown.max(axis=(1, 2)), level, method="higher")) if count else 0.0
    # Without any spread a difference is what it is.
    certain = np.where(difference > 0, np.inf, np.where(difference < 0, -np.inf, 0.0))
    far = np.divide(difference, error, out=certain, where=error > 0)
    return tuple(_set_of(place, far, float(marginal[place]), overall) for place in range(count))


def _set_of(place: int, far: Array, marginal: float, overall: float) -> RankSet:
    mine: Array = far[place]
    count = len(mine)

    def ends(critical: float) -> tuple[int, int]:
        return 1 + int((mine < -critical).sum()), count - int((mine > critical).sum())

    apart: NDArray[np.bool_] = np.abs(mine) > overall
    same = tuple(int(other) for other in range(count) if other != place and not apart[other])
    return RankSet(*ends(overall), *ends(marginal), same)
