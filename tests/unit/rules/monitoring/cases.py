"""Cells and facts, made short."""

from datetime import UTC, datetime

from models.calendar import Month
from models.monitoring.alert import (
    AlertKey,
    Cell,
    Facts,
    Measure,
    RuleMeasure,
    Scope,
    ScopeType,
    Standing,
    Traits,
    UsageSums,
)
from models.monitoring.rule import STUDY_RULES, RuleRow

AT = datetime(2022, 6, 15, 4, tzinfo=UTC)
HOSPITAL = Scope("H1", ScopeType.HOSPITAL, "H1")
JUNE = Month(202206)
CELL = Cell(HOSPITAL, "SCREW", JUNE)
GROWTH = RuleMeasure("growth-month-on-month", Measure.AMOUNT)
TOP = RuleMeasure("top-three-three-months", Measure.QUANTITY)
KEY = AlertKey(CELL, GROWTH)
WATCHED = Traits(monitored=True)


def row(name: str) -> RuleRow:
    """One of the rules of a fresh installation."""
    return next(each for each in STUDY_RULES if each.rule == name)


def facts(
    now: UsageSums,
    before: UsageSums | None = None,
    year_before: UsageSums | None = None,
    standings: dict[RuleMeasure, Standing] | None = None,
) -> Facts:
    """The screw in June, with its use a month and a year before (`None`: before the first month of records)."""
    return Facts(CELL, WATCHED, {0: now, 1: before, 12: year_before}, standings or {})
