"""Goods that moves have spelled in two ways are on a work list, and nothing is booked for it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sinks.postgres.stock.balances import SpelledOtherwise, spelled_otherwise
from streams.embedded.broker import EmbeddedBroker
from tests.integration.stock.test_orders import keep
from tests.support.builders import DI, encounter, gs1, item, scan, scan_id
from tests.support.installed import installed
from tests.support.ward import PostgresStore, Ward, postgres_store


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(), encounter())


def moved(number: int, action: str, lot: str, quantity: int = 1, serial: str | None = None, **given: Any) -> Any:
    said = {"encounter": "E1" if action == "use" else None, "codes": [gs1(DI, expiry="271231", lot=lot, serial=serial)]}
    return scan(number, **{"action": action, "quantity": quantity} | said | given)


async def listed(store: PostgresStore) -> list[tuple[Any, ...]]:
    return [
        (each.store, each.lot, each.serial, each.quantity, each.other, each.other_place, each.other_quantity)
        for each in await spelled_otherwise(store.pool)
    ]


async def test_a_lot_below_zero_says_under_which_spelling_it_lies_there(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(moved(1, "receive", "LA", 10), moved(2, "use", "la", 3), moved(3, "receive", "LB", 2))
    await ward.scan(moved(4, "receive", "la", 2, store="OR-9"))

    assert await listed(store) == [
        ("OR-2", "la", None, -3, "LA", "OR-2", 10),
        ("OR-2", "LA", None, 10, "la", "OR-2", -3),
    ]
    assert [each.item_code for each in await spelled_otherwise(store.pool, "OR-2", "SCREW")] == ["SCREW"] * 2
    assert await spelled_otherwise(store.pool, "OR-9") == []


async def test_what_was_accepted_under_another_spelling_stands_on_the_way_twice(
    ward: Ward, store: PostgresStore
) -> None:
    await keep(store.pool, store="OR-9", confirms_transfers=True)
    await ward.scan(moved(1, "receive", "LA", 5), moved(2, "transfer", "LA", 2, to_store="OR-9"))
    assert await listed(store) == []
    await ward.scan(moved(3, "accept", "la", 2, store="OR-9"))

    way = "in-transit/OR-9"
    assert await listed(store) == [(way, "la", None, -2, "LA", way, 2), (way, "LA", None, 2, "la", way, -2)]


async def test_a_use_that_is_identified_by_its_goods_spelling_leaves_the_list(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(moved(1, "receive", "LA", 10), moved(2, "use", "la", 3))
    await ward.scan(moved(3, "identify", "LA", 3, corrects=str(scan_id(2))))
    await ward.sweep()

    assert await listed(store) == []


async def test_a_unit_that_lies_here_and_was_used_under_another_spelling_is_named(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(moved(1, "receive", "L", serial="s1"), moved(2, "use", "L", serial="S1"))
    assert await listed(store) == [("OR-2", "L", "S1", -1, "s1", "OR-2", 1), ("OR-2", "L", "s1", 1, "S1", "OR-2", -1)]
    await ward.scan(moved(3, "receive", "L", serial="S1"))

    assert await listed(store) == [("OR-2", "L", "s1", 1, "S1", "patient", None)]


async def test_the_command_lists_them_and_the_other_lists_say_that_there_are_some(
    told: str, embedded_broker: EmbeddedBroker
) -> None:
    async with installed(told, embedded_broker) as house:
        await house.ward.scan(moved(700, "receive", "XA", 10, store="OR-7"), moved(701, "use", "xa", 3, store="OR-7"))
        found = await house.json("stock", "--spelled", "--store", "OR-7")
        shown = await house.udi("stock", "--spelled", "--store", "OR-7")
        uses = await house.udi("stock", "--uses", "--store", "OR-7")
        negative = await house.udi("stock", "--negative", "--store", "OR-7")
        chinese = await house.udi("--lang", "zh-CN", "stock", "--uses", "--store", "OR-7")
        alone = await house.udi("stock", "--spelled", "--uses")

    assert [(each["lot"], each["quantity"], each["other"], each["other_quantity"]) for each in found] == [
        ("xa", -3, "XA", 10), ("XA", 10, "xa", -3),
    ]  # fmt: skip
    assert set(SpelledOtherwise.__slots__) == set(found[0])
    assert "XA" in shown.stdout
    assert "2 balances to settle" in shown.stdout
    assert "lie there under another spelling: udi stock --spelled" in uses.stdout
    assert "lie there under another spelling: udi stock --spelled" in negative.stdout
    assert "udi stock --spelled" in chinese.stdout
    assert "under another" not in chinese.stdout
    assert alone.exit_code == 2
