"""Connections that stay open from test to test, so that a test finds the server's processes warm.

A new process of PostgreSQL reads what it needs of the catalogs and plans each statement once: tens of milliseconds of
CPU for the books, a hundred times what most tests ask of them. So what one test has opened with `pool_of` the next
finds, as new: whatever a session can hold but plans and prepared statements is reset in between.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from sinks.postgres.database import open_pool
from tests.support.loops import in_shared_loop

SIZE: Final = 4
"""Connections of a pool of books."""
RESET: Final = """
CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all();
DISCARD TEMP; DISCARD SEQUENCES
"""
"""`DISCARD ALL` but for plans and prepared statements; `RESET ALL` goes back to what the connection was opened with.

References:
    PostgreSQL 18, SQL Commands, DISCARD.
"""
_OTHERS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> ALL ($1)
"""
GONE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What is raised by a connection whose server or process has ended."""
_KEPT: Final[dict[str, "Kept"]] = {}


class Kept:
    """What is kept open to one database.

    Args:
        url: of the database.
        owner: a connection for who gives and empties it.
    """

    def __init__(self, url: str, owner: asyncpg.Connection) -> None:
        self.url, self.owner = url, owner
        self._pool: asyncpg.Pool | None = None
        self._lent = False
        _KEPT[url] = self

    @classmethod
    async def open(cls, url: str) -> "Kept":
        """Only to whoever owns the tables: past every trigger."""
        return cls(url, await asyncpg.connect(url, server_settings={"session_replication_role": "replica"}))

    async def answers(self) -> bool:
        """Whether the connections are still there; a test may have stopped the server."""
        try:
            await self.owner.execute("SELECT")
        except GONE:
            return False
        return True

    async def others(self) -> int:
        """How many are connected beside us, or have a pool of ours that they have not given back."""
        return self._lent + int(await self.owner.fetchval(_OTHERS, [self.owner.get_server_pid(), *self._pids()]))

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[asyncpg.Pool]:
        """The pool, as new."""
        pool, self._pool = self._pool or await open_pool(self.url, SIZE, hot=True), None
        self._lent = True
        try:
            yield pool
        finally:
            self._lent = False
            if _KEPT.get(self.url) is self and await _reset(pool):
                self._pool = pool
            else:
                await pool.close()

    def close(self) -> None:
        """Nothing is kept any more."""
        _KEPT.pop(self.url, None)
        self.owner.terminate()
        if self._pool is not None:
            self._pool.terminate()

    @property
    def lent(self) -> bool:
        """Somebody has the pool."""
        return self._lent

    def _pids(self) -> list[int]:
        return [connection.get_server_pid() for connection in _opened(self._pool)] if self._pool else []


def kept(url: str) -> Kept | None:
    """What is kept of that database, for who runs in the loop of the tests."""
    return _KEPT.get(url) if in_shared_loop() else None


@asynccontextmanager
async def pool_of(url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool of connections that gather and record."""
    found = kept(url)
    if found is not None and not found.lent:
        async with found.lend() as pool:
            yield pool
        return
    pool = await open_pool(url, SIZE, hot=True)
    try:
        yield pool
    finally:
        await pool.close()


def _opened(pool: asyncpg.Pool) -> list[asyncpg.Connection]:
    holders = pool._holders  # type: ignore[attr-defined]  # The stubs do not know what a pool has of its own.
    found = [holder._con for holder in holders]
    return [connection for connection in found if connection is not None and not connection.is_closed()]


async def _reset(pool: asyncpg.Pool) -> bool:
    """Whether all of it could be."""
    if pool.is_closing() or pool.get_idle_size() < pool.get_size():
        return False
    try:
        for connection in _opened(pool):
            await connection.execute(RESET)
    except GONE:
        return False
    return True
