"""A reader of one partition in the hands of the tests."""

from collections.abc import AsyncIterator

import pytest

from streams.lanes import reader as readers
from tests.unit.streams.lanes.hand import Hand, at_five, until


@pytest.fixture
async def hand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hand]:
    """It stands at 5; the parameter, if any, is what a person has given up. What is left in hand is not waited for."""
    monkeypatch.setattr(readers, "BROKER_SECONDS_MAX", 0.1)
    made = Hand(at_five, *getattr(request, "param", ()))
    await until(lambda: made.reader.lane is not None)
    yield made
    await made.reader.stop()
