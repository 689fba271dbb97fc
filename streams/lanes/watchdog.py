"""The watchdog: a lane that stands still while it has work is a fault that only a new process mends.

Agents have stopped for days in processes that looked healthy (docs/adr/0001). The watchdog does not ask why.
"""

from dataclasses import dataclass

EXIT_STUCK = 75
"""Exit code of a process that ended itself because a lane stood still.

References:
    sysexits.h, EX_TEMPFAIL: trying again is likely to help.
"""
GAP_SECONDS_MAX = 30.0
"""Sightings further apart do not belong together. Own choice: six of the observer's rounds."""


@dataclass(frozen=True, slots=True)
class _Seen:
    position: int
    since: float
    last: float


class Watchdog:
    """Remembers since when each lane stands where it stands. Holds no clock.

    Only time in which somebody looked counts. While broker or database is away nobody can, standing still is right, and
    a new process would help nothing; while another process holds the lane, this one does not look either.

    Args:
        limit_seconds: a lane with work may stand still for less than that; above 0.
    """

    def __init__(self, limit_seconds: float) -> None:
        if limit_seconds <= 0:
            raise ValueError(f"Expected a limit above 0 seconds, got {limit_seconds}.")
        self._limit = limit_seconds
        self._lanes: dict[str, _Seen] = {}

    def seen(self, lane: str, position: int, lag: int, at: float) -> bool:
        """Whether this process must end: the lane has stood still for the limit, with work all the while.

        Args:
            lane: any name of an input partition in this process's hands.
            position: its next offset in the books.
            lag: records that wait there; the time counts from when the first was seen to wait.
            at: seconds of a clock that never goes back.
        """
        before = self._lanes.get(lane)
        stands = before is not None and before.position == position and lag > 0 and at - before.last <= GAP_SECONDS_MAX
        since = before.since if before is not None and stands else at
        self._lanes[lane] = _Seen(position, since, at)
        return stands and at - since >= self._limit
