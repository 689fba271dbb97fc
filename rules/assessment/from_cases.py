"""The seven indices and the cost per weight of departments, from their cases, with how sure their ranks are.

References:
    docs/studies.md, "Wuhan study" (Chinese Health Quality Management 2025, 32(3): 54-58).
    docs/assessment.md, "From cases".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.assessment.indices import SEVEN, Index, IndexTable
from rules.assessment.critic import Array, Bounds, bounds_of, signs_of
from rules.assessment.rank_sets import RankSet, rank_sets
from rules.assessment.resampling import RESAMPLES, resampled_sums
from rules.assessment.topsis import Form, closeness, distances

INDICES: Final = tuple(Index(each.code, each.direction, each.code) for each in SEVEN)
WEIGHT, LEVEL4, DAYS, CONSUMABLES, COST = range(5)
"""Columns of a department's cases: DRG weight; surgery of level 4 (0 or 1); days; consumables and stay, in fen."""
SEED: Final = 20230620
"""Of the resamples: the same cases give the same sets. Any number would do."""


@dataclass(frozen=True, slots=True)
class DepartmentCases:
    """The cases of one department in a window."""

    department: str
    """Id of the clinical department."""
    groups: int
    """DRG groups among them."""
    columns: Array
    """Cases × 5, as `WEIGHT` to `COST`; at least one case, and a total weight above zero."""


def index_table(departments: Sequence[DepartmentCases]) -> IndexTable:
    """The index table of a window, and the cost per weight in yuan."""
    sums = np.stack([each.columns.sum(axis=0) for each in departments])
    counts = np.array([len(each.columns) for each in departments], dtype=np.float64)
    groups = np.array([each.groups for each in departments], dtype=np.float64)
    values, costs = indices_of(sums, counts, groups)
    return IndexTable(
        tuple(each.department for each in departments),
        INDICES,
        tuple(tuple(float(value) for value in row) for row in values),
        tuple(float(cost) for cost in costs),
    )


def indices_of(sums: Array, counts: Array, groups: Array) -> tuple[Array, Array]:
    """(indices in the order of `SEVEN`, yuan per weight) of sums; any axes before the last are kept.

    By hand: two cases of weights 1 and 3, one of them of level 4, 4 and 8 days, 100 and 500 yuan of consumables, 2,000
    and 4,000 yuan in all, in two groups: total weight 4, CMI 2, half of level 4, 6 days, 300 and 3,000 yuan a case, 150
    yuan a weight.

    >>> import numpy as np
    >>> values, cost = indices_of(np.array([4.0, 1.0, 12.0, 60_000.0, 600_000.0]), np.array(2.0), np.array(2.0))
    >>> values.tolist(), float(cost)
    ([2.0, 4.0, 2.0, 0.5, 6.0, 300.0, 3000.0], 150.0)
    """
    weight, level4, days, consumables, cost = np.moveaxis(sums, -1, 0)
    every = np.broadcast_to(groups, weight.shape)
    values = np.stack(
        [
            every,
            weight,
            weight / counts,
            level4 / counts,
            days / counts,
            consumables / counts / 100,
            cost / counts / 100,
        ],
        axis=-1,
    )
    return values, np.divide(consumables, weight * 100, out=np.full(weight.shape, np.nan), where=weight > 0)


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure the ranks of a window are, in the order of its departments."""

    by_closeness: tuple[RankSet, ...]
    """Ranks by TOPSIS."""
    by_cost_per_weight: tuple[RankSet, ...]
    """Cheaper is better."""
    cost_low: tuple[float, ...]
    """2.5 % point of the resampled cost per weight, yuan."""
    cost_high: tuple[float, ...]
    """97.5 % point."""
    resamples: int
    """How often the cases were drawn again."""


def sureness(
    departments: Sequence[DepartmentCases],
    form: Form = Form.WEIGHTED,
    reference: tuple[Sequence[float], Bounds] | None = None,
    resamples: int = RESAMPLES,
) -> Sureness:
    """Resample the cases and judge every resample as the window itself is judged.

    The number of DRG groups stays what it is: a resample loses rare groups, which says nothing about the department.
    `reference` has the weights and bounds of reference mode.
    """
    generator = np.random.default_rng(SEED)
    drawn = np.stack([resampled_sums(each.columns, resamples, generator) for each in departments], axis=1)
    counts = np.array([len(each.columns) for each in departments], dtype=np.float64)
    groups = np.array([each.groups for each in departments], dtype=np.float64)
    values, costs = indices_of(drawn, counts, groups)
    own = index_table(departments)
    near = judged(values, signs_of(own), form, reference)
    estimate = judged(np.array(own.values)[None], signs_of(own), form, reference)[0]
    own_costs = np.array(own.cost_per_weight)
    low, high = np.nanpercentile(costs, (2.5, 97.5), axis=0)
    return Sureness(
        rank_sets(estimate, near),
        rank_sets(-own_costs, -costs),
        tuple(map(float, low)),
        tuple(map(float, high)),
        resamples,
    )


def judged(
    values: Array, signs: Array, form: Form = Form.WEIGHTED, reference: tuple[Sequence[float], Bounds] | None = None
) -> Array:
    """The closeness of each department in each resample: CRITIC and TOPSIS of every table at once.

    The same formulas as `critic` and `topsis`, over resamples × departments × indices; a test holds both equal.
    """
    if reference is None:
        low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    else:
        bounds = reference[1]
        low, high = np.array(bounds.low)[None, None], np.array(bounds.high)[None, None]
    above = np.where(signs > 0, values - low, high - values)
    scores = np.divide(above, high - low, out=np.zeros_like(values), where=high > low)
    weights = np.array(reference[0])[None, :] if reference else _weights(scores)
    plus, minus = distances(scores, weights[:, None, :], form)
    return closeness(plus, minus)


def _weights(scores: Array) -> Array:
    """CRITIC of every resample."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    squares = (centred**2).sum(axis=1)
    varies = squares > 0
    unit = np.divide(centred, np.sqrt(squares)[:, None, :], out=np.zeros_like(centred), where=varies[:, None, :])
    r = np.einsum("bij,bik->bjk", unit, unit)
    r = np.where(r > 1.0 - 1e-12, 1.0, r)
    both = varies[:, :, None] & varies[:, None, :]
    conflict = np.where(both, 1.0 - r, 0.0).sum(axis=2)
    information = np.sqrt(squares) * conflict
    total = information.sum(axis=1, keepdims=True)
    equal = varies / np.maximum(1, varies.sum(axis=1, keepdims=True))
    return np.asarray(np.where(total > 0, information / np.where(total > 0, total, 1.0), equal))


__all__ = ["DepartmentCases", "Sureness", "bounds_of", "index_table", "indices_of", "judged", "sureness"]
