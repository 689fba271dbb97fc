"""Delivery notes with several lines of the same goods: what comes fills them one after the other."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.charging.commands import CommandKind
from sinks.postgres.stock.receiving import deliveries
from sinks.postgres.stock.replenishing.orders import needs
from tests.integration.stock.test_orders import keep
from tests.integration.stock.test_receiving import learn, line, note, receipt, sent_back
from tests.support.builders import BOX, DI, encounter, gs1, item
from tests.support.ward import PostgresStore, Ward, postgres_store


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(supplier="S1", cost=[{"cost": "10.00"}]), encounter())


def boxes(number: int, quantity: int, *, lot: str = "L1", **changes: Any) -> dict[str, Any]:
    return receipt(number, quantity, codes=[gs1(BOX, expiry="271231", lot=lot)], **changes)


async def stands(store: PostgresStore) -> list[tuple[Any, ...]]:
    rows = await deliveries(store.pool, "N1")
    return [(row.line, row.arrived - row.rejected - row.returned, row.status, tuple(row.findings)) for row in rows]


async def to_come(store: PostgresStore) -> tuple[int, int]:
    [need] = await needs(store.pool)
    return need.on_hand, need.on_order


SINGLES_AND_BOX = (line("1", 5), line("2", 1, di=BOX), line("3", 3, lot="L2"), line("4", 2, lot="l2"))
"""Five single screws and a box of five of one lot; another lot over two lines."""


async def test_what_comes_fills_the_lines_of_one_lot_and_nothing_is_to_come(ward: Ward, store: PostgresStore) -> None:
    await keep(store.pool, {"item_code": "SCREW", "minimum": 14, "maximum": 14})
    await learn(store.pool, note(*SINGLES_AND_BOX))
    assert await to_come(store) == (0, 15)
    await ward.scan(receipt(1, 5), receipt(2, 4, lot="L2"))
    assert await stands(store) == [
        ("1", 5, "complete", ()), ("2", 0, "expected", ()), ("3", 3, "complete", ()),
        ("4", 1, "partial", ("spelled-otherwise",)),
    ]  # fmt: skip
    assert await to_come(store) == (9, 6)
    await ward.scan(boxes(3, 1), receipt(4, 1, lot="L2"))
    assert [row[:3] for row in await stands(store)] == [(each, units, "complete") for each, units in
                                                        (("1", 5), ("2", 5), ("3", 3), ("4", 2))]  # fmt: skip
    assert await to_come(store) == (15, 0)
    await learn(store.pool, note(*SINGLES_AND_BOX, expected_on="2022-05-01"))
    assert [row[3] for row in await stands(store)] == [(), (), (), ("spelled-otherwise",)]


async def test_a_box_fills_its_own_line_first_and_what_is_left_the_others(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line("1", 5), line("2", 1, di=BOX)))
    await ward.scan(boxes(1, 1))
    assert await stands(store) == [("1", 0, "expected", ()), ("2", 5, "complete", ())]
    await ward.scan(boxes(2, 1))
    assert await stands(store) == [("1", 5, "complete", ()), ("2", 5, "complete", ())]
    await ward.scan(receipt(3, 2))
    assert await stands(store) == [("1", 5, "complete", ()), ("2", 7, "more", ("more",))]


async def test_what_lacks_of_several_lines_is_short_once(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line("1", 3), line("2", 2), line("10", 4), ended=True))
    await ward.scan(receipt(1, 2), receipt(2, 2))
    assert await stands(store) == [
        ("1", 3, "complete", ()),
        ("2", 1, "short", ("short",)),
        ("10", 0, "short", ("short",)),
    ]


async def test_what_went_back_is_first_the_surplus_then_of_the_last_line(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line("1", 3), line("2", 2)))
    await ward.scan(receipt(1, 7))
    assert await stands(store) == [("1", 3, "complete", ()), ("2", 4, "more", ("more",))]
    await ward.scan(sent_back(2, 2))
    assert await stands(store) == [("1", 3, "complete", ()), ("2", 2, "complete", ())]
    await ward.scan(sent_back(3, 3), receipt(4, 3))
    assert await stands(store) == [("1", 3, "complete", ()), ("2", 2, "complete", ())]
    await ward.scan(sent_back(5, 8))
    assert await stands(store) == [("1", -3, "complete", ("returned-more",)), ("2", 0, "complete", ())]


async def test_a_receipt_that_was_taken_back_fills_nothing(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line("1", 3), line("2", 2), ended=True))
    await ward.scan(receipt(1, 5, codes=[gs1(DI, expiry="271231", lot="L1", serial="S1")]))
    await store.command(CommandKind.REJECT, 1)
    await ward.sweep()
    assert await stands(store) == [("1", 0, "short", ("short",)), ("2", 0, "short", ("short",))]
    await ward.scan(receipt(2, 5))
    rows = await deliveries(store.pool, "N1")
    assert [(row.arrived, row.rejected, row.accepted, row.status) for row in rows] == [
        (6, 3, 3, "complete"),
        (4, 2, 2, "complete"),
    ]


async def test_a_lot_without_a_line_of_its_own_fills_lines_of_any_lot(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line("1", 2, lot=None), line("2", 1), line("3", 3, lot=None)))
    await ward.scan(receipt(1, 1), receipt(2, 4, lot="L7"), receipt(3, 1, lot="L8"))
    assert await stands(store) == [("1", 2, "complete", ()), ("2", 1, "complete", ()), ("3", 3, "complete", ())]
