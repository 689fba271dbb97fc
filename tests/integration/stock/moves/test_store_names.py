"""Stores that the house does not know are a work list; places of the books are no stores."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.charging.commands import CommandKind
from models.scan.event import Action
from sinks.ports.batch import RawRecord
from sinks.postgres.operating.dead_letters import letters
from sinks.postgres.stock.below_zero import below_zero
from sinks.postgres.stock.receiving import deliveries
from sinks.postgres.stock.shelves import strays
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from sinks.postgres.verifying.books import verify_books
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, HOSPITAL, NOON, body, encounter, gs1, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import PostgresStore, Ward, postgres_store, verdicts

PLACES = ("in-transit/OR-3", "lent/OR-4", "quarantine/OR-2", "set/LS-1", "patient", "waste", "supplier", "adjustment")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(cost=[{"cost": "10.00"}]), encounter())


def moved(number: int, action: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"action": action, "quantity": quantity, "encounter": None} | changes)


def receipt(number: int, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return moved(number, "receive", quantity, **{"codes": [gs1(DI, expiry="271231", lot="L1")]} | changes)


async def tell(store: PostgresStore, *names: str, notes: tuple[dict[str, Any], ...] = ()) -> list[str]:
    """Stores and delivery notes as their topics bring them; gives why some were refused."""
    books, batch = SupplyBooks(store.pool, 2), SupplyBatch()
    for name in names:
        record = {"schema": "udi.store/1", "hospital": HOSPITAL, "store": name}
        books.add_store(batch, books.parse_store(RawRecord(None, body(record))), NOON, "udi.stores/0/0")
    for note in notes:
        books.add_delivery(batch, books.parse_delivery(RawRecord(None, body(note))), NOON, "udi.deliveries/0/0")
    position = await books.take_over("c1", "udi.stores", 0)
    await books.record(position, position.next_offset + 1, None, batch)
    return [str(letter.reason) for letter in batch.letters]


def note(store: str, **changes: Any) -> dict[str, Any]:
    line = {"line": "1", "issuer": "GS1", "di": DI, "packages": 4, "lot": "L1"}
    return {
        "schema": "udi.delivery/1", "hospital": HOSPITAL, "note": "N1", "supplier": "S1", "store": store,
        "lines": [line | changes],
    }  # fmt: skip


# Stores nobody has told ---------------------------------------------------------------------------------------------


async def test_goods_in_a_store_nobody_has_told_are_listed_until_it_is_told_or_they_are_moved(
    ward: Ward, store: PostgresStore
) -> None:
    await tell(store, "OR-2", "OR-3")
    await ward.scan(receipt(1, 9), receipt(2, 2, store="OR-77"))
    goods = {"codes": [gs1(DI, expiry="271231", lot="L1")]}
    await ward.scan(
        moved(3, "transfer", 2, to_store="OR-88", **goods), moved(4, "lend", 1, to_store="OR-99", **goods), lane=1
    )

    assert [(row.store, row.place, row.quantity, row.scan_id, row.action) for row in await strays(store.pool)] == [
        ("OR-77", "OR-77", 2, scan_id(2), "receive"),
        ("OR-88", "OR-88", 2, scan_id(3), "transfer"),
        ("OR-99", "lent/OR-99", 1, scan_id(4), "lend"),
    ]
    assert {verdict for verdict, _ in verdicts(await ward.account()).values()} == {"recorded"}

    await tell(store, "OR-88")
    await ward.scan(moved(5, "transfer", 2, store="OR-77", to_store="OR-2", **goods))
    assert [row.store for row in await strays(store.pool)] == ["OR-99"]


async def test_a_use_in_a_store_nobody_has_told_is_billed_and_listed(ward: Ward, store: PostgresStore) -> None:
    await tell(store, "OR-2")
    await ward.scan(scan(1, store="OR-66"), scan(2, store="OR-2/cab1"), scan(3, store="OR-2", place="cab2"))

    assert {verdict for verdict, _ in verdicts(await ward.account()).values()} == {"billed"}
    assert [(row.store, row.quantity, row.scan_id) for row in await strays(store.pool)] == [("OR-66", -1, None)]


async def test_where_no_stores_are_told_nothing_is_said(ward: Ward, store: PostgresStore) -> None:
    assert await tell(store, notes=(note("OR-5"),)) == []
    await ward.scan(receipt(1, 4, store="OR-5", document="N1"), moved(2, "transfer", to_store="OR-6"))

    assert await strays(store.pool) == []
    assert [tuple(row.findings) for row in await deliveries(store.pool)] == [()]


@pytest.mark.parametrize(
    ("noted", "scanned", "findings"),
    [("OR-2", "OR-2", ()), ("OR-5", "OR-2", ("unknown-store",)), ("OR-2", "OR-5", ("unknown-store",))],
)
async def test_a_note_or_receipt_for_a_store_nobody_has_told_is_a_finding(
    ward: Ward, store: PostgresStore, noted: str, scanned: str, findings: tuple[str, ...]
) -> None:
    await tell(store, "OR-2", notes=(note(noted),))
    await ward.scan(receipt(1, 4, store=scanned, document="N1"))

    (row,) = await deliveries(store.pool)
    assert (row.accepted, row.status, tuple(row.findings)) == (4, "complete", findings)


@pytest.mark.parametrize(("scanned", "findings"), [("OR-2", ()), ("OR-5", ("unknown-store",))])
async def test_the_number_of_no_note_is_no_unknown_store(
    ward: Ward, store: PostgresStore, scanned: str, findings: tuple[str, ...]
) -> None:
    await tell(store, "OR-2")
    await ward.scan(receipt(1, 4, store=scanned, document="N404"))

    (row,) = await deliveries(store.pool)
    assert (row.store, tuple(each for each in row.findings if each == "unknown-store")) == (None, findings)
    assert "unknown-note" in row.findings


async def test_people_see_the_goods_of_stores_nobody_has_told(database: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(database, embedded_broker) as house:
        await _look(house)


async def _look(house: Installed) -> None:
    assert "No goods lie in a store" in (await house.udi("stock", "--unknown-stores")).stdout
    assert (await house.udi("stock", "--moves", "--unknown-stores")).exit_code == 2


# Places of the books ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
async def test_a_place_of_the_books_is_no_store_of_a_move_but_a_use_is_charged(
    ward: Ward, store: PostgresStore, place: str
) -> None:
    others = [each for each in Action if each not in {Action.USE, Action.RETURN, Action.IDENTIFY}]
    more: dict[str, Any] = {"to_store": "OR-3", "document": "D1", "item_code": "SCREW", "codes": None}
    await ward.scan(*(moved(number, each, store=place, **more) for number, each in enumerate(others, 100)))
    await ward.scan(moved(90, "transfer", to_store=place), moved(91, "lend", to_store=place), lane=1)
    refused = await letters(store.pool, "bad-event", None)
    assert len(refused) == len(others) + 2

    await ward.scan(scan(1, store=place))
    await ward.scan(scan(2, store=place, action="return", corrects=str(scan_id(1))))
    await ward.scan(scan(3, store=place))
    await store.command(CommandKind.REJECT, 3)
    await ward.sweep()
    found = verdicts(await ward.account())
    assert [found[str(scan_id(number))][0] for number in (1, 2)] == ["billed", "credited"]
    assert "stock-negative" in found[str(scan_id(1))][1]
    assert scan_id(1) in {each.scan_id for each in await below_zero(store.pool)}
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [(each.name, each.first) for each in findings if not each.ok] == []


@pytest.mark.parametrize("place", PLACES)
async def test_no_store_and_no_note_is_named_as_a_place_of_the_books(store: PostgresStore, place: str) -> None:
    assert await tell(store, place, notes=(note(place),)) == ["bad-event"] * 2


# Rooms --------------------------------------------------------------------------------------------------------------


async def test_a_store_is_not_told_by_the_name_of_a_room_and_another_is(store: PostgresStore) -> None:
    assert await tell(store, "OR-2", "OR-2/2", "/", "OR-3") == ["bad-event", "bad-event"]
    assert [row["store"] for row in await store.pool.fetch("SELECT store FROM udi.store ORDER BY store")] == [
        "OR-2",
        "OR-3",
    ]


async def test_goods_go_from_the_shelf_to_a_cabinet_of_the_store_and_back(ward: Ward, store: PostgresStore) -> None:
    goods = {"codes": [gs1(DI, expiry="271231", lot="L1")]}
    await tell(store, "OR-2")
    await ward.scan(receipt(1, 9), moved(2, "transfer", 5, to_store="OR-2/cab1", **goods))
    await ward.scan(moved(3, "transfer", 2, place="cab1", to_store="OR-2", **goods), scan(4, place="cab1", **goods))

    stock = await store.pool.fetch("SELECT store, quantity FROM report.stock ORDER BY store")
    assert [tuple(row) for row in stock] == [("OR-2", 6), ("OR-2/cab1", 2)]
    assert {reasons for _, reasons in verdicts(await ward.account()).values()} == {()}
    assert await strays(store.pool) == []


async def test_the_scans_that_took_what_was_not_there_are_listed_with_what_they_did(
    ward: Ward, store: PostgresStore
) -> None:
    goods = {"codes": [gs1(DI, expiry="271231", lot="L1")]}
    await ward.scan(scan(1, **goods), moved(2, "accept", 2, store="OR-3", **goods))

    assert sorted((each.action, each.store, each.units) for each in await below_zero(store.pool)) == [
        ("accept", "in-transit/OR-3", 2),
        ("use", "OR-2", 1),
    ]
