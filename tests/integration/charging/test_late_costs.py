"""A cost that is told after the use settles what is left of the line that lacks it; the books and their twin alike."""

from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from models.charging.commands import CommandKind
from models.ids import made_id
from sinks.ports.batch import ClaimTakenError
from streams.lanes import sweeping
from tests.support.accounts import Account
from tests.support.builders import DI, NOON, SECOND, encounter, gs1, gtin, item, price, scan, scan_id
from tests.support.ward import Between, PostgresStore, Store, Ward, verdicts

LATER = NOON + 100 * SECOND
DAYS = {"from": "2022-06-01", "to": "2022-07-01"}
TOLD = [{"cost": "10.0050"} | DAYS]
FLAGS = ("stock-negative", "cost-told")


def supplied(**changes: Any) -> dict[str, Any]:
    return item(owner="supplier", supplier="S9") | changes


def of(number: int, **changes: Any) -> dict[str, Any]:
    return {"action": "return", "corrects": str(scan_id(number))} | changes


def line_id(number: int, n: int) -> str:
    return str(made_id("settlement", "H1", scan_id(number), n))


def lines(account: Account) -> list[tuple[Any, ...]]:
    """(status, units, cost, amount, period) of every line, in no order that matters."""
    return sorted(((row[7], row[3], row[4], row[5], row[6]) for row in account.settlement), key=repr)


def owed(account: Account) -> tuple[Decimal, int, int]:
    """(amount, units, units without a cost), reversals taken off."""
    amount, units, missing = Decimal(0), 0, 0
    for row in account.settlement:
        sign = 1 if row[8] is None else -1
        amount += sign * Decimal(row[5] or 0)
        units += sign * row[3]
        missing += sign * row[3] if row[4] is None else 0
    return amount, units, missing


@pytest.fixture
async def supply(ward: Ward) -> Ward:
    """Goods of a supplier of which nobody has told the cost."""
    await ward.learn(supplied(), stamp=NOON)
    return ward


async def test_a_late_cost_reverses_the_line_that_lacks_it_and_is_payable(supply: Ward) -> None:
    await supply.scan(scan(1, quantity=3))
    await supply.learn(supplied(cost=TOLD), stamp=LATER)

    assert await supply.sweep() == 1
    assert await supply.sweep() == 0

    account = await supply.account()
    assert account.settlement == tuple(
        sorted(
            [
                (line_id(1, 0), "S9", "SCREW", 3, None, None, "2022-06", "cost-missing", None),
                (line_id(1, 1), "S9", "SCREW", 3, None, None, "2022-06", "reversal", line_id(1, 0)),
                (line_id(1, 2), "S9", "SCREW", 3, "10.005", "30.02", "2022-06", "payable", None),
            ],
            key=repr,
        )
    )
    assert verdicts(account)[str(scan_id(1))] == ("billed", FLAGS)
    assert account.changes == ((1, 0, 1, 0, 1, 0),)
    assert len(account.charges) == 1
    published = [str(each.id) for each in account.published["settlement", 0]]
    assert published == [line_id(1, n) for n in range(3)]


async def test_only_what_is_left_is_settled_and_a_later_return_takes_back_the_payable_line(supply: Ward) -> None:
    await supply.scan(scan(1, quantity=5), scan(2, **of(1, quantity=2)))
    await supply.learn(supplied(cost=TOLD), stamp=LATER)
    assert await supply.sweep() == 1
    assert owed(await supply.account()) == (Decimal("30.02"), 3, 0)

    await supply.scan(scan(3, **of(1)), scan(4, **of(1)))
    account = await supply.account()
    assert owed(account) == (Decimal("10.01"), 1, 0)
    backs = {row[0]: (row[3], row[5], row[8]) for row in account.settlement if row[7] == "reversal"}
    assert backs == {
        line_id(2, 0): (2, None, line_id(1, 0)),
        line_id(1, 1): (3, None, line_id(1, 0)),
        # Of 30.02 yuan for three first goes 10.01, then 10.00 of what two together are.
        line_id(3, 0): (1, "10.01", line_id(1, 2)),
        line_id(4, 0): (1, "10.00", line_id(1, 2)),
    }
    await supply.scan(scan(5, **of(1)))
    assert owed(await supply.account()) == (Decimal(0), 0, 0)


@pytest.mark.parametrize(
    "cost",
    [
        pytest.param([{"cost": "10.00", "from": "2022-06-04", "to": None}], id="another day"),
        pytest.param([{"cost": "10.00", "from": None, "to": "2022-06-03"}], id="up to the day"),
        pytest.param([{"cost": "10.00"} | DAYS, {"cost": "11.00"} | DAYS], id="two costs on the day"),
        pytest.param([], id="none"),
    ],
)
async def test_a_version_without_one_cost_of_the_day_leaves_the_line(supply: Ward, cost: list[dict[str, Any]]) -> None:
    await supply.scan(scan(1))
    await supply.learn(supplied(cost=cost), stamp=LATER)

    assert await supply.sweep() == 0
    assert lines(await supply.account()) == [("cost-missing", 1, None, None, "2022-06")]


@pytest.mark.parametrize("day", ["2022-06-03", None])
async def test_a_cost_from_the_day_of_use_on_or_since_ever_settles(supply: Ward, day: str | None) -> None:
    await supply.scan(scan(1))
    await supply.learn(supplied(cost=[{"cost": "10.00", "from": day, "to": None}]), stamp=LATER)

    assert await supply.sweep() == 1
    assert owed(await supply.account()) == (Decimal("10.00"), 1, 0)


async def test_a_line_that_has_a_cost_keeps_it(supply: Ward) -> None:
    await supply.learn(supplied(cost=TOLD))
    await supply.scan(scan(1))
    await supply.learn(supplied(cost=[{"cost": "12.00"} | DAYS]), stamp=LATER)

    assert await supply.sweep() == 0
    assert lines(await supply.account()) == [("payable", 1, "10.005", "10.01", "2022-06")]


async def test_a_cost_that_changes_after_it_was_told_changes_nothing_more(supply: Ward) -> None:
    await supply.scan(scan(1))
    for yuan in ("10.00", "12.00"):
        await supply.learn(supplied(cost=[{"cost": yuan} | DAYS]), stamp=LATER)
        await supply.sweep()

    assert owed(await supply.account()) == (Decimal("10.00"), 1, 0)


async def test_what_came_back_whole_or_a_person_rejected_is_left_alone(supply: Ward, store: Store) -> None:
    await supply.scan(scan(1), scan(2, **of(1)), scan(3, **EXPIRED))
    await store.command(CommandKind.REJECT, 3)
    await supply.sweep()
    before = lines(await supply.account())
    await supply.learn(supplied(cost=TOLD), stamp=LATER)

    assert await supply.sweep() == 0
    assert lines(await supply.account()) == before
    assert owed(await supply.account()) == (Decimal(0), 0, 0)


EXPIRED = {"codes": [gs1(DI, expiry="220101", lot="L9")]}


async def test_the_charge_may_wait_while_its_goods_are_settled(supply: Ward) -> None:
    """Parked for its encounter, held for its date: the goods were used and are owed; what waits waits on."""
    await supply.scan(scan(1, encounter="E9"), scan(2, **EXPIRED))
    before = (await supply.account()).open
    await supply.learn(supplied(cost=TOLD), stamp=LATER)

    assert await supply.sweep() == 2

    account = await supply.account()
    assert account.open == before
    assert verdicts(account)[str(scan_id(1))] == ("parked", ("encounter-unknown", *FLAGS))
    assert verdicts(account)[str(scan_id(2))] == ("held", ("expired", *FLAGS))
    assert owed(account) == (Decimal("20.02"), 2, 0)

    await supply.learn(encounter(encounter="E9"), stamp=LATER + SECOND)
    assert await supply.sweep() == 1
    account = await supply.account()
    assert verdicts(account)[str(scan_id(1))][0] == "billed"
    assert owed(account) == (Decimal("20.02"), 2, 0)


async def test_goods_that_cost_the_patient_nothing_are_settled_too(ward: Ward) -> None:
    free = supplied(item_code="FREE", chargeable=False, identifiers=[])
    await ward.learn(free)
    await ward.scan(scan(1, item_code="FREE"))
    await ward.learn(free | {"cost": TOLD}, stamp=LATER)

    assert await ward.sweep() == 1
    account = await ward.account()
    assert verdicts(account)[str(scan_id(1))] == ("recorded", ("lot-missing", "not-chargeable", *FLAGS))
    assert owed(account) == (Decimal("10.01"), 1, 0)


async def test_a_price_and_a_cost_that_come_together_are_one_change_of_the_use(supply: Ward) -> None:
    await supply.scan(scan(1))
    await supply.learn(supplied(cost=TOLD, prices=[price("1300.00")]), stamp=LATER)

    assert await supply.sweep() == 1
    account = await supply.account()
    assert verdicts(account)[str(scan_id(1))] == ("billed", ("stock-negative", "re-rated", "cost-told"))
    assert len(account.changes) == 1
    assert (len(account.charges), len(account.settlement)) == (3, 3)


async def test_a_closed_month_gets_no_line(supply: Ward, store: Store) -> None:
    await supply.scan(scan(1))
    await store.close_month(202206)
    await supply.learn(supplied(cost=TOLD), stamp=LATER)
    await supply.sweep()

    account = await supply.account()
    assert [(row[0], row[4]) for row in lines(account)] == [
        ("cost-missing", "2022-06"), ("payable", "2022-07"), ("reversal", "2022-07"),
    ]  # fmt: skip
    # Nothing was charged anew: the flags of the charge are as they were.
    assert verdicts(account)[str(scan_id(1))] == ("billed", FLAGS)


async def test_goods_that_turn_out_to_be_of_another_lot_are_settled_once(supply: Ward) -> None:
    await supply.scan(scan(1, quantity=2))
    identified = scan(2, action="identify", corrects=str(scan_id(1)), codes=[gs1(DI, expiry="271231", lot="L7")])
    await supply.scan(identified | {"quantity": 2})
    await supply.sweep()
    await supply.learn(supplied(cost=TOLD), stamp=LATER)

    assert await supply.sweep() == 1
    assert owed(await supply.account()) == (Decimal("20.01"), 2, 0)


NAIL = supplied(item_code="NAIL", identifiers=[{"issuer": "GS1", "di": gtin(777), "units_per_package": 1}])


@pytest.mark.parametrize("page", [1, 2, 3, 100])
async def test_late_costs_and_prices_are_found_page_by_page(
    supply: Ward, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(sweeping, "_REPRICED", replace(sweeping._REPRICED, found_max=page))
    await supply.learn(NAIL)
    nail = [gs1(gtin(777), expiry="271231", lot="N1")]
    await supply.scan(scan(1, codes=nail), scan(2), scan(3, codes=nail), scan(4, **of(2)), scan(5, codes=nail))
    await supply.scan(scan(6), scan(7, codes=nail), lane=1)
    await supply.learn(supplied(cost=TOLD), stamp=LATER)
    await supply.learn(NAIL | {"cost": TOLD, "prices": [price("1300.00")]}, stamp=LATER + SECOND)

    assert await supply.sweep() == 5
    account = await supply.account()
    assert owed(account) == (Decimal("50.05"), 5, 0)
    assert sum("re-rated" in reasons for _, reasons in verdicts(account).values()) == 4


async def test_a_return_and_a_late_cost_at_once_are_both_done_once(supply: Ward) -> None:
    """The return comes in another lane between what the sweep read and what it records."""
    await supply.scan(scan(1, quantity=2))
    books = Between(supply.store.books)
    other = supply.lanes[1]
    supply.lanes[0] = await supply.lane(0, books.port)
    await supply.learn(supplied(cost=TOLD), stamp=LATER)
    gun2 = scan(2, device_id="gun2", encounter=None, **of(1))
    books.then(lambda: supply.scan(gun2, lane=other.lane))

    assert await supply.sweep() == 1

    account = await supply.account()
    assert books.failures == [ClaimTakenError]
    assert owed(account) == (Decimal("10.01"), 1, 0)
    assert sorted(row[2:4] for row in account.changes) == [(1, 1), (2, 0)]


async def test_an_upgrade_looks_once_for_costs_that_a_lane_has_passed_by(supply: Ward, store: Store) -> None:
    if not isinstance(store, PostgresStore):
        pytest.skip("only a database is upgraded")
    await supply.scan(scan(1))
    await supply.learn(supplied(cost=TOLD), stamp=LATER)
    await store.pool.execute("UPDATE udi.lane SET facts_seen = (SELECT max(version) FROM udi.fact_change)")
    assert await supply.sweep() == 0
    await store.pool.execute((files("sinks.postgres") / "migrations" / "sql" / "0100_missed.sql").read_text())

    assert await supply.sweep() == 1
    assert owed(await supply.account()) == (Decimal("10.01"), 1, 0)
