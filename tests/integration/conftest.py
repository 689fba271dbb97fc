"""The books and their twin: tests that name `store` or `ward` run against both."""

from collections.abc import AsyncIterator

import pytest

from tests.support.ward import MemoryStore, Store, Ward, postgres_store, usual


@pytest.fixture(params=["memory", "postgres"])
def place(request: pytest.FixtureRequest) -> str | None:
    """The address of a fresh database, or nothing for the twin."""
    return request.getfixturevalue("database") if request.param == "postgres" else None


@pytest.fixture
async def store(place: str | None) -> AsyncIterator[Store]:
    if place is None:
        yield MemoryStore()
        return
    async with postgres_store(place) as books:
        yield books


@pytest.fixture
async def ward(store: Store) -> Ward:
    return await Ward(store).open(*usual())
