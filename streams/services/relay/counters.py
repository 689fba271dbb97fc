"""How far each output of the outbox has come: one query for all publishers of a process, when the bell rings."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog

from sinks.postgres.outbox import Outbox, Output
from streams.waiting import bounded

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.005
"""Never more often."""
POLL_RUNG_SECONDS: Final = 0.25
"""While the bell tells of what is new: what has none (a month's close, a proof) is found so late."""
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
    """The newest sequence number of every output, asked for when the bell rings, and now and then without it.

    Args:
        outbox: Of the books.
        embedded: The broker is the embedded one; nobody measures its latency.
    """

    def __init__(self, outbox: Outbox, *, embedded: bool) -> None:
        self._outbox = outbox
        self._embedded = embedded
        self._newest: Mapping[Output, int] = {}
        self._changed = asyncio.Event()
        self._rung = asyncio.Event()

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
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="relay bell")
            group.create_task(self._ask(), name="relay outbox")

    async def _ask(self) -> None:
        clock = asyncio.get_running_loop().time
        moved_at, told = clock(), False
        while True:
            rung = self._rung.is_set()
            self._rung.clear()
            try:
                newest = await self._outbox.newest()
            except Exception as error:  # noqa: BLE001 -- the driver raises more than it says when a server dies amid a call
                log.warning("The outbox can't be asked.", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if newest != self._newest:
                # Found before it was told of: the bell is not to be relied on until it rings again.
                self._newest, moved_at, told = newest, clock(), rung
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()
            told = told or rung
            await asyncio.sleep(POLL_SECONDS)
            with suppress(TimeoutError):
                await bounded(self._rung.wait(), self._pause(clock() - moved_at, told=told) - POLL_SECONDS)

    def _pause(self, quiet_seconds: float, *, told: bool) -> float:
        if told:
            return POLL_RUNG_SECONDS
        return POLL_EMBEDDED_SECONDS if self._embedded else pause(quiet_seconds)

    async def _listen(self) -> None:
        """Hear the bell; without it all is found a little later, so nobody is told when it can't be heard."""
        while True:
            with suppress(Exception):
                await self._outbox.listen(self._rung.set)
            await asyncio.sleep(PAUSE_SECONDS)


def pause(quiet_seconds: float) -> float:
    """Seconds until the outbox is asked again when no bell tells of it and nothing has been new for so long."""
    if quiet_seconds >= NIGHT_AFTER_SECONDS:
        return POLL_NIGHT_SECONDS
    return min(max(POLL_SECONDS, QUIET_SHARE * quiet_seconds), POLL_QUIET_SECONDS)
