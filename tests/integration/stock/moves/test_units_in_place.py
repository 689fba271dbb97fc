"""What lies there leaves out units with a serial that the books have elsewhere, in every list that is made of it."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from random import Random
from typing import Any

import pytest

from models.charging.commands import CommandKind
from sinks.postgres.stock.recall_desk import RecallDesk
from sinks.postgres.stock.units import units_elsewhere
from streams.services.recall_lister import RecallLister
from streams.services.stock.forecaster import forecast
from tests.integration.stock.test_orders import keep
from tests.support.builders import DI, encounter, gs1, item, scan
from tests.support.recalls import accept, recall
from tests.support.ward import PostgresStore, Ward, postgres_store

DAY = date(2022, 6, 3)
JUNE = 202206
BOOKS = "SELECT store, serial, quantity FROM {view} WHERE quantity <> 0 AND serial IS NOT NULL ORDER BY 1, 2"


def moved(number: int, action: str, serial: str, **changes: Any) -> dict[str, Any]:
    codes = [gs1(DI, expiry="271231", lot="BAD", serial=serial)]
    return scan(number, **{"action": action, "encounter": None, "codes": codes} | changes)


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    """W1 to W3 come to C; W1 and W2 are used in OR-2, and nobody scanned their way there."""
    ward = await Ward(store).open(item(owner="supplier", supplier="S1", cost=[{"cost": "100.00"}]), encounter())
    await keep(store.pool, {"item_code": "SCREW", "minimum": 2, "maximum": 6}, store="C")
    await ward.scan(*(moved(number, "receive", f"W{number}", store="C") for number in (1, 2, 3)))
    await ward.scan(*(moved(number + 10, "use", f"W{number}", encounter="E1") for number in (1, 2)))
    return ward


async def rows(store: PostgresStore, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await store.pool.fetch(query, *arguments)]


async def lines(store: PostgresStore) -> list[tuple[str, str | None, str, int]]:
    await RecallLister(store.pool).look()
    desk = RecallDesk(store.pool)
    (accepted,) = await desk.notices()
    return sorted(
        (str(each.kind), each.store, each.serial or "", each.quantity)
        for each in await desk.lines(accepted.notice)
        if each.status != "gone"
    )


@pytest.mark.usefixtures("ward")
async def test_a_unit_that_was_used_elsewhere_lies_nowhere_and_the_balances_stay(store: PostgresStore) -> None:
    assert await rows(store, BOOKS.format(view="report.stock")) == [
        ("C", "W1", 1), ("C", "W2", 1), ("C", "W3", 1), ("OR-2", "W1", -1), ("OR-2", "W2", -1),
    ]  # fmt: skip
    assert await rows(store, BOOKS.format(view="udi.stock_in_place")) == [("C", "W3", 1)]
    assert len(await units_elsewhere(store.pool)) == 4


@pytest.mark.usefixtures("ward")
async def test_every_list_of_what_lies_there_has_the_unit_that_does(store: PostgresStore) -> None:
    usable = await rows(store, "SELECT place, serial, quantity, unusable FROM udi.usable_5('H1', $1)", DAY)
    needed = await rows(store, "SELECT on_hand, proposed FROM report.replenishment WHERE store = 'C'")
    expiring = await rows(store, "SELECT store, serial, quantity, value FROM report.expiring")
    await forecast(store.pool)
    slow = await rows(store, "SELECT store, quantity, value FROM udi.slow_movers_6(0)")
    capital = await rows(store, "SELECT DISTINCT item_code, units FROM udi.supplied_days_5('H1', $1)", JUNE)

    assert usable == [("C", "W3", 1, None)]
    assert needed == [(1, 5)]
    assert [row[:3] for row in expiring] == [("C", "W3", 1)]
    assert [row[:2] for row in slow] == [("C", 1)]
    assert capital == [("SCREW", 1)]


@pytest.mark.usefixtures("ward")
async def test_a_recall_names_a_used_unit_with_its_patient_alone(store: PostgresStore) -> None:
    await accept(store.pool, recall())

    assert await lines(store) == [
        ("certain", "OR-2", "W1", 1), ("certain", "OR-2", "W2", 1), ("shelf", "C", "W3", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("away", "place"),
    [
        ({"action": "lend", "to_store": "OR-2"}, "lent/OR-2"),
        ({"action": "quarantine"}, "quarantine/C"),
        ({"action": "transfer", "to_store": "OR-9"}, "in-transit/OR-9"),
    ],
)
async def test_a_unit_that_was_lent_locked_away_or_sent_and_then_used_is_not_listed_there(
    ward: Ward, store: PostgresStore, away: dict[str, Any], place: str
) -> None:
    await keep(store.pool, store="OR-9", confirms_transfers=True)
    await ward.scan(moved(20, serial="W3", store="C", **away))
    assert (place, "W3", 1) in await rows(store, BOOKS.format(view="udi.stock_in_place"))
    await ward.scan(moved(21, "use", "W3", store="OR-7", encounter="E1"))
    await accept(store.pool, recall())

    assert {kind for kind, *_ in await lines(store)} == {"certain"}


async def test_a_unit_that_no_place_has_but_one_stays_listed_there(ward: Ward, store: PostgresStore) -> None:
    """A use that a person took back has brought the unit to where no balance has it: it must not be out of sight."""
    await ward.store.command(CommandKind.REJECT, 11)
    await ward.sweep()
    await accept(store.pool, recall())

    assert await rows(store, "SELECT place FROM report.unit_places WHERE serial = 'W1'") == [("OR-2",)]
    assert ("shelf", "C", "W1", 1) in await lines(store)


async def test_a_unit_that_two_places_claim_is_listed_where_it_is_and_once(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(moved(20, "transfer", "W3", store="OR-5", to_store="OR-6"))

    assert await rows(store, BOOKS.format(view="udi.stock_in_place")) == [("OR-6", "W3", 1)]
    assert await rows(
        store, "SELECT sum(units)::bigint FROM udi.supplied_days_5('H1', $1) WHERE day = $2", JUNE, DAY
    ) == [(1,)]


async def test_what_is_sent_back_is_with_the_supplier_and_all_lines_add_up_to_what_came(
    ward: Ward, store: PostgresStore
) -> None:
    goods = {"codes": [gs1(DI, expiry="271231", lot="BAD")], "store": "C"}
    await ward.scan(scan(20, **goods, action="receive", encounter=None, quantity=5))
    await ward.scan(scan(21, **goods, action="quarantine", encounter=None, quantity=1))
    await ward.scan(scan(22, **goods, action="send-back", encounter=None, quantity=2))
    await ward.scan(scan(23, **goods, action="waste", encounter=None, quantity=1))
    await accept(store.pool, recall())

    found = await lines(store)

    assert found == [
        ("certain", "OR-2", "W1", 1), ("certain", "OR-2", "W2", 1), ("shelf", "C", "", 2), ("shelf", "C", "W3", 1),
        ("supplier", "C", "", 2), ("waste", "C", "", 1),
    ]  # fmt: skip
    statuses = await rows(store, "SELECT kind, status FROM report.recall_lines_2 WHERE status <> 'gone' ORDER BY 1")
    assert {kind: status for kind, status in statuses if kind in {"supplier", "waste"}} == {
        "supplier": "ended",
        "waste": "ended",
    }
    assert sum(units for *_, units in found) == 8


@pytest.mark.parametrize("seed", range(4))
async def test_no_story_of_scans_puts_a_unit_out_of_sight_or_in_two_places(store: PostgresStore, seed: int) -> None:
    """Whatever was scanned from wherever: no unit is out of sight, and none is on two lines of which one is sure."""
    random = Random(seed)  # noqa: S311 -- chance that repeats
    ward = await Ward(store).open(item(), encounter())
    gone: set[str] = set()
    await ward.scan(*(moved(each + 1, "receive", f"W{each}", store=random.choice("ABC")) for each in range(12)))
    for number in range(20, 60):
        left = sorted({f"W{each}" for each in range(12)} - gone)
        if not left:
            break
        serial = random.choice(left)
        action = random.choice(["transfer", "transfer", "lend", "quarantine", "clear", "use", "waste", "send-back"])
        here, there = random.sample("ABC", 2)
        said = {"to_store": there} if action in {"transfer", "lend"} else {}
        patient = {"encounter": "E1"} if action == "use" else {}
        await ward.scan(moved(number, action, serial, store=here, **said, **patient))
        if action in {"use", "waste", "send-back"}:
            gone.add(serial)
    await accept(store.pool, recall())

    found = await lines(store)

    listed = Counter(serial for _, _, serial, _ in found)
    ended = {serial for kind, _, serial, _ in found if kind in {"certain", "waste", "supplier"}}
    sure = await rows(
        store,
        "SELECT u.serial FROM report.unit_places u JOIN report.stock s USING (hospital, item_code, serial) "
        "WHERE s.store = u.place AND s.quantity > 0",
    )
    assert set(listed) == {f"W{each}" for each in range(12)}
    assert ended == gone
    assert {listed[serial] for serial in gone} == {1}
    assert {listed[serial] for (serial,) in sure} <= {1}
