"""By what a hospital had set a recorded return was decided."""

from datetime import timedelta

import pytest

from models.policy import POLICY
from rules.charging.policies import return_clock_decided_by
from tests.support.builders import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DEFAULT = POLICY.return_clock_tolerance
SET = ((NOON, MINUTE), (NOON + HOUR, 3 * MINUTE), (NOON + 2 * HOUR, 2 * MINUTE))


@pytest.mark.parametrize(
    ("after", "tolerance"),
    [
        (-MINUTE, DEFAULT),
        (timedelta(0), 3 * MINUTE),
        (HOUR, 3 * MINUTE),
        (2 * HOUR - MINUTE, 3 * MINUTE),
        (2 * HOUR, 2 * MINUTE),
    ],
)
def test_what_took_back_a_use_was_let_by_the_largest_in_force_since(after: timedelta, tolerance: timedelta) -> None:
    assert return_clock_decided_by(SET, NOON + after, took_back=True) == tolerance


@pytest.mark.parametrize("after", [-MINUTE, HOUR, 3 * HOUR])
def test_what_is_held_stands_decided_by_the_newest(after: timedelta) -> None:
    assert return_clock_decided_by(SET, NOON + after, took_back=False) == 2 * MINUTE


@pytest.mark.parametrize("took_back", [True, False])
def test_a_hospital_that_set_nothing_has_the_default(took_back: bool) -> None:
    assert return_clock_decided_by((), NOON, took_back=took_back) == DEFAULT
