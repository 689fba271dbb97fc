"""What people and auditors see of goods that were identified by a scan."""

from collections.abc import AsyncIterator

import pytest

from sinks.postgres.stock.below_zero import below_zero
from sinks.postgres.stock.epcis import moves_by_scan
from sinks.postgres.stock.trace import TraceBooks
from sinks.postgres.stock.units import units_elsewhere
from sinks.postgres.verifying.books import verify_books
from streams.embedded.broker import EmbeddedBroker
from tests.integration.stock.moves.test_identify import OTHER, TWIN, UNIT, identify, moved, stock
from tests.support.builders import DI, NOON, SECOND, encounter, gs1, item, scan, scan_id
from tests.support.installed import installed
from tests.support.ward import Between, PostgresStore, Ward, postgres_store


@pytest.fixture
async def books(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def supplied(books: PostgresStore) -> Ward:
    cost = {"cost": [{"cost": "10.00"}], "owner": "supplier", "supplier": "S9"}
    return await Ward(books).open(item(**cost), encounter())


async def test_cost_owner_and_debt_stay_and_trace_unit_and_events_follow(supplied: Ward, books: PostgresStore) -> None:
    await supplied.scan(moved(1, "receive", codes=[UNIT]), moved(2, "receive", codes=[TWIN]), scan(3, codes=[UNIT]))
    await supplied.learn(item(cost=[{"cost": "99.00"}], owner="supplier", supplier="S9"))
    await supplied.scan(identify(4, 3, codes=[TWIN], reason="the other box", staff="li"), lane=1)
    await supplied.sweep()

    rows = await books.pool.fetch(
        "SELECT from_place, to_place, owner, serial, cost FROM report.stock_moves WHERE scan_id = $1", scan_id(3)
    )
    assert {(*row[:4], str(row[4])) for row in rows} == {
        ("OR-2", "patient", "S9", "S1", "10.0000"), ("patient", "OR-2", "S9", "S1", "10.0000"),
        ("OR-2", "patient", "S9", "S2", "10.0000"),
    }  # fmt: skip
    assert await books.pool.fetchval("SELECT count(*) FROM udi.settlement") == 1
    places = await books.pool.fetch("SELECT serial, place FROM report.unit_places ORDER BY serial")
    assert [tuple(row) for row in places] == [("S1", "OR-2"), ("S2", "patient")]
    said = await books.pool.fetchrow("SELECT identifies, serial, by, done FROM report.identifications")
    assert said is not None
    assert tuple(said) == (scan_id(3), "S2", "li", True)

    trace = TraceBooks(books.pool)
    [unit] = await trace.units_of_item("H1", "SCREW", None, "S2")
    assert [
        (each.kind, each.from_place, each.to_place, each.serial, each.became_serial, each.became_lot, each.by)
        for each in await trace.events(unit)
    ] == [
        ("receive", "supplier", "OR-2", "S2", None, None, None),
        ("use", "OR-2", "patient", "S1", "S2", "L1", None),
        ("identify", None, None, "S2", None, None, "li"),
        ("taken-back", "patient", "OR-2", "S1", "S2", "L1", "li"),
        ("moved-again", "OR-2", "patient", "S2", None, None, "li"),
    ]
    found = [moves async for moves in moves_by_scan(books.pool, NOON, NOON + 60 * SECOND)]
    assert [len(moves) for moves in found] == [1, 1, 3]
    async with books.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [finding.name for finding in findings if not finding.ok] == []


async def test_a_use_of_a_lot_that_was_there_is_no_longer_one_that_found_nothing(
    supplied: Ward, books: PostgresStore
) -> None:
    await supplied.scan(moved(1, "receive", codes=[OTHER]), scan(2))
    assert [each.scan_id for each in await below_zero(books.pool)] == [scan_id(2)]
    await supplied.scan(identify(3, 2))
    await supplied.sweep()

    assert await below_zero(books.pool) == []


async def test_a_receipt_under_another_lot_is_what_came_and_nothing_went_back(
    supplied: Ward, books: PostgresStore
) -> None:
    await supplied.scan(moved(1, "receive", document="N1", quantity=3))
    await supplied.scan(identify(2, document="N1", quantity=3, encounter=None))
    await supplied.sweep()

    rows = await books.pool.fetch("SELECT lot, arrived, accepted, returned FROM report.deliveries")
    assert [tuple(row) for row in rows] == [("L2", 3, 3, 0)]


async def test_two_that_identify_one_use_at_once_move_it_twice_and_the_last_holds(
    supplied: Ward, books: PostgresStore
) -> None:
    await supplied.scan(scan(1))
    between = Between(books.books)
    supplied.lanes[1] = await supplied.lane(1, between.port)
    third = gs1(DI, expiry="271231", lot="L3")
    between.then(lambda: supplied.scan(identify(2, 1)))
    await supplied.scan(identify(3, 1, codes=[third]), lane=1)
    await supplied.sweep()

    assert await stock(supplied) == {("OR-2", "L3", ""): -1}
    async with books.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [finding.name for finding in findings if not finding.ok] == []


async def test_what_says_less_than_another_said_in_the_same_moment_is_not_carried_out(
    supplied: Ward, books: PostgresStore
) -> None:
    await supplied.scan(scan(1, codes=[gs1(DI, expiry="271231")]))
    between = Between(books.books)
    supplied.lanes[1] = await supplied.lane(1, between.port)
    between.then(lambda: supplied.scan(identify(2, 1, codes=[UNIT])))
    await supplied.scan(identify(3, 1), lane=1)
    await supplied.sweep()

    assert await stock(supplied) == {("OR-2", "L1", "S1"): -1}
    rows = await books.pool.fetch("SELECT scan_id, done FROM report.identifications ORDER BY scan_id")
    assert [tuple(row) for row in rows] == [(scan_id(2), True), (scan_id(3), False)]


async def test_a_use_keeps_its_lot_for_a_recall_though_a_label_without_lot_was_scanned_of_it(
    supplied: Ward, books: PostgresStore
) -> None:
    await supplied.scan(moved(1, "receive", codes=[OTHER]), scan(2, codes=[OTHER]))
    await supplied.scan(identify(3, 2, codes=[gs1(DI, expiry="271231")]), lane=1)
    await supplied.sweep()

    assert await books.pool.fetchval("SELECT lot FROM udi.scan_now WHERE scan_id = $1", scan_id(2)) == "L2"
    assert await stock(supplied) == {}


async def test_a_use_of_a_unit_that_the_books_have_in_another_store_is_believed_and_listed(
    supplied: Ward, books: PostgresStore
) -> None:
    await supplied.scan(moved(1, "receive", codes=[UNIT]), moved(2, "receive", codes=[TWIN], store="OR-4"))
    await supplied.scan(scan(3, codes=[UNIT]))
    await supplied.scan(identify(4, 3, codes=[TWIN]), lane=1)
    await supplied.sweep()

    places = await books.pool.fetch("SELECT serial, place FROM report.unit_places ORDER BY serial")
    assert [tuple(row) for row in places] == [("S1", "OR-2"), ("S2", "patient")]
    listed = await units_elsewhere(books.pool)
    assert sorted((each.store, each.serial, each.quantity) for each in listed) == [
        ("OR-2", "S2", -1),
        ("OR-4", "S2", 1),
    ]


async def test_a_person_sees_what_was_identified(told: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(told, embedded_broker) as house:
        await house.ward.scan(scan(900), identify(901, 900))
        await house.ward.sweep()
        found = await house.json("scan", str(scan_id(900)))
        assert "L2" in str(found)


async def test_a_lot_said_twice_anew_is_told_line_by_line(supplied: Ward, books: PostgresStore) -> None:
    await supplied.scan(scan(1, codes=[gs1(DI, expiry="271231")]))
    for number, lot in ((2, "L2"), (3, "L3")):
        await supplied.scan(identify(number, 1, codes=[gs1(DI, expiry="271231", lot=lot)]))
        await supplied.sweep()

    trace = TraceBooks(books.pool)
    [unit] = await trace.units_of_item("H1", "SCREW", "L3", None)
    told = [(each.kind, each.lot, each.became_lot) for each in await trace.events(unit) if each.scan_id == scan_id(1)]
    assert told == [
        ("use", None, "L3"), ("taken-back", None, "L2"), ("moved-again", "L2", "L3"), ("taken-back", "L2", "L3"),
        ("moved-again", "L3", None),
    ]  # fmt: skip


async def test_the_table_of_a_trace_says_what_the_goods_were_and_became(
    told: str, embedded_broker: EmbeddedBroker
) -> None:
    async with installed(told, embedded_broker) as house:
        await house.ward.scan(scan(800, codes=[gs1(DI, lot="L8", serial="S8")]))
        await house.ward.scan(identify(801, 800, codes=[gs1(DI, lot="L8", serial="S9")]))
        await house.ward.sweep()
        shown = await house.udi("trace", gs1(DI, lot="L8", serial="S9"))

        chinese = await house.udi("--lang", "zh-CN", "trace", gs1(DI, lot="L8", serial="S9"))

    told_lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    for expected in (
        "use L8 / S8 → L8 / S9 OR-2 → patient", "identify L8 / S9", "taken-back L8 / S8 → L8 / S9 patient → OR-2",
        "moved-again L8 / S9 OR-2 → patient",
    ):  # fmt: skip
        assert [line for line in told_lines if expected in line], expected
    assert "已撤回" in chinese.stdout
    assert "按新标签重新移动" in chinese.stdout
