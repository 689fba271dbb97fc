"""Bodies of the outbox are let go when they are published and old: ids and keys stay, and the books can make them anew.

References:
    docs/operations.md, "What grows".
"""

from typing import Final

import asyncpg

from sinks.postgres.operating.purging import OutboxPurge
from streams.services.leased import Failed, nobody, while_leased
from streams.settings import Settings
from streams.topics import cluster_id

BLOCKS_MAX: Final = 500
"""Of each output in one transaction; some tens of milliseconds. Own choice."""
POLL_SECONDS: Final = 3600.0
REST_SECONDS: Final = 1.0
"""Between two transactions, so that records have the disk for themselves."""


class Purger:
    """Purges the outbox, alone."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool) -> None:
        self._settings = settings
        self._pool = pool
        self._books = OutboxPurge(pool)

    async def look(self) -> bool:
        """Purge some of what was published to the cluster; gives whether there was any."""
        cluster, days = await cluster_id(self._settings), self._settings.outbox_kept_days
        return await self._books.purge(cluster, days, BLOCKS_MAX) > 0

    async def run(self, failed: Failed = nobody) -> None:
        """Purge until cancelled."""
        await while_leased(
            self._pool, "purger", self.look, poll_seconds=POLL_SECONDS, rest_seconds=REST_SECONDS, failed=failed
        )
