"""The kind "growth": the use of an item rose by so many per cent against an earlier month, or the mean of three.

References:
    docs/studies.md, "Gansu study" (table 2: 20 % or more).
    docs/contract.md, section "Alerts" (exact, floor on the base).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Final

from models.calendar import shift
from models.monitoring.alert import Facts, Figures, Judgement, Measure
from models.monitoring.rule import RuleBase, RuleRow

BACK: Final[dict[RuleBase, tuple[int, ...]]] = {
    RuleBase.MONTH: (1,),
    RuleBase.YEAR: (12,),
    RuleBase.THREE_MONTHS: (1, 2, 3),
}
"""The months of a base, counted back; the base is their mean."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Fires when value ≥ base × (1 + percent ÷ 100), compared exactly, and the base reaches the floor."""

    provisional: ClassVar[bool] = True
    """Open months are judged, too: an early warning."""
    row: RuleRow
    """The rule's data."""
    measure: Measure
    """What it counts."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """The base."""
        return BACK[self.row.base or RuleBase.MONTH]

    @property
    def base_min(self) -> int:
        """The floor: fen for the amount, units for the quantity. A base equal to it fires."""
        return self.row.floor_fen if self.measure is Measure.AMOUNT else self.row.floor_quantity

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`. An unknown base and a base of zero fire nothing here."""
        months = self.reads_back
        base = base_of(facts, self.measure, months)
        figures = growth_figures(facts, self.measure, months)
        fires = (
            base is not None
            and base > 0
            and base >= self.base_min
            and (figures.value - base) * 100 >= Fraction(self._percent) * base
        )
        return Judgement(fires, figures)

    @property
    def _percent(self) -> Decimal:
        return self.row.threshold_percent or Decimal(0)

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:
        """See `Rule.left_fires`."""
        return left * 100 >= Fraction(self._percent) * (judgement.figures.base_value or 0)


def base_of(facts: Facts, measure: Measure, months: tuple[int, ...]) -> Fraction | None:
    """The mean use of earlier months; `None` when one of them is before the hospital's records."""
    sums = [facts.sums[back] for back in months]
    values = [each.of(measure) for each in sums if each is not None]
    return Fraction(sum(values), len(months)) if len(values) == len(months) else None


def growth_figures(facts: Facts, measure: Measure, months: tuple[int, ...]) -> Figures:
    """Value, base and change; only the value when the base is unknown. A mean is stated in whole fen or units."""
    base = base_of(facts, measure, months)
    value = facts.value(measure)
    if base is None:
        return Figures(value)
    return Figures(
        value=value,
        base_month=shift(facts.cell.month, -months[0]),
        base_value=rounded_half_up(base.numerator, base.denominator),
        change_percent=change_percent(value, base),
    )


def change_percent(value: int, base: int | Fraction) -> Decimal | None:
    """The change in per cent of the base, two digits, halves away from zero; `None` for a base that is not above zero.

    >>> change_percent(119_995, 100_000), change_percent(5, 0)
    (Decimal('20.00'), None)
    """
    if base <= 0:
        return None
    change = (value - Fraction(base)) * 10_000 / base
    return Decimal(rounded_half_up(change.numerator, change.denominator)).scaleb(-2)


def rounded_half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves away from zero; the denominator is above zero.

    >>> rounded_half_up(5, 2), rounded_half_up(-5, 2), rounded_half_up(7, 3)
    (3, -3, 2)
    """
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))
