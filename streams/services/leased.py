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

from sinks.postgres.outbox import Outbox
from streams.lanes.attempts import place_of
from streams.lanes.failures import own

log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 10.0
LEASE_RENEWED_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 1.0
"""After a failure, and while another process holds the lease."""
PAUSE_SECONDS_MAX: Final = 30.0
"""After failures of its own that come again: the work is wrong, and trying it more often makes it no better."""
Look = Callable[[], Awaitable[bool]]
Failed = Callable[[str, Exception], None]
"""Told of a failure that is none of the infrastructure: the place (`sinks.metrics.counts.PLACES`) and the error."""


def nobody(place: str, error: Exception) -> None:
    """Tell nobody."""


async def while_leased(
    pool: asyncpg.Pool,
    name: str,
    look: Look,
    *,
    poll_seconds: float,
    rest_seconds: float = 0.0,
    failed: Failed = nobody,
) -> None:
    """Look after the work until cancelled; what fails is tried again, whatever it was.

    Args:
        pool: Of the database that keeps the lease.
        name: Of the lease, and of the work in the log.
        look: One step of the work; gives whether there was any.
        poll_seconds: Between two looks while there is none.
        rest_seconds: Between two looks while there is some.
        failed: Told of errors that are the work's own.
    """
    leases, holder = Outbox(pool), uuid4()
    clock = asyncio.get_running_loop().time
    leased_at, own_failures = -LEASE_SECONDS, 0
    try:
        while True:
            pause = PAUSE_SECONDS
            try:
                if clock() - leased_at > LEASE_RENEWED_SECONDS and await leases.lease(name, holder, LEASE_SECONDS):
                    leased_at = clock()
                if clock() - leased_at < LEASE_SECONDS:
                    pause = rest_seconds if await look() else poll_seconds
                    own_failures = 0
            except Exception as error:  # noqa: BLE001 -- no failure of the work may end what runs beside it
                own_failures += own(error)
                pause = tell(name, error, own_failures, failed)
            await asyncio.sleep(pause)
    finally:
        # Without it the lease ends by itself.
        with suppress(Exception):
            await asyncio.shield(leases.release(name, holder))


def tell(work: str, error: Exception, own_failures: int, failed: Failed) -> float:
    """Say that work failed, as what it is; gives the seconds to wait before it is tried again.

    Args:
        work: Its name.
        error: What it failed with.
        own_failures: How often it has failed by its own fault in a row, this one included.
        failed: Told when it is the work's own.
    """
    name, at = type(error).__name__, place_of(error)
    if not own(error):
        log.warning("The work is tried again.", work=work, error=name, at=at)
        return PAUSE_SECONDS
    log.error("The work fails by itself; it is tried again, the other work goes on.", work=work, error=name, at=at)
    failed(work, error)
    return float(min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2 ** min(own_failures, 10)))
