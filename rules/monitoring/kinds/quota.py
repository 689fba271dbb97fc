"""The kind "quota": a department has used so many per cent of what was released to it of a controlled category.

One alert for a department, category and month: on the item of the category of which it used the most.

References:
    Monthly quotas of controlled categories are a measure of the Wuhan study (Chinese Health Quality Management 2025,
    32(3): 54-58); docs/controls.md, section "Quotas".
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from models.monitoring.alert import Facts, Figures, Judgement, Measure
from models.monitoring.rule import RuleRow
from rules.monitoring.kinds.growth import change_percent


@dataclass(frozen=True, slots=True)
class QuotaUsed:
    """Fires when used ≥ released × percent ÷ 100, for any use when nothing was released."""

    provisional: ClassVar[bool] = True
    """Open months are judged, too: an early warning."""
    row: RuleRow
    """The rule's data."""
    measure: Measure
    """What it counts."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """None: a quota is of the month itself."""
        return ()

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`. The base is what was released; the change is that of the whole category against it."""
        quota, value = facts.quota, facts.value(self.measure)
        if quota is None:
            return Judgement(False, Figures(value))
        change = change_percent(quota.used, quota.released)
        figures = Figures(value, facts.cell.month, quota.released, change)
        reached = quota.used * 100 >= Fraction(self.row.threshold_percent or 0) * quota.released
        return Judgement(reached and quota.used > 0 and quota.most_used == facts.cell.item_code, figures)

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:  # noqa: ARG002 -- a quota is no rise
        """See `Rule.left_fires`."""
        return None
