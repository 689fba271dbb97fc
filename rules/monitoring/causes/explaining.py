"""The cause of a rise from the windows of its departments, and whether more or heavier cases explain it.

References:
    docs/alerts.md, sections "The cause" and "Explained by caseload".
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final, NamedTuple

from models.monitoring.alert import Judgement
from models.monitoring.cause import CausePart, Factor, Window
from rules.monitoring.causes.cause import Parts, added, rounded, split, summed
from rules.monitoring.kinds.rule import Rule

EXPLAINED_PERCENT: Final = 80
"""Cases and weight must make up so many per cent of the rise. Source: docs/alerts.md; the figure is ours."""
CASELOAD: Final = (Factor.CASES, Factor.WEIGHT, Factor.CASELOAD)


class Both(NamedTuple):
    """The windows of one department."""

    before: Window
    """The base."""
    after: Window
    """The month judged."""
    months: int = 1
    """Months in the base: both windows count so many times what one month does."""


class Cause(NamedTuple):
    """A cause, exact and as printed."""

    exact: Parts
    """Each factor's part as a fraction, not rounded."""
    parts: tuple[CausePart, ...]
    """Each factor's part in fen or units; they add up to the rise."""


def cause_of(departments: Sequence[Both], base_value: int) -> Cause:
    """The cause of a scope's rise: its departments' causes added up.

    Args:
        departments: Of a hospital all departments that used the category in either window and, as one more, what was
            used in none; of any other scope its own windows alone.
        base_value: The base as the alert states it: a mean of months is rounded, and the parts add up to that.
    """
    exact = [_exact(each) for each in departments]
    total = added(exact)
    whole = all(each.months == 1 for each in departments)
    if whole:
        return Cause(total, summed(rounded(each) for each in exact))
    value = sum(each.after.value // each.months for each in departments)
    return Cause(total, rounded(total, value - base_value))


def _exact(both: Both) -> Parts:
    parts = split(both.before, both.after)
    return {factor: part / both.months for factor, part in parts.items()}


def explained(rule: Rule, judgement: Judgement, exact: Parts) -> bool:
    """Caseload makes up 80 % of the rise or more, and what is left would not fire by itself."""
    rise, base = sum(exact.values(), Fraction(0)), judgement.figures.base_value
    caseload = sum((exact.get(factor, Fraction(0)) for factor in CASELOAD), Fraction(0))
    if not judgement.fires or base is None or rise <= 0 or caseload * 100 < EXPLAINED_PERCENT * rise:
        return False
    return rule.left_fires(rise - caseload, judgement) is False


def with_cause(judgement: Judgement, parts: tuple[CausePart, ...]) -> Judgement:
    """The judgement with its cause stated."""
    return judgement._replace(figures=replace(judgement.figures, cause=parts))
