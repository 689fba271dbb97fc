"""Which of the values that a hospital has set in the course of time a recorded decision was made by.

References:
    docs/semantics/returns.md, "Return".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from models.policy import POLICY


def return_clock_decided_by(
    settings: Sequence[tuple[datetime, timedelta]], recorded_at: datetime, *, took_back: bool
) -> timedelta:
    """The tolerance of two devices' clocks that a return was decided by.

    What is held is decided again whenever a larger tolerance would free it, so it stands decided by the newest. A
    return that took back a use was decided by one in force since it was recorded, the largest of which let it.

    Args:
        settings: Since when each of the hospital's own tolerances has been in force, in order of time.
        recorded_at: When the return was recorded.
        took_back: It has taken back a use.
    """
    since = (None, POLICY.return_clock_tolerance), *settings
    if not took_back:
        return since[-1][1]
    last_before = max(at for at, (begins, _) in enumerate(since) if begins is None or begins <= recorded_at)
    return max(tolerance for _, tolerance in since[last_before:])
