"""The relay asks when the bell rings; without it often while records come, and less the longer none has."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, cast

import pytest

from models.wire.topics import BILLING
from sinks.postgres.outbox import Output
from streams.services.relay import counters
from streams.services.relay.counters import Counters, pause

OUTPUT: Output = (BILLING, 0)
SECONDS_MAX = 60


@pytest.mark.parametrize(
    ("quiet_seconds", "expected"),
    [
        (0.0, 0.005),
        (0.05, 0.005),
        (0.1, 0.01),
        (0.2, 0.02),
        (29.999, 0.02),
        (30.0, 0.04),
        (86_400.0, 0.04),
    ],
)
def test_pause_is_a_tenth_of_the_quiet_time_within_bounds(quiet_seconds: float, expected: float) -> None:
    assert pause(quiet_seconds) == pytest.approx(expected)


class Outbox:
    """An outbox of the tests, and its bell."""

    def __init__(self) -> None:
        self.seq = self.asked = 0
        self.heard: Callable[[], None] | None = None
        self.broken = asyncio.Event()

    async def newest(self) -> dict[Output, int]:
        self.asked += 1
        return {OUTPUT: self.seq}

    async def listen(self, heard: Callable[[], None]) -> None:
        self.heard = heard
        await self.broken.wait()
        self.heard = None
        raise OSError


class Relay:
    """Counters at work on it."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.counters = Counters(cast("Any", self.outbox), embedded=False)

    async def write(self, *, rung: bool) -> None:
        """A lane records, and rings."""
        self.outbox.seq += 1
        if rung:
            assert self.outbox.heard is not None
            self.outbox.heard()
        async with asyncio.timeout(SECONDS_MAX):
            while self.counters.newest(OUTPUT) != self.outbox.seq:
                await asyncio.sleep(0.001)


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """One that has been told of a record by the bell."""
    made = Relay()
    task = asyncio.create_task(made.counters.run())
    while made.outbox.heard is None:
        await asyncio.sleep(0)
    await made.write(rung=True)
    yield made
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_it_asks_when_the_bell_rings_and_hardly_without(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "POLL_RUNG_SECONDS", 10 * SECONDS_MAX)
    for _ in range(5):
        await relay.write(rung=True)
        await asyncio.sleep(0.02)
    asked = relay.outbox.asked
    await asyncio.sleep(0.1)
    assert relay.outbox.asked == asked


async def test_what_no_bell_tells_of_is_found_and_then_looked_for_often(relay: Relay) -> None:
    await relay.write(rung=False)
    await asyncio.sleep(0.02)
    asked = relay.outbox.asked
    async with asyncio.timeout(SECONDS_MAX):
        while relay.outbox.asked < asked + 5:
            await asyncio.sleep(0.005)
    await relay.write(rung=True)
    await relay.write(rung=False)


async def test_a_bell_that_breaks_is_hung_again(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "PAUSE_SECONDS", 0.01)
    relay.outbox.broken.set()
    await relay.write(rung=False)
    relay.outbox.broken.clear()
    async with asyncio.timeout(SECONDS_MAX):
        while relay.outbox.heard is None:
            await asyncio.sleep(0.005)
    await relay.write(rung=True)
