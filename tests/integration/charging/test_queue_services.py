"""The queue of held scans in a running installation: worker, relay and scheduler as processes of their own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from models.texts import texts
from streams.embedded.broker import EmbeddedBroker
from streams.running import Supervisor, initialise
from streams.settings import Settings
from tests.support.builders import DI, NOON, body, encounter, gs1, item, key_of, scan, scan_id
from tests.support.installed import Installed
from tests.support.ward import LANES, Ward, postgres_store, verdicts

EXPIRED: Final = gs1(DI, expiry="220101", lot="Q1")
SECONDS_MAX: Final = 60.0


@pytest.fixture
async def house(database: str, embedded_broker: EmbeddedBroker, folder: Path) -> AsyncIterator[Installed]:
    settings = Settings(
        bootstrap_servers=embedded_broker.bootstrap_servers,
        database_url=SecretStr(database),
        embedded_broker=True,
        log_append_time=False,
        lanes=LANES,
        data_dir=folder / "services",
    )
    settings.data_dir.mkdir()
    async with postgres_store(database) as store:
        await initialise(settings)
        async with Supervisor(settings, ("worker", "relay", "scheduler"), settings.data_dir):
            yield Installed(settings, store.pool, Ward(store))


async def publish(house: Installed, topic: str, *records: tuple[bytes, dict[str, Any]]) -> None:
    async with AIOKafkaProducer(**house.settings.kafka()) as producer:
        for key, record in records:
            await producer.send_and_wait(topic, body(record), key=key, timestamp_ms=int(NOON.timestamp() * 1000))


async def until(house: Installed, statement: str, *arguments: Any) -> Any:
    """The first value the books give for it."""
    async with asyncio.timeout(SECONDS_MAX):
        while (found := await house.pool.fetchval(statement, *arguments)) is None:
            await asyncio.sleep(0.1)
    return found


async def charged(house: Installed) -> list[dict[str, Any]]:
    """What the relay has published to be billed, as soon as there is any."""
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            records = [record for lane in range(LANES) for record in await house.records("udi.billing", lane)]
            if records:
                return [orjson.loads(value or b"") for _, value in records]


async def test_what_is_released_is_charged_and_the_right_scan_takes_the_place_of_a_corrected_one(
    house: Installed,
) -> None:
    first, second = str(scan_id(1)), str(scan_id(2))
    held = [scan(1, codes=[EXPIRED], quantity=2), scan(2, codes=[EXPIRED])]
    await publish(house, "udi.catalogue", (b"H1/SCREW", item()))
    await publish(house, "udi.encounters", (b"H1/E1", encounter()))
    await until(house, "SELECT true FROM udi.catalogue, udi.encounter")
    await publish(house, "udi.scans", *[(key_of(each), each) for each in held])
    await until(house, "SELECT true FROM report.held HAVING count(*) = 2")

    released = await house.udi("held", "release", first, "--reason", "opened before it expired", "--by", "wang")
    corrected = await house.udi("correct", second, "--quantity", "3", "--reason", "three were opened", "--by", "li")
    right = await until(house, "SELECT corrected_by FROM report.corrections WHERE recorded_at IS NOT NULL")

    assert (released.exit_code, released.stdout) == (
        0, "Released: SCREW 螺钉 / lot Q1, E1: billed, 2,468.00 CNY.\n",
    )  # fmt: skip
    assert corrected.exit_code == 0
    said, taking = corrected.stdout.splitlines()
    assert said.startswith("Corrected: SCREW 螺钉 / lot Q1, E1: recorded: ")
    assert taking == (
        f"Its place takes …{str(right)[-8:]}: SCREW 螺钉 / lot Q1, E1: held: {texts('en')['reason']['expired']}."
    )
    charges = await charged(house)
    assert [(each["scan_id"], each["kind"], each["quantity"], each["amount"]) for each in charges] == [
        (first, "charge", 2, "2468.00")
    ]
    now = verdicts(await house.ward.account())
    assert now == {
        first: ("billed", ("stock-negative", "released")),
        second: ("recorded", ("corrected",)),
        str(right): ("held", ("expired", "stock-negative")),
    }
    assert await house.pool.fetchval("SELECT quantity FROM report.held WHERE scan_id = $1", right) == 3
