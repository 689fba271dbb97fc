"""The timer of the app: every lane looks again at what waits in it, beside its batches and never in their way."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from streams.lanes.attempts import place_of
from streams.lanes.failures import own
from streams.lanes.lane import Lane
from streams.lanes.reader import Reader

log = structlog.get_logger(__name__)

SWEEP_SECONDS: Final = 1.0
"""How often a lane begins to look for what may be decided again."""
SHARE_MAX: Final = 0.25
"""Share of the time that sweeps take while records come."""
RECENT_SECONDS: Final = 1.0
"""So long after the last record they still come."""
REST_SECONDS_MAX: Final = 1.0
"""A single step that took long, as the query that finds what to look at, is not paid for longer."""


class Pace:
    """How long sweeps rest after a step: while records come they take a quarter of the time, else all of it."""

    def __init__(self) -> None:
        self._recorded = 0
        self._came_at = float("-inf")

    def rest(self, recorded: int, now: float, spent: float) -> float:
        """Seconds to rest.

        Args:
            recorded: where the lanes stand, all together; it moves when records come.
            now: of a clock that only goes forward, in seconds.
            spent: seconds the step took.
        """
        if recorded != self._recorded:
            self._recorded, self._came_at = recorded, now
        if now - self._came_at > RECENT_SECONDS:
            return 0.0
        return min(spent * (1 / SHARE_MAX - 1), REST_SECONDS_MAX)


class Sweeps:
    """One sweep at a time of each lane; their steps take turns: a record waits for one step, not for one of each lane.

    What a step writes is work for the database and the relay, too; so they rest between steps while records come.

    Args:
        readers: of the partitions in this worker's hands now.
    """

    def __init__(self, readers: Callable[[], Iterable[Reader]]) -> None:
        self._readers = readers
        self._running: dict[Lane, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()
        self._pace = Pace()

    async def look(self) -> None:
        """Begin a sweep of every lane that has none under way. Never raises: what a timer raises ends the app."""
        self._running = {lane: task for lane, task in self._running.items() if not task.done()}
        for reader in self._readers():
            lane = reader.lane
            if isinstance(lane, Lane) and lane not in self._running:
                name = f"sweep {lane.lane}"
                self._running[lane] = asyncio.create_task(self._sweep(lane, reader), name=name)

    async def stop(self) -> None:
        """End all of them; what is being recorded gets its answer."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _sweep(self, lane: Lane, reader: Reader) -> None:
        """Step by step, each in the lane's turn: between two steps the batches that wait are recorded."""
        try:
            steps = lane.sweeps()
            while reader.lane is lane:
                async with self._turn:
                    async with lane.turn:
                        began = time.monotonic()
                        if await anext(steps, None) is None:
                            return
                    now = time.monotonic()
                    await asyncio.sleep(self._pace.rest(self._recorded(), now, now - began))
        except Exception as error:  # noqa: BLE001 -- the reader takes the lane over again
            name, at = type(error).__name__, place_of(error)
            if own(error):
                log.error("A sweep fails by itself.", lane=lane.lane, error=name, at=at)  # noqa: TRY400 -- see place_of
                lane.told.failed("decisions", error)
            else:
                log.warning("What waits could not be decided again.", lane=lane.lane, error=name, at=at)
            if reader.lane is lane:
                reader.take_over_again(error)

    def _recorded(self) -> int:
        """Where all lanes of this worker stand, together."""
        return sum(reader.next_offset or 0 for reader in self._readers())
