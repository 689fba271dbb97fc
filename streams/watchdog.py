"""The watchdog: a lane that stands still while it has work is a fault that only a new process mends.

Agents have stopped for days in processes that looked healthy (docs/adr/0001). The watchdog does not ask why.
"""

from dataclasses import dataclass

EXIT_STUCK = 75
"""Exit code of a process that ended itself because a lane stood still.

References:
    sysexits.h, EX_TEMPFAIL: trying again is likely to help.
"""


@dataclass(frozen=True, slots=True)
class _Seen:
    position: int
    since: float


class Watchdog:
    """Remembers since when each lane stands where it stands. Holds no clock.

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
        if before is None or before.position != position or lag <= 0:
            self._lanes[lane] = _Seen(position, at)
            return False
        return at - before.since >= self._limit

    def forget(self, lane: str) -> None:
        """The lane is no longer in this process's hands; when it comes back, its time starts anew."""
        self._lanes.pop(lane, None)

    def pause(self, at: float) -> None:
        """Broker or database is away: standing still is right, and a new process would help nothing."""
        for lane, before in self._lanes.items():
            self._lanes[lane] = _Seen(before.position, at)
