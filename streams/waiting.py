"""Waiting with a bound for clients and the work of others, so that whoever is cancelled meanwhile ends.

`asyncio.wait_for` does not promise that: until Python 3.12 it gives the result and forgets the cancellation when both
come in the same turn. A loop that waits so goes on, and who cancelled it waits for ever.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def bounded(work: Awaitable[T], seconds: float) -> T:
    """The result, or a `TimeoutError`: then the outcome is unknown."""
    async with asyncio.timeout(seconds):
        return await work


async def ended(stopping: Awaitable[object], seconds: float) -> None:
    """Wait until something has stopped, at most so many seconds; how it ends is its own affair.

    Neither its errors nor its own cancellation come through. That of the caller does.
    """
    task = asyncio.ensure_future(stopping)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
