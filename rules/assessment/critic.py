"""CRITIC: weights of indices from the table itself: how much an index varies, and how much it says of its own.

With x scaled to 0..1 by `scaled` (cost-type indices reversed), for each index j:

    variability_j = standard deviation of x_j
    conflict_j    = Σ_k (1 - r_jk)      r: Pearson's correlation of x_j and x_k
    information_j = variability_j × conflict_j
    weight_j      = information_j ÷ Σ information

A constant index varies by nothing and correlates with nothing: it takes no part and has weight 0. When no index says
anything of its own (one index alone, or all of them say the same), the varying ones weigh the same.

References:
    Diakoulaki, Mavrotas, Papayannakis: Determining objective weights in multiple criteria problems: the CRITIC method,
    Computers & Operations Research 22 (1995) 763-770.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.assessment.indices import Direction, IndexTable

Array = NDArray[np.float64]


class Deviation(StrEnum):
    """Which standard deviation; the weights are the same with either, for it scales every index alike."""

    SAMPLE = "sample"
    """Divided by n - 1."""
    POPULATION = "population"
    """Divided by n."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value of each index: what min-max scaling scales by."""

    low: tuple[float, ...]
    """Least value of each index, in the table's order."""
    high: tuple[float, ...]
    """Greatest value of each index, in the table's order."""


@dataclass(frozen=True, slots=True)
class IndexWeight:
    """What CRITIC says of one index."""

    variability: float
    """Standard deviation of the index scaled to 0..1."""
    conflict: float
    """Σ(1 − r), with Pearson's r to every other index."""
    information: float
    """Variability × conflict."""
    weight: float
    """0 to 1; all of them add up to 1, or are 0 when every index is constant."""
    constant: bool = False
    """All departments have the same value: it weighs nothing."""


def values_of(table: IndexTable) -> Array:
    """The table's numbers: a row for each department."""
    return np.array(table.values, dtype=np.float64).reshape(len(table.departments), len(table.indices))


def bounds_of(values: Array) -> Bounds:
    """Least and greatest value of each column; there is at least one row."""
    return Bounds(tuple(map(float, values.min(axis=0))), tuple(map(float, values.max(axis=0))))


def signs_of(table: IndexTable) -> Array:
    """1 for a benefit, -1 for a cost."""
    return np.array([1.0 if each.direction is Direction.BENEFIT else -1.0 for each in table.indices])


def scaled(values: Array, bounds: Bounds, signs: Array) -> Array:
    """Min-max scaled so that 0 is the worst and 1 the best within the bounds; a constant index is 0 everywhere.

    >>> import numpy as np
    >>> values = np.array([[2.0, 10.0], [4.0, 30.0], [6.0, 20.0]])
    >>> scaled(values, bounds_of(values), np.array([1.0, -1.0])).tolist()
    [[0.0, 1.0], [0.5, 0.0], [1.0, 0.5]]
    """
    low, high = np.array(bounds.low), np.array(bounds.high)
    span = high - low
    above = np.where(signs > 0, values - low, high - values)
    return np.asarray(np.divide(above, span, out=np.zeros_like(values), where=span > 0))


def critic(table: IndexTable, deviation: Deviation = Deviation.SAMPLE) -> tuple[IndexWeight, ...]:
    """The weights of the table's indices, in their order.

    By hand: three departments, a benefit (2, 4, 6) and a cost (10, 30, 20), scaled (0, 0.5, 1) and (1, 0, 0.5). Both
    have the sample deviation 0.5 and correlate with r = -0.5; so each conflict is 1.5, each information 0.75, and they
    weigh the same.

    >>> from models.assessment.indices import Direction, Index, IndexTable
    >>> two = (Index("a", Direction.BENEFIT), Index("b", Direction.COST))
    >>> table = IndexTable(("X", "Y", "Z"), two, ((2.0, 10.0), (4.0, 30.0), (6.0, 20.0)))
    >>> [(each.variability, each.conflict, each.information, each.weight) for each in critic(table)]
    [(0.5, 1.5, 0.75, 0.5), (0.5, 1.5, 0.75, 0.5)]
    """
    values = values_of(table)
    bounds = bounds_of(values)
    scores = scaled(values, bounds, signs_of(table))
    varies = np.array(bounds.high) > np.array(bounds.low)
    spread = np.zeros(len(table.indices))
    conflict = np.zeros(len(table.indices))
    if varies.any():
        spread[varies] = scores[:, varies].std(axis=0, ddof=1 if deviation is Deviation.SAMPLE else 0)
        conflict[varies] = (1.0 - _correlations(scores[:, varies])).sum(axis=1)
    information = spread * conflict
    total = float(information.sum())
    weights = information / total if total > 0 else varies / max(1, int(varies.sum()))
    return tuple(
        IndexWeight(float(spread[j]), float(conflict[j]), float(information[j]), float(weights[j]), not varies[j])
        for j in range(len(table.indices))
    )


def _correlations(scores: Array) -> Array:
    """Pearson's r of every two columns, each of which varies; exactly 1 with itself."""
    centred = scores - scores.mean(axis=0)
    centred /= np.sqrt((centred**2).sum(axis=0))
    r = np.clip(centred.T @ centred, -1.0, 1.0)
    # What rounding leaves of two indices that say exactly the same is no conflict.
    return np.asarray(np.where(r > 1.0 - 1e-12, 1.0, r))
