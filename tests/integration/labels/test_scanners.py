"""Scanner profiles are data: loaded, used from an instant on; and a scanner that drops separators is noticed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.policy import POLICY
from models.scan.scanners import Scanner
from sinks.metrics.counts import Metrics
from sinks.postgres.labels.scanners import ScannerBooks
from sinks.postgres.observation import observe_scanners
from streams.agents.scans import record_scans
from streams.cli.loading.scanners import read_scanners
from tests.support.builders import DI, NOON, at, gs1, scan, scan_id
from tests.support.ward import MemoryStore, PostgresStore, Ward, postgres_store, records, usual, verdicts

LOST = f"]d201{DI}17271231" + "10L{n}" + "21S{n}"
UNDERSCORE = f"]d201{DI}17271231" + "10L1_21S1"


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as books:
        yield books


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(*usual())


def scanner(**changes: object) -> Scanner:
    fields = {"hospital": "H1", "device_id": "gun1", "known_from": NOON + timedelta(seconds=10)} | changes
    return Scanner.model_validate(fields)


async def lots(store: PostgresStore) -> list[tuple[str | None, ...]]:
    rows = await store.pool.fetch("SELECT lot, serial FROM report.scans ORDER BY scanned_at")
    return [tuple(row) for row in rows]


async def test_a_profile_reads_the_scans_made_from_its_instant_on(ward: Ward, store: PostgresStore) -> None:
    await ScannerBooks(store.pool).record([scanner(separators=["_"])])

    await ward.scan(
        scan(9, codes=[UNDERSCORE]), scan(10, codes=[UNDERSCORE]), scan(11, codes=[UNDERSCORE], device_id="gun2")
    )

    assert await lots(store) == [("L1_21S1", None), ("L1", "S1"), ("L1_21S1", None)]


async def test_records_read_before_a_profile_came_are_read_again(ward: Ward, store: PostgresStore) -> None:
    lane = ward.lanes[0]
    batch = records([scan(20, codes=[UNDERSCORE])], 0)
    early = lane.read(batch, 1)
    await ScannerBooks(store.pool).record([scanner(separators=["_"])])

    await record_scans(lane, early)

    assert await lots(store) == [("L1", "S1")]


async def test_a_half_that_waits_is_read_by_its_profile_after_a_restart(ward: Ward, store: PostgresStore) -> None:
    await ScannerBooks(store.pool).record([scanner(separators=["_"])])
    await ward.scan(scan(20, codes=["]C11727123110L1_21S1"]))
    await ward.restart()

    await ward.scan(scan(21, codes=[f"]C101{DI}"]))

    assert verdicts(await ward.account())[str(scan_id(21))] == ("billed", ("stock-negative",))
    assert ("L1", "S1") in await lots(store)


async def test_a_scanner_proved_to_send_separators_is_not_suspected(ward: Ward, store: PostgresStore) -> None:
    await ScannerBooks(store.pool).record([scanner(sends_separators=True)])

    await ward.scan(scan(20, codes=[LOST.format(n=1)]))

    assert await lots(store) == [("L121S1", None)]
    assert verdicts(await ward.account())[str(scan_id(20))] == ("billed", ("stock-negative",))


async def test_the_twin_reads_by_profiles_too() -> None:
    store = MemoryStore()
    ward = await Ward(store).open()
    store.memory.set_up(scanner(separators=["_"]), NOON)

    await ward.scan(scan(20, codes=[UNDERSCORE]))

    assert [row[5:7] for row in (await ward.account()).scans] == [("L1", "S1")]


async def faults(store: PostgresStore) -> list[tuple[str, int, int, str]]:
    found = await ScannerBooks(store.pool).faults(POLICY)
    return [(row["device_id"], row["labels"], row["suspect"], str(row["suspect_percent"])) for row in found]


async def scan_many(  # noqa: PLR0917 -- how many of what
    ward: Ward, device: str, lost: int, whole: int, first: int = 1, ago: float = 0
) -> None:
    codes = [LOST.format(n=n) for n in range(lost)] + [gs1(DI, expiry="271231", lot=f"L{n}") for n in range(whole)]
    events = [
        scan(first + n, codes=[code], device_id=device, action="receive", scanned_at=at(n - ago))
        for n, code in enumerate(codes)
    ]
    await ward.scan(*events)


@pytest.mark.parametrize(
    ("lost", "whole", "found"),
    [
        (4, 16, [("gun1", 20, 4, "20.00")]),
        (3, 17, []),
        (19, 0, []),
    ],
)
async def test_a_scanner_is_faulty_from_a_share_of_enough_labels_on(
    ward: Ward, store: PostgresStore, lost: int, whole: int, found: list[tuple[str, int, int, str]]
) -> None:
    await scan_many(ward, "gun1", lost, whole)
    await scan_many(ward, "gun2", 0, 30, first=1000)

    metrics = Metrics()
    await observe_scanners(store.pool, metrics)

    assert await faults(store) == found
    assert metrics.value("udi_scanner_faults") == len(found)


async def test_a_scanner_is_judged_by_the_last_seven_days(ward: Ward, store: PostgresStore) -> None:
    await scan_many(ward, "gun1", 20, 0, ago=7 * 86_400 + 20)
    assert await faults(store) == [("gun1", 20, 20, "100.00")]

    await scan_many(ward, "gun2", 0, 1, first=100)

    assert await faults(store) == []


def test_files_name_every_bad_row(tmp_path: Path) -> None:
    lines = tmp_path / "scanners.jsonl"
    lines.write_text(
        '{"hospital":"H1","device_id":"d1","known_from":"2022-06-01T00:00:00+08:00","separators":["_"]}\n'
        '{"hospital":"H1","device_id":"d2","known_from":"yesterday"}\n'
        '{"hospital":"H1","device_id":"d3","known_from":"2022-06-01T00:00:00+08:00","separator":"_"}\n'
        '{"hospital":"H1","device_id":"d3","known_from":"2022-06-01T00:00:00+08:00","encoding":"ebcdic?"}\n'
    )
    table = tmp_path / "scanners.csv"
    table.write_text(
        "hospital,device_id,known_from,separators,key_map,sends_separators\n"
        'H1,d1,2022-06-01T00:00:00+08:00,_,"{""?"": ""_""}",yes\n'
        "H1,,2022-06-01T00:00:00+08:00,,,\n"
    )

    read, told = read_scanners(lines), read_scanners(table)

    assert [(each.device_id, each.separators) for each in read.good] == [("d1", ["_"])]
    assert [(row.row, row.column) for row in read.bad] == [(2, "known_from"), (3, "separator"), (4, "")]
    assert [(each.separators, each.key_map, each.sends_separators) for each in told.good] == [(["_"], {"?": "_"}, True)]
    assert [(row.row, row.column) for row in told.bad] == [(3, "device_id")]
