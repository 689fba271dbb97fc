"""A bell from whoever records to the relay: the outbox has something new.

A `NOTIFY` in the transaction that records would take a lock of the whole server until its commit is on disk, and all
who record would wait for each other. So the bell is a transaction of its own, after the commit, that waits for no disk.
It is a hint: late or lost, the relay still finds what is new when it looks by itself.

References:
    docs/adr/0004 (outbox and relay); PostgreSQL documentation, NOTIFY.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

CHANNEL: Final = "udi_outbox"
_RING: Final = f"SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}"
"""Both in one transaction, as they are sent together. A `NOTIFY` writes a commit of its own to the log."""


class Bell:
    """Rings over a pool; one ring is under way at a time, and one more follows for all that came meanwhile."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._again = False
        self._ringing: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Tell who listens, soon; whoever rings waits for nothing and never fails by it."""
        self._again = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring(), name="bell of the outbox")

    async def _ring(self) -> None:
        while self._again:
            self._again = False
            with suppress(Exception):  # The database is away: the relay looks by itself when it is back.
                await self._pool.execute(_RING)


async def listen(pool: asyncpg.Pool, heard: Callable[[], None]) -> None:
    """Call `heard` at every ring until the connection ends.

    Raises:
        asyncpg.PostgresError, OSError, TimeoutError: The database is away.
    """
    ended = asyncio.Event()

    def ring(*_: Any) -> None:
        heard()

    def end(_: object) -> None:
        ended.set()

    async with pool.acquire() as connection:
        connection.add_termination_listener(end)
        try:
            await connection.add_listener(CHANNEL, ring)
            await ended.wait()
        finally:
            connection.remove_termination_listener(end)
            await connection.remove_listener(CHANNEL, ring)
