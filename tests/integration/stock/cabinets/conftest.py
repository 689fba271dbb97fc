"""Three units lie in a cabinet, by the books."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.stock.cabinets.reading import Cabinet, unit
from tests.support.builders import encounter, item
from tests.support.ward import PostgresStore, Ward, postgres_store


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    ward = await Ward(store).open(item(tracking="serial"), encounter())
    await ward.scan(*(unit(number, number, action="receive", encounter=None) for number in range(1, 4)))
    return ward


@pytest.fixture
def cabinet(store: PostgresStore) -> Cabinet:
    return Cabinet(store.pool)
