"""The kind "new item": used now, and not at all the month before.

A base of zero has no percentage. So the first month of a new item is told by a rule of its own: once for each item,
scope, month and measure, against the month before (a year-on-year base of zero adds nothing: it would say the same for
a year).
The floor lies on the value, as there is no base that could reach one.

References:
    docs/contract.md, section "Alerts" (base zero: rule `new-item`); the floor on the value is our choice.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from models.monitoring.alert import Facts, Judgement, Measure
from models.monitoring.rule import RuleRow
from rules.monitoring.kinds.growth import growth_figures


@dataclass(frozen=True, slots=True)
class NewItem:
    """Fires when the hospital has records of the month before, the item has no use in it, and now reaches the floor."""

    provisional: ClassVar[bool] = True
    """Open months are judged, too: an early warning."""
    row: RuleRow
    """The rule's data."""
    measure: Measure
    """What it counts."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """The month before."""
        return (1,)

    @property
    def value_min(self) -> int:
        """Fen for the amount, units for the quantity. A value equal to it fires, if it is above zero."""
        return self.row.floor_fen if self.measure is Measure.AMOUNT else self.row.floor_quantity

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`."""
        figures = growth_figures(facts, self.measure, (1,))
        base = figures.base_value
        fires = base is not None and base <= 0 and figures.value >= max(self.value_min, 1)
        return Judgement(fires, figures)

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:  # noqa: ARG002 -- there is no base to split from
        """See `Rule.left_fires`."""
        return None
