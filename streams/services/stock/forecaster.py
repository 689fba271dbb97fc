"""What stores will use is forecast anew each day of the books of their hospital.

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
"""Between two looks whether a hospital's day has moved. Own choice: a year of its scans is read then."""


async def forecast(pool: asyncpg.Pool) -> dict[str, date]:
    """Forecast every store as of the day of its hospital; gives these days by hospital."""
    houses = await books.days_of_books(pool)
    for each in houses:
        await _forecast(pool, each.hospital, each.day)
    return {each.hospital: each.day for each in houses}


async def _forecast(pool: asyncpg.Pool, hospital: str, day: date) -> None:
    demand = await books.demand_before(pool, hospital, day)
    # Other work of the process goes on meanwhile.
    await books.keep(pool, await asyncio.to_thread(forecasts_of, demand, day, POLICY.service_level_percent))


class Forecaster:
    """Forecasts, alone."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def look(self) -> bool:
        """Forecast each hospital that has come to another day; never asks to be called again at once."""
        for each in await books.days_of_books(self._pool):
            if each.kept_of != each.day:
                await _forecast(self._pool, each.hospital, each.day)
        return False

    async def run(self, failed: Failed = nobody) -> None:
        """Forecast until cancelled."""
        await while_leased(self._pool, "forecaster", self.look, poll_seconds=POLL_SECONDS, failed=failed)
