"""A watch for figures that got better without anything getting better.

Three signs, each a comparison of a department with itself in two windows:

- `weight-drift`: its CMI rose by at least 5 % while days and the rest of the stay's cost per case did not rise
(by 1 % or more):
  heavier on paper, not in the ward.
- `cost-moved`: cost per weight fell by at least 5 % while the rest of the stay's cost per weight rose by at least 5 %.
- `less-safe`: cost per weight fell by at least 5 % while safety events a case rose, P < 0.05 by the exact
conditional test of two Poisson
  rates.

A sign is no proof; it says where to look.

References:
    The three ways and the thresholds of 5 and 1 % are ours. The test: Przyborowski, Wilenski, Biometrika 31
    (1940) 313-323.
"""

from dataclasses import dataclass
from typing import Final

from scipy import stats

CASES_MIN: Final = 50
"""In each window; with fewer, chance alone moves a mean by more than the thresholds. No source: ours."""
MOVED_PERCENT: Final = 5.0
STILL_PERCENT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Care:
    """What a department did in a window."""

    cases: int
    """Discharges with all figures."""
    weight: float
    """Total DRG weight."""
    days: float
    """All its days."""
    consumables: float
    """Yuan."""
    rest: float
    """The rest of the stays' cost, yuan."""
    events: int | None
    """Adverse events and events with a device; `None` when a case did not report them."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of one department."""

    kind: str
    """`weight-drift`, `cost-moved` or `less-safe`."""
    department: str
    """Id of the clinical department."""
    first_percent: float
    """Of the figure that looks better: change in per cent."""
    second_percent: float | None
    """Of the figure that should have gone with it; `None` when its base was zero."""
    p: float | None = None
    """Of `less-safe`."""


def signs_of(department: str, before: Care, after: Care) -> tuple[Sign, ...]:
    """The signs of a department.

    >>> before = Care(100, 150.0, 900.0, 300_000.0, 700_000.0, 2)
    >>> [each.kind for each in signs_of("X", before, Care(100, 160.0, 905.0, 300_000.0, 700_000.0, 2))]
    ['weight-drift']
    >>> [each.kind for each in signs_of("X", before, Care(100, 150.0, 900.0, 200_000.0, 800_000.0, 20))]
    ['cost-moved', 'less-safe']
    """
    if min(before.cases, after.cases) < CASES_MIN:
        return ()
    cost = _change(before.consumables / before.weight, after.consumables / after.weight)
    found = []
    drift = _change(before.weight / before.cases, after.weight / after.cases)
    days = _change(before.days / before.cases, after.days / after.cases)
    rest = _change(before.rest / before.cases, after.rest / after.cases)
    if drift is not None and drift >= MOVED_PERCENT and max(days or 0.0, rest or 0.0) < STILL_PERCENT:
        found.append(Sign("weight-drift", department, drift, max(days or 0.0, rest or 0.0)))
    moved = _change(before.rest / before.weight, after.rest / after.weight)
    if cost is not None and cost <= -MOVED_PERCENT:
        if moved is not None and moved >= MOVED_PERCENT:
            found.append(Sign("cost-moved", department, cost, moved))
        p = _rate_rose(before, after)
        if p is not None and p < 0.05:
            events = _change((before.events or 0) / before.cases, (after.events or 0) / after.cases)
            found.append(Sign("less-safe", department, cost, events, p))
    return tuple(found)


def _change(before: float, after: float) -> float | None:
    return None if before <= 0 else (after / before - 1) * 100


def _rate_rose(before: Care, after: Care) -> float | None:
    """P that events rose so much by chance; `None` when they were not reported or did not rise."""
    if before.events is None or after.events is None or before.events + after.events == 0:
        return None
    if after.events * before.cases <= before.events * after.cases:
        return None
    share = after.cases / (before.cases + after.cases)
    return float(stats.binomtest(after.events, before.events + after.events, share, alternative="greater").pvalue)
