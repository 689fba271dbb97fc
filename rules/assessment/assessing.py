"""The assessment of index tables: one window by itself, or two compared.

References:
    docs/assessment.md.
"""

from dataclasses import dataclass

import numpy as np

from models.assessment.indices import IndexTable, LeftOut
from rules.assessment.comparing import Comparison, Correlation, compare, correlate
from rules.assessment.critic import Bounds, Deviation, IndexWeight, bounds_of, critic, values_of
from rules.assessment.topsis import Form, RankChange, Standing, Window, rank_changes, removal_shares, topsis


@dataclass(frozen=True, slots=True)
class Options:
    """How it is computed."""

    deviation: Deviation = Deviation.SAMPLE
    """Sample (n − 1) or population (n); the weights are the same."""
    form: Form = Form.WEIGHTED
    """Whether the weight stands under TOPSIS's root as it is, or squared."""
    reference: bool = False
    """Bounds and weights of the earlier window stand for both."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One window: what its indices weigh and where its departments stand."""

    table: IndexTable
    """The window's table, after what was left out."""
    weights: tuple[IndexWeight, ...]
    """In the order of the table's indices."""
    bounds: Bounds
    """Least and greatest value that each index was scaled by."""
    standings: tuple[Standing, ...]
    """In the order of the table's departments."""
    removals: tuple[float, ...]
    """Share of removals of another department that change the rank, 0 to 1; in the order of the table's departments."""
    spearman: tuple[Correlation, ...]
    """With cost per weight, in the order of the indices; empty when the table has no cost per weight."""
    beyond: tuple[str, ...] = ()
    """Departments with a value beyond the base window's bounds, in reference mode."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What `udi assess` says."""

    judged: Judged
    """The window asked for; of two the later."""
    before: Judged | None = None
    """The earlier window, when there are two."""
    changes: tuple[RankChange | None, ...] = ()
    """In the order of the judged table's departments; empty without an earlier window."""
    comparison: tuple[Comparison, ...] = ()
    """In the order of the indices; empty without an earlier window."""
    cost_per_weight: Comparison | None = None
    """Compared likewise; `None` without an earlier window, or when one of both tables can't tell it."""
    left_out: tuple[LeftOut, ...] = ()
    """What is no part of it, each with its reason."""
    options: Options = Options()
    """How it was computed."""


def assess(table: IndexTable, earlier: IndexTable | None, options: Options) -> Assessment:
    """Judge a window, by itself or against an earlier one.

    Departments and indices that only one of the windows has are in neither and are named.

    Raises:
        ValueError: no department is left, or no index is.
    """
    left_out = list[LeftOut]()
    if earlier is None:
        _check(table)
        judged = _judge(table, options, None)
        return Assessment(judged, left_out=tuple(_constants(judged, None)), options=options)
    left_out += _missing(table, earlier, "after") + _missing(earlier, table, "before")
    departments = tuple(each for each in table.departments if each in earlier.departments)
    keys = {each.key for each in earlier.indices}
    indices = tuple(each for each in table.indices if each.key in keys)
    if not departments or not indices:
        what = "index" if departments else "department"
        raise ValueError(f"Expected at least one {what} that both windows have, got {_names(table, earlier, what)}.")
    table, earlier = (each.of(departments).with_indices(indices) for each in (table, earlier))
    _check(table)
    before = _judge(earlier, options, None)
    fixed = Window(earlier, tuple(each.weight for each in before.weights), before.bounds)
    judged = _judge(table, options, (before.weights, fixed) if options.reference else None)
    first, second = _window(before, options), _window(judged, options)
    comparison = tuple(compare(*pair) for pair in zip(_columns(earlier), _columns(table), strict=True))
    costs = earlier.cost_per_weight, table.cost_per_weight
    cost_per_weight = None if costs[0] is None or costs[1] is None else compare(costs[0], costs[1])
    left_out += _constants(before, "before") + _constants(judged, "after")
    changes = rank_changes(first, second, options.form)
    return Assessment(judged, before, changes, comparison, cost_per_weight, tuple(left_out), options)


def _window(judged: Judged, options: Options) -> Window:
    weights = tuple(each.weight for each in judged.weights)
    return Window(judged.table, weights, judged.bounds if options.reference else None)


def _judge(table: IndexTable, options: Options, reference: tuple[tuple[IndexWeight, ...], Window] | None) -> Judged:
    values = values_of(table)
    weights = reference[0] if reference else critic(table, options.deviation)
    bounds = (reference[1].bounds if reference else None) or bounds_of(values)
    standings = topsis(table, [each.weight for each in weights], options.form, bounds)
    removals = removal_shares(table, options.form, reference[1] if reference else None)
    costs = table.cost_per_weight
    spearman = tuple(correlate(costs, column) for column in _columns(table)) if costs else ()
    outside = np.any((values < bounds.low) | (values > bounds.high), axis=1)
    beyond = tuple(name for place, name in enumerate(table.departments) if outside[place])
    return Judged(table, weights, bounds, standings, removals, spearman, beyond)


def _check(table: IndexTable) -> None:
    if not table.departments:
        raise ValueError("Expected at least one department with a number in every index, got none.")
    if not table.indices:
        raise ValueError("Expected at least one index, got none.")


def _names(table: IndexTable, earlier: IndexTable, what: str) -> str:
    said = [
        ", ".join(each.departments if what == "department" else (i.name for i in each.indices))
        for each in (table, earlier)
    ]
    return f"{said[0] or 'none'} after and {said[1] or 'none'} before"


def _columns(table: IndexTable) -> list[tuple[float, ...]]:
    return [tuple(row[place] for row in table.values) for place in range(len(table.indices))]


def _missing(table: IndexTable, other: IndexTable, window: str) -> list[LeftOut]:
    """What only `table` has."""
    only = f"only in the window {window}"
    keys = {each.key for each in other.indices}
    return [LeftOut(each, None, window, only) for each in table.departments if each not in other.departments] + [
        LeftOut(None, each.name, window, only) for each in table.indices if each.key not in keys
    ]


def _constants(judged: Judged, window: str | None) -> list[LeftOut]:
    return [
        LeftOut(None, index.name, window, "constant: the same for every department, so its weight is 0")
        for index, weight in zip(judged.table.indices, judged.weights, strict=True)
        if weight.constant
    ]
