"""The worker of the last release records in the newest books, so that workers are changed over one by one."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from streams.embedded.broker import EmbeddedBroker
from tests.oracle.processes import Service
from tests.oracle.processes import environment as clean
from tests.support.builders import DI, encounter, gs1, item, price, scan
from tests.support.installed import Installed, running

PYTHON: Final = (sys.executable, "-P")
"""Without the folder it is started in, which is this tree."""


@pytest.fixture
async def house(database: str, embedded_broker: EmbeddedBroker, folder: Path) -> AsyncIterator[Installed]:
    async with running(database, embedded_broker, folder) as made:
        yield made


async def test_a_worker_of_the_last_release_records_charges_returns_and_late_prices(
    house: Installed, last_release: Path
) -> None:
    folder = house.settings.data_dir
    own = {**house.environment, "UDI_DATA_DIR": str(folder), "PYTHONPATH": str(last_release)}
    settings = clean("", "", folder) | own
    where = [*PYTHON, "-c", "import streams; print(streams.__file__)"]
    assert subprocess.check_output(where, env=settings, text=True).startswith(str(last_release))  # noqa: ASYNC221 -- once

    label = gs1(DI, expiry="271231", lot="L1")
    with Service("worker", ("run", "worker"), settings, folder, program=(*PYTHON, "-m", "streams")):
        await house.scan(scan(1, codes=[label], quantity=3))
        await house.until("SELECT true FROM report.parked")
        await house.publish("udi.encounters", (b"H1/E1", encounter()))
        await house.publish("udi.catalogue", (b"H1/SCREW", item()))
        await house.until("SELECT true FROM report.charges WHERE amount = 3702")
        await house.scan(scan(2, codes=[label], action="return"))
        await house.until("SELECT true FROM report.charges WHERE kind = 'credit' AND amount = 1234")
        await house.publish("udi.catalogue", (b"H1/SCREW", item(prices=[price("1300.00")])))
        await house.until("SELECT true FROM report.charges WHERE kind = 'charge' AND amount = 2600")

    checks = (await house.json("verify", "--no-topics"))["checks"]
    assert [each["name"] for each in checks if not each["ok"]] == []
