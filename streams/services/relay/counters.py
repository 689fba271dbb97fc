"""How far each output of the outbox has come: asked by one query for all publishers of a process."""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from sinks.postgres.outbox import Outbox, Output
from streams.waiting import bounded

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.005
QUIET_SHARE: Final = 0.1
"""Of the time since anything was new: a record waits so much longer at most than the records before it lay apart."""
POLL_QUIET_SECONDS: Final = 0.02
"""From a fifth of a second without anything new on."""
POLL_NIGHT_SECONDS: Final = 0.04
"""After half a minute without anything new. Of the aim for a ward at night (p99 below 60 ms) it leaves a third."""
POLL_EMBEDDED_SECONDS: Final = 0.05
NIGHT_AFTER_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 1.0
"""While the database is away."""


class Counters:
    """The newest sequence number of every output, a few milliseconds old.

    Args:
        outbox: Of the books.
        embedded: The broker is the embedded one; nobody measures its latency.
    """

    def __init__(self, outbox: Outbox, *, embedded: bool) -> None:
        self._outbox = outbox
        self._embedded = embedded
        self._newest: Mapping[Output, int] = {}
        self._changed = asyncio.Event()

    def newest(self, output: Output) -> int:
        """Of one output; 0 before anything was asked."""
        return self._newest.get(output, 0)

    async def change(self, seconds: float) -> None:
        """Wait until a counter moves, at most so long."""
        changed = self._changed
        try:
            await bounded(changed.wait(), seconds)
        except TimeoutError:
            return

    async def run(self) -> None:
        """Ask until cancelled; while the database is away, what was known stays."""
        clock = asyncio.get_running_loop().time
        moved_at = clock()
        while True:
            try:
                newest = await self._outbox.newest()
            except Exception as error:  # noqa: BLE001 -- the driver raises more than it says when a server dies amid a call
                log.warning("The outbox can't be asked.", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if newest != self._newest:
                self._newest, moved_at = newest, clock()
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()
            await asyncio.sleep(POLL_EMBEDDED_SECONDS if self._embedded else pause(clock() - moved_at))


def pause(quiet_seconds: float) -> float:
    """Seconds until the outbox is asked again, when nothing has been new for so long."""
    if quiet_seconds >= NIGHT_AFTER_SECONDS:
        return POLL_NIGHT_SECONDS
    return min(max(POLL_SECONDS, QUIET_SHARE * quiet_seconds), POLL_QUIET_SECONDS)
