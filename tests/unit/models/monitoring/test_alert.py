from datetime import UTC, datetime
from itertools import product
from uuid import UUID

from models.calendar import Month
from models.monitoring.alert import (
    AlertKey,
    AlertVersion,
    Cell,
    Facts,
    Figures,
    Measure,
    RuleMeasure,
    Scope,
    ScopeType,
    Status,
    Traits,
    UsageSums,
)

RULE = RuleMeasure("new-item", Measure.AMOUNT)
CELL = Cell(Scope("H1", ScopeType.DEPARTMENT, "ORTH"), "SCREW", Month(202206))


def test_an_alert_has_the_same_id_after_any_replay() -> None:
    assert AlertKey(CELL, RULE).alert_id == UUID("c09cc750-6fc5-5f22-bf4a-867154e3fab1")


def test_every_part_of_the_key_is_in_the_id() -> None:
    scopes = [Scope(h, t, s) for h, t, s in product(("H1", "H2"), (ScopeType.DEPARTMENT, ScopeType.TEAM), ("A", "B"))]
    rules = [RuleMeasure(name, measure) for name, measure in product(("new-item", "other"), Measure)]
    cells = [Cell(scope, item, Month(month)) for scope, item, month in product(scopes, ("X", "Y"), (202206, 202207))]
    assert len({AlertKey(cell, rule).alert_id for cell, rule in product(cells, rules)}) == len(cells) * len(rules)


def test_a_version_supersedes_the_one_before_and_the_first_none() -> None:
    at = datetime(2022, 6, 1, tzinfo=UTC)
    versions = [AlertVersion(AlertKey(CELL, RULE), n, Status.FIRED, False, Figures(1), at) for n in (1, 2)]
    assert [version.supersedes for version in versions] == [None, 1]


def test_a_measure_picks_its_sum() -> None:
    facts = Facts(CELL, Traits(monitored=True), {0: UsageSums(3, 900)})
    assert [facts.value(measure) for measure in (Measure.QUANTITY, Measure.AMOUNT)] == [3, 900]


def test_a_month_without_use_has_none_of_it() -> None:
    assert Facts(CELL, Traits(monitored=True), {0: None}).value(Measure.AMOUNT) == 0
