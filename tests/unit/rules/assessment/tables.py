"""Index tables as tests need them."""

from collections.abc import Sequence

import numpy as np

from models.assessment.indices import SEVEN, Direction, Index, IndexTable

BENEFIT, COST = Direction.BENEFIT, Direction.COST
SEVEN_INDICES = tuple(Index(each.code, each.direction, each.code) for each in SEVEN)


def table(
    *rows: Sequence[float], directions: Sequence[Direction] = (BENEFIT, COST), costs: Sequence[float] | None = None
) -> IndexTable:
    """Departments D1, D2, … with indices i1, i2, …"""
    return IndexTable(
        tuple(f"D{place + 1}" for place in range(len(rows))),
        tuple(Index(f"i{place + 1}", direction) for place, direction in enumerate(directions)),
        tuple(tuple(float(value) for value in row) for row in rows),
        None if costs is None else tuple(costs),
    )


def hospital(seed: int, departments: int = 22) -> IndexTable:
    """Departments with the seven indices, correlated as such indices are."""
    chance = np.random.default_rng(seed)
    heavy = chance.normal(size=departments)
    columns = [
        np.round(80 + 20 * chance.normal(size=departments)),
        np.exp(7 + 0.3 * heavy + 0.3 * chance.normal(size=departments)),
        np.exp(0.2 * heavy + 0.1 * chance.normal(size=departments)),
        1 / (1 + np.exp(2 - heavy - 0.5 * chance.normal(size=departments))),
        8 + heavy + chance.normal(size=departments),
        np.exp(8 + 0.5 * heavy + 0.3 * chance.normal(size=departments)),
        np.exp(9.5 + 0.3 * heavy + 0.2 * chance.normal(size=departments)),
    ]
    rows = tuple(tuple(float(value) for value in row) for row in np.stack(columns, axis=1))
    costs = tuple(row[5] / row[2] for row in rows)
    return IndexTable(tuple(f"D{place + 1}" for place in range(departments)), SEVEN_INDICES, rows, costs)
