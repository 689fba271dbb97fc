"""What stores will use is forecast anew each day of the books.

References:
    docs/store.md, "Forecast".
"""

import asyncio
from datetime import date
from typing import Final

import asyncpg

from models.policy import POLICY
from rules.stock.forecasting import forecasts_of
from sinks.postgres.stock.replenishing import demand as books
from streams.services.leased import Failed, nobody, while_leased

POLL_SECONDS: Final = 600.0
"""Between two looks whether a day is over. Own choice: a year of scans is read then."""


async def forecast(pool: asyncpg.Pool) -> date | None:
    """Forecast every store as of the day of the books; gives that day, `None` while nothing is recorded."""
    day = await books.day_of_books(pool)
    if day is not None:
        demand = await books.demand_before(pool, day)
        # Other work of the process goes on meanwhile.
        await books.keep(pool, await asyncio.to_thread(forecasts_of, demand, day, POLICY.service_level_percent))
    return day


class Forecaster:
    """Forecasts, alone."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def look(self) -> bool:
        """Forecast when the books have come to another day; never asks to be called again at once."""
        if await books.kept_of(self._pool) != await books.day_of_books(self._pool):
            await forecast(self._pool)
        return False

    async def run(self, failed: Failed = nobody) -> None:
        """Forecast until cancelled."""
        await while_leased(self._pool, "forecaster", self.look, poll_seconds=POLL_SECONDS, failed=failed)
