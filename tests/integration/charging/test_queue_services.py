"""The queue of held scans in a running installation: worker, relay and scheduler as processes of their own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from models.texts import texts
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, encounter, gs1, item, scan, scan_id
from tests.support.installed import SECONDS_MAX, Installed, running
from tests.support.ward import LANES, verdicts

EXPIRED: Final = gs1(DI, expiry="220101", lot="Q1")


@pytest.fixture
async def house(database: str, embedded_broker: EmbeddedBroker, folder: Path) -> AsyncIterator[Installed]:
    async with running(database, embedded_broker, folder, "worker", "relay", "scheduler") as made:
        yield made


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
    await house.publish("udi.catalogue", (b"H1/SCREW", item()))
    await house.publish("udi.encounters", (b"H1/E1", encounter()))
    await house.until("SELECT true FROM udi.catalogue, udi.encounter")
    await house.scan(*held)
    await house.until("SELECT true FROM report.held HAVING count(*) = 2")

    released = await house.udi("held", "release", first, "--reason", "opened before it expired", "--by", "wang")
    corrected = await house.udi("correct", second, "--quantity", "3", "--reason", "three were opened", "--by", "li")
    right = await house.until("SELECT corrected_by FROM report.corrections WHERE recorded_at IS NOT NULL")

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
