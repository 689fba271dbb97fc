"""Goods that are sent back and lie partly in quarantine: what is locked away goes first, and the books hold."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.calendar import ZONE_DEFAULT
from sinks.memory.books import MemoryBooks
from sinks.messages.epcis import events_of
from sinks.postgres.stock.epcis import moves_by_scan
from sinks.postgres.stock.trace import TraceBooks
from sinks.postgres.verifying.books import verify_books
from tests.integration.stock.moves.test_identify import identify, moved, stock
from tests.support.builders import DI, NOON, SECOND, encounter, gs1, item, scan_id
from tests.support.ward import MemoryStore, PostgresStore, Ward, postgres_store

BOTH = {("OR-2", "L1", ""): 3}
"""What is left of ten on the shelf and four in quarantine when eleven are sent back."""


@pytest.fixture
async def books(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


async def sent(ward: Ward) -> None:
    await ward.scan(moved(1, "receive", quantity=14), moved(2, "quarantine", quantity=4))
    await ward.scan(moved(3, "send-back", quantity=11, document="N1"), lane=1)


async def holds(books: PostgresStore) -> None:
    async with books.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [finding.name for finding in findings if not finding.ok] == []


async def places(books: PostgresStore) -> list[tuple[Any, ...]]:
    rows = await books.pool.fetch(
        "SELECT from_place, to_place, lot, units, takes_back FROM udi.stock_move WHERE scan_id = $1 ORDER BY n",
        scan_id(3),
    )
    return [tuple(row) for row in rows]


async def test_what_is_locked_away_goes_first_and_the_scan_keeps_its_units(books: PostgresStore) -> None:
    ward = await Ward(books).open(item(), encounter())
    await sent(ward)

    assert await stock(ward) == BOTH
    assert await places(books) == [
        ("quarantine/OR-2", "OR-2", "L1", 4, False), ("OR-2", "supplier", "L1", 11, False),
    ]  # fmt: skip
    row = await books.pool.fetchrow(
        "SELECT quantity, verdict, reasons FROM report.scans WHERE scan_id = $1", scan_id(3)
    )
    assert row is not None
    assert tuple(row) == (11, "recorded", [])
    await holds(books)


async def test_identified_later_both_ways_are_taken_back_and_gone_again(books: PostgresStore) -> None:
    ward = await Ward(books).open(item(), encounter())
    await sent(ward)
    for number, lot in ((4, "L2"), (5, "L3")):
        code = gs1(DI, expiry="271231", lot=lot)
        await ward.scan(identify(number, 3, quantity=11, codes=[code], encounter=None))
        await ward.sweep()
        assert await stock(ward) == {
            ("OR-2", "L1", ""): 10, ("quarantine/OR-2", "L1", ""): 4,
            ("OR-2", lot, ""): -7, ("quarantine/OR-2", lot, ""): -4,
        }  # fmt: skip
        await holds(books)

    assert (await places(books))[2:6] == [
        ("supplier", "OR-2", "L1", 11, True), ("OR-2", "quarantine/OR-2", "L1", 4, True),
        ("quarantine/OR-2", "OR-2", "L2", 4, False), ("OR-2", "supplier", "L2", 11, False),
    ]  # fmt: skip
    trace = TraceBooks(books.pool)
    [unit] = await trace.units_of_item("H1", "SCREW", "L3", None)
    told = [(each.kind, each.to_place, each.lot) for each in await trace.events(unit) if each.scan_id == scan_id(3)]
    assert told[:2] == [("send-back", "OR-2", "L1"), ("send-back", "supplier", "L1")]
    assert told[-2:] == [("moved-again", "OR-2", "L3"), ("send-back", "supplier", "L3")]


async def test_the_twin_of_the_books_does_the_same() -> None:
    ward = await Ward(MemoryStore(MemoryBooks())).open(item(), encounter())
    await sent(ward)
    assert await stock(ward) == BOTH
    for number, lot in ((4, "L2"), (5, "L3")):
        code = gs1(DI, expiry="271231", lot=lot)
        await ward.scan(identify(number, 3, quantity=11, codes=[code], encounter=None))
        await ward.sweep()
    assert await stock(ward) == {
        ("OR-2", "L1", ""): 10, ("quarantine/OR-2", "L1", ""): 4,
        ("OR-2", "L3", ""): -7, ("quarantine/OR-2", "L3", ""): -4,
    }  # fmt: skip


async def test_each_way_has_its_event_and_is_declared_as_an_error_by_itself(books: PostgresStore) -> None:
    ward = await Ward(books).open(item(), encounter())
    await sent(ward)
    await ward.scan(identify(4, 3, quantity=11, encounter=None))
    await ward.sweep()

    found = [moves async for moves in moves_by_scan(books.pool, NOON, NOON + 60 * SECOND)]
    events = list(events_of(found[-1], ZONE_DEFAULT))
    told = [(each["bizStep"], each["readPoint"]["id"][-15:], "errorDeclaration" in each) for each in events]
    assert [each[0] for each in told[:2]] == [told[3][0], told[2][0]]
    assert [each[2] for each in told] == [False, False, True, True, False, False]
    assert {event["eventID"] for event in events[:2]} == {event["eventID"] for event in events[2:4]}
    instead = [event["errorDeclaration"]["correctiveEventIDs"] for event in events[2:4]]
    assert instead == [[events[5]["eventID"]], [events[4]["eventID"]]]


@pytest.mark.parametrize("twin", [True, False])
async def test_goods_that_waited_were_identified_locked_away_and_sent_back_come_out_right(
    books: PostgresStore, *, twin: bool
) -> None:
    """All of it before anybody knew the item: ten came as L1, were of L2, four were locked away and sent back."""
    right = {"codes": [gs1(DI, expiry="271231", lot="L2")], "encounter": None}
    ward = await Ward(MemoryStore() if twin else books).open(item(identifiers=[]), encounter())
    await ward.scan(identify(4, 1, quantity=10, **right))
    await ward.scan(moved(1, "receive", quantity=10, document="N1"))
    await ward.scan(moved(2, "quarantine", quantity=4, **right), moved(3, "send-back", quantity=4, **right))
    await ward.sweep()
    assert {verdict for _, _, verdict, *_ in (await ward.account()).scans} <= {"parked", "held"}
    assert await stock(ward) == {}

    await ward.learn(item())
    await ward.sweep()

    assert await stock(ward) == {("OR-2", "L2", ""): 6}
    assert {row[1]: row[2] for row in (await ward.account()).scans} == {
        str(scan_id(number)): "recorded" for number in (1, 2, 3, 4)
    }
    await holds(books)
