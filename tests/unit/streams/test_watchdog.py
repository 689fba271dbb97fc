import pytest

from streams.watchdog import Watchdog


def test_a_lane_that_stands_still_with_work_for_the_limit_ends_the_process() -> None:
    watchdog = Watchdog(120)
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (0, 60, 119.9, 120)] == [False, False, False, True]


def test_a_lane_that_moves_is_never_ended_however_slow() -> None:
    watchdog = Watchdog(120)
    assert [watchdog.seen("scans/0", at // 119, 1000, at) for at in range(0, 1190, 119)] == [False] * 10


def test_a_lane_without_work_may_stand_still_for_ever() -> None:
    watchdog = Watchdog(120)
    assert [watchdog.seen("scans/0", 5, 0, at) for at in (0, 1_000, 100_000)] == [False] * 3


def test_the_time_counts_from_the_first_record_that_waits() -> None:
    watchdog = Watchdog(120)
    watchdog.seen("scans/0", 5, 0, 1_000)
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (1_001, 1_119.9, 1_120)] == [False, False, True]


def test_one_stuck_lane_is_found_among_lanes_that_move() -> None:
    watchdog = Watchdog(10)
    watchdog.seen("scans/0", 5, 1, 0)
    watchdog.seen("scans/1", 5, 1, 0)
    assert [watchdog.seen("scans/1", 6, 1, 10), watchdog.seen("scans/0", 5, 1, 10)] == [False, True]


def test_a_lane_that_was_given_back_starts_anew() -> None:
    watchdog = Watchdog(10)
    watchdog.seen("scans/0", 5, 1, 0)
    watchdog.forget("scans/0")
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (100, 109, 110)] == [False, False, True]


def test_time_without_broker_or_database_does_not_count() -> None:
    watchdog = Watchdog(10)
    watchdog.seen("scans/0", 5, 1, 0)
    watchdog.pause(9)
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (18, 19)] == [False, True]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_ends_everything_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Watchdog(limit)
