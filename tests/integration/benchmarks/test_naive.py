"""The naive app is a fair baseline: what it writes is what the product writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from benchmarks import ward
from benchmarks.naive.books import NaiveBooks
from benchmarks.parts import books, let_all_write_balances
from models.calendar import ZONE_DEFAULT
from models.charging.snapshot import Catalogue
from models.policy import POLICY
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.database import open_pool
from streams.agents.scans import record_scans
from streams.embedded.database import EmbeddedDatabase
from streams.lanes.lane import Lane
from streams.lanes.told import Record

NOON = datetime(2022, 6, 4, 4, tzinfo=UTC)


def _unknown(number: int) -> ward.Keyed:
    """A use of an item that no catalogue has: parked."""
    key, value = ward.uses(1, first=number)[0]
    record = orjson.loads(value)
    record["codes"] = ["]d20106901234567892" + "21X1"]
    record["scan_id"] = f"00000000-0000-4000-8000-{number:012d}"
    return key, orjson.dumps(record)


def _input() -> list[Record]:
    """Goods received, used, scanned twice, of unknown make, and bytes that are no scan."""
    used = ward.uses(40)
    bad = (b"H1/E1", b"no scan")
    sent = [*ward.receipts(30), *used[:20], used[3], bad, _unknown(900), *used[20:], used[39]]
    return [Record(place, NOON + timedelta(seconds=place), *each) for place, each in enumerate(sent)]


async def _effects(url: str, kind: type[NaiveBooks] | type[PostgresBooks], batch: int) -> dict[str, list[Any]]:
    """Every view of `report` after the input was recorded in batches of that size."""
    pool = await open_pool(url, 2, hot=True)
    try:
        if kind is NaiveBooks:
            await let_all_write_balances(pool)
        written = kind(pool, ZONE_DEFAULT)
        state = await written.take_over("cluster", "udi.scans", 0)
        lane = Lane(state, written, Catalogue(), ZONE_DEFAULT, POLICY)
        records = _input()
        for start in range(0, len(records), batch):
            chunk = records[start : start + batch]
            await record_scans(lane, lane.read(chunk, chunk[-1].offset + 1))
        return await _report(pool)
    finally:
        await pool.close()


async def _report(pool: asyncpg.Pool) -> dict[str, list[Any]]:
    """All but what the database's clock says, and the chain, which nobody keeps who writes row by row."""
    names = await pool.fetch(
        "SELECT table_name FROM information_schema.views "
        "WHERE table_schema = 'report' AND table_name NOT IN ('scan_delay', 'chain') ORDER BY 1"
    )
    found = {}
    for (name,) in names:
        rows = await pool.fetch(f"SELECT * FROM report.{name}")
        found[name] = sorted(repr({key: row[key] for key in row.keys() if key != "written_at"}) for row in rows)  # noqa: SIM118
    return found


async def test_naive_app_writes_the_same_effects(database_server: EmbeddedDatabase, schema_template: str) -> None:
    async with (
        books(database_server.url, template=schema_template) as ours,
        books(database_server.url, template=schema_template) as theirs,
    ):
        expected = await _effects(ours, PostgresBooks, 25)
        found = await _effects(theirs, NaiveBooks, 1)

    assert expected["charges"]
    assert expected["parked"]
    assert expected["settlement"]
    # A verdict or a dead letter for each record, a bill for each use, a settlement line for every third item.
    assert len(expected["outbox"]) == len(_input()) + 40 + 14
    assert found == expected


@pytest.mark.parametrize("make", [ward.receipts, ward.uses])
def test_input_of_a_benchmark_is_the_same_in_every_run(make: Any) -> None:
    assert make(3, first=7) == make(10)[7:]
