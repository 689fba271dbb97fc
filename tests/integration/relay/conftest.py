"""A relay's parts: a pool of the test's database, and settings with the topics of real Kafka."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from sinks.postgres.database import open_pool
from streams.settings import Settings
from tests.support.servers.kafka import RealKafka
from tests.support.servers.outbox import relay_settings


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await open_pool(database, 4)
    yield opened
    opened.terminate()


@pytest.fixture
async def settings(real_kafka: RealKafka, database: str) -> Settings:
    return await relay_settings(real_kafka, database)
