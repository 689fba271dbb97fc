"""The pack of a month and the run of a month, as people call them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import scan
from tests.support.cases import discharge, income, post_discharges, post_incomes
from tests.support.installed import Installed, installed

FORGET = (
    "SET session_replication_role = replica; DELETE FROM udi.month_step WHERE step = 'pack'; "
    "RESET session_replication_role"
)


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as house:
        yield house


async def post_month(house: Installed) -> None:
    await post_incomes(house.pool, income(), income(department="CARD"))
    await post_discharges(
        house.pool,
        *(
            discharge(
                encounter=f"{department}{number}", department=department, consumable_cost=f"{cost + 50 * number}.00",
                drg_weight=f"{1 + number % 3}.2", stay_days=4 + number % 5, level4_surgery=number % 2 == 0,
            )
            for department, cost in (("ORTH", 3000), ("CARD", 5000), ("NEUR", 4000))
            for number in range(12)
        ),
    )  # fmt: skip


def read(file: str) -> str:
    return Path(file).read_text(encoding="utf-8")


async def test_pack_is_one_page_and_one_workbook(house: Installed, tmp_path: Path) -> None:
    await post_month(house)

    found = await house.json("pack", "2022-06", "--out", str(tmp_path))

    assert [Path(each).name for each in found["files"]] == ["H1-2022-06.html", "H1-2022-06.xlsx"]
    page = read(found["files"][0])
    assert page.count("<svg") >= 4
    assert "NEUR" in page


async def test_run_of_a_month_does_what_is_not_done_and_nothing_twice(house: Installed, tmp_path: Path) -> None:
    await post_month(house)

    first = await house.udi("month", "run", "2022-06", "--out", str(tmp_path))
    second = await house.udi("month", "run", "2022-06", "--out", str(tmp_path))

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "assess: kept as run " in first.stdout
    assert "assess was done before." in second.stdout
    assert await house.pool.fetchval("SELECT count(*) FROM udi.assessment_run") == 1
    await house.pool.execute(FORGET)
    again = await house.udi("month", "run", "2022-06", "--out", str(tmp_path))
    assert "pack: " in again.stdout
    assert "assess was done before." in again.stdout


async def test_run_of_a_month_skips_no_hospital_that_has_scanned(house: Installed, tmp_path: Path) -> None:
    await post_month(house)
    await house.udi("month", "run", "2022-06", "--out", str(tmp_path))
    await house.ward.scan(scan(1, hospital="H2"))

    # No worker runs here to record the ticks of its close.
    behind = await house.udi("month", "run", "2022-06", "--out", str(tmp_path), "--timeout", "1")

    assert (behind.exit_code, "was done before" in behind.stdout) == (1, False)
