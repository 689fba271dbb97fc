import pytest

from streams.lanes.watchdog import Watchdog


def test_a_lane_that_stands_still_with_work_for_the_limit_ends_the_process() -> None:
    watchdog = Watchdog(120)
    times = (0, 30, 60, 90, 119.9, 120)
    assert [watchdog.seen("scans/0", 5, 1, at) for at in times] == [False, False, False, False, False, True]


def test_a_lane_that_moves_is_never_ended_however_slow() -> None:
    watchdog = Watchdog(20)
    assert [watchdog.seen("scans/0", at // 19, 1000, at) for at in range(0, 190, 19)] == [False] * 10


def test_a_lane_without_work_may_stand_still_for_ever() -> None:
    watchdog = Watchdog(20)
    assert [watchdog.seen("scans/0", 5, 0, at) for at in range(0, 200, 10)] == [False] * 20


def test_the_time_counts_from_the_first_record_that_waits() -> None:
    watchdog = Watchdog(20)
    watchdog.seen("scans/0", 5, 0, 1_000)
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (1_001, 1_019.9, 1_020)] == [False, False, True]


def test_one_stuck_lane_is_found_among_lanes_that_move() -> None:
    watchdog = Watchdog(10)
    watchdog.seen("scans/0", 5, 1, 0)
    watchdog.seen("scans/1", 5, 1, 0)
    assert [watchdog.seen("scans/1", 6, 1, 10), watchdog.seen("scans/0", 5, 1, 10)] == [False, True]


def test_time_in_which_nobody_could_look_does_not_count() -> None:
    watchdog = Watchdog(40)
    watchdog.seen("scans/0", 5, 1, 0)
    # Broker or database was away, or another process held the lane.
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (31, 61, 70.9, 71)] == [False, False, False, True]


def test_sightings_up_to_the_longest_gap_belong_together() -> None:
    watchdog = Watchdog(60)
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (0, 30, 60)] == [False, False, True]
    watchdog = Watchdog(60)
    assert [watchdog.seen("scans/0", 5, 1, at) for at in (0, 30.1, 60.1)] == [False, False, False]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_ends_everything_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Watchdog(limit)
