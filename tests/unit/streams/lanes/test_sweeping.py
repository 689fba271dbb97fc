"""A step of a sweep has as many rows as this machine decides again in the time that a record may wait."""

import pytest

from streams.lanes.sweeping import ROWS_MAX, ROWS_MIN, STEP_SECONDS, rows_next


@pytest.mark.parametrize(
    ("rows", "spent", "wanted"),
    [
        pytest.param(40, STEP_SECONDS, 40, id="as long as it may take"),
        pytest.param(40, 2 * STEP_SECONDS, 20, id="too long"),
        pytest.param(40, 0.75 * STEP_SECONDS, 53, id="shorter"),
        pytest.param(40, STEP_SECONDS / 10, 80, id="much shorter: no more than twice as many"),
        pytest.param(ROWS_MAX, STEP_SECONDS / 10, ROWS_MAX, id="the most"),
        pytest.param(ROWS_MAX, 60.0, ROWS_MIN, id="a database that stood still"),
        pytest.param(1, 0.0, ROWS_MIN, id="a clock that did not move"),
    ],
)
def test_rows_of_the_next_step(rows: int, spent: float, wanted: int) -> None:
    assert rows_next(rows, spent) == wanted
