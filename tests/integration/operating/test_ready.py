"""Services are ready when they are at work, not when they were started."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sinks.postgres.operating.readiness import jobs_at_work, relay_at_work, worker_at_work
from streams.embedded.broker import EmbeddedBroker
from streams.ready import until_ready
from tests.support.installed import SECONDS_MAX, Installed, installed


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


async def test_a_relay_is_ready_once_it_holds_a_lane(house: Installed) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until_ready(house.settings, ["relay"]), 1.0)

    async with house.relay():
        await asyncio.wait_for(until_ready(house.settings, ["relay"]), SECONDS_MAX)


async def test_who_records_is_a_worker_and_nobody_else_is_at_work(house: Installed) -> None:
    found = [await asked(house.pool) for asked in (worker_at_work, relay_at_work, jobs_at_work)]
    assert found == [True, False, False]  # The ward records over the connections of a worker.


async def test_a_gateway_is_ready_once_it_listens(house: Installed) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = house.settings.model_copy(update={"gateway_port": port})
    await asyncio.wait_for(until_ready(settings, ["gateway"]), SECONDS_MAX)
    server.close()
    await server.wait_closed()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until_ready(settings, ["gateway"]), 1.0)
