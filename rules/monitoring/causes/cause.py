"""Why a figure rose, convention `shapley-5/1`: the rise split into five factors, exactly.

The value of an item in a department and month is

    V = N x w x u x s x p

with N the discharges, w their mean DRG weight, u units of the category for each weighted case, s the item's share of
the category and p its price; for a quantity p is 1. The part of a factor is its Shapley value: the mean, over all
orders in which the factors may be changed one after the other, of what V moves when it is this factor's turn.
For a product that is

    part(i) = sum over subsets S of the others of  |S|! (n - |S| - 1)! / n!
              x product of the new values in S  x product of the old values outside S  x (new(i) - old(i))

computed in fractions, so the parts add up to the rise, and rounded once to whole fen or units by largest remainder.

Worked example with two factors, units and price: from 10 at 100 yuan to 12 at 150 yuan the rise is 800.
The two units count at (100 + 150) / 2 = 125: 250 yuan. The 50 yuan count for (10 + 12) / 2 = 11 units: 550 yuan.

>>> [int(part) for part in shapley([Fraction(10), Fraction(100)], [Fraction(12), Fraction(150)])]
[250, 550]

References:
    Shorrocks, A. F. (2013), "Decomposition procedures for distributional analysis: a unified framework based on the
    Shapley value", Journal of Economic Inequality 11, 99-126. The factors, the rule for brands that enter or leave and
    the rounding are ours (docs/alerts.md, "The cause").
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm, prod

from models.monitoring.cause import CausePart, Factor, Window

Parts = dict[Factor, Fraction]
"""Exact parts of a rise, in fen or units."""
_ONE = Fraction(1)


def shapley(before: Sequence[Fraction], after: Sequence[Fraction]) -> list[Fraction]:
    """The exact part of each factor in the change of their product.

    The mean over all orders is the integral along the straight way from old to new: with d the changes,

        part(i) = d(i) x integral from 0 to 1 over t of the product over the others of (old(j) + t d(j))

    a polynomial in t, so its whole coefficients are enough, not every order.

    References:
        Owen, G. (1972), "Multilinear extensions of games", Management Science 18, P64-P79.
    """
    scales = [lcm(old.denominator, new.denominator) for old, new in zip(before, after, strict=True)]
    old = [int(value * scale) for value, scale in zip(before, scales, strict=True)]
    change = [int(value * scale) - was for value, scale, was in zip(after, scales, old, strict=True)]
    steps = lcm(*range(1, len(old) + 1))
    whole = steps * prod(scales)
    parts = []
    for place, moved in enumerate(change):
        powers = [1]
        for other, (was, by) in enumerate(zip(old, change, strict=True)):
            if other != place:
                powers = [was * low + by * high for low, high in zip([*powers, 0], [0, *powers], strict=True)]
        integral = sum(coefficient * steps // (power + 1) for power, coefficient in enumerate(powers))
        parts.append(Fraction(moved * integral, whole))
    return parts


def split(before: Window, after: Window) -> Parts:
    """The exact parts of `after.value` − `before.value` in one department."""
    names = [*_caseload_factors(before, after), Factor.USE, Factor.MIX, Factor.PRICE]
    old, new = _values(before, after, names), _values(after, before, names)
    parts = dict(zip(names, shapley(old, new), strict=True))
    # What has a value and no units (a price mended after all was taken back) has no share and no price: it is price.
    parts[Factor.PRICE] += (after.value - prod(new)) - (before.value - prod(old))
    return parts


def _caseload_factors(before: Window, after: Window) -> list[Factor]:
    weights = (before.caseload.weights, after.caseload.weights)
    known = _counted(before, after) and all(each is not None and each > 0 for each in weights)
    return [Factor.CASES, Factor.WEIGHT] if known else [Factor.CASELOAD]


def _counted(before: Window, after: Window) -> bool:
    return before.caseload.cases > 0 and after.caseload.cases > 0


def _values(window: Window, other: Window, names: Sequence[Factor]) -> list[Fraction]:
    """The values of the factors in a window; what can't be said of it is taken from the other, so it changes nothing.

    Without discharges in one of the two nothing is known of the caseload: it counts 1 in both, and its part is 0.
    """
    if Factor.WEIGHT in names:
        assert window.caseload.weights is not None  # noqa: S101 -- seen by the caller
        cases, weights = Fraction(window.caseload.cases), Fraction(window.caseload.weights)
        load = [cases, weights / cases]
    else:
        load = [Fraction(window.caseload.cases) if _counted(window, other) else _ONE]
    category, other_category = _categories(window, other)
    share = Fraction(window.units, category) if category else _ratio(other.units, other_category)
    price = Fraction(window.value, window.units) if window.units else _ratio(other.value, other.units)
    return [*load, category / prod(load, start=_ONE), share, price]


def _categories(window: Window, other: Window) -> tuple[int, int]:
    """Units of the category in both; where uses and credits cancel out it is no measure, and the item stands alone."""
    if any(each.units and not each.category_units for each in (window, other)):
        return window.units, other.units
    return window.category_units, other.category_units


def _ratio(numerator: int, denominator: int) -> Fraction:
    return Fraction(numerator, denominator) if denominator else _ONE


def added(splits: Iterable[Parts]) -> Parts:
    """The parts of several departments, factor by factor."""
    total: Parts = {}
    for parts in splits:
        for factor, part in parts.items():
            total[factor] = total.get(factor, Fraction(0)) + part
    return {factor: total[factor] for factor in Factor if factor in total}


def rounded(parts: Parts, whole: int | None = None) -> tuple[CausePart, ...]:
    """Whole parts that add up to `whole` (unset: to their own sum): all rounded down, the largest remainders up.

    Ties are rounded up in the order of the factors. `whole` is less than one away from the sum of the parts.

    >>> [part.amount for part in rounded({Factor.CASES: Fraction(5, 2), Factor.USE: Fraction(5, 2)})]
    [3, 2]
    """
    floors = {factor: part.numerator // part.denominator for factor, part in parts.items()}
    left = (int(sum(parts.values())) if whole is None else whole) - sum(floors.values())
    by_remainder = sorted(parts, key=lambda factor: floors[factor] - parts[factor])
    up = set(by_remainder[:left])
    return tuple(CausePart(factor, floors[factor] + (factor in up)) for factor in Factor if factor in parts)


def summed(causes: Iterable[Iterable[CausePart]]) -> tuple[CausePart, ...]:
    """The rounded parts of departments added up: a hospital's cause."""
    total: dict[Factor, int] = {}
    for cause in causes:
        for part in cause:
            total[part.factor] = total.get(part.factor, 0) + part.amount
    return tuple(CausePart(factor, total[factor]) for factor in Factor if factor in total)
