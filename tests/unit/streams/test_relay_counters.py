"""The relay asks often while records come, and less the longer none has."""

import pytest

from streams.services.relay.counters import pause


@pytest.mark.parametrize(
    ("quiet_seconds", "expected"),
    [
        (0.0, 0.005),
        (0.05, 0.005),
        (0.1, 0.01),
        (0.2, 0.02),
        (29.999, 0.02),
        (30.0, 0.04),
        (86_400.0, 0.04),
    ],
)
def test_pause_is_a_tenth_of_the_quiet_time_within_bounds(quiet_seconds: float, expected: float) -> None:
    assert pause(quiet_seconds) == pytest.approx(expected)
