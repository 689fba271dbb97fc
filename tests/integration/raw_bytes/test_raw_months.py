"""Raw bytes that are let go by the month: what stays decidable, verifiable and said."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from models.calendar import Month
from models.charging.commands import CommandKind
from models.charging.controls import Breaker, BreakerState, ControlScope
from rules.sealing.merkle import LaneHead, root_of
from sinks.metrics.counts import Metrics
from sinks.postgres.charging.commands import CommandBooks
from sinks.postgres.charging.correcting import CorrectionBooks
from sinks.postgres.charging.stories import story_of
from sinks.postgres.observation import observe
from sinks.postgres.operating.raw_months import RawMonths, raw_bytes_kept
from sinks.postgres.operating.recorded import newest_position, recorded_between
from sinks.postgres.verifying.books import Finding, verify_books
from sinks.postgres.verifying.chain import RAW, verify_chain
from streams.services.raw_keeper import RawKeeper
from streams.settings import Settings
from tests.support.builders import NOON, SECOND, encounter, item, price, scan, scan_id
from tests.support.servers.aged import age
from tests.support.story import tell
from tests.support.ward import PostgresStore, Ward, postgres_store, usual, verdicts

DAYS = 300
MONTHS = 6
STORED = "SELECT count(*) FROM udi.scan_raw"


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


async def chain_of(store: PostgresStore) -> list[Finding]:
    async with store.pool.acquire() as connection:
        return await verify_chain(connection, lambda heads: root_of([LaneHead(*head) for head in heads]))


async def failed(store: PostgresStore) -> list[tuple[str, Any]]:
    """The findings over books and chain that are none of clean ones."""
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    return [(each.name, each.first) for each in (*findings, *await chain_of(store)) if not each.ok]


async def purge(store: PostgresStore) -> list[Month]:
    """Everything that is due; gives the months."""
    months, found = RawMonths(store.pool), list[Month]()
    while (month := await months.purge(MONTHS)) is not None:
        found.append(month)
    return found


async def test_a_month_goes_and_books_and_chain_are_still_verified(store: PostgresStore) -> None:
    await tell(Ward(store), store.pool)
    await age(store.pool, DAYS)
    assert await failed(store) == []
    stored = await store.pool.fetchval(STORED)

    months = await purge(store)

    assert months
    assert await failed(store) == []
    rows = await store.pool.fetch("SELECT * FROM udi.raw_purge ORDER BY purge_id")
    assert [row["month"] for row in rows] == months
    assert {(row["by"], row["kept_months"]) for row in rows} == {(await store.pool.fetchval("SELECT user"), MONTHS)}
    kept = sum(row["kept"] for row in rows)
    assert sum(row["records"] for row in rows) + kept == stored
    assert await store.pool.fetchval(STORED) == kept > 0  # What still waits keeps its bytes.
    waits = """SELECT count(*) FROM udi.open_scan LEFT JOIN udi.raw_bytes USING (position_id, record_offset)
               WHERE raw IS NULL"""
    assert await store.pool.fetchval(waits) == 0
    assert await purge(store) == []


async def test_verify_says_from_which_month_on_bytes_are_there_and_who_let_them_go(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1), scan(2))
    await age(store.pool, DAYS)
    month = (await purge(store))[0]
    await ward.restart()
    await ward.scan(scan(3))

    async with store.pool.acquire() as connection:
        looked_at, _ = await verify_books(connection)
    kept = await raw_bytes_kept(store.pool)
    note = next(each.note for each in await chain_of(store) if each.name == RAW)

    now = await store.pool.fetchval("SELECT udi.raw_month(clock_timestamp())")
    assert (kept.first_month, [(each.month, each.records, each.kept) for each in kept.let_go]) == (now, [(month, 2, 0)])
    assert note == kept.note() == looked_at["raw_bytes"]["note"]
    assert note.startswith(f"from {now // 100}-{now % 100:02} on; let go: {month // 100}-{month % 100:02}, 2 records, ")
    assert f"last by {await store.pool.fetchval('SELECT user')} at " in note


@pytest.mark.parametrize("statement", [
    "UPDATE udi.scan_raw SET raw = overlay(raw PLACING 'x' FROM 5) WHERE record_offset = 1",
    "DELETE FROM udi.scan_raw",
])  # fmt: skip
async def test_bytes_that_were_changed_or_that_nobody_let_go_are_found(store: PostgresStore, statement: str) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1), scan(2))
    await age(store.pool, DAYS)
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)

    assert [each.name for each in await chain_of(store) if not each.ok] == [RAW]


async def test_what_waited_goes_with_its_batch_once_it_is_decided(store: PostgresStore) -> None:
    ward = await Ward(store).open(item())
    await ward.scan(scan(1), scan(2, encounter="E2"))
    await ward.learn(encounter())
    await ward.sweep()
    await age(store.pool, DAYS)
    await ward.restart()
    (month,) = await purge(store)
    assert await store.pool.fetchval(STORED) == 2

    await ward.learn(encounter(encounter="E2"))
    assert await ward.sweep() == 1
    assert await purge(store) == [month]

    assert await store.pool.fetchval(STORED) == 0
    rows = await store.pool.fetch("SELECT records, kept FROM udi.raw_purge ORDER BY purge_id")
    assert [tuple(row) for row in rows] == [(0, 2), (2, 0)]
    assert await failed(store) == []


async def test_a_late_price_and_a_return_need_no_bytes(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1, quantity=2), scan(2, quantity=2))
    await age(store.pool, DAYS)
    await purge(store)
    await ward.restart()

    await ward.learn(item(prices=[price("1300.00")]), stamp=NOON + 100 * SECOND)
    assert await ward.sweep() == 2
    await ward.scan(scan(3, action="return", corrects=str(scan_id(1))))

    account = await ward.account()
    assert verdicts(account)[str(scan_id(1))][0] == "billed"
    amounts = sorted((row[1], row[9], row[12]) for row in account.charges)
    assert amounts == [
        ("charge", 2, "2468.00"), ("charge", 2, "2468.00"), ("charge", 2, "2600.00"), ("charge", 2, "2600.00"),
        ("credit", 1, "1300.00"), ("credit", 2, "2468.00"), ("credit", 2, "2468.00"),
    ]  # fmt: skip
    assert await failed(store) == []


async def test_a_correction_without_the_label_is_refused_and_with_it_takes_the_place(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual(), encounter(encounter="E2"))
    await ward.scan(scan(1), scan(2, quantity=2))
    await age(store.pool, DAYS)
    await purge(store)
    await ward.restart()
    commands = CommandBooks(store.pool)

    async def correct(number: int, correction: dict[str, Any]) -> None:
        assert await commands.accept(CommandKind.CORRECT, "H1", scan_id(number), "wang", "wrong patient", correction)

    await correct(1, {"encounter": "E2"})
    await correct(2, {"encounter": "E2", "codes": ["010693000000001317271231" + "10L1"]})
    await correct(2, {"encounter": "E2", "item_code": "SCREW"})
    await ward.sweep()

    rows = await store.pool.fetch("SELECT done, detail FROM udi.command_outcome ORDER BY seq")
    assert (rows[0]["done"], "retention" in rows[0]["detail"]) == (False, True)
    assert rows[2]["done"]
    (corrected,) = await CorrectionBooks(store.pool).waiting()
    assert (corrected.event.scan_id, corrected.event.quantity, corrected.event.codes) == (scan_id(2), 2, None)


async def test_a_reader_is_told_that_the_bytes_are_gone(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1), b"{")
    before = await story_of(store.pool, "H1", scan_id(1))
    assert before is not None
    assert before.scan.raw is not None
    assert before.scan.let_go_at is None
    await age(store.pool, DAYS)
    await purge(store)

    after = await story_of(store.pool, "H1", scan_id(1))
    position = await newest_position(store.pool, "udi.scans", 0)
    assert position is not None
    recorded = await recorded_between(store.pool, position, 0, 9, 10)

    assert after is not None
    assert (after.scan.raw, after.scan.let_go_at is not None, after.scan.di) == (None, True, before.scan.di)
    assert [(each.raw, each.let_go) for each in recorded] == [(None, True), (None, True)]


async def test_an_override_is_still_listed_for_review(store: PostgresStore) -> None:
    said = {"badge": "B1", "reason": "the patient is on the table"}
    ward = await Ward(store).open(*usual())
    await store.control(
        Breaker(
            hospital="H1", by="li", reason="decided", item_code="SCREW", scope_type=ControlScope.HOSPITAL, scope="H1",
            state=BreakerState.OPEN, since=NOON, until=None,
        )
    )  # fmt: skip
    await ward.scan(scan(1, override=said))
    listed = "SELECT badge, reason FROM report.overrides"
    before = await store.pool.fetch(listed)
    await age(store.pool, DAYS)
    await purge(store)

    assert await store.pool.fetch(listed) == before
    assert [dict(row) for row in before] == [said]
    assert await store.pool.fetchval(STORED) == 0


async def test_a_missing_month_stops_no_lane_and_is_made_by_whoever_records_first(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    for row in await store.pool.fetch("SELECT month FROM udi.raw_months"):
        await store.pool.execute(f"DROP TABLE udi_raw.scan_raw_{row['month']}")
    metrics = Metrics()
    await observe(store.pool, metrics)
    assert metrics.value("udi_raw_months_ahead") == 0

    await ward.scan(scan(1))
    await ward.scan(scan(2), lane=1)
    await RawKeeper(Settings(), store.pool).look()
    await observe(store.pool, metrics)

    assert await store.pool.fetchval(STORED) == 2
    assert metrics.value("udi_raw_months_ahead") == 3
    assert await failed(store) == []


async def test_a_month_that_turned_is_made_by_a_lane_that_has_stored_bytes_before(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1), scan(2, encounter="E2"))
    await age(store.pool, DAYS)
    now = await store.pool.fetchval("SELECT udi.raw_month(clock_timestamp())")
    for row in await store.pool.fetch("SELECT month FROM udi.raw_months WHERE month >= $1", now):
        await store.pool.execute(f"DROP TABLE udi_raw.scan_raw_{row['month']}")
    await ward.restart()
    # A batch without bytes makes no month, and whoever stores bytes after it may not take the month for there.
    await ward.learn(encounter(encounter="E2"))
    assert await ward.sweep() == 1
    months = "SELECT month FROM udi.raw_months WHERE month >= $1"
    assert await store.pool.fetch(months, now) == []

    await ward.scan(scan(3))
    await ward.scan(scan(4))

    assert await store.pool.fetchval(months, now) == now
    assert await store.pool.fetchval(STORED) == 4
    assert await failed(store) == []


async def test_a_month_that_somebody_reads_is_let_go_another_time(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1))
    await age(store.pool, DAYS)
    async with store.pool.acquire() as reader, reader.transaction():
        await reader.execute("LOCK TABLE udi.scan_raw IN ACCESS SHARE MODE")
        assert await purge(store) == []
        await ward.restart()
        await ward.scan(scan(2))  # And records go on meanwhile.

    assert len(await purge(store)) == 1


async def test_without_a_setting_nothing_goes_and_less_than_a_quarter_is_refused(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1))
    await age(store.pool, 3000)

    assert await RawKeeper(Settings(), store.pool).look() is False
    with pytest.raises(asyncpg.InvalidParameterValueError, match="Expected at least 3 months"):
        await RawMonths(store.pool).purge(2)
    assert await store.pool.fetchval(STORED) == 1
    assert await RawKeeper(Settings(raw_kept_months=120), store.pool).look() is False
    assert await RawKeeper(Settings(raw_kept_months=60), store.pool).look() is True
    assert await store.pool.fetchval(STORED) == 0
