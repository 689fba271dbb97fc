"""Tamper evidence: what was changed, taken out or put in behind the books is found and its place is said."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import orjson
import pytest

from rules.sealing.merkle import LaneHead, root_of
from sinks.postgres.named import Connection
from sinks.postgres.sealing.seals import Head, SealBooks
from sinks.postgres.verifying.books import Finding, run_check
from sinks.postgres.verifying.chain import chain_checks, verify_chain
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.cluster import programs
from streams.embedded.database import EmbeddedDatabase
from streams.services.sealer import Sealer
from tests.support.builders import encounter, item, scan
from tests.support.installed import Installed, installed
from tests.support.servers.postgres import create_database, drop_database
from tests.support.story import tell
from tests.support.ward import PostgresStore, Ward, postgres_store


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


async def failed(pool: asyncpg.Pool, outside: dict[int, bytes] | None = None) -> list[Finding]:
    """The findings that are none of a clean set of books."""

    def root(heads: list[Head]) -> bytes:
        return root_of([LaneHead(*head) for head in heads])

    async with pool.acquire() as connection:
        return [each for each in await verify_chain(connection, root, outside) if not each.ok]


PLANTED = {
    "a scan's encounter": "UPDATE udi.scan SET encounter = 'E9' WHERE scan_id = '00000000-0000-0000-0000-00000000000b'",
    "a scan's raw bytes": "UPDATE udi.scan_raw SET raw = raw || ' '::bytea WHERE record_offset = 3",
    "raw bytes taken out": "DELETE FROM udi.scan_raw WHERE record_offset = 3",
    "raw bytes put in": "INSERT INTO udi.scan_raw SELECT stored_at + interval '1 second', position_id, record_offset, "
    "'x' FROM udi.scan_raw WHERE record_offset = 3",
    "raw bytes beside a scan": "UPDATE udi.scan SET raw = 'x' WHERE record_offset = 3",
    "an override's badge": "UPDATE udi.scan_override SET badge = 'B9'",
    "an override put in": "INSERT INTO udi.scan_override SELECT position_id, record_offset + 1, badge, reason "
    "FROM udi.scan_override",
    "a scan's instant by a microsecond": "UPDATE udi.scan SET scanned_at = scanned_at + interval '1 microsecond' "
    "WHERE record_offset = 3",
    "a scan taken out": "DELETE FROM udi.scan WHERE record_offset = 5 AND lane = 0",
    "a scan put in": "INSERT INTO udi.scan (position_id, record_offset, lane, recorded_at, hospital, verdict, reasons) "
    "SELECT position_id, max(record_offset) + 1000, lane, max(recorded_at), 'H1', 'refused', ARRAY['not-json'] "
    "FROM udi.scan GROUP BY position_id, lane LIMIT 1",
    "a decision's verdict": "UPDATE udi.decision SET verdict = 'billed', units = coalesce(units, 0) + 1 "
    "WHERE (position_id, record_offset, n) = (SELECT position_id, record_offset, n FROM udi.decision LIMIT 1)",
    "a charge's amount": "UPDATE udi.ledger SET amount_fen = amount_fen - 1 WHERE n = 0 AND record_offset = 3",
    "a charge taken out": "DELETE FROM udi.ledger WHERE n = 0 AND record_offset = 3",
    "a settlement line's supplier": "UPDATE udi.settlement SET supplier = 'S8' WHERE n = 0",
    "what was wasted": "UPDATE udi.waste_cost SET department = 'ICU'",
    "the chain itself": "UPDATE udi.chain SET counts[1] = counts[1] + 1 WHERE batch = 2",
    "a batch taken out": "DELETE FROM udi.chain WHERE batch = 3 AND lane = 0",
}


async def test_every_planted_edit_is_found_and_clean_books_raise_no_alarm(store: PostgresStore) -> None:
    await tell(Ward(store), store.pool)
    assert await failed(store.pool) == []

    missed = []
    for name, statement in PLANTED.items():
        async with store.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SET LOCAL session_replication_role = replica")
            touched = int((await connection.execute(statement)).split()[-1])
            assert touched > 0, name
            await connection.execute("SET LOCAL session_replication_role = origin")
            if not await _verify_inside(connection):
                missed.append(name)
            await transaction.rollback()

    assert missed == []
    assert await failed(store.pool) == []


async def _verify_inside(connection: Connection) -> list[str]:
    """The checks within the transaction of the edit: a snapshot of their own would not see it."""
    return [check.name for check in chain_checks() if not (await run_check(connection, check)).ok]


async def test_the_place_of_an_edit_is_said(store: PostgresStore) -> None:
    ward = await Ward(store).open(item(), encounter())
    await ward.scan(scan(1), scan(2))
    await ward.scan(scan(3))
    await ward.scan(scan(4), lane=1)
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE udi.scan SET department = 'ICU' WHERE record_offset = 2")

    findings = await failed(store.pool)

    assert [(each.name, each.failures) for each in findings] == [("scans-unchanged", 1)]
    row = findings[0].first[0]
    assert {name: row[name] for name in ("lane", "batch", "from_offset", "to_offset", "recorded", "found")} == {
        "lane": 0, "batch": 2, "from_offset": 2, "to_offset": 3, "recorded": 1, "found": 1,
    }  # fmt: skip


async def test_who_writes_the_chain_anew_is_found_by_the_seals(store: PostgresStore, tmp_path: Path) -> None:
    ward = await Ward(store).open(item(), encounter())
    await ward.scan(scan(1))
    await ward.scan(scan(2), lane=1)
    file = tmp_path / "seals"
    sealer = Sealer(store.pool, file)
    await sealer.look()
    await sealer.look()  # Nothing new: no second seal.
    await ward.scan(scan(3))
    await sealer.look()
    lines = {int(orjson.loads(line)["n"]): line for line in file.read_bytes().splitlines()}
    assert list(lines) == [1, 2]
    assert await failed(store.pool, lines) == []

    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE udi.scan SET department = 'ICU' WHERE scan_id = $1", item_scan(3))
        await connection.execute(
            "UPDATE udi.chain c SET digests[1] = (SELECT sha256(string_agg(udi.scan_bytes(s), ''::bytea "
            "ORDER BY s.record_offset)) FROM udi.scan s WHERE s.position_id = c.position_id "
            "AND s.record_offset >= c.lo AND s.record_offset < c.hi) WHERE lane = 0 AND batch = 2"
        )
        await connection.execute(
            "UPDATE udi.chain c SET head = udi.head_of((SELECT head FROM udi.chain WHERE (lane, batch) = (0, 1)), c) "
            "WHERE (lane, batch) = (0, 2)"
        )

    assert [each.name for each in await failed(store.pool, lines)] == ["seals-of-the-chain"]
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        heads = await SealBooks(store.pool).heads()
        newest = [head for head in heads if head.lane == 0]
        assert newest
        await connection.execute("DELETE FROM udi.seal WHERE n = 2")
    assert [each.name for each in await failed(store.pool, lines)] == ["seals-published", "seals-outside"]


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        ("DELETE FROM udi.seal", ["seals-published"]),
        ("DELETE FROM udi.topic_counter WHERE topic = 'seals'", ["seals-published"]),
        ("UPDATE udi.seal SET sealed_at = sealed_at + interval '10 days' WHERE n = 1", ["seals-published"]),
        ("UPDATE udi.seal SET batches = batches || 7::bigint WHERE n = 1", ["seal-roots"]),
        ("UPDATE udi.seal SET heads = '{}' WHERE n = 1", ["seals-of-the-chain", "seal-roots", "seals-published"]),
        (
            "INSERT INTO udi.seal SELECT 3, sealed_at, lanes, batches, heads, root FROM udi.seal WHERE n = 2",
            ["seals-published"],
        ),
    ],
)
async def test_an_edit_of_the_seals_is_found_without_a_file_outside(
    store: PostgresStore, edit: str, found: list[str]
) -> None:
    ward = await Ward(store).open(item(), encounter())
    for number in (1, 2):
        await ward.scan(scan(number))
        await Sealer(store.pool).look()
    assert await failed(store.pool) == []

    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(edit)

    assert [each.name for each in await failed(store.pool)] == found


def item_scan(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012x}"


async def test_the_chain_holds_in_other_settings_of_the_session(store: PostgresStore) -> None:
    """What is restored elsewhere is read with another zone, date style and search path."""
    await tell(Ward(store), store.pool)
    async with store.pool.acquire() as connection:
        for setting in ("TimeZone = 'America/New_York'", "DateStyle = 'German'", "bytea_output = 'escape'"):
            await connection.execute(f"SET {setting}")
        findings = await verify_chain(connection, lambda heads: root_of([LaneHead(*head) for head in heads]))
        await connection.execute("RESET ALL")

    assert [each.name for each in findings if not each.ok] == []


async def test_the_chain_holds_after_dump_and_restore(
    store: PostgresStore, database: str, database_server: EmbeddedDatabase
) -> None:
    await tell(Ward(store), store.pool)
    await Sealer(store.pool).look()
    bin_ = programs(None)
    script = await asyncio.to_thread(
        subprocess.run, [str(bin_ / "pg_dump"), "--no-owner", database], capture_output=True, check=True, text=True
    )
    other = await create_database(database_server.url)
    try:
        restore = [str(bin_ / "psql"), "-q", "-v", "ON_ERROR_STOP=1", other]
        done = await asyncio.to_thread(
            subprocess.run, restore, input=script.stdout, capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, done.stderr[:500]
        pool = await asyncpg.create_pool(other, min_size=1, max_size=2)
        try:
            assert await failed(pool) == []
            assert await pool.fetchval("SELECT count(*) FROM udi.chain") > 5
        finally:
            await pool.close()
    finally:
        await drop_database(database_server.url, other)


async def test_every_column_of_a_chained_row_is_in_its_digest(store: PostgresStore) -> None:
    chained = {
        "scan": "scan",
        "decision": "decision",
        "ledger": "ledger",
        "settlement": "settlement",
        "waste_cost": "waste",
        "scan_raw": "scan_raw",
        "scan_override": "scan_override",
    }
    for table, function in chained.items():
        source = await store.pool.fetchval("SELECT pg_get_functiondef($1::regproc)", f"udi.{function}_bytes")
        columns = await store.pool.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'udi' AND table_name = $1", table
        )
        left_out = {"recorded_at"} if table in {"ledger", "settlement", "waste_cost"} else set()
        left_out |= {"stored_at"} if table == "scan_raw" else set()
        missing = {row[0] for row in columns} - set(re.findall(r"\.(\w+)", source)) - left_out
        assert (table, missing) == (table, set())


async def test_people_ask_for_the_chain(told: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(told, embedded_broker) as house:
        shown = await _ask(house)
        assert shown == (0, True)


async def _ask(house: Installed) -> tuple[int, bool]:
    shown = await house.udi("verify", "--chain")
    found = await house.json("verify", "--chain")
    return shown.exit_code, found["ok"] and "the rows are those that were recorded" in shown.stdout
