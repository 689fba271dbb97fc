"""Work that one process of an installation does alone: while it holds the lease, from one look to the next.

A lease avoids quarrels; whoever works must be right without it (docs/architecture.md, "Alerts and the close").
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import uuid4

import asyncpg
import structlog

from sinks.ports.batch import LaneMovedError
from sinks.postgres.outbox import Outbox

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 10.0
LEASE_RENEWED_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 1.0
"""After a failure, and while another process holds the lease."""
Look = Callable[[], Awaitable[bool]]
_AGAIN = (OSError, TimeoutError, LaneMovedError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""The database is away, or another process was faster."""


async def while_leased(
    pool: asyncpg.Pool, name: str, look: Look, *, poll_seconds: float, rest_seconds: float = 0.0
) -> None:
    """Look after the work until cancelled; what fails is tried again.

    Args:
        pool: Of the database that keeps the lease.
        name: Of the lease, and of the work in the log.
        look: One step of the work; gives whether there was any.
        poll_seconds: Between two looks while there is none.
        rest_seconds: Between two looks while there is some.
    """
    leases, holder = Outbox(pool), uuid4()
    clock = asyncio.get_running_loop().time
    leased_at = -LEASE_SECONDS
    try:
        while True:
            pause = PAUSE_SECONDS
            try:
                if clock() - leased_at > LEASE_RENEWED_SECONDS and await leases.lease(name, holder, LEASE_SECONDS):
                    leased_at = clock()
                if clock() - leased_at < LEASE_SECONDS:
                    pause = rest_seconds if await look() else poll_seconds
            except _AGAIN as error:
                log.warning("The work is tried again.", work=name, error=type(error).__name__)
            await asyncio.sleep(pause)
    finally:
        # Without it the lease ends by itself.
        with suppress(*_AGAIN):
            await asyncio.shield(leases.release(name, holder))
