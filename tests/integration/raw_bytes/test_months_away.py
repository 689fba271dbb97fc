"""Months of raw bytes that a person takes out and puts back: nobody waits for it, and what comes back is what went."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from models.calendar import Month, month_text
from sinks.postgres.operating.raw_months import MonthBusyError, RawMonths, RawMonthState, raw_bytes_kept, raw_months
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.cluster import programs
from tests.integration.raw_bytes.test_raw_months import failed
from tests.support.builders import encounter, item, scan
from tests.support.installed import installed
from tests.support.servers.aged import age
from tests.support.ward import PostgresStore, Ward, postgres_store, usual

DAYS = 300
STORED = "SELECT count(*) FROM udi.scan_raw"
BYTES = "SELECT raw, let_go_at IS NOT NULL AS gone FROM udi.raw_bytes ORDER BY position_id, record_offset"


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


async def old(store: PostgresStore, *scans: dict[str, Any]) -> tuple[Ward, Month]:
    """Scans that were recorded long ago, and the month in which their bytes lie."""
    ward = await Ward(store).open(*usual())
    await ward.scan(*scans)
    await age(store.pool, DAYS)
    await ward.restart()
    return ward, await store.pool.fetchval("SELECT udi.raw_month(stored_at) FROM udi.scan_raw LIMIT 1")


async def states(store: PostgresStore) -> dict[RawMonthState, list[Month]]:
    found: dict[RawMonthState, list[Month]] = {}
    for each in await raw_months(store.pool):
        found.setdefault(each.state, []).append(each.month)
    return found


async def test_a_month_goes_and_comes_back_and_books_and_chain_hold_all_the_way(store: PostgresStore) -> None:
    ward, month = await old(store, scan(1), scan(2))
    await ward.scan(scan(3))
    before = await store.pool.fetch(BYTES)

    moved = await RawMonths(store.pool).detach(month, "wang")

    assert (moved.records, moved.bytes) == (2, sum(len(each["raw"]) for each in before[:2]))
    assert await store.pool.fetchval(STORED) == 1
    assert await failed(store) == []
    during = [tuple(each) for each in await store.pool.fetch(BYTES)]
    assert during == [(None, True), (None, True), (before[2]["raw"], False)]
    kept = await raw_bytes_kept(store.pool)
    assert [(each.month, each.by, each.records) for each in kept.away] == [(month, "wang", 2)]
    assert f"; away: {month_text(month)}, 2 records, last by wang at " in kept.note()
    assert (await states(store))[RawMonthState.AWAY] == [month]

    await RawMonths(store.pool).attach(month, "li")

    assert await store.pool.fetch(BYTES) == before
    assert await failed(store) == []
    assert (await raw_bytes_kept(store.pool)).away == ()
    assert [(each.by, each.at is None) for each in await raw_months(store.pool) if each.month == month] == [
        (None, True)
    ]
    rows = await store.pool.fetch("SELECT away, by, records FROM udi.raw_move ORDER BY move_id")
    assert [tuple(row) for row in rows] == [(True, "wang", 2), (False, "li", 2)]
    for statement in ("UPDATE udi_raw.scan_raw_{} SET raw = ''", "DELETE FROM udi_raw.scan_raw_{}"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await store.pool.execute(statement.format(month))


@pytest.mark.parametrize("statement", [
    "UPDATE udi_raw.away_{} SET raw = overlay(raw PLACING 'x' FROM 5) WHERE record_offset = 1",
    "DELETE FROM udi_raw.away_{} WHERE record_offset = 1",
    "INSERT INTO udi_raw.away_{0} SELECT stored_at, position_id, record_offset + 9, raw FROM udi_raw.away_{0}",
])  # fmt: skip
async def test_bytes_that_are_others_than_were_recorded_stay_away(store: PostgresStore, statement: str) -> None:
    _, month = await old(store, scan(1), scan(2))
    await RawMonths(store.pool).detach(month, "wang")
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement.format(month))

    with pytest.raises(asyncpg.CheckViolationError, match="those of lane 0, batch 1 ") as refused:
        await RawMonths(store.pool).attach(month, "wang")

    assert refused.value.constraint_name == "raw_bytes_as_recorded"
    assert (await states(store))[RawMonthState.AWAY] == [month]
    assert await failed(store) == []


async def test_a_month_of_which_something_waits_stays_until_it_is_decided(store: PostgresStore) -> None:
    ward = await Ward(store).open(item())
    await ward.scan(scan(1), scan(2))
    await age(store.pool, DAYS)
    await ward.restart()
    month = await store.pool.fetchval("SELECT udi.raw_month(stored_at) FROM udi.scan_raw LIMIT 1")
    assert {each.waits for each in await raw_months(store.pool) if each.month == month} == {2}

    with pytest.raises(asyncpg.ObjectInUseError, match=f"nothing waits, 2 scans of {month} do"):
        await RawMonths(store.pool).detach(month, "wang")
    await ward.learn(encounter())
    await ward.sweep()

    assert (await RawMonths(store.pool).detach(month, "wang")).records == 2
    assert await failed(store) == []


async def test_months_that_are_young_let_go_away_or_unknown_are_refused(store: PostgresStore) -> None:
    ward, month = await old(store, scan(1))
    await ward.scan(scan(2))
    months = RawMonths(store.pool)
    now = await store.pool.fetchval("SELECT udi.raw_month(clock_timestamp())")
    for refused, said in ((now, "ended three whole months ago"), (Month(199901), "all its raw bytes")):
        with pytest.raises(asyncpg.InvalidParameterValueError, match=said):
            await months.detach(refused, "wang")
    with pytest.raises(asyncpg.InvalidParameterValueError, match="a month that is away"):
        await months.attach(month, "wang")

    await months.purge(6)
    with pytest.raises(asyncpg.InvalidParameterValueError, match="all its raw bytes"):
        await months.detach(month, "wang")
    assert (await states(store))[RawMonthState.LET_GO] == [month]
    assert await failed(store) == []


async def test_nobody_waits_for_a_month_that_somebody_reads(store: PostgresStore) -> None:
    ward, month = await old(store, scan(1))
    async with store.pool.acquire() as reader, reader.transaction():
        await reader.execute("LOCK TABLE udi.scan_raw IN ACCESS SHARE MODE")
        with pytest.raises(MonthBusyError):
            await RawMonths(store.pool).detach(month, "wang")
        await ward.scan(scan(2))  # And records go on meanwhile.

    assert (await RawMonths(store.pool).detach(month, "wang")).records == 1


async def test_retention_passes_a_month_that_is_away_and_takes_it_when_it_is_back(store: PostgresStore) -> None:
    _, month = await old(store, scan(1))
    months = RawMonths(store.pool)
    await months.detach(month, "wang")

    assert await months.purge(6) is None
    await months.attach(month, "wang")
    assert await months.purge(6) == month
    assert await failed(store) == []


async def test_a_clock_that_went_back_finds_its_month_and_both_parts_come_together(store: PostgresStore) -> None:
    ward, month = await old(store, scan(1))
    months = RawMonths(store.pool)
    await months.detach(month, "wang")
    await ward.scan(scan(2), lane=1)
    async with store.pool.acquire() as connection, connection.transaction():
        # As if the second scan had been recorded with the clock of that month.
        await connection.execute("SET LOCAL session_replication_role = replica")
        earlier, today = f"- make_interval(days => {DAYS})", "recorded_at > now() - interval '1 day'"
        await connection.execute(f"SELECT udi.make_raw_month(stored_at {earlier}) FROM udi.scan_raw")
        await connection.execute(f"UPDATE udi.scan_raw SET stored_at = stored_at {earlier}")
        for table in ("chain", "ledger", "settlement"):
            await connection.execute(f"UPDATE udi.{table} SET recorded_at = recorded_at {earlier} WHERE {today}")
        await connection.execute("UPDATE udi.chain c SET head = udi.head_of(NULL, c) WHERE lane = 1")

    assert await store.pool.fetchval(STORED) == 1
    await months.attach(month, "wang")

    assert await store.pool.fetchval(STORED) == 2
    assert await failed(store) == []


async def test_a_month_is_dumped_dropped_restored_and_put_back(store: PostgresStore, database: str) -> None:
    _, month = await old(store, scan(1), scan(2))
    months, bin_ = RawMonths(store.pool), programs(None)
    await months.detach(month, "wang")
    table = f"udi_raw.away_{month}"
    dump = [str(bin_ / "pg_dump"), f"--table={table}", database]
    dumped = await asyncio.to_thread(subprocess.run, dump, capture_output=True, check=True, text=True)
    await store.pool.execute(f"DROP TABLE {table}")
    assert await failed(store) == []
    with pytest.raises(asyncpg.UndefinedTableError, match=f"Expected the table {table}, found none"):
        await months.attach(month, "wang")

    restore = [str(bin_ / "psql"), "--quiet", "--set=ON_ERROR_STOP=1", database]
    await asyncio.to_thread(subprocess.run, restore, input=dumped.stdout, capture_output=True, check=True, text=True)
    await months.attach(month, "wang")

    assert await store.pool.fetchval(STORED) == 2
    assert await failed(store) == []


# As people run it -------------------------------------------------------------------------------------------------


async def test_a_person_lists_months_takes_one_out_and_puts_it_back(told: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(told, embedded_broker) as house:
        await age(house.pool, DAYS)
        await house.ward.restart()
        await house.ward.scan(scan(900))
        await age(house.pool, 150)
        numbers = "SELECT DISTINCT udi.raw_month(stored_at) AS month FROM udi.scan_raw ORDER BY 1"
        story, number = [row["month"] for row in await house.pool.fetch(numbers)]
        first, month = month_text(story), month_text(number)

        refusals = {
            ("detach", first): f"Expected a month of which nothing waits, got {first}: ",
            ("detach", "2099-01"): "Expected a month whose raw bytes are here, got 2099-01 (unknown).",
            ("attach", month): f"Expected a month whose raw bytes are away, got {month} (here).",
            ("detach", "june"): "Expected a month like 2022-06, got 'june'.",
        }
        for asked, said in refusals.items():
            refused = await house.udi("raw", *asked)
            assert (refused.exit_code, refused.stderr.startswith(f"udi: {said}")) == (2, True), refused.stderr

        out = await house.udi("raw", "detach", month, "--by", "wang")
        assert (out.exit_code, out.stderr) == (0, "")
        assert out.stdout.startswith(f"{month}: 1 records, ")
        assert out.stdout.endswith(f" bytes, are in udi_raw.away_{number}.\n")
        (away,) = [each for each in await house.json("raw", "months") if each["month"] == month]
        assert (away["state"], away["by"], away["records"]) == ("away", "wang", 1)
        assert "wang" in (await house.udi("raw", "months")).stdout

        assert (await house.json("raw", "attach", month))["table"] == f"udi_raw.scan_raw_{number}"
