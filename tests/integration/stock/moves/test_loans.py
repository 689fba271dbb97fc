"""What a store has borrowed it uses; what was used of a loan is on loan no more."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from models.charging.commands import CommandKind
from sinks.postgres.stock.below_zero import below_zero
from sinks.postgres.stock.replenishing.orders import needs
from sinks.postgres.verifying.books import verify_books
from streams.services.recall_lister import RecallLister
from tests.integration.stock.test_orders import keep
from tests.support.builders import DI, HOSPITAL, NOON, encounter, gs1, gtin, item, scan
from tests.support.recalls import accept, recall
from tests.support.ward import PostgresStore, Ward, postgres_store

STENT = gtin(777)
LENDER, BORROWER = "OR-3", "OR-4"
LOAN = f"lent/{BORROWER}"


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    level = {"issuer": "GS1", "di": STENT, "units_per_package": 1}
    stent = item(item_code="STENT", identifiers=[level], tracking="serial", owner="supplier", supplier="S9")
    ward = await Ward(store).open(item(), stent, encounter())
    await ward.scan(moved(1, "receive", 9, store=LENDER), moved(2, "lend", 3, store=LENDER, to_store=BORROWER))
    return ward


def moved(number: int, action: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"action": action, "quantity": quantity, "encounter": None, "store": BORROWER} | changes)


def used(number: int, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"quantity": quantity, "store": BORROWER} | changes)


def unit(serial: str) -> dict[str, Any]:
    return {"codes": [gs1(STENT, expiry="271231", lot="L9", serial=serial)]}


async def lies(store: PostgresStore) -> dict[str, int]:
    """What lies where; the books agree with themselves."""
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [finding.name for finding in findings if not finding.ok] == []
    rows = await store.pool.fetch("SELECT store, sum(quantity)::int AS n FROM report.stock GROUP BY 1")
    return {row["store"]: row["n"] for row in rows if row["n"]}


async def ways(store: PostgresStore, *, last: int) -> list[tuple[str, str]]:
    rows = await store.pool.fetch(
        "SELECT from_place, to_place FROM udi.stock_move "
        "ORDER BY position_id DESC, record_offset DESC, n DESC LIMIT $1",
        last,
    )
    return [tuple(row) for row in reversed(rows)]


@pytest.mark.parametrize("action", ["use", "opened", "waste"])
@pytest.mark.parametrize("lane", [0, 1])
async def test_goods_on_loan_are_used(ward: Ward, store: PostgresStore, action: str, lane: int) -> None:
    taken = used(3, 2) if action == "use" else moved(3, action, 2)
    await ward.scan(taken, lane=lane)

    assert await lies(store) == {LENDER: 6, LOAN: 1}
    assert await below_zero(store.pool) == []


async def test_the_store_s_own_goods_are_used_first_and_no_other_store_s_loans(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(moved(3, "receive", 1), used(4), used(5), used(6, store="OR-5"))

    assert await lies(store) == {LENDER: 6, LOAN: 2, "OR-5": -1}
    assert [each.store for each in await below_zero(store.pool)] == ["OR-5"]


async def test_a_use_takes_from_where_most_lies_when_neither_has_enough(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(used(3, 4, place="cab1"))
    assert await lies(store) == {LENDER: 6, LOAN: -1}
    assert [(each.store, each.left) for each in await below_zero(store.pool)] == [(LOAN, -1)]
    # One more was lent before the use, and that comes late: nothing is left to explain.
    await ward.scan(moved(4, "lend", store=LENDER, to_store=BORROWER, scanned_at="2022-06-03T11:30:00+08:00"))
    assert [each.explained for each in await below_zero(store.pool)] == [True]
    await ward.scan(used(5, 1))
    assert await lies(store) == {LENDER: 5, BORROWER: -1}


async def test_a_use_is_explained_by_a_receipt_whose_lane_was_behind(ward: Ward, store: PostgresStore) -> None:
    # By the broker's times the receipt was there before the use was; by those of the scans, too.
    before = [scan(each, quantity=1, action="count", encounter=None, document="C") for each in range(10, 15)]
    await ward.scan(*before, used(3, store="OR-7"))
    [flagged] = await below_zero(store.pool)
    assert (flagged.store, flagged.explained) == ("OR-7", False)
    came = moved(4, "receive", store="OR-7", scanned_at=(NOON - timedelta(hours=1)).isoformat())
    await ward.scan(came, lane=1)

    [flagged] = await below_zero(store.pool)
    used_at = await store.pool.fetchval("SELECT recorded_at FROM udi.scan WHERE scan_id = $1", flagged.scan_id)
    assert flagged.received_known_at is not None
    assert flagged.received_known_at < used_at
    assert (flagged.explained, flagged.left) == (True, 0)
    # A receipt made after the use explains nothing, whenever it comes.
    await ward.scan(used(5, store="OR-8"))
    later = (NOON + timedelta(hours=1)).isoformat()
    await ward.scan(moved(6, "receive", store="OR-8", scanned_at=later), lane=1)
    assert [(each.store, each.explained) for each in await below_zero(store.pool)] == [("OR-7", True), ("OR-8", False)]


async def test_a_use_is_explained_by_a_loan_that_comes_after_it_and_the_balances_are_made_good(
    ward: Ward, store: PostgresStore
) -> None:
    """The loan was made before the use and came later: the borrower's shelf is below zero and the loan open."""
    earlier = {"scanned_at": (NOON - timedelta(hours=1)).isoformat()}
    await ward.scan(used(3, 2, store="OR-6"), used(4, store="OR-7"))
    await ward.scan(moved(5, "lend", 2, store=LENDER, to_store="OR-6", **earlier), lane=1)
    # A loan that was made after the use explains nothing.
    later = {"scanned_at": (NOON + timedelta(hours=1)).isoformat()}
    await ward.scan(moved(6, "lend", 1, store=LENDER, to_store="OR-7", **later), lane=1)
    assert await lies(store) == {LENDER: 3, LOAN: 3, "OR-6": -2, "lent/OR-6": 2, "OR-7": -1, "lent/OR-7": 1}
    found = [(each.store, each.left, each.explained) for each in await below_zero(store.pool)]
    assert found == [("OR-6", 0, True), ("OR-7", -1, False)]

    await ward.scan(moved(7, "give-back", 2, store="OR-6", to_store=LENDER))
    await ward.scan(moved(8, "transfer", 2, store=LENDER, to_store="OR-6"), lane=1)
    assert await lies(store) == {LENDER: 3, LOAN: 3, "OR-7": -1, "lent/OR-7": 1}
    assert [each.explained for each in await below_zero(store.pool)] == [True, False]


async def test_a_use_under_the_lender_s_name_is_of_his_shelf_until_the_loan_is_given_back(
    ward: Ward, store: PostgresStore
) -> None:
    """Three of nine are lent, and one of them is used at the borrower's, scanned under the lender's name."""
    await ward.scan(used(3, store=LENDER))
    assert await lies(store) == {LENDER: 5, LOAN: 3}
    assert await below_zero(store.pool) == []
    await ward.scan(moved(4, "give-back", 3, to_store=LENDER))
    assert await lies(store) == {LENDER: 8}


async def test_a_loan_and_its_use_in_one_batch(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(moved(3, "lend", 2, store=LENDER, to_store="OR-6"), used(4, store="OR-6"), used(5, store="OR-6"))

    assert await lies(store) == {LENDER: 4, LOAN: 3}
    assert await store.pool.fetchval("SELECT array_agg(store ORDER BY store) FROM udi.borrower") == [BORROWER, "OR-6"]


async def test_what_was_used_of_a_loan_comes_back_to_it(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(used(3, 2), used(4))
    await ward.scan(moved(5, "return", encounter="E1"), lane=1)
    assert await lies(store) == {LENDER: 6, LOAN: 1}
    await store.command(CommandKind.REJECT, 3)
    await ward.sweep()
    assert await lies(store) == {LENDER: 6, LOAN: 3}
    # Whoever brings it back to another store has ended the loan of it.
    await ward.scan(used(6))
    await ward.scan(moved(7, "return", encounter="E1", store=LENDER))
    assert await lies(store) == {LENDER: 7, LOAN: 2}


async def test_a_store_gives_back_its_own_goods_for_those_it_used(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(used(3, 3), moved(4, "receive", 3), moved(5, "give-back", 3, to_store=LENDER))

    assert await lies(store) == {LENDER: 9}
    assert await ways(store, last=1) == [(BORROWER, LENDER)]


async def test_a_unit_on_loan_that_is_used_is_with_the_patient_alone(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(
        moved(3, "receive", store=LENDER, **unit("U1")),
        moved(4, "lend", store=LENDER, to_store=BORROWER, **unit("U1")),
    )
    await ward.scan(used(5, **unit("U1")), lane=1)

    assert await ways(store, last=1) == [(LOAN, "patient")]
    for view in ("report.units_elsewhere", "report.moves_elsewhere"):
        assert await store.pool.fetch(f"SELECT * FROM {view}") == []
    assert await store.pool.fetchval("SELECT place FROM report.unit_places") == "patient"
    owed = await store.pool.fetch("SELECT supplier, quantity FROM udi.settlement")
    assert [tuple(row) for row in owed] == [("S9", 1)]
    assert await lies(store) == {LENDER: 6, LOAN: 3}


async def test_a_use_that_turns_out_to_be_of_the_loan_s_lot_is_taken_from_it(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(used(3, codes=[gs1(DI, expiry="271231", lot="L2")]))
    assert (await lies(store))[BORROWER] == -1
    await ward.scan(moved(4, "identify", corrects=str(scan(3)["scan_id"])))
    await ward.sweep()

    assert await lies(store) == {LENDER: 6, LOAN: 2}
    assert await below_zero(store.pool) == []


async def test_real_use_of_a_store_is_that_of_its_loans_too(ward: Ward, store: PostgresStore) -> None:
    await keep(store.pool, {"item_code": "SCREW", "days": 14}, store=BORROWER)
    await ward.scan(used(3, 2), moved(4, "receive", 5), used(5))

    rows = await store.pool.fetch("SELECT place, units FROM udi.real_use_4($1, $2, 30)", HOSPITAL, NOON.date())
    assert [tuple(row) for row in rows] == [(BORROWER, 3)]
    [need] = await needs(store.pool, HOSPITAL, BORROWER, "SCREW")
    assert need.minimum == 14 * 3  # Three on the one day that the books have.


async def test_a_recall_has_a_unit_on_loan_that_was_used_once(ward: Ward, store: PostgresStore) -> None:
    for number, serial in ((3, "U1"), (5, "U2")):
        at = {"store": LENDER, **unit(serial)}
        await ward.scan(moved(number, "receive", **at), moved(number + 1, "lend", to_store=BORROWER, **at))
    await ward.scan(used(7, **unit("U1")))
    await accept(store.pool, recall(lines=[{"issuer": "GS1", "di": STENT, "lots": ["L9"]}]))

    await RecallLister(store.pool).look()

    lines = await store.pool.fetch("SELECT kind, serial, quantity FROM report.recall_lines ORDER BY kind")
    assert [tuple(row) for row in lines] == [("certain", "U1", 1), ("lent", "U2", 1)]
