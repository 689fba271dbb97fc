"""A unit with a serial is in one place: what rules hold, what the database refuses, what the work list says."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import asyncpg
import pytest

from sinks.postgres.stock.units import moves_elsewhere, units_elsewhere
from sinks.postgres.verifying.books import verify_books
from streams.embedded.broker import EmbeddedBroker
from tests.support.accounts import Account
from tests.support.builders import DI, encounter, gs1, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import Between, PostgresStore, Ward, postgres_store, verdicts


def label(serial: str = "S1") -> str:
    return gs1(DI, expiry="271231", lot="L1", serial=serial)


def moved(number: int, action: str, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"action": action, "encounter": None, "codes": [label()]} | changes)


def used(number: int, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"codes": [label()]} | changes)


def now(account: Account, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(account)[str(scan_id(number))]


# The rules, in the books and in the twin ---------------------------------------------------------------------------


async def test_a_unit_that_is_in_the_house_is_not_received_again(ward: Ward) -> None:
    await ward.scan(moved(1, "receive"), moved(2, "receive", store="OR-9"), moved(3, "receive", codes=[label("S2")]))
    await ward.scan(moved(4, "receive"), lane=1)

    account = await ward.account()
    assert [now(account, number) for number in (1, 3)] == [("recorded", ())] * 2
    assert [now(account, number) for number in (2, 4)] == [("held", ("serial-present",))] * 2


async def test_of_two_lanes_that_receive_a_unit_at_once_one_has_it_and_the_other_scan_is_held(
    database: str,
) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(item(), encounter())
        between = Between(store.books)
        ward.lanes[1] = await ward.lane(1, between.port)
        between.then(lambda: ward.scan(moved(1, "receive", store="CENTRAL")))
        await ward.scan(moved(2, "receive"), lane=1)

        account = await ward.account()
        assert between.failures == [asyncpg.CheckViolationError]
        assert [now(account, number) for number in (1, 2)] == [("recorded", ()), ("held", ("serial-present",))]


async def test_a_receipt_after_the_use_it_belongs_to_is_booked_and_a_second_one_is_not(ward: Ward) -> None:
    await ward.scan(used(1))
    await ward.scan(moved(2, "receive"))
    await ward.scan(moved(3, "receive"))

    account = await ward.account()
    assert now(account, 1) == ("billed", ("stock-negative",))
    assert now(account, 2) == ("recorded", ())
    assert now(account, 3) == ("held", ("serial-used",))


async def test_a_unit_that_came_back_from_the_patient_or_went_to_waste_is_in_the_house_or_not(ward: Ward) -> None:
    await ward.scan(moved(1, "receive"), used(2), scan(3, action="return", corrects=str(scan_id(2)), codes=[label()]))
    await ward.scan(moved(4, "receive"))
    await ward.scan(moved(5, "waste"))
    await ward.scan(moved(6, "receive"))

    account = await ward.account()
    assert now(account, 3)[0] == "credited"
    assert now(account, 4) == ("held", ("serial-present",))
    assert now(account, 6) == ("recorded", ())


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"to_store": "OR-2"}, "held"),
        ({"to_store": "OR-3"}, "recorded"),
        ({"to_store": "OR-2", "place": "cab1"}, "recorded"),
    ],
)
async def test_goods_that_would_go_to_where_they_are_stay_there_until_a_person_has_looked(
    ward: Ward, changes: dict[str, Any], verdict: str
) -> None:
    await ward.scan(moved(1, "transfer", **changes))

    found = now(await ward.account(), 1)
    assert found[0] == verdict
    assert ("same-place" in found[1]) == (verdict == "held")


async def test_goods_go_back_to_the_supplier_from_quarantine_when_they_lie_there_else_from_the_shelf(
    ward: Ward,
) -> None:
    goods = gs1(DI, expiry="271231", lot="L7")
    await ward.scan(moved(1, "receive", codes=[goods], quantity=5), moved(2, "quarantine", codes=[goods], quantity=2))
    await ward.scan(moved(3, "send-back", codes=[goods], quantity=2), moved(4, "send-back", codes=[goods]))
    await ward.scan(moved(5, "receive"), moved(6, "send-back"), moved(7, "receive"))

    account = await ward.account()
    assert {now(account, number) for number in range(1, 8)} == {("recorded", ())}
    left = {(store, lot, serial): units for _, store, _, _, lot, serial, units in account.stock if units}
    assert left == {("OR-2", "L7", ""): 2, ("OR-2", "L1", "S1"): 1}


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        ("transfer", {"to_store": "OR-9"}), ("lend", {"to_store": "OR-9"}), ("accept", {}), ("quarantine", {}),
        ("clear", {}), ("give-back", {"to_store": "OR-9"}), ("send-back", {}),
    ],
)  # fmt: skip
async def test_a_unit_that_a_store_moves_and_the_books_have_elsewhere_is_moved_and_named(
    ward: Ward, action: str, changes: dict[str, Any]
) -> None:
    await ward.scan(moved(1, "receive", store="CENTRAL"), moved(2, action, **changes))
    await ward.scan(moved(3, action, codes=[label("S2")], **changes), lane=1)

    account = await ward.account()
    assert now(account, 2) == ("recorded", ("serial-elsewhere", "stock-negative"))
    assert now(account, 3) == ("recorded", ("stock-negative",))


async def test_a_unit_that_is_with_a_patient_or_comes_late_to_the_books_is_told_apart(ward: Ward) -> None:
    await ward.scan(moved(1, "receive"), used(2), moved(3, "transfer", to_store="OR-9"))
    await ward.scan(
        moved(12, "receive", codes=[label("S2")]), moved(14, "transfer", codes=[label("S2")], to_store="OR-3")
    )
    await ward.scan(moved(13, "quarantine", codes=[label("S2")], store="OR-7"), lane=1)

    account = await ward.account()
    assert now(account, 3) == ("recorded", ("serial-elsewhere", "stock-negative"))
    assert now(account, 14) == ("recorded", ())
    assert now(account, 13) == ("recorded", ("stock-negative",))


# What the database holds --------------------------------------------------------------------------------------------


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def books(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(cost=[{"cost": "10.00"}], tracking="serial"), encounter())


async def place(store: PostgresStore, serial: str = "S1") -> tuple[str, int]:
    row = await store.pool.fetchrow("SELECT place, booked FROM udi.unit_place WHERE serial = $1", serial)
    assert row is not None
    return row["place"], row["booked"]


async def test_a_unit_is_followed_from_place_to_place(books: Ward, store: PostgresStore) -> None:
    steps = (
        (moved(1, "receive"), ("OR-2", 1)),
        (moved(2, "transfer", to_store="OR-3"), ("OR-3", 1)),
        (moved(3, "lend", store="OR-3", to_store="OR-4"), ("lent/OR-4", 1)),
        (moved(4, "give-back", store="OR-4", to_store="OR-3"), ("OR-3", 1)),
        (moved(5, "quarantine", store="OR-3"), ("quarantine/OR-3", 1)),
        (moved(6, "clear", store="OR-3"), ("OR-3", 1)),
        (used(7, store="OR-3"), ("patient", 0)),
        (scan(8, action="return", corrects=str(scan_id(7)), codes=[label()], store="OR-3"), ("OR-3", 1)),
        (moved(9, "waste", store="OR-3"), ("waste", 0)),
    )
    for step, expected in steps:
        await books.scan(step)
        assert await place(store) == expected, step["action"]
    assert await units_elsewhere(store.pool) == []


async def test_a_use_of_a_unit_that_the_books_have_elsewhere_is_recorded_and_named(
    books: Ward, store: PostgresStore
) -> None:
    await books.scan(moved(1, "receive", store="CENTRAL"))
    await books.scan(used(2, store="OR-2"), lane=1)

    assert now(await books.account(), 2)[0] == "billed"
    assert await place(store) == ("patient", 0)
    named = await units_elsewhere(store.pool)
    assert {(each.store, each.quantity, each.place, each.scan_id) for each in named} == {
        ("CENTRAL", 1, "patient", scan_id(2)), ("OR-2", -1, "patient", scan_id(2)),
    }  # fmt: skip
    assert len(await units_elsewhere(store.pool, "OR-2")) == 1

    # The transfer that was missing comes to the books: the patient keeps the unit, and the list is empty.
    await books.scan(moved(3, "transfer", store="CENTRAL", to_store="OR-2"))
    assert await place(store) == ("patient", 0)
    assert await units_elsewhere(store.pool) == []
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [finding.name for finding in findings if not finding.ok] == []


async def test_a_move_from_elsewhere_is_listed_until_the_scan_between_comes(books: Ward, store: PostgresStore) -> None:
    await books.scan(moved(1, "receive", store="CENTRAL"), moved(5, "lend", to_store="OR-4"))
    [listed] = await moves_elsewhere(store.pool)
    assert (listed.scan_id, listed.from_place, listed.to_place, listed.place, listed.brought_by) == (
        scan_id(5), "OR-2", "lent/OR-4", "CENTRAL", scan_id(1),
    )  # fmt: skip
    assert len(await moves_elsewhere(store.pool, "CENTRAL", "SCREW")) == 1
    assert await moves_elsewhere(store.pool, "OR-9") == []

    await books.scan(moved(3, "transfer", store="CENTRAL", to_store="OR-2"), lane=1)
    assert await moves_elsewhere(store.pool) == []
    assert await place(store) == ("lent/OR-4", 1)


@pytest.mark.parametrize("late", [0, 20, 300])
async def test_honest_moves_are_not_listed_however_late_their_records_come(
    books: Ward, store: PostgresStore, late: int
) -> None:
    chance, told = Random(late), list[tuple[int, dict[str, Any]]]()  # noqa: S311 -- chance that repeats
    for unit in range(50):
        steps = [
            ("receive", "CENTRAL", None), ("transfer", "CENTRAL", "OR-2"), ("lend", "OR-2", "OR-4"),
            ("give-back", "OR-4", "OR-2"), ("quarantine", "OR-2", None), ("clear", "OR-2", None), ("use", "OR-2", None),
        ]  # fmt: skip
        for place, (action, where, to_store) in enumerate(steps):
            number = 1 + place * 50 + unit
            event = moved(number, action, store=where, to_store=to_store, codes=[label(f"S{unit}")])
            told.append((number + chance.randint(0, late), event | {"encounter": "E1" if action == "use" else None}))
    arrived = [event for _, event in sorted(told, key=lambda each: each[0])]
    for start in range(0, len(arrived), 25):
        await books.scan(*arrived[start : start + 25], lane=chance.randint(0, 1))

    flagged = [row for row in (await books.account()).scans if "serial-elsewhere" in row[3]]
    print(f"flagged {len(flagged)} of 250 honest moves, late by up to {late} of 350 records")  # noqa: T201
    assert (len(flagged) > 0) == (late > 50)
    assert await moves_elsewhere(store.pool) == []


COPY = """
INSERT INTO udi.scan (position_id, record_offset, lane, recorded_at, hospital, scan_id, scanned_at, action, store,
    to_store, issuer, di, lot, serial, verdict, reasons, item_code, units, owner, from_place, to_place)
SELECT position_id, record_offset + 100, lane, recorded_at, hospital, gen_random_uuid(), scanned_at, action, $1,
    to_store, issuer, di, lot, serial, verdict, reasons, item_code, units, owner, from_place, to_place
FROM udi.scan WHERE scan_id = $2
"""
ANEW = "SELECT (jsonb_populate_record(b, jsonb_build_object('n', b.n + 50))).*"
TRIED = {
    "a second place": ("INSERT INTO udi.unit_place SELECT * FROM udi.unit_place", asyncpg.RestrictViolationError),
    "another place": ("UPDATE udi.unit_place SET place = 'OR-9'", asyncpg.RestrictViolationError),
    "no place": ("DELETE FROM udi.unit_place", asyncpg.RestrictViolationError),
    "a changed scan": ("UPDATE udi.scan SET store = 'OR-9'", asyncpg.RestrictViolationError),
    "a scan taken away": ("DELETE FROM udi.scan", asyncpg.RestrictViolationError),
    "a changed decision": ("UPDATE udi.decision SET units = 1", asyncpg.RestrictViolationError),
    "a changed cost": ("UPDATE udi.waste_cost SET units = 9", asyncpg.RestrictViolationError),
    "a changed debt": ("UPDATE udi.settlement SET quantity = 9", asyncpg.RestrictViolationError),
}


@pytest.mark.parametrize("tried", TRIED)
async def test_what_would_change_where_a_unit_is_or_was_is_refused_by_the_database(
    books: Ward, store: PostgresStore, tried: str
) -> None:
    await books.scan(moved(1, "receive"))
    query, error = TRIED[tried]

    with pytest.raises(error):
        await store.pool.execute(query)
    assert await place(store) == ("OR-2", 1)


async def test_a_unit_in_two_places_is_refused_by_the_database_and_a_use_never(
    books: Ward, store: PostgresStore
) -> None:
    await books.scan(moved(1, "receive"))
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await store.pool.execute(COPY, "OR-9", scan_id(1))
    assert refused.value.constraint_name == "unit_in_one_place"
    await store.pool.execute("ALTER TABLE udi.unit_place DISABLE TRIGGER by_moves_alone")
    with pytest.raises(asyncpg.UniqueViolationError):
        await store.pool.execute("INSERT INTO udi.unit_place SELECT * FROM udi.unit_place")
    await store.pool.execute("ALTER TABLE udi.unit_place ENABLE TRIGGER by_moves_alone")

    await books.scan(used(2))
    await store.pool.execute(COPY, "OR-9", scan_id(2))
    assert await place(store) == ("patient", -1)


async def test_a_place_and_a_balance_that_change_once_need_no_more_room(books: Ward, store: PostgresStore) -> None:
    units = range(1, 301)
    await books.scan(*(moved(number, "receive", codes=[label(f"S{number}")]) for number in units))
    size = "SELECT pg_total_relation_size('udi.unit_place'), pg_total_relation_size('udi.balance')"
    before = await store.pool.fetchrow(size)

    await books.scan(*(used(1000 + number, codes=[label(f"S{number}")]) for number in units))

    assert await store.pool.fetchrow(size) == before
    assert await place(store, "S300") == ("patient", 0)


@pytest.mark.parametrize("book", ["settlement", "waste_cost", "ledger"])
async def test_what_a_move_costs_is_not_posted_to_a_closed_month(database: str, book: str) -> None:
    async with postgres_store(database) as store:
        supplied = item(cost=[{"cost": "10.00"}], owner="supplier", supplier="S1")
        ward = await Ward(store).open(supplied, encounter())
        await ward.scan(used(1), moved(2, "waste", codes=[label("S2")]))
        await store.close_month(202206)

        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await store.pool.execute(f"INSERT INTO udi.{book} {ANEW} FROM udi.{book} b")
        assert refused.value.constraint_name == "closed_month_gets_no_rows"


# What people see ----------------------------------------------------------------------------------------------------


async def test_people_see_which_units_are_not_where_a_balance_has_them(
    told: str, embedded_broker: EmbeddedBroker
) -> None:
    async with installed(told, embedded_broker) as house:
        await _look(house)


async def _look(house: Installed) -> None:
    await house.ward.scan(moved(900, "receive", store="CENTRAL", codes=[label("S9")]), used(901, codes=[label("S9")]))

    found = await house.json("stock", "--elsewhere", "--store", "CENTRAL")
    assert [(row["serial"], row["store"], row["place"]) for row in found] == [("S9", "CENTRAL", "patient")]
    shown = await house.udi("stock", "--elsewhere")
    assert (shown.exit_code, "balances to settle" in shown.stdout) == (0, True)
    assert (await house.udi("stock", "--elsewhere", "--packs")).exit_code == 2

    assert "from where the books had it" in (await house.udi("stock", "--moves")).stdout
    await house.ward.scan(moved(902, "transfer", codes=[label("S9")], to_store="OR-3"))
    assert [row["place"] for row in await house.json("stock", "--moves")] == ["patient"]
    assert "moves to settle" in (await house.udi("stock", "--moves")).stdout
    assert (await house.udi("stock", "--elsewhere", "--moves")).exit_code == 2
