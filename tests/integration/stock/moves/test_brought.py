"""What a delivery note says of its goods holds: whose they are, and what they cost, wherever they go."""

from datetime import timedelta
from typing import Any

import pytest

from models.calendar import ZONE_DEFAULT
from sinks.postgres.stock.counts import count_desk, counts
from streams.counting import seen_now
from tests.integration.stock.moves.notes import deliver, line, note
from tests.integration.stock.moves.test_owners import A, B, C, lies, owed, verified
from tests.support.builders import BOX, NOON, encounter, gs1, item, scan, scan_id
from tests.support.ward import PostgresStore, Store, Ward


def owned(owner: str = "supplier", supplier: str = "S1", **changes: Any) -> dict[str, Any]:
    return item(owner=owner, supplier=supplier, cost=[{"cost": "5.00"}], **changes)


@pytest.fixture
async def ward(store: Store) -> Ward:
    """The catalogue has S1 as the owner of the screws, at 5.00."""
    return await Ward(store).open(owned(), encounter())


def receive(number: int, codes: list[str], quantity: int = 1, **changes: Any) -> dict[str, Any]:
    made = {"action": "receive", "encounter": None, "document": "N1", "codes": codes, "quantity": quantity}
    return scan(number, **made | changes)


def moved(number: int, action: str, codes: list[str], quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return scan(number, action=action, encounter=None, codes=codes, quantity=quantity, **changes)


async def costs(ward: Ward) -> dict[int, list[str | None]]:
    """The costs of the moves of each scan."""
    found: dict[int, list[str | None]] = {}
    for row in (await ward.account()).moves:
        found.setdefault(next(n for n in range(100) if str(scan_id(n)) == row[0]), []).append(row[-1])
    return found


async def test_goods_that_came_by_another_suppliers_note_are_his_and_a_use_is_owed_to_him(
    ward: Ward, store: Store
) -> None:
    await deliver(store, note())
    await ward.scan(receive(1, A, 4))
    await ward.scan(receive(2, B, 5, document=None))
    assert await lies(ward) == {("OR-2", "S2", "A", ""): 4, ("OR-2", "S1", "B", ""): 5}

    await ward.scan(scan(10, codes=A), scan(11, codes=B), lane=1)
    await ward.scan(moved(12, "transfer", A, to_store="OR-3"), scan(13, codes=A, store="OR-3"))
    await ward.scan(scan(14, action="return", codes=A, corrects=str(scan_id(10))), moved(15, "waste", A))

    assert await lies(ward) == {("OR-2", "S2", "A", ""): 2, ("OR-2", "S1", "B", ""): 4}
    assert await owed(ward) == {"S2": 1, "S1": 1}
    assert not [row for row in (await ward.account()).scans if row[3]]
    await verified(store)


async def test_one_batch_and_a_new_worker_know_them_too(ward: Ward, store: Store) -> None:
    await deliver(store, note())
    await ward.scan(receive(1, A, 4), scan(10, codes=A), moved(11, "quarantine", A, 2), moved(12, "send-back", A, 2))
    await ward.restart(1)
    await ward.scan(scan(13, codes=A), lane=1)
    assert (await lies(ward), await owed(ward)) == ({}, {"S2": 2})
    await verified(store)


async def test_goods_of_the_hospital_stay_the_hospitals(ward: Ward, store: Store) -> None:
    await ward.learn(owned("hospital"))
    await deliver(store, note(line(cost="7.50")))
    await ward.scan(receive(1, A, 4), scan(10, codes=A))
    assert (await lies(ward), await owed(ward)) == ({("OR-2", "hospital", "A", ""): 3}, {})
    assert await costs(ward) == {1: ["7.5000"], 10: ["7.5000"]}
    await verified(store)


@pytest.mark.parametrize("supplier", ["s 1", "S1", "s1 "])
async def test_the_catalogues_supplier_is_himself_in_any_spelling(ward: Ward, store: Store, supplier: str) -> None:
    await deliver(store, note(supplier=supplier.strip()))
    await ward.scan(receive(1, A, 4))
    assert await lies(ward) == {("OR-2", "S1", "A", ""): 4}


async def test_before_its_note_came_a_receipt_is_by_the_catalogue_and_stays_so(ward: Ward, store: Store) -> None:
    await ward.scan(receive(1, A, 2), receive(2, A, document="NOBODYS"))
    await deliver(store, note(line(cost="7.50")))
    await ward.sweep()
    await ward.scan(receive(3, A, 3))
    assert await lies(ward) == {("OR-2", "S1", "A", ""): 3, ("OR-2", "S2", "A", ""): 3}
    assert await costs(ward) == {1: ["5.0000"], 2: ["5.0000"], 3: ["7.5000"]}

    await deliver(store, note(supplier="S3"))
    await ward.scan(receive(4, B, 1))
    assert (await lies(ward))["OR-2", "S3", "B", ""] == 1
    assert (await lies(ward))["OR-2", "S2", "A", ""] == 3
    # Of the three who have this lot: the catalogue's first, then the one of whom as many lie there.
    await ward.scan(scan(10, codes=A, quantity=3), scan(11, codes=A, quantity=3))
    assert await owed(ward) == {"S1": 3, "S2": 3}
    await verified(store)


async def test_a_receipt_that_waited_for_its_item_is_by_the_note(ward: Ward, store: Store) -> None:
    box = [gs1(BOX, lot="X")]
    level = {"issuer": "GS1", "di": BOX, "units_per_package": 4}
    await deliver(store, note(line(di=BOX, packages=2, cost="1.25")))
    await ward.learn(item(identifiers=[]))
    await ward.scan(receive(1, box, 2))
    await ward.learn(owned(identifiers=[level]))
    await ward.sweep()
    await ward.scan(scan(10, codes=box))
    assert (await lies(ward), await owed(ward)) == ({("OR-2", "S2", "X", ""): 4}, {"S2": 4})
    assert await costs(ward) == {1: ["1.2500"], 10: ["1.2500"]}


async def test_what_moves_on_costs_what_the_note_says_and_what_is_owed_what_was_agreed(
    ward: Ward, store: Store
) -> None:
    lots = [line("1", lot="a", cost="7.50"), line("2", lot="B", cost="5.00"), line("3", cost="9.00")]
    await deliver(store, note(*lots, supplier="S1"))
    await ward.scan(receive(1, A, 4), receive(2, B, 4), receive(3, C, 4))
    await ward.scan(moved(10, "transfer", A, 3, to_store="OR-3"), scan(11, codes=A, store="OR-3"), scan(12, codes=B))
    await ward.scan(scan(13, action="return", codes=A, corrects=str(scan_id(11)), store="OR-3"), lane=1)
    await ward.scan(moved(14, "opened", C, department="D9"))

    said = {1: "7.5000", 2: "5.0000", 3: "9.0000", 10: "7.5000", 11: "7.5000", 12: "5.0000", 13: "7.5000", 14: "9.0000"}
    assert await costs(ward) == {number: [cost] for number, cost in said.items()}
    assert {row[4] for row in (await ward.account()).settlement} == {"5.00"}
    if isinstance(store, PostgresStore):
        assert await store.pool.fetchval("SELECT cost::text FROM report.waste") == "9.0000"
    await verified(store)


async def test_a_later_receipt_of_the_same_goods_ends_what_the_note_said(ward: Ward, store: Store) -> None:
    later = {"scanned_at": "2022-06-04T12:00:00+08:00"}
    await deliver(store, note(line(cost="7.50"), supplier="S1"))
    await ward.scan(receive(1, A, 4))
    await ward.scan(
        receive(2, A, 4, document=None, **later), scan(10, codes=A, **later), stamp=NOON + timedelta(days=1)
    )
    assert await costs(ward) == {1: ["7.5000"], 2: ["5.0000"], 10: ["5.0000"]}


async def test_goods_without_a_cost_in_the_catalogue_have_the_notes(ward: Ward, store: Store) -> None:
    await ward.learn(item(owner="supplier", supplier="S1"))
    await deliver(store, note(line(lot="A", cost="7.50"), line("2"), supplier="S1"))
    await ward.scan(receive(1, A, 4), receive(2, B, 4), scan(10, codes=A), scan(11, codes=B))
    assert await costs(ward) == {1: ["7.5000"], 2: [None], 10: ["7.5000"], 11: [None]}
    await ward.learn(owned())
    await ward.sweep()
    assert (await costs(ward))[2] == [None]
    await ward.scan(scan(12, codes=B))
    assert (await costs(ward))[12] == ["5.0000"]


async def test_goods_of_another_lot_cost_what_that_lot_did(ward: Ward, store: Store) -> None:
    await deliver(store, note(line("1", lot="A", cost="7.50"), line("2", lot="B")))
    said = {"action": "identify", "encounter": None}
    await ward.scan(receive(1, A, 4), receive(2, B, 4), scan(10, codes=A), scan(11, codes=B))
    await ward.scan(scan(12, codes=B, corrects=str(scan_id(10)), **said))
    await ward.scan(scan(13, codes=A, corrects=str(scan_id(11)), **said), lane=1)
    await ward.scan(scan(14, codes=C, quantity=4, corrects=str(scan_id(1)), **said))
    await ward.sweep()
    await ward.scan(scan(15, codes=C))
    assert {key: sorted(each or "" for each in row) for key, row in (await costs(ward)).items()} == {
        1: ["7.5000"] * 3, 2: ["5.0000"], 10: ["5.0000", "7.5000", "7.5000"], 11: ["5.0000", "5.0000", "7.5000"],
        15: ["7.5000"],
    }  # fmt: skip
    assert await owed(ward) == {"S2": 3}
    await verified(store)


async def test_what_lies_there_is_worth_what_it_came_for(ward: Ward, store: Store) -> None:
    """The lists of goods, the capital of their suppliers, and a count: ten of A at 7.50, ten of B at 5.00."""
    if not isinstance(store, PostgresStore):
        return
    await deliver(store, note(line("1", lot="A", cost="7.50"), line("2", lot="B")))
    await ward.scan(receive(1, A, 10), receive(2, B, 10), moved(3, "count", A, 8, document="C-OR-2-1"))
    fetch = store.pool.fetch

    expiring = await fetch("SELECT lot, owner, value::text FROM report.expiring ORDER BY lot")
    assert [tuple(row) for row in expiring] == [("A", "S2", "75.00"), ("B", "S2", "50.00")]
    capital = await fetch("SELECT supplier, value::text, units::text FROM report.working_capital")
    assert [tuple(row) for row in capital] == [("S2", "41.67", "6.7")]
    slow = await fetch("SELECT owner, quantity, value::text FROM udi.slow_movers_6(0)")
    assert [tuple(row) for row in slow] in ([], [("S2", 20, "125.00")])

    async with count_desk(store.pool, "H1") as desk:
        document = await desk.start("OR-2", None, "li")
    [count] = await counts(store.pool, "H1", document)
    lines = (await seen_now(store.pool, count, ZONE_DEFAULT)).lines
    assert {(each.lot, each.owner, each.difference, each.value_fen) for each in lines} == {
        ("A", "S2", -2, -1500), ("B", "S2", -10, -5000),
    }  # fmt: skip


async def test_one_scan_takes_from_one_owner_whoever_else_has_some_of_the_lot(ward: Ward, store: Store) -> None:
    await deliver(store, note())
    await ward.scan(receive(1, A, 3, document=None), receive(2, A, 4), scan(10, codes=A, quantity=5))
    assert await lies(ward) == {("OR-2", "S1", "A", ""): 3, ("OR-2", "S2", "A", ""): -1}
    assert await owed(ward) == {"S2": 5}
    assert [row[3] for row in (await ward.account()).scans if row[3]] == [("stock-negative",)]
    await verified(store)
