"""Standard labels go through at first sight, and a scanner that loses separators stops nobody.

On Kafka where there is one: worker, relay and scheduler are processes, and the worker is killed in the middle.
"""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from streams.simulator.hospital.lots import LOTS, drawn
from tests.conftest import BROKERS
from tests.oracle.processes import Service, environment
from tests.support.builders import encounter, gs1, gtin, item, scan, scan_id
from tests.support.installed import Installed, running
from tests.support.servers.kafka import Broker

GTINS: Final = [gtin(2000 + number) for number in range(len(LOTS))]
"""Of each kind of lot a maker, new to the house."""
SWALLOWED: Final = ["L2106123", "22060301A21-55", "10LG212201-X21"]
"""The first is a lot again with the expiry it has swallowed; the others are too long to be one, which tells."""
DAY: Final = "17241231"
NUMBER: Final = "110103201012250009"
"""An identity number by its check character, of nobody."""


@pytest.fixture
async def house(database: str, broker: Broker, folder: Path) -> AsyncIterator[Installed]:
    async with running(database, broker, folder, "relay", "scheduler") as made:
        yield made


async def recorded(house: Installed, count: int) -> None:
    await house.until("SELECT true FROM report.scans HAVING count(*) = $1", count)


def with_real_lots(count: int) -> list[tuple[dict[str, Any], str]]:
    """Faultless labels that end in their lot, and the lots: of all kinds, one maker after the other."""
    draw, made = Random(5), date(2021, 10, 21)  # noqa: S311 -- a test's chance
    lots = [drawn(LOTS[number % len(LOTS)][1], made, draw.randrange) for number in range(count)]
    return [
        (scan(number, codes=[gs1(GTINS[number % len(GTINS)], expiry="241231", lot=lot)]), lot)
        for number, lot in enumerate(lots)
    ]


def lossy(number: int, di: str, lot: str) -> dict[str, Any]:
    """A label of which the scanner has lost the separator."""
    return scan(number, codes=[f"]d201{di}10{lot}{DAY}"], device_id="gun2")


# The embedded broker has no part in what is shown here where there is Kafka; services on it: test_queue_services.py.
@pytest.mark.parametrize("broker", BROKERS[-1:], indirect=True)
async def test_real_lots_are_billed_at_first_sight_and_a_lossy_scanner_is_found_and_mended(house: Installed) -> None:
    folder = house.settings.data_dir
    settings = {**house.environment, "UDI_DATA_DIR": str(folder)}
    worker = Service("worker", ("run", "worker"), environment("", "", folder) | settings, folder)
    whole = with_real_lots(3 * len(LOTS))
    with worker:
        items = [
            item(item_code=f"M{n}", identifiers=[{"issuer": "GS1", "di": di, "units_per_package": 1}])
            for n, di in enumerate(GTINS)
        ]
        await house.publish("udi.catalogue", *((f"H1/{each['item_code']}".encode(), each) for each in items))
        await house.publish("udi.encounters", (b"H1/E1", encounter()))
        await house.until("SELECT true FROM udi.catalogue, udi.encounter HAVING count(*) > 30")
        half = len(whole) // 2
        await house.scan(*(each for each, _ in whole[:half]))
        worker.kill()
        worker.start()
        await house.scan(*(each for each, _ in whole[half:]))
        await recorded(house, len(whole))

        swallowed = [lossy(900 + n, GTINS[n], lot) for n, lot in enumerate(SWALLOWED)]
        await house.scan(*swallowed)
        await house.until("SELECT true FROM report.scanner_records WHERE device_id = 'gun2' AND losing")
        await house.until(
            "SELECT true FROM udi.lane HAVING bool_and(facts_seen = (SELECT version FROM udi.fact_counter))"
        )
        last = lossy(910, GTINS[3], "L2106123")
        personal = [last, scan(920, codes=[gs1(GTINS[4], lot="L1"), NUMBER]), scan(921, codes=[NUMBER] * 5)]
        await house.scan(*personal)
        await recorded(house, len(whole) + 5)
        listed = await house.json("scanners")
        found = next(
            row for row in listed["doubts"] if row["scan_id"] == str(scan_id(900)) and row["lot"] == SWALLOWED[0]
        )
        mended = await house.udi(
            "correct", found["scan_id"], "--reading", str(found["reading"]), "--reason", "the label", "--by", "li"
        )
        await house.until("SELECT lot FROM report.scans WHERE scan_id = $1 AND lot = $2", scan_id(900), SWALLOWED[0])

    rows = {row["scan_id"]: row for row in await house.pool.fetch("SELECT * FROM report.scans")}
    records = await house.pool.fetch("SELECT device_id FROM report.scanner_records")
    assert [rows[scan_id(number)]["lot"] for number in range(len(whole))] == [lot for _, lot in whole]
    assert {(rows[scan_id(n)]["verdict"], *rows[scan_id(n)]["reasons"]) for n in range(len(whole))} == {
        ("billed", "stock-negative")
    }
    assert {row["scan_id"] for row in listed["doubts"]} == {str(scan_id(900))}
    assert {row["device_id"] for row in records} == {"gun2"}
    assert rows[scan_id(910)]["lot"] is None
    assert (rows[scan_id(910)]["verdict"], *rows[scan_id(910)]["reasons"]) == (
        "billed",
        "lot-uncertain",
        "stock-negative",
    )
    assert all(rows[scan_id(900 + n)]["verdict"] == "billed" for n in range(3))
    assert mended.exit_code == 0, mended.stdout
    logs = [log.read_text(encoding="utf-8") for log in folder.rglob("*.log")]
    assert any("Partitions taken" in log for log in logs)
    assert not any(NUMBER in log for log in logs)
