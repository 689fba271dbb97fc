"""Places: what stores send, lend and lock away stands in the database as in the twin, and adds up."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from sinks.ports.batch import RawRecord
from sinks.postgres.stock.balances import balances
from sinks.postgres.stock.below_zero import below_zero
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from sinks.postgres.verifying.books import verify_books
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, HOSPITAL, NOON, body, encounter, gs1, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import PostgresStore, Ward, postgres_store

CONFIRMS = {"schema": "udi.store/1", "hospital": HOSPITAL, "store": "OR-3", "confirms_transfers": True}


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    ward = await Ward(store).open(item(cost=[{"cost": "10.00"}]), encounter())
    books, batch = SupplyBooks(store.pool, 2), SupplyBatch()
    position = await books.take_over("c1", "udi.stores", 0)
    books.add_store(batch, books.parse_store(RawRecord(b"H1/OR-3", body(CONFIRMS))), NOON, position.origin(0))
    await books.record(position, 1, None, batch)
    return ward


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


def moved(number: int, action: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"action": action, "quantity": quantity, "encounter": None} | changes)


STORY = (
    moved(1, "receive", 20, document="N1"),
    moved(2, "transfer", 8, to_store="OR-3", document="T1"),
    moved(3, "accept", 5, store="OR-3", document="T1"),
    moved(4, "lend", 2, to_store="OR-4"),
    moved(5, "give-back", 1, store="OR-4", to_store="OR-2"),
    moved(6, "quarantine", 3),
    moved(7, "clear", 1),
    moved(8, "receive", 4, place="cab1"),
    scan(9, place="cab1"),
    scan(10),
    moved(11, "waste", 2),
)
EXPECTED = {
    "OR-2": 20 - 8 - 2 + 1 - 3 + 1 - 1 - 2, "OR-3": 5, "in-transit/OR-3": 3, "lent/OR-4": 1, "quarantine/OR-2": 2,
    "OR-2/cab1": 3,
}  # fmt: skip


async def test_every_place_has_its_balance_and_every_move_its_cost(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(*STORY[:6])
    await ward.scan(*STORY[6:], lane=1)

    stock = await store.pool.fetch("SELECT store, quantity FROM report.stock WHERE quantity <> 0")
    assert {row["store"]: row["quantity"] for row in stock} == EXPECTED
    moves = await store.pool.fetch(
        "SELECT from_place, to_place, cause, document, cost::text, cost_reason FROM report.stock_moves "
        "ORDER BY moved_at"
    )
    assert [tuple(row)[:4] for row in moves][:4] == [
        ("supplier", "OR-2", "receive", "N1"), ("OR-2", "in-transit/OR-3", "transfer", "T1"),
        ("in-transit/OR-3", "OR-3", "accept", "T1"), ("OR-2", "lent/OR-4", "lend", None),
    ]  # fmt: skip
    assert {tuple(row)[4:] for row in moves} == {("10.0000", None)}
    way = await store.pool.fetchrow("SELECT document, from_store, to_store, quantity FROM report.in_transit")
    assert way is not None
    assert tuple(way) == ("T1", "OR-2", "OR-3", 3)
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [finding.name for finding in findings if not finding.ok] == []


SENT = (
    moved(1, "receive", 20), moved(2, "transfer", 3, to_store="OR-3", document="TA"),
    moved(3, "transfer", 4, to_store="OR-3", document="TB"), moved(4, "transfer", 2, to_store="OR-3"),
)  # fmt: skip


async def on_the_way(store: PostgresStore) -> list[tuple[str | None, int]]:
    rows = await store.pool.fetch("SELECT document, quantity FROM report.in_transit ORDER BY sent_at")
    return [(row["document"], row["quantity"]) for row in rows]


def accepted(number: int, quantity: int, document: str | None = None) -> dict[str, Any]:
    return moved(number, "accept", quantity, store="OR-3", document=document)


@pytest.mark.parametrize(
    ("came", "left"),
    [
        ([], [("TA", 3), ("TB", 4), (None, 2)]),
        ([accepted(5, 7, "TA")], [(None, 2)]),
        ([accepted(5, 4, "TB")], [("TA", 3), (None, 2)]),
        ([accepted(5, 5, "TB")], [("TA", 2), (None, 2)]),
        ([accepted(5, 1)], [("TA", 3), ("TB", 4), (None, 1)]),
        ([accepted(5, 6)], [("TB", 3)]),
        ([accepted(5, 4, "NO SUCH")], [("TB", 3), (None, 2)]),
        ([accepted(5, 3, "NO SUCH"), accepted(6, 3, "TA")], [("TB", 1), (None, 2)]),
        ([accepted(5, 9, "TA")], []),
    ],
)
async def test_what_is_accepted_empties_the_document_it_names_and_then_the_oldest(
    ward: Ward, store: PostgresStore, came: list[dict[str, Any]], left: list[tuple[str | None, int]]
) -> None:
    await ward.scan(*SENT)
    for each in came:
        await ward.scan(each, lane=1)

    assert await on_the_way(store) == left
    negative = await store.pool.fetch("SELECT store FROM report.stock WHERE quantity < 0")
    assert negative == []


async def test_what_is_accepted_beyond_all_that_was_sent_is_below_zero_on_its_list(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(*SENT)
    await ward.scan(accepted(5, 10, "TA"), lane=1)

    assert await on_the_way(store) == []
    assert [(each.store, each.quantity) for each in await balances(store.pool, negative=True)] == [
        ("in-transit/OR-3", -1)
    ]  # fmt: skip
    assert [(each.store, each.units, each.explained) for each in await below_zero(store.pool)] == [
        ("in-transit/OR-3", 10, False)
    ]  # fmt: skip


async def test_a_way_empties_by_its_own_goods_alone_and_fills_again_when_they_turn_out_to_be_others(
    ward: Ward, store: PostgresStore
) -> None:
    other = {"codes": [gs1(DI, lot="L2", expiry="271231")]}
    await ward.scan(*SENT)
    await ward.scan(accepted(5, 7, "TA"), accepted(6, 2) | other)
    assert await on_the_way(store) == [(None, 2)]

    await ward.scan(moved(7, "identify", 7, store="OR-3", corrects=str(scan_id(5))) | other)
    await ward.sweep()

    assert await on_the_way(store) == [("TA", 3), ("TB", 4), (None, 2)]
    assert [(each.lot, each.quantity) for each in await balances(store.pool, negative=True)] == [("L2", -9)]


async def test_stock_as_of_an_instant_is_a_replay_up_to_it(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(*STORY)

    for upto in range(len(STORY) + 1):
        replay: dict[str, int] = {}
        moves = await store.pool.fetch("SELECT * FROM report.stock_moves ORDER BY moved_at")
        for move in moves[:upto]:
            for place, units in ((move["from_place"], -move["quantity"]), (move["to_place"], move["quantity"])):
                if place not in {"supplier", "patient", "waste"}:
                    replay[place] = replay.get(place, 0) + units
        at = NOON + timedelta(seconds=upto)
        found = await store.pool.fetch("SELECT store, quantity FROM udi.stock_as_of($1)", at)
        assert {row["store"]: row["quantity"] for row in found} == {place: n for place, n in replay.items() if n}


async def test_a_move_without_a_cost_says_so(ward: Ward, store: PostgresStore) -> None:
    await ward.learn(item(item_code="TAPE", name="胶带", identifiers=[], class_="II"))
    await ward.scan(moved(1, "receive", item_code="TAPE"))

    row = await store.pool.fetchrow("SELECT cost, cost_reason FROM report.stock_moves")
    assert row is not None
    assert tuple(row) == (None, "no-cost")


async def test_people_ask_what_was_there_and_what_expires(house: Installed) -> None:
    near = gs1(DI, expiry="220630", lot="NEAR")
    over = gs1(DI, expiry="220601", lot="OVER")
    await house.ward.scan(
        moved(100, "receive", 6, codes=[near], scanned_at="2022-06-02T08:00:00+08:00"),
        moved(101, "receive", 2, codes=[over]),
        moved(102, "waste", 1, codes=[near]),
    )

    before = await house.json("stock", "--at", "2022-06-02T09:00:00+08:00", "--item", "SCREW", "--store", "OR-2")
    assert {row["lot"]: row["quantity"] for row in before}["NEAR"] == 6
    found = await house.json("expiring", "--days", "60")
    rows = [
        (row["store"], row["lot"], row["quantity"], row["days_left"]) for row in found if row["lot"] in {"NEAR", "OVER"}
    ]
    assert rows == [("quarantine/OR-2", "OVER", 2, -2), ("OR-2", "NEAR", 5, 27)]
    shown = await house.udi("expiring")
    assert shown.exit_code == 1
    assert "2 units have expired" in shown.stdout
    assert (await house.udi("stock", "--at", "yesterday")).exit_code == 2
