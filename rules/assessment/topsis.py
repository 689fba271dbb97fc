"""TOPSIS: how near each department is to the best and how far from the worst values; ranks; why a rank changed.

With z the min-max scaled value (1 best, 0 worst) and w the weight of the index:

    D+ = √Σ w (1 - z)²      D- = √Σ w (z - 0)²      C = D- ÷ (D+ + D-)

The weight stands under the root and is not squared (form `weighted`). The textbook scales by the weight first, which
squares it (form `squared`). In reference mode a value can lie beyond the base window's bounds. Better than the best is
then no distance to the best, and worse than the worst none from the worst: a department must not lose by being better.

References:
    Hwang, Yoon: Multiple Attribute Decision Making, Springer 1981, section 3.2 (TOPSIS).
    Shorrocks: Decomposition procedures for distributional analysis, J Econ Inequal 11 (2013) 99-126 (the split).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import permutations
from typing import Final

import numpy as np

from models.assessment.indices import IndexTable
from rules.assessment.critic import Array, Bounds, bounds_of, critic, scaled, signs_of, values_of

TIED: Final = 1e-12
"""Closeness that differs by less is the same: what is left of rounding in sums of a few squares."""


class Form(StrEnum):
    """How the weight enters the distance."""

    WEIGHTED = "weighted"
    """√Σ w (z - z±)²: docs/studies.md, "Wuhan study"."""
    SQUARED = "squared"
    """√Σ (w z - w z±)²: the textbook's."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one department stands."""

    department: str
    """Id of the clinical department."""
    d_plus: float
    """Distance from the best values, ≥ 0."""
    d_minus: float
    """Distance from the worst values, ≥ 0."""
    closeness: float | None
    """0 to 1; `None` when no index tells departments apart."""
    rank: int | None
    """1 + the number of departments that are strictly nearer the best; `None` as `closeness`."""


@dataclass(frozen=True, slots=True)
class RankChange:
    """Why a rank changed; positive is up. The three parts add up to `change`."""

    change: int
    """Places; positive is up."""
    own: Fraction
    """By the department's own values."""
    weights: Fraction
    """By the weights of the indices."""
    others: Fraction
    """By the values of the other departments."""


def topsis(
    table: IndexTable, weights: Sequence[float], form: Form = Form.WEIGHTED, bounds: Bounds | None = None
) -> tuple[Standing, ...]:
    """Every department's standing, in the table's order; `bounds` are the table's own unless given.

    By hand: scaled (0, 1), (0.5, 0), (1, 0.5), weights one half. X: D+ = √(½·1 + ½·0) = 0.7071, D- the same, C = 0.5.
    Y: D+ = √(½·¼ + ½·1) = 0.7906, D- = √(½·¼) = 0.3536, C = 0.3090. Z: D+ = 0.3536, D- = 0.7906, C = 0.6910.

    >>> from models.assessment.indices import Direction, Index, IndexTable
    >>> two = (Index("a", Direction.BENEFIT), Index("b", Direction.COST))
    >>> table = IndexTable(("X", "Y", "Z"), two, ((2.0, 10.0), (4.0, 30.0), (6.0, 20.0)))
    >>> [(each.department, round(each.closeness, 4), each.rank) for each in topsis(table, (0.5, 0.5))]
    [('X', 0.5, 2), ('Y', 0.309, 3), ('Z', 0.691, 1)]
    """
    values = values_of(table)
    scores = scaled(values, bounds or bounds_of(values), signs_of(table))
    plus, minus = distances(scores, np.array(weights, dtype=np.float64), form)
    near = closeness(plus, minus)
    ranks = ranks_of(near)
    return tuple(
        Standing(name, float(p), float(m), None if np.isnan(c) else float(c), None if np.isnan(c) else int(rank))
        for name, p, m, c, rank in zip(table.departments, plus, minus, near, ranks, strict=True)
    )


def distances(scores: Array, weights: Array, form: Form) -> tuple[Array, Array]:
    """(D+, D-) of scaled values; the last axis is the indices, any axes before it are kept."""
    by = weights if form is Form.WEIGHTED else weights**2
    plus = np.sqrt((by * np.maximum(1.0 - scores, 0.0) ** 2).sum(axis=-1))
    minus = np.sqrt((by * np.maximum(scores, 0.0) ** 2).sum(axis=-1))
    return plus, minus


def closeness(plus: Array, minus: Array) -> Array:
    """C of both distances; not a number where both are 0."""
    total = plus + minus
    return np.asarray(np.divide(minus, total, out=np.full_like(total, np.nan), where=total > 0))


def ranks_of(near: Array) -> Array:
    """1 + the number of departments strictly above, ties share the better rank.

    >>> import numpy as np
    >>> ranks_of(np.array([0.3, 0.9, 0.3, 0.1])).tolist()
    [2, 1, 2, 4]
    """
    return np.asarray(1 + (near[None, :] > near[:, None] + TIED).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Window:
    """A table with what it is judged by."""

    table: IndexTable
    """Departments and indices of the window."""
    weights: tuple[float, ...]
    """Of the indices, in the table's order."""
    bounds: Bounds | None = None
    """`None`: those of the table as it then is."""


def rank_changes(before: Window, after: Window, form: Form = Form.WEIGHTED) -> tuple[RankChange | None, ...]:
    """Why each department's rank changed, for two windows of the same departments and indices; `None` without ranks.

    Each part is a Shapley value: what changing this factor does to the rank, averaged over the six orders in which own
    values, weights and the others' values can change. Bounds follow the values unless they are given.
    """
    return tuple(_rank_change(place, before, after, form) for place in range(len(before.table.departments)))


def _rank_change(place: int, before: Window, after: Window, form: Form) -> RankChange | None:
    first, second = values_of(before.table), values_of(after.table)
    signs, known = signs_of(before.table), dict[frozenset[str], int | None]()

    def rank(changed: frozenset[str]) -> int | None:
        if changed not in known:
            values = (second if "others" in changed else first).copy()
            values[place] = (second if "own" in changed else first)[place]
            weights = np.array((after if "weights" in changed else before).weights)
            plus, minus = distances(scaled(values, before.bounds or bounds_of(values), signs), weights, form)
            near = closeness(plus, minus)
            known[changed] = None if np.isnan(near).any() else int(ranks_of(near)[place])
        return known[changed]

    parts = dict.fromkeys(("own", "weights", "others"), Fraction())
    for order in permutations(parts):
        for step, factor in enumerate(order):
            less, more = rank(frozenset(order[:step])), rank(frozenset(order[: step + 1]))
            if less is None or more is None:
                return None
            parts[factor] += Fraction(less - more, 6)
    total = sum(parts.values(), Fraction())
    return RankChange(int(total), parts["own"], parts["weights"], parts["others"])


def removal_shares(table: IndexTable, form: Form = Form.WEIGHTED, fixed: Window | None = None) -> tuple[float, ...]:
    """For each department, the share (0 to 1) of the others whose removal changes its rank among those that remain.

    Each removal weighs the indices anew by CRITIC. `fixed` has the weights and bounds of reference mode: then no
    removal changes anything.
    """
    count = len(table.departments)
    near = _closeness(table, form, fixed)
    changed = np.zeros(count)
    for gone in range(count):
        rest = [place for place in range(count) if place != gone]
        if rest:
            left = table.of(tuple(table.departments[place] for place in rest))
            changed[rest] += ranks_of(near[rest]) != ranks_of(_closeness(left, form, fixed))
    return tuple(float(each) / max(1, count - 1) for each in changed)


def _closeness(table: IndexTable, form: Form, fixed: Window | None) -> Array:
    values = values_of(table)
    weights = fixed.weights if fixed else tuple(each.weight for each in critic(table))
    bounds = (fixed.bounds if fixed else None) or bounds_of(values)
    return closeness(*distances(scaled(values, bounds, signs_of(table)), np.array(weights), form))
