"""Figures that take long: what was worked out last is shown at once, and worked out anew behind it.

Nothing depends on it: a gateway that begins has nothing kept and works it out when it is asked for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

FRESH_SECONDS: Final = 60.0
"""So long figures are shown without being worked out anew. Ours."""
WAIT_SECONDS: Final = 2.0
"""So long a page waits for figures that nobody has asked for yet."""
KEPT_MAX: Final = 128
"""Months of hospitals, those asked for last."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was worked out."""

    value: Any
    """As the work gave it."""
    at: datetime
    """When the work began."""
    done: float
    """When it was done, by the process's own clock."""


class Kept:
    """Figures by what they are of; each is worked out once at a time."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Figures] = {}
        self._running: dict[Hashable, asyncio.Task[Figures]] = {}

    async def get(
        self, key: Hashable, work: Callable[[], Awaitable[Any]], wait: float = WAIT_SECONDS
    ) -> Figures | None:
        """What is known of `key`; `None` when it takes longer than `wait` seconds to work out for the first time."""
        known = self._known.pop(key, None)
        if known is not None:
            self._known[key] = known
        if known is None or time.monotonic() - known.done > FRESH_SECONDS:
            running = self._running.get(key) or self._begin(key, work)
            if known is None:
                await asyncio.wait([running], timeout=wait)
                known = self._known.get(key)
        return known

    def _begin(self, key: Hashable, work: Callable[[], Awaitable[Any]]) -> asyncio.Task[Figures]:
        async def done() -> Figures:
            at = datetime.now(UTC)
            return Figures(await work(), at, time.monotonic())

        def ended(task: asyncio.Task[Figures]) -> None:
            del self._running[key]
            if task.cancelled():
                return
            if error := task.exception():
                log.warning("Figures were not worked out.", error=type(error).__name__)
                return
            self._known[key] = task.result()
            while len(self._known) > KEPT_MAX:
                del self._known[next(iter(self._known))]

        task = self._running[key] = asyncio.create_task(done())
        task.add_done_callback(ended)
        return task

    async def stop(self) -> None:
        """End what is under way."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
