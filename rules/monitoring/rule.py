"""What every kind of monitoring rule has."""

from typing import ClassVar, Final, Protocol

from models.monitoring.alert import Facts, Judgement, Measure, RuleMeasure, ScopeType

HOSPITAL_AND_DEPARTMENTS: Final = (ScopeType.HOSPITAL, ScopeType.DEPARTMENT)
"""The scopes of the core rules. Source: docs/contract.md, "Alerts"."""


class Rule(Protocol):
    """A row of the rule table. It is told by its name and measure and judges one cell at a time."""

    provisional: ClassVar[bool]
    """It warns early, while the month is open; otherwise it is judged from the close on."""

    @property
    def name(self) -> str:
        """As it stands in alerts."""

    @property
    def measure(self) -> Measure:
        """What it counts."""

    @property
    def scope_types(self) -> tuple[ScopeType, ...]:
        """Where it applies."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """Which earlier months' use it reads, counted back from the month it judges."""

    def judge(self, facts: Facts) -> Judgement:
        """Whether it fires, and the figures either way. Whether the item is monitored is asked by the caller."""


def told_by(rule: Rule) -> RuleMeasure:
    """The name and measure of a rule."""
    return RuleMeasure(rule.name, rule.measure)
