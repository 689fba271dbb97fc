"""The kind "price drift": the mean price paid for an item rose by so many per cent against its base.

References:
    docs/alerts.md, section "The rules"; the kind is ours; docs/studies.md, "Gansu study", has none.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from models.monitoring.alert import Facts, Judgement, Measure, UsageSums
from models.monitoring.rule import RuleBase, RuleRow
from rules.monitoring.kinds.growth import BACK, growth_figures


@dataclass(frozen=True, slots=True)
class PriceDrift:
    """Fires when a1 ÷ q1 ≥ a0 ÷ q0 × (1 + percent ÷ 100), with units in both and the base at its floors."""

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

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`. The figures are those of the amount."""
        figures = growth_figures(facts, Measure.AMOUNT, self.reads_back)
        sums = [facts.sums[back] for back in self.reads_back]
        known = [each for each in sums if each is not None]
        before = UsageSums(sum(each.quantity for each in known), sum(each.amount_fen for each in known))
        now = facts.sums[0] or UsageSums()
        floor_quantity, floor_fen = self.row.floor_quantity * len(sums), self.row.floor_fen * len(sums)
        if len(known) < len(sums) or before.quantity < max(1, floor_quantity) or now.quantity <= 0:
            return Judgement(False, figures)
        old, new = Fraction(before.amount_fen, before.quantity), Fraction(now.amount_fen, now.quantity)
        fires = before.amount_fen >= max(1, floor_fen)
        return Judgement(fires and (new - old) * 100 >= Fraction(self.row.threshold_percent or 0) * old, figures)

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:  # noqa: ARG002 -- more cases are no dearer goods
        """See `Rule.left_fires`."""
        return None
