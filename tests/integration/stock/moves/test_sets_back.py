"""Goods of a set whose use, or whose way back, no scan told of the set: where the goods are decides."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sinks.postgres.stock.sets import loan_sets
from sinks.postgres.verifying.books import verify_books
from tests.integration.stock.moves.test_sets import SUPPLIED, of_set
from tests.support.builders import DI, encounter, gs1, item, scan, scan_id
from tests.support.ward import PostgresStore, Ward, postgres_store

OWN: dict[str, Any] = {"place": None, "document": None}


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(owner="supplier", **SUPPLIED), encounter())


def unit(number: int, action: str, serial: str, **changes: Any) -> dict[str, Any]:
    return of_set(number, action, codes=[gs1(DI, expiry="271231", lot="L1", serial=serial)], **changes)


async def lines(store: PostgresStore) -> list[tuple[Any, ...]]:
    return [
        (each.serial, each.brought, each.used, each.wasted, each.returned, each.lacking, each.on_shelf, each.shelf,
         each.status, each.findings)
        for each in await loan_sets(store.pool, "LS-1")
    ]  # fmt: skip


async def owed(store: PostgresStore) -> list[tuple[str, int]]:
    rows = await store.pool.fetch("SELECT status, sum(quantity)::int FROM report.settlement GROUP BY 1 ORDER BY 1")
    return [tuple(row) for row in rows]


async def wrong(store: PostgresStore) -> list[str]:
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    return [finding.name for finding in findings if not finding.ok]


async def test_a_unit_that_was_used_without_its_set_is_used_and_lacks_nowhere(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(*(unit(number, "receive", f"S{number}") for number in (1, 2, 3, 4, 5)))
    await ward.scan(
        unit(11, "use", "S1", **OWN), unit(12, "waste", "S2", **OWN), unit(13, "send-back", "S3", **OWN),
        unit(14, "send-back", "S4"),
    )  # fmt: skip

    assert await owed(store) == [("payable", 1)]
    assert await lines(store) == [
        ("S1", 1, 1, 0, 0, 0, 0, None, "settled", []), ("S2", 1, 0, 1, 0, 0, 0, None, "settled", []),
        ("S3", 1, 0, 0, 1, 0, 0, None, "settled", []), ("S4", 1, 0, 0, 1, 0, 0, None, "settled", []),
        ("S5", 1, 0, 0, 0, 1, 0, None, "lacking", ["not-returned"]),
    ]  # fmt: skip
    assert await wrong(store) == []


async def test_a_unit_that_was_used_without_its_set_as_the_hospitals_own_is_named(store: PostgresStore) -> None:
    ward = await Ward(store).open(item(**SUPPLIED), encounter())
    await ward.scan(unit(1, "receive", "S1"), unit(2, "use", "S1", **OWN))

    assert await owed(store) == []
    assert await lines(store) == [("S1", 1, 1, 0, 0, 0, 0, None, "settled", ["not-owed"])]


@pytest.mark.parametrize("corrects", [{}, {"corrects": str(scan_id(2))}])
async def test_what_came_back_to_a_shelf_is_not_used_and_is_named_until_it_went_from_there(
    ward: Ward, store: PostgresStore, corrects: dict[str, Any]
) -> None:
    await ward.scan(of_set(1, "receive", 10), of_set(2, "use", 3))
    await ward.scan(of_set(3, "return", **OWN, **corrects), of_set(4, "return"), of_set(5, "send-back", 8))

    assert await owed(store) == [("payable", 3), ("reversal", 2)]
    assert await lines(store) == [(None, 10, 1, 0, 8, 0, 1, "OR-2", "settled", ["back-on-shelf"])]
    assert await wrong(store) == []
    await ward.scan(of_set(6, "send-back", **OWN))
    assert await lines(store) == [(None, 10, 1, 0, 8, 0, 0, None, "settled", [])]


async def test_a_unit_that_came_back_to_a_shelf_is_not_used_and_is_named(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(unit(1, "receive", "S1"), unit(2, "use", "S1"), unit(3, "return", "S1", **OWN))

    assert await lines(store) == [("S1", 1, 0, 0, 0, 0, 1, "OR-2", "settled", ["back-on-shelf"])]


async def test_a_return_that_waited_is_counted_once(ward: Ward, store: PostgresStore) -> None:
    """Its use came late: what was held for it comes back when the use is known."""
    await ward.scan(of_set(1, "receive", 2), of_set(3, "return", scanned_at="2022-06-03T09:00:00+08:00", **OWN))
    await ward.scan(of_set(2, "use", 2, scanned_at="2022-06-03T08:00:00+08:00"))
    await ward.sweep()

    assert [row[1:8] for row in await lines(store)] == [(2, 1, 0, 0, 0, 1, "OR-2")]


async def test_what_lies_on_a_shelf_otherwise_is_no_piece_of_the_set(ward: Ward, store: PostgresStore) -> None:
    goods = gs1(DI, expiry="271231", lot="L1")
    await ward.scan(scan(1, action="receive", encounter=None, quantity=4, codes=[goods]), of_set(2, "receive"))
    await ward.scan(scan(3, action="use", encounter="E1", codes=[goods]), of_set(4, "use"))
    await ward.scan(scan(5, action="return", encounter="E1", codes=[goods], corrects=str(scan_id(3))))

    assert await lines(store) == [(None, 1, 1, 0, 0, 0, 0, None, "settled", [])]
