"""Raw bytes of scans: months are made before they come, and let go by the hospital's retention.

References:
    docs/operations.md, "What grows"; docs/adr/0014-raw-bytes-by-month.md.
"""

from typing import Final

import asyncpg

from sinks.postgres.operating.raw_months import RawMonths
from streams.services.leased import Failed, nobody, while_leased
from streams.settings import Settings

POLL_SECONDS: Final = 3600.0
REST_SECONDS: Final = 1.0
"""Between two months that are let go, so that records have the disk for themselves."""


class RawKeeper:
    """Keeps the months of raw bytes, alone."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool) -> None:
        self._settings = settings
        self._pool = pool
        self._months = RawMonths(pool)

    async def look(self) -> bool:
        """Make the months ahead, let one go that is due; gives whether there was one."""
        await self._months.make()
        kept = self._settings.raw_kept_months
        return kept is not None and await self._months.purge(kept) is not None

    async def run(self, failed: Failed = nobody) -> None:
        """Keep them until cancelled."""
        await while_leased(
            self._pool, "raw-keeper", self.look, poll_seconds=POLL_SECONDS, rest_seconds=REST_SECONDS, failed=failed
        )
