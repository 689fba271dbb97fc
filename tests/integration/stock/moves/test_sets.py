"""A set that a supplier brings for one operation: what came, was used and went back, and what lacks is named."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.charging.commands import CommandKind
from sinks.postgres.stock.sets import loan_sets
from sinks.postgres.verifying.books import checks, run_check, verify_books
from sinks.postgres.web.board import BoardBooks
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, HOSPITAL, encounter, gs1, item, scan, scan_id
from tests.support.installed import installed
from tests.support.ward import PostgresStore, Ward, postgres_store, verdicts

SUPPLIED: dict[str, Any] = {"cost": [{"cost": "10.00"}], "supplier": "S9"}
UNKNOWN = gs1("07032069804995", lot="L9")


def of_set(number: int, action: str, quantity: int = 1, lot: str = "L1", **changes: Any) -> dict[str, Any]:
    said = {
        "action": action, "quantity": quantity, "codes": [gs1(DI, expiry="271231", lot=lot)], "place": "set",
        "document": "LS-1", "encounter": "E1" if action in {"use", "return"} else None,
    }  # fmt: skip
    return scan(number, **said | changes)


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(**SUPPLIED), encounter())


async def lines(store: PostgresStore) -> dict[tuple[str | None, str | None], tuple[Any, ...]]:
    return {
        (each.item_code, each.lot): (each.brought, each.used, each.returned, each.lacking, each.status, each.findings)
        for each in await loan_sets(store.pool, "LS-1")
    }


async def test_what_is_used_of_a_set_is_charged_and_owed_to_its_supplier_and_the_rest_goes_back(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(of_set(1, "receive", 5), of_set(2, "receive", 1, lot="L2"))
    assert await lines(store) == {
        ("SCREW", "L1"): (5, 0, 0, 5, "open", []), ("SCREW", "L2"): (1, 0, 0, 1, "open", []),
    }  # fmt: skip
    await ward.scan(of_set(3, "use", 2, operation="OP-9"), lane=1)
    await ward.scan(of_set(4, "return"), of_set(5, "send-back", 4), of_set(6, "send-back", lot="L2"))

    account = await ward.account()
    assert {verdicts(account)[str(scan_id(number))] for number in range(1, 7)} == {
        ("recorded", ()), ("billed", ()), ("credited", ()),
    }  # fmt: skip
    assert await lines(store) == {
        ("SCREW", "L1"): (5, 1, 4, 0, "settled", []), ("SCREW", "L2"): (1, 0, 1, 0, "settled", []),
    }  # fmt: skip
    assert [row for row in account.stock if row[-1]] == []
    owed = await store.pool.fetch("SELECT supplier, status, quantity, amount::text FROM report.settlement ORDER BY 2")
    assert [tuple(row) for row in owed] == [("S9", "payable", 2, "20.00"), ("S9", "reversal", 1, "10.00")]
    whose = await store.pool.fetch("SELECT DISTINCT owner FROM report.stock_moves")
    assert [row[0] for row in whose] == ["S9"]
    [first, _] = await loan_sets(store.pool)
    assert (first.supplier, first.store, first.encounter, first.operation) == ("S9", "OR-2", "E1", "OP-9")
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [finding.name for finding in findings if not finding.ok] == []


async def test_what_does_not_fit_is_named(ward: Ward, store: PostgresStore) -> None:
    await ward.learn(encounter(encounter="E2"), item(item_code="NAIL", identifiers=[nail()]))
    await ward.scan(
        of_set(1, "receive", 3), of_set(2, "use"), of_set(3, "use", lot="L2"), of_set(4, "receive", lot="L3"),
        of_set(5, "send-back", 2, lot="L3"), of_set(6, "use", lot="L4", encounter="E2"),
        of_set(7, "receive", codes=[UNKNOWN]), of_set(8, "receive", codes=[gs1("07032069804971", lot="L5")]),
    )  # fmt: skip

    several = ["several-encounters"]
    assert await lines(store) == {
        ("SCREW", "L1"): (3, 1, 0, 2, "lacking", ["not-returned", *several]),
        ("SCREW", "L2"): (0, 1, 0, -1, "over", ["not-brought", *several]),
        ("SCREW", "L3"): (1, 0, 2, -1, "over", ["returned-more", *several]),
        ("SCREW", "L4"): (0, 1, 0, -1, "over", ["not-brought", *several]),
        (None, "L9"): (0, 0, 0, 0, "settled", [*several, "waits"]),
        ("NAIL", "L5"): (1, 0, 0, 1, "lacking", ["not-returned", "no-supplier", *several]),
    }


async def test_the_board_sums_up_a_line_once_however_much_does_not_fit_it(ward: Ward, store: PostgresStore) -> None:
    await ward.learn(encounter(encounter="E2"))
    await ward.scan(
        of_set(1, "receive", 10), of_set(2, "use", 1), of_set(3, "use", 1, encounter="E2"), of_set(4, "send-back", 6),
        of_set(5, "receive", 1, lot="L2"), of_set(6, "use", 2, lot="L2"),
        of_set(7, "receive", document="LS-2"), of_set(8, "send-back", document="LS-2"),
    )  # fmt: skip
    summed = ("document", "status", "brought", "used", "returned", "lacking", "findings")
    assert await on_board(store, "sets", *summed) == [
        ("LS-1", "over", 11, 4, 6, 2, ["not-brought", "not-returned", "several-encounters"]),
        ("LS-2", "settled", 1, 0, 1, 0, []),
    ]  # fmt: skip
    assert sorted(await on_board(store, "set-goods", "document", "lot", "brought", "lacking")) == [
        ("LS-1", "L1", 10, 2), ("LS-1", "L2", 1, -1), ("LS-2", "L1", 1, 0),
    ]  # fmt: skip


async def on_board(store: PostgresStore, name: str, *columns: str) -> list[tuple[Any, ...]]:
    board = BoardBooks(store.pool)
    places = [list(await board.columns(name)).index(each) for each in columns]
    return [tuple(row[place] for place in places) for row in await board.whole(name, HOSPITAL)]


def nail() -> dict[str, Any]:
    return {"issuer": "GS1", "di": "07032069804971", "units_per_package": 1}


async def test_what_was_identified_as_another_lot_leaves_no_line_of_what_was_recorded_first(
    ward: Ward, store: PostgresStore
) -> None:
    unread = [gs1(DI, expiry="271231")]
    await ward.scan(of_set(1, "receive", 5), of_set(2, "use", 2, codes=unread), of_set(3, "send-back", 3))
    assert (await lines(store))["SCREW", None] == (0, 2, 0, -2, "over", ["not-brought"])
    await ward.scan(of_set(4, "identify", 2, encounter="E1", corrects=str(scan_id(2))))
    await ward.sweep()

    assert await lines(store) == {("SCREW", "L1"): (5, 2, 3, 0, "settled", [])}


async def test_a_set_that_is_not_back_a_week_after_its_last_scan_lacks(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(
        of_set(1, "receive", scanned_at="2022-05-27T08:00:00+08:00"),
        of_set(2, "receive", scanned_at="2022-05-26T08:00:00+08:00", document="LS-2"),
        scan(3, action="count", encounter=None),
    )
    found = {each.document: (each.status, each.findings) for each in await loan_sets(store.pool)}
    assert found == {"LS-1": ("open", []), "LS-2": ("lacking", ["not-returned"])}


async def test_a_set_needs_no_delivery_note_and_a_room_of_that_name_is_counted(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(of_set(1, "receive"), of_set(2, "count", document=None), of_set(3, "count", document="C-1"))

    assert await store.pool.fetch("SELECT * FROM report.deliveries") == []
    found = await store.pool.fetch("SELECT store, owner FROM report.stock WHERE quantity <> 0 ORDER BY 1")
    assert [tuple(row) for row in found] == [("set/LS-1", "S9")]
    account = await ward.account()
    assert [verdicts(account)[str(scan_id(number))] for number in (2, 3)] == [("recorded", ())] * 2


async def test_a_use_of_a_set_whose_number_is_lacking_is_held_until_a_person_says_it(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(of_set(1, "receive", 3), of_set(2, "use", 2, document=None), of_set(3, "receive", document=None))
    account = await ward.account()
    assert [verdicts(account)[str(scan_id(number))] for number in (2, 3)] == [("held", ("document-missing",))] * 2
    assert (account.charges, account.settlement, [row[-1] for row in account.stock]) == ((), (), [3])

    for number in (2, 3):
        await store.command(CommandKind.CORRECT, number, {"document": "LS-1"})
        await ward.sweep()
    right: dict[str, Any] = {"entry": "manual", "reason": "the label on the tray"}
    await ward.scan(of_set(4, "use", 2, corrects=str(scan_id(2)), **right))
    await ward.scan(of_set(5, "receive", corrects=str(scan_id(3)), **right))

    account = await ward.account()
    assert [verdicts(account)[str(scan_id(number))] for number in (2, 3, 4, 5)] == [
        ("recorded", ("corrected",)), ("recorded", ("corrected",)), ("billed", ()), ("recorded", ()),
    ]  # fmt: skip
    assert await lines(store) == {("SCREW", "L1"): (4, 2, 0, 2, "open", [])}
    owed = await store.pool.fetch("SELECT supplier, quantity FROM report.settlement")
    assert [tuple(row) for row in owed] == [("S9", 2)]


async def test_a_unit_of_a_set_is_there_and_comes_again_with_the_next_one(ward: Ward, store: PostgresStore) -> None:
    unit = [gs1(DI, expiry="271231", lot="L1", serial="S1")]
    places = []
    for step in (
        of_set(1, "receive", codes=unit), of_set(2, "send-back", codes=unit),
        of_set(3, "receive", codes=unit, document="LS-2"), of_set(4, "use", codes=unit, document="LS-2"),
    ):  # fmt: skip
        await ward.scan(step)
        places.append(await store.pool.fetchval("SELECT place FROM report.unit_places"))
    assert places == ["set/LS-1", "supplier", "set/LS-2", "patient"]


async def test_people_see_each_set_and_its_lines(told: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(told, embedded_broker) as house:
        assert "No supplier's set" in (await house.udi("sets")).stdout
        await house.ward.scan(of_set(900, "receive", 3), of_set(901, "use"), of_set(902, "send-back"))

        [row] = await house.json("sets", "LS-1")
        assert (row["brought"], row["used"], row["returned"], row["lacking"]) == (3, 1, 1, 1)
        shown = await house.udi("sets", "LS-1")
        assert (shown.exit_code, "not-returned" in shown.stdout) == (1, True)
        assert "LS-1" in (await house.udi("sets")).stdout
        assert (await house.udi("sets", "NONE")).exit_code == 2


@pytest.mark.parametrize(
    "planted",
    [
        "UPDATE udi.balance SET quantity = quantity + 1 WHERE store = 'set/LS-1'",
        "DELETE FROM udi.balance WHERE store = 'set/LS-1'",
        "UPDATE udi.scan SET units = 4 WHERE action = 'receive'",
        "UPDATE udi.scan SET document = 'LS-2' WHERE action = 'use'",
    ],
)
async def test_verify_finds_a_set_that_says_something_else_than_its_moves(
    ward: Ward, store: PostgresStore, planted: str
) -> None:
    await ward.scan(of_set(1, "receive", 5), of_set(2, "use", 2), scan(3, codes=[UNKNOWN], document="LS-1"))
    check = next(each for each in checks() if each.name == "set-is-its-balance")
    async with store.pool.acquire() as connection:
        assert (await run_check(connection, check)).failures == 0
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(planted)
            assert (await run_check(connection, check)).failures > 0
