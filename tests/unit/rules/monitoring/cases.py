"""Cells and facts, made short."""

from datetime import UTC, datetime

from models.calendar import Month
from models.monitoring.alert import AlertKey, Cell, Facts, Measure, RuleMeasure, Scope, ScopeType, Standing, UsageSums

AT = datetime(2022, 6, 15, 4, tzinfo=UTC)
HOSPITAL = Scope("H1", ScopeType.HOSPITAL, "H1")
JUNE = Month(202206)
CELL = Cell(HOSPITAL, "SCREW", JUNE)
GROWTH = RuleMeasure("growth-month-on-month", Measure.AMOUNT)
TOP = RuleMeasure("top-three-three-months", Measure.QUANTITY)
KEY = AlertKey(CELL, GROWTH)


def facts(
    now: UsageSums,
    before: UsageSums | None = None,
    year_before: UsageSums | None = None,
    standings: dict[RuleMeasure, Standing] | None = None,
) -> Facts:
    """The screw in June, with its use a month and a year before (`None`: before the first month of records)."""
    return Facts(CELL, True, {0: now, 1: before, 12: year_before}, standings or {})
