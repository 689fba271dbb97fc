"""Each job of the scheduler by itself: one that fails ends no other."""

import asyncio
from collections import Counter
from typing import cast

import asyncpg

from sinks.metrics.table import PLACES
from streams.services import leased, scheduler
from streams.services.scheduler import kept_up
from streams.settings import Settings


def test_errors_of_every_job_are_counted_under_its_name() -> None:
    assert set(scheduler.jobs(Settings(), cast("asyncpg.Pool", None), leased.nobody, {})) <= set(PLACES)


async def test_a_job_that_fails_begins_anew_and_ends_no_other() -> None:
    leased_pause, leased.PAUSE_SECONDS = leased.PAUSE_SECONDS, 0.0  # type: ignore[misc]
    began: Counter[str] = Counter()
    failures: list[tuple[str, str]] = []
    done = asyncio.Event()

    async def fails() -> None:
        began["fails"] += 1
        raise KeyError("planted")

    async def works() -> None:
        began["works"] += 1
        while began["fails"] < 3:
            await asyncio.sleep(0)
        done.set()
        await asyncio.sleep(3600)

    def failed(place: str, error: Exception) -> None:
        failures.append((place, type(error).__name__))

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(kept_up(name, job, failed)) for name, job in (("fails", fails), ("works", works))
            ]
            await asyncio.wait_for(done.wait(), 60)
            for task in tasks:
                task.cancel()
    finally:
        leased.PAUSE_SECONDS = leased_pause  # type: ignore[misc]
    assert began["works"] == 1
    assert set(failures) == {("fails", "KeyError")}
    assert scheduler.TICK_SECONDS <= 1
