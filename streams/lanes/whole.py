"""Work that must get its answer once it has begun."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, TypeVar

from streams.waiting import bounded

T = TypeVar("T")
ANSWER_SECONDS_MAX: Final = 10.0
"""How long a cancelled caller waits for the answer."""


async def whole(work: Awaitable[T]) -> T:
    """Run to the end even when cancelled meanwhile: a COMMIT under way must get its answer."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await bounded(task, ANSWER_SECONDS_MAX)
        raise
