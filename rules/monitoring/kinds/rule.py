"""What every kind of monitoring rule has."""

from fractions import Fraction
from typing import ClassVar, Protocol

from models.monitoring.alert import Facts, Judgement, Measure, RuleMeasure
from models.monitoring.rule import RuleRow


class Rule(Protocol):
    """A rule with one of its measures. It is told by its name and measure and judges one cell at a time."""

    provisional: ClassVar[bool]
    """It warns early, while the month is open; otherwise it is judged from the close on."""

    @property
    def row(self) -> RuleRow:
        """The data it is made of."""

    @property
    def measure(self) -> Measure:
        """What it counts."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """Which earlier months' use it reads, counted back from the month it judges."""

    def judge(self, facts: Facts) -> Judgement:
        """Whether it fires, and the figures either way, without cause. Whether it judges the item the caller asks."""

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:
        """A rise of so much alone would still fire; `None` when caseload explains nothing under this rule."""


def told_by(rule: Rule) -> RuleMeasure:
    """The name and measure of a rule."""
    return RuleMeasure(rule.row.rule, rule.measure)
