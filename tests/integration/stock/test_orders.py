"""Replenishment by levels and real use, and orders that a person releases; as people run it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from models.charging.controls import Breaker, BreakerState, ControlScope
from models.stock.order import Need
from rules.stock.ordering import orders_of
from sinks.ports.batch import RawRecord
from sinks.postgres.monitoring.controls import ControlBooks
from sinks.postgres.stock.replenishing.orders import needs, order_desk
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import BOX, DI, HOSPITAL, NOON, body, encounter, gs1, item, scan
from tests.support.installed import Installed, installed
from tests.support.recalls import accept, recall
from tests.support.ward import PostgresStore, Ward, postgres_store


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(supplier="S1", cost=[{"cost": "10.00"}]), encounter())


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


async def keep(pool: asyncpg.Pool, *levels: dict[str, Any], store: str = "OR-2", **changes: Any) -> None:
    """A store with its levels."""
    record = {"schema": "udi.store/1", "hospital": HOSPITAL, "store": store, "levels": list(levels)} | changes
    await _learn(pool, "udi.stores", record)


async def announce(pool: asyncpg.Pool, packages: int, note: str = "N1", **changes: Any) -> None:
    """A delivery note of so many screws, of any lot."""
    line = {"line": "1", "issuer": "GS1", "di": DI, "packages": packages}
    record = {
        "schema": "udi.delivery/1", "hospital": HOSPITAL, "note": note, "supplier": "S1", "store": "OR-2",
        "expected_on": "2022-06-03", "lines": [line],
    } | changes  # fmt: skip
    await _learn(pool, "udi.deliveries", record)


async def _learn(pool: asyncpg.Pool, topic: str, record: dict[str, Any]) -> None:
    books, batch = SupplyBooks(pool, 2), SupplyBatch()
    position = await books.take_over("c1", topic, 0)
    raw, origin = RawRecord(None, body(record)), position.origin(position.next_offset)
    if topic == "udi.stores":
        books.add_store(batch, books.parse_store(raw), NOON, origin)
    else:
        books.add_delivery(batch, books.parse_delivery(raw), NOON, origin)
    assert batch.letters == []
    await books.record(position, position.next_offset + 1, None, batch)


def level(minimum: int | None = 10, maximum: int | None = 20, days: int | None = None) -> dict[str, Any]:
    return {"item_code": "SCREW", "minimum": minimum, "maximum": maximum, "days": days}


def receipt(number: int, quantity: int, lot: str = "L1", expiry: str = "271231", **changes: Any) -> dict[str, Any]:
    made = {"action": "receive", "encounter": None, "quantity": quantity, "codes": [gs1(DI, expiry=expiry, lot=lot)]}
    return scan(number, **made | changes)


async def need(pool: asyncpg.Pool, store: str = "OR-2") -> Need:
    [found] = await needs(pool, HOSPITAL, store, "SCREW")
    return found


async def figures(pool: asyncpg.Pool) -> tuple[int, int, int, int]:
    found = await need(pool)
    return found.on_hand, found.on_order, found.proposed, found.packages


async def test_it_is_filled_up_below_the_minimum_in_whole_packages(ward: Ward, store: PostgresStore) -> None:
    """The largest package of the screw is a box of five."""
    await keep(store.pool, level())
    assert await figures(store.pool) == (0, 0, 20, 4)
    await ward.scan(receipt(1, 9))
    assert await figures(store.pool) == (9, 0, 15, 3)  # 11 are missing to 20: three boxes, four above it.
    await ward.scan(receipt(2, 1))
    assert await figures(store.pool) == (10, 0, 0, 0)


async def test_what_may_not_be_used_is_not_on_hand(ward: Ward, store: PostgresStore) -> None:
    await keep(store.pool, level())
    await ward.scan(
        receipt(1, 3), receipt(2, 4, "OLD"), receipt(3, 5, "BAD"), receipt(4, 6, "Q1"),
        receipt(5, 6, "Q1", action="quarantine"), receipt(6, 2, "E1", "220603"), receipt(7, 1, place="cab1"),
        receipt(8, 7, "E2", "220602"),
    )  # fmt: skip
    assert (await need(store.pool)).on_hand == 3 + 4 + 5 + 2 + 1
    await accept(store.pool, recall())
    assert (await need(store.pool)).on_hand == 3 + 4 + 2 + 1
    rows = await store.pool.fetch(
        "SELECT place, lot, unusable FROM udi.usable('2022-06-04') WHERE unusable IS NOT NULL"
    )
    assert {tuple(row) for row in rows} == {
        ("OR-2", "BAD", "recalled"), ("OR-2", "E1", "expired"), ("quarantine/OR-2", "Q1", "quarantine"),
        ("quarantine/OR-2", "E2", "quarantine"),
    }  # fmt: skip


async def test_the_same_goods_in_other_stores_are_shown(ward: Ward, store: PostgresStore) -> None:
    await keep(store.pool, level())
    await ward.scan(receipt(1, 7, store="OR-3"), receipt(2, 9, store="CENTRAL"), receipt(3, 2))
    found = await need(store.pool)
    assert (found.on_hand, found.elsewhere, list(found.elsewhere_stores)) == (2, 16, ["CENTRAL: 9", "OR-3: 7"])


async def test_goods_on_the_way_and_announced_are_on_order_until_they_come(ward: Ward, store: PostgresStore) -> None:
    await keep(store.pool, level(), confirms_transfers=True)
    await ward.scan(receipt(1, 6, store="CENTRAL"))
    await ward.scan(scan(2, action="transfer", store="CENTRAL", to_store="OR-2", encounter=None, quantity=6))
    assert await figures(store.pool) == (0, 6, 15, 3)
    await announce(store.pool, 3)
    assert await figures(store.pool) == (0, 9, 15, 3)
    await ward.scan(receipt(3, 2, document="N1"), scan(4, action="accept", encounter=None, quantity=6))
    assert await figures(store.pool) == (8, 1, 15, 3)
    await announce(store.pool, 3, ended=True)
    assert await figures(store.pool) == (8, 0, 15, 3)


async def test_days_of_real_use_make_the_level(ward: Ward, store: PostgresStore) -> None:
    """Used 12, returned 2, fell down 1 within the two days of the books."""
    await keep(store.pool, level(None, None, days=4))
    before = "2022-06-02T12:00:00+08:00"
    await ward.scan(receipt(1, 30, scanned_at=before), scan(2, quantity=12, scanned_at=before))
    await ward.scan(scan(3, action="return", quantity=2, corrects=str(_id(2))))
    await ward.scan(scan(4, action="opened", reason="fell down"))
    found = await need(store.pool)
    assert (str(found.daily_use), found.minimum, found.maximum) == ("5.500", 22, 22)
    assert (found.on_hand, found.days_left, found.proposed) == (19, 3, 5)


async def packs(ward: Ward, store: PostgresStore, single: str | None, box: str | None) -> Need:
    """What is needed of the screw when its packages are sold until these days."""
    await ward.learn(item(identifiers=[
        {"issuer": "GS1", "di": di, "units_per_package": units} | ({"withdrawn_on": until} if until else {})
        for di, units, until in ((DI, 1, single), (BOX, 12, box))
    ]))  # fmt: skip
    return await need(store.pool)


async def test_a_package_that_is_not_sold_any_more_is_not_proposed(ward: Ward, store: PostgresStore) -> None:
    """The day of the books is 2022-06-03, that of the scan."""
    await keep(store.pool, level())
    await ward.scan(receipt(1, 9))

    async def proposed(single: str | None, box: str | None) -> tuple[str | None, int, int, str | None]:
        found = await packs(ward, store, single, box)
        return found.di, found.packages, found.proposed, found.stopped

    assert await proposed(None, None) == (BOX, 1, 12, None)
    assert await proposed(None, "2022-06-04") == (BOX, 1, 12, None)
    assert await proposed(None, "2022-06-03") == (DI, 11, 11, None)
    assert await proposed("2022-01-01", "2022-06-03") == (None, 0, 0, "not-sold")
    drafts, left = orders_of(await needs(store.pool))
    assert (drafts, [(each.item_code, each.reason) for each in left]) == ([], [("SCREW", "not-sold")])


def _id(number: int) -> str:
    return str(scan(number)["scan_id"])


@pytest.mark.usefixtures("ward")
async def test_an_open_breaker_stops_the_proposal_and_says_so(store: PostgresStore) -> None:
    await keep(store.pool, level(), department="ORTH")

    async def put(state: BreakerState, scope_type: ControlScope, scope: str) -> str | None:
        breaker = Breaker(
            hospital=HOSPITAL, by="li", reason="rising", item_code="SCREW", scope_type=scope_type, scope=scope,
            state=state, since=NOON,
        )  # fmt: skip
        await ControlBooks(store.pool).record([breaker])
        found = await need(store.pool)
        assert (found.proposed == 0) == (found.stopped is not None)
        return found.stopped

    assert await put(BreakerState.OPEN, ControlScope.DEPARTMENT, "HEART") is None
    assert await put(BreakerState.OPEN, ControlScope.DEPARTMENT, "ORTH") == "breaker-open"
    assert await put(BreakerState.TRIAL, ControlScope.DEPARTMENT, "ORTH") is None
    assert await put(BreakerState.OPEN, ControlScope.HOSPITAL, HOSPITAL) == "breaker-open"


PLATE = {"item_code": "PLATE", "minimum": 5, "maximum": 8}


async def test_a_released_order_goes_out_once_and_is_on_order_until_it_comes(house: Installed) -> None:
    await keep(house.pool, PLATE, level(), {"item_code": "NAIL", "minimum": 0, "maximum": 1}, store="OR-7")
    made = await house.json("orders", "propose", "--by", "li")
    again = await house.json("orders", "propose", "--by", "wang")
    assert [(row["order_id"], row["item_code"], row["units"], row["status"]) for row in made["orders"]] == [
        ("S9-1", "PLATE", 8, "proposed")
    ]
    assert again == made
    assert made["left_out"] == [{"hospital": HOSPITAL, "store": "OR-7", "item_code": "SCREW", "reason": "no-supplier"}]

    released = await house.json("orders", "release", "S9-1", "--by", "wang")
    assert [(each["status"], each["released_by"]) for each in released] == [("released", "wang")]
    second = await house.udi("orders", "release", "S9-1", "--by", "li")
    assert (second.exit_code, "was released by wang" in second.stderr) == (2, True)
    async with house.relay():
        published = [(key, orjson.loads(value or b"")) for key, value in await until(house, 1)]
    [(key, order)] = published
    line = {
        "line": 1, "store": "OR-7", "item_code": "PLATE", "issuer": "GS1", "di": order["lines"][0]["di"],
        "packages": 8, "units": 8,
    }  # fmt: skip
    assert (key, order["order"], order["lines"]) == (b"H1/S9", "S9-1", [line])

    async def stands() -> tuple[int, int, int]:
        [row] = await needs(house.pool, None, "OR-7", "PLATE")
        return row.on_hand, row.on_order, row.proposed

    assert await stands() == (0, 8, 0)
    plate = [gs1(order["lines"][0]["di"], expiry="271231", lot="P9")]
    await house.ward.scan(scan(900, action="receive", encounter=None, store="OR-7", quantity=3, codes=plate))
    assert await stands() == (3, 5, 0)
    closed = await house.json("orders", "close", "S9-1", "--reason", "sold out", "--by", "wang")
    assert closed[0]["reason"] == "sold out"
    assert await stands() == (3, 0, 5)
    rest = await house.json("orders", "propose")
    assert [(row["order_id"], row["units"]) for row in rest["orders"]] == [("S9-2", 5)]
    shown = await house.udi("orders", "show")
    assert (shown.exit_code, "S9-2" in shown.stdout, "closed" in shown.stdout) == (0, True, True)


async def until(house: Installed, count: int) -> list[tuple[bytes | None, bytes | None]]:
    async with asyncio.timeout(60):
        while len(found := await house.records("udi.orders")) < count:
            await asyncio.sleep(0.1)
    return found


async def test_a_proposal_that_was_replaced_or_is_not_needed_can_not_be_released(house: Installed) -> None:
    await keep(house.pool, PLATE, store="OR-7")
    await house.udi("orders", "propose")
    await keep(house.pool, PLATE | {"maximum": 9}, store="OR-7")
    await house.udi("orders", "propose")
    replaced = await house.udi("orders", "release", "S9-1")
    assert (replaced.exit_code, "a later one stands in the place of S9-1" in replaced.stderr) == (2, True)
    await keep(house.pool, store="OR-7")
    await keep(house.pool, level(0, 1))
    await house.udi("orders", "propose")
    closed = await house.udi("orders", "release", "S9-2")
    assert (closed.exit_code, "S9-2 was closed by" in closed.stderr) == (2, True)
    unknown = await house.udi("orders", "release", "S9-9")
    assert (unknown.exit_code, "found none named S9-9" in unknown.stderr) == (2, True)


async def test_two_persons_release_at_once_and_one_record_goes_out(house: Installed) -> None:
    await keep(house.pool, PLATE, store="OR-7")
    await house.udi("orders", "propose")

    async def release(by: str) -> str:
        async with order_desk(house.pool, HOSPITAL) as desk:
            return str((await desk.release("S9-1", by)).released_by)

    both = await asyncio.gather(release("li"), release("wang"), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["OrderStandsError", "str"]
    assert await house.pool.fetchval("SELECT count(*) FROM udi.outbox_block WHERE topic = 'orders'") == 1


async def test_the_database_refuses_a_second_release_and_a_changed_order(house: Installed) -> None:
    await keep(house.pool, PLATE, store="OR-7")
    await house.udi("orders", "propose")
    await house.udi("orders", "release", "S9-1")
    with pytest.raises(asyncpg.UniqueViolationError):
        await house.pool.execute("SELECT udi.release_purchase_2($1, 'S9', 1, 'li')", HOSPITAL)
    with pytest.raises(asyncpg.RestrictViolationError):
        await house.pool.execute("UPDATE udi.purchase_line SET packages = 1")
    with pytest.raises(asyncpg.CheckViolationError, match="whole_packages"):
        await house.pool.execute(
            "INSERT INTO udi.purchase_line "
            "SELECT hospital, supplier, number, 2, 'X', item_code, issuer, di, 3, 7, 0, 0 FROM udi.purchase_line"
        )


async def test_nothing_is_on_the_way_where_more_was_accepted_than_sent(ward: Ward, store: PostgresStore) -> None:
    await keep(store.pool, level(), confirms_transfers=True)
    goods = {"encounter": None, "codes": [gs1(DI, expiry="271231", lot="L1")]}
    await ward.scan(
        scan(1, action="transfer", store="CENTRAL", to_store="OR-2", quantity=2, **goods),
        scan(2, action="accept", quantity=5, **goods),
    )
    assert ((await need(store.pool)).on_hand, (await need(store.pool)).on_order) == (5, 0)

    await announce(store.pool, 4)
    assert (await need(store.pool)).on_order == 4
