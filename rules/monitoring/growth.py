"""The kind "growth": the use of an item rose by so many per cent against an earlier month.

References:
    The Gansu study, table 2 (20 % or more); docs/contract.md, section "Alerts" (exact, floor on the base).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from models.calendar import shift
from models.monitoring.alert import Facts, Figures, Judgement, Measure, ScopeType, UsageSums
from rules.monitoring.cause import cause_of, rounded_half_up
from rules.monitoring.rule import HOSPITAL_AND_DEPARTMENTS


@dataclass(frozen=True, slots=True)
class Growth:
    """Fires when value ≥ base × (1 + percent ÷ 100), compared exactly, and the base reaches the floor."""

    provisional: ClassVar[bool] = True
    name: str
    measure: Measure
    months_back: int
    """The base is the use so many months before."""
    percent: Decimal
    base_min: int
    """The floor: fen for the amount, units for the quantity. A base equal to it fires."""
    scope_types: tuple[ScopeType, ...] = HOSPITAL_AND_DEPARTMENTS

    @property
    def reads_back(self) -> tuple[int, ...]:
        """The base."""
        return (self.months_back,)

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`. An unknown base and a base of zero fire nothing here."""
        figures = growth_figures(facts, self.measure, self.months_back)
        base = figures.base_value
        fires = (
            base is not None
            and base > 0
            and base >= self.base_min
            and (figures.value - base) * 100 >= Fraction(self.percent) * base
        )
        return Judgement(fires, figures)


def growth_figures(facts: Facts, measure: Measure, months_back: int) -> Figures:
    """Value, base, change and cause; only the value when the base is unknown."""
    base = facts.sums[months_back]
    value = facts.value(measure)
    if base is None:
        return Figures(value)
    return Figures(
        value=value,
        base_month=shift(facts.cell.month, -months_back),
        base_value=base.of(measure),
        change_percent=change_percent(value, base.of(measure)),
        cause=cause_of(measure, facts.sums[0] or UsageSums(), base),
    )


def change_percent(value: int, base: int) -> Decimal | None:
    """The change in per cent of the base, two digits, halves away from zero; `None` for a base that is not above zero.

    >>> change_percent(119_995, 100_000), change_percent(5, 0)
    (Decimal('20.00'), None)
    """
    if base <= 0:
        return None
    return Decimal(rounded_half_up((value - base) * 10_000, base)).scaleb(-2)
