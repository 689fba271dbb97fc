"""Counts of the simulated store as a person makes them: started, scanned, posted, and waited for."""

import asyncio
from typing import Final

import asyncpg

from sinks.postgres.stock import counts as books
from streams.counting import post_count
from streams.language import say
from streams.proofs.player import POLL_SECONDS, RECORDED_SECONDS_MAX, Player
from streams.settings import Settings
from streams.simulator.plan import Stage

BY: Final = "store-keeper"
APPROVED_BY: Final = "head-of-store"


async def play_counts(stage: Stage, hospital: str, player: Player, pool: asyncpg.Pool, settings: Settings) -> None:
    """Start the counts of a stage, have their scans recorded, post them, and wait until all is booked.

    Raises:
        RuntimeError: a count got another document than the simulated scans name, or can't be posted.
        TimeoutError: what was posted was not booked; `Corrector` has to run.
    """
    for store, document in stage.counts:
        async with books.count_desk(pool, hospital) as desk:
            given = await desk.start(store, None, BY)
        if given != document:
            raise RuntimeError(f"Expected {document} for the count of {store}, got {given}.")
    await player.publish(stage.records)
    await player.recorded()
    for _, document in stage.counts:
        (count,) = await books.counts(pool, hospital, document)
        async with books.count_desk(pool, hospital) as desk:
            against = await post_count(desk, count, settings.zone, say("desk", "demo-reason", "count"), BY, APPROVED_BY)
        if against is not None:
            raise RuntimeError(f"{document}: {against}")
    async with asyncio.timeout(RECORDED_SECONDS_MAX):
        while stage.counts and await books.unrecorded(pool):
            await asyncio.sleep(POLL_SECONDS)
