"""The kind "share": an item makes up so many per cent of its category, for months in a row.

References:
    docs/alerts.md, section "The rules"; the kind is ours; docs/studies.md, "Gansu study", has none.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from models.monitoring.alert import Facts, Figures, Judgement, Measure, UsageSums
from models.monitoring.rule import RuleRow


@dataclass(frozen=True, slots=True)
class Share:
    """Fires when item ≥ category × percent ÷ 100, for so many months, and the category reaches the floor in each."""

    provisional: ClassVar[bool] = False
    """Closed months only: a share of part of a month says little."""
    row: RuleRow
    """The rule's data."""
    measure: Measure
    """What it counts."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """The months of the run."""
        return tuple(range(1, self.row.months or 1))

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`. An item without category, and a category without use, fire nothing."""
        run = 0
        while run < (self.row.months or 1) and self._reached(facts, run):
            run += 1
        figures = Figures(facts.value(self.measure), months_in_a_row=run)
        return Judgement(run >= (self.row.months or 1), figures)

    def _reached(self, facts: Facts, back: int) -> bool:
        whole = facts.categories.get(back, UsageSums()).of(self.measure)
        part = (facts.sums.get(back) or UsageSums()).of(self.measure)
        floor = self.row.floor_fen if self.measure is Measure.AMOUNT else self.row.floor_quantity
        reached = part * 100 >= Fraction(self.row.threshold_percent or 0) * whole
        return facts.traits.category is not None and whole > 0 and whole >= floor and reached

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:  # noqa: ARG002 -- a share is no rise
        """See `Rule.left_fires`."""
        return None
