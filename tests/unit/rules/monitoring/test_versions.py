from dataclasses import replace
from datetime import timedelta

import pytest

from models.calendar import Month
from models.monitoring.alert import AlertVersion, Cell, Figures, Judgement, Status
from rules.monitoring import RULES, judged_again, months_read, next_version
from tests.unit.rules.monitoring.cases import AT, CELL, HOSPITAL, KEY

FIGURES, OTHER = Figures(120_000), Figures(130_000)
LATER = AT + timedelta(hours=1)


def stood(status: Status, *, provisional: bool = False) -> AlertVersion:
    return AlertVersion(KEY, 4, status, provisional, FIGURES, AT)


def after(newest: AlertVersion | None, fires: bool, figures: Figures, *, closed: bool) -> AlertVersion | None:
    return next_version(KEY, newest, Judgement(fires, figures), closed=closed, fired_at=LATER)


def test_an_open_month_begins_with_a_provisional_version() -> None:
    assert after(None, True, FIGURES, closed=False) == AlertVersion(KEY, 1, Status.PROVISIONAL, True, FIGURES, LATER)


def test_a_closed_month_begins_with_a_final_version() -> None:
    assert after(None, True, FIGURES, closed=True) == AlertVersion(KEY, 1, Status.FIRED, False, FIGURES, LATER)


PROVISIONAL = stood(Status.PROVISIONAL, provisional=True)
WITHDRAWN = stood(Status.WITHDRAWN)
FIRED = stood(Status.FIRED)
EXPLAINED = stood(Status.EXPLAINED)


@pytest.mark.parametrize(
    ("newest", "fires", "figures", "closed"),
    [
        (None, False, FIGURES, False),
        (None, False, FIGURES, True),
        (PROVISIONAL, True, OTHER, False),  # only a changed verdict is said while the month is open
        (WITHDRAWN, False, OTHER, False),
        (WITHDRAWN, False, OTHER, True),
        (FIRED, True, FIGURES, True),
        (EXPLAINED, True, FIGURES, True),
    ],
)
def test_nothing_new_is_no_version(newest: AlertVersion | None, fires: bool, figures: Figures, closed: bool) -> None:
    assert after(newest, fires, figures, closed=closed) is None


@pytest.mark.parametrize(
    ("newest", "fires", "figures", "closed", "status"),
    [
        (PROVISIONAL, True, FIGURES, True, Status.FIRED),  # final, though nothing changed
        (PROVISIONAL, False, OTHER, True, Status.WITHDRAWN),
        (PROVISIONAL, False, OTHER, False, Status.WITHDRAWN),
        (WITHDRAWN, True, OTHER, False, Status.PROVISIONAL),
        (WITHDRAWN, True, FIGURES, True, Status.FIRED),
        (FIRED, True, OTHER, True, Status.FIRED),  # changed figures, though the verdict stands
        (FIRED, False, OTHER, True, Status.WITHDRAWN),
        (EXPLAINED, True, OTHER, True, Status.FIRED),
        (EXPLAINED, False, OTHER, True, Status.WITHDRAWN),
    ],
)
def test_what_changed_is_the_next_version(
    newest: AlertVersion, fires: bool, figures: Figures, closed: bool, status: Status
) -> None:
    version = AlertVersion(KEY, 5, status, not closed, figures, LATER)
    assert after(newest, fires, figures, closed=closed) == version
    assert version.supersedes == 4


def test_an_alert_keeps_its_id_and_each_version_has_its_own() -> None:
    second = replace(FIRED, version=5)
    assert FIRED.key.alert_id == second.key.alert_id
    assert FIRED.id != second.id


def test_the_months_whose_base_changed_are_judged_again() -> None:
    earlier = CELL._replace(month=Month(202205))
    touched = judged_again({CELL: AT, earlier: LATER}, RULES)
    assert months_read(RULES) == (0, 1, 12)
    assert touched == {
        earlier: LATER,
        CELL: LATER,
        Cell(HOSPITAL, "SCREW", Month(202207)): AT,
        Cell(HOSPITAL, "SCREW", Month(202305)): LATER,
        Cell(HOSPITAL, "SCREW", Month(202306)): AT,
    }
