"""Whoever waits ends: what is waited for can neither hold him up for ever nor hide that he was cancelled."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from streams.waiting import bounded, ended


async def forever() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    raise OSError


async def cancelled() -> None:
    raise asyncio.CancelledError


async def test_what_comes_in_time_is_given_and_what_does_not_is_said() -> None:
    assert await bounded(asyncio.sleep(0, "done"), 1) == "done"
    with pytest.raises(TimeoutError):
        await bounded(forever(), 0.01)


@pytest.mark.parametrize("stopping", [forever, failing, cancelled])
async def test_how_something_stops_is_its_own_affair(stopping: Callable[[], Awaitable[None]]) -> None:
    await ended(stopping(), 0.01)


@pytest.mark.parametrize("waiting", [bounded, ended])
async def test_who_is_cancelled_ends_though_what_he_waits_for_comes_in_the_same_turn(
    waiting: Callable[[Awaitable[None], float], Awaitable[None]],
) -> None:
    answer = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(waiting(answer, 60))
    await asyncio.sleep(0)
    answer.set_result(None)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
