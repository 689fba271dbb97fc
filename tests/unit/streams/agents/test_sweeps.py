"""Sweeps give way to records: a quarter of the time while some come, all of it when none do."""

import pytest

from streams.agents.sweeps import RECENT_SECONDS, REST_SECONDS_MAX, Pace


def test_while_records_come_a_step_is_followed_by_three_times_its_length() -> None:
    pace = Pace()

    assert pace.rest(100, 10.0, 0.02) == pytest.approx(0.06)
    assert pace.rest(108, 10.1, 0.02) == pytest.approx(0.06)


def test_between_two_records_they_still_come() -> None:
    pace = Pace()
    pace.rest(100, 10.0, 0.02)

    assert pace.rest(100, 10.0 + RECENT_SECONDS, 0.02) > 0
    assert pace.rest(100, 10.1 + RECENT_SECONDS, 0.02) == 0


def test_where_nothing_was_ever_recorded_there_is_no_rest() -> None:
    assert Pace().rest(0, 10.0, 0.02) == 0


def test_a_long_step_is_not_paid_for_without_end() -> None:
    assert Pace().rest(100, 10.0, 5.0) == REST_SECONDS_MAX
