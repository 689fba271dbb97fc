"""`udi rank-proof`: do the confidence sets of ranks cover? Years of statistics are simulated, compared with the truth.

Three worlds of departments: spread out, bunched (most of them closer than chance can tell), in three groups.
In each year every
department's figure is drawn about its true one; the sets are made from draws about what was drawn, as they are
from resampled
cases. A set covers when it holds the true rank.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rules.assessment.rank_sets import rank_sets

DRAWS = 400
"""Resamples of a year; less than the product's 2,000 so that hundreds of years take a minute."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One world."""

    world: str
    """Spread out, bunched, or another kind of hospital."""
    years: int
    """Years simulated."""
    worst_marginal: float
    """Of the worst department, 0 to 1."""
    together: float
    """Years in which the simultaneous sets of all departments held, 0 to 1."""
    width: float
    """Mean number of ranks in a simultaneous set."""


def worlds(departments: int) -> Mapping[str, np.ndarray]:
    """The true figures of each world; the noise is about 1."""
    place = np.arange(departments, dtype=np.float64)
    return {
        "spread": place * 2.0,
        "bunched": np.where(place < departments * 0.8, place * 0.01, place * 1.0),
        "groups": np.floor(place * 3 / departments) * 4.0 + place * 0.02,
    }


def coverage(world: str, truth: np.ndarray, years: int, seed: int) -> Coverage:
    """Simulate the years of a world."""
    chance = np.random.default_rng(seed)
    count = len(truth)
    rank = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
    held, together, width = np.zeros(count), 0, 0
    for _ in range(years):
        spread = chance.uniform(0.5, 1.5, count)
        seen = truth + spread * chance.normal(size=count)
        sets = rank_sets(seen, seen + spread * chance.normal(size=(DRAWS, count)))
        held += [each.marginal_low <= its <= each.marginal_high for each, its in zip(sets, rank, strict=True)]
        together += all(each.low <= its <= each.high for each, its in zip(sets, rank, strict=True))
        width += sum(each.high - each.low + 1 for each in sets)
    return Coverage(world, years, float(held.min()) / years, together / years, width / years / count)
