"""Cases resampled within each department, as often as is asked, as sums: what every index is made of.

A case stands in a resample as often as chance says: Poisson with mean 1, which is what drawing with
replacement comes to
for all but the smallest departments, and takes a third of the time. A resample is scaled to the number of cases there
are. What a resample needs of them are sums of the columns: a matrix product.

References:
    Hanley, MacGibbon: Creating non-parametric bootstrap samples using Poisson frequencies, Computer Methods
    and Programs
    in Biomedicine 83 (2006) 57-62.
    Efron, Tibshirani: An Introduction to the Bootstrap, Chapman and Hall 1993, chapter 6.
"""

from math import exp, factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rules.assessment.critic import Array

RESAMPLES: Final = 2000
"""No source: ours; the 95 % point of a maximum is then known to about half a per cent."""
_CELLS_MAX: Final = 1_000_000
"""Drawn at once: what stays in a processor's cache."""
_STEPS: Final = 65_536
"""Chance comes in 16 bits: probabilities are right to 0.00002."""
_CUTS: Final = tuple(
    np.uint16(cut)
    for most in range(10)
    if (cut := round(_STEPS * sum(exp(-1) / factorial(times) for times in range(most + 1)))) < _STEPS
)
"""A draw at or above the k-th of these stands for more than k times."""
Single = NDArray[np.float32]


def resampled_sums(columns: Array, resamples: int, generator: np.random.Generator) -> Array:
    """The sums of each column in each resample of the rows: resamples × columns.

    Args:
        columns: cases × columns.
        resamples: how many.
        generator: where chance comes from; the same state gives the same sums.
    """
    count = len(columns)
    if count == 0:
        return np.zeros((resamples, columns.shape[1]))
    # In single precision, each column about 1: sums are right to a millionth, far below what chance does.
    scale = np.maximum(np.abs(columns).mean(axis=0), 1e-300)
    counted = np.concatenate([np.ones((count, 1)), columns / scale], axis=1).astype(np.float32)
    at_once = max(1, min(resamples, _CELLS_MAX // count))
    found = [_sums(counted, min(at_once, resamples - start), generator) for start in range(0, resamples, at_once)]
    sums = np.concatenate(found).astype(np.float64)
    drawn = sums[:, :1]
    # A resample without any case says nothing: it is the cases themselves.
    whole = columns.sum(axis=0)[None, :]
    return np.asarray(np.where(drawn > 0, sums[:, 1:] * scale * count / np.where(drawn > 0, drawn, 1.0), whole))


def _sums(columns: Single, resamples: int, generator: np.random.Generator) -> Single:
    cells = resamples * len(columns)
    draws = generator.bit_generator.random_raw(cells // 4 + 1).view(np.uint16)[:cells]
    times, more = np.zeros(cells, np.uint8), np.empty(cells, np.bool_)
    for cut in _CUTS:
        np.greater_equal(draws, cut, out=more)
        times += more.view(np.uint8)
    return np.asarray(times.astype(np.float32).reshape(resamples, len(columns)) @ columns)
