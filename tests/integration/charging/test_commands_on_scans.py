"""A person releases, rejects or corrects a scan; the books and their twin under one suite."""

from typing import Any

import pytest

from models.charging.commands import CommandKind
from tests.support.accounts import Account
from tests.support.builders import DI, NOON, SECOND, encounter, gs1, gtin, item, price, scan, scan_id
from tests.support.ward import MemoryStore, PostgresStore, Store, Ward, verdicts

SERIAL = gs1(DI, expiry="271231", lot="L1", serial="S1")
EXPIRED = gs1(DI, expiry="220101", lot="L1", serial="S1")
SUPPLIED = item(owner="supplier", supplier="S1", cost=[{"cost": "900.00", "from": None, "to": None}])
RELEASE, REJECT, CORRECT = CommandKind.RELEASE, CommandKind.REJECT, CommandKind.CORRECT


async def outcome(store: Store) -> tuple[bool, str]:
    """What became of the newest command."""
    if isinstance(store, MemoryStore):
        carried = store.memory.carried[0][-1]
        return carried.done, carried.detail
    assert isinstance(store, PostgresStore)
    row = await store.pool.fetchrow("SELECT done, detail FROM report.commands ORDER BY seq DESC LIMIT 1")
    assert row is not None
    return row["done"], row["detail"]


def now(account: Account, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(account)[str(scan_id(number))]


def net(account: Account) -> int:
    signed = ((1 if row[1] == "charge" else -1, row[12].replace(".", "")) for row in account.charges)
    return sum(sign * int(amount) for sign, amount in signed)


def nothing_is_left(account: Account) -> bool:
    """No money, no stock, no debt and no unit in use remains of anything."""
    owed = sum((-1 if row[7] == "reversal" else 1) * int(row[5].replace(".", "")) for row in account.settlement)
    return net(account) == owed == 0 and not account.units_in_use and all(row[-1] == 0 for row in account.stock)


# Release ----------------------------------------------------------------------------------------------------------


async def test_a_released_use_is_charged_once_and_its_goods_do_not_move_again(ward: Ward, store: Store) -> None:
    await ward.learn(SUPPLIED)
    await ward.scan(scan(1, codes=[EXPIRED]))
    assert now(await ward.account(), 1) == ("held", ("expired", "stock-negative"))

    await store.command(RELEASE, 1)
    await ward.sweep()

    account = await ward.account()
    assert now(account, 1) == ("billed", ("stock-negative", "released"))
    assert (net(account), len(account.moves), len(account.settlement)) == (123_400, 1, 1)
    assert account.open == ()


async def test_a_release_is_carried_out_once(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1, codes=[EXPIRED]))
    await store.command(RELEASE, 1)
    await store.command(RELEASE, 1)
    await ward.sweep()

    assert await outcome(store) == (False, "Expected a held use, got a use that is billed.")
    assert len((await ward.account()).charges) == 1


async def test_a_released_use_without_price_is_parked_and_billed_when_the_price_comes(ward: Ward, store: Store) -> None:
    await ward.learn(item(prices=[]))
    await ward.scan(scan(1, codes=[EXPIRED]))
    await store.command(RELEASE, 1)
    await ward.sweep()
    assert now(await ward.account(), 1) == ("parked", ("no-price", "stock-negative", "released"))

    await ward.learn(item(prices=[price("12.00")]), stamp=NOON + 9 * SECOND)
    await ward.sweep()

    assert now(await ward.account(), 1) == ("billed", ("stock-negative", "released"))


async def test_a_second_use_of_a_serial_is_released_beside_the_first_which_keeps_the_unit(
    ward: Ward, store: Store
) -> None:
    await ward.scan(scan(1, codes=[SERIAL]), scan(2, codes=[SERIAL]))
    await store.command(RELEASE, 2)
    await ward.sweep()

    account = await ward.account()
    assert now(account, 2) == ("billed", ("stock-negative", "released"))
    assert (net(account), len(account.moves)) == (246_800, 2)
    assert [row[4:] for row in account.units_in_use] == [(1, 0)]


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([scan(1)], "Expected a held use, got a use that is billed."),
        (
            [scan(1, codes=["]d2" + "10L1"])],
            "Expected a use whose unit and item are known; this one is held for half-label.",
        ),
        ([scan(1, action="return")], "Expected a held use, got a return that is held."),
    ],
    ids=["billed", "no identifier", "a return"],
)
async def test_what_can_not_be_released_says_why(
    ward: Ward, store: Store, events: list[dict[str, Any]], why: str
) -> None:
    await ward.scan(*events)
    await ward.scan(scan(9, item_code="SCREW", scanned_at="2022-06-03T12:05:00+08:00"))
    before = await ward.account()
    await store.command(RELEASE, 1)
    await ward.sweep()

    assert await outcome(store) == (False, why)
    assert (await ward.account()).scans == before.scans


# Reject -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [SERIAL, EXPIRED], ids=["billed", "held"])
async def test_of_a_rejected_use_nothing_is_left(ward: Ward, store: Store, label: str) -> None:
    await ward.learn(SUPPLIED)
    await ward.scan(scan(1, codes=[label]))
    await store.command(REJECT, 1)
    await ward.sweep()

    account = await ward.account()
    assert now(account, 1) == ("recorded", ("rejected",))
    assert nothing_is_left(account)
    assert account.usage == ()
    assert account.open == ()


async def test_a_rejected_use_frees_its_unit_for_the_one_that_was_held(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1, codes=[SERIAL]), scan(2, codes=[SERIAL]))
    await store.command(REJECT, 1)
    await ward.sweep()

    account = await ward.account()
    assert now(account, 2) == ("billed", ("stock-negative",))
    assert net(account) == 123_400


async def test_a_rejected_use_can_not_be_returned_or_rejected_again(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1))
    await store.command(REJECT, 1)
    await store.command(REJECT, 1)
    await ward.sweep()
    assert await outcome(store) == (False, "Expected a scan that counts, got one that is rejected.")

    await ward.scan(scan(2, action="return"), scan(3, action="return", corrects=str(scan_id(1))))
    await ward.sweep()

    account = await ward.account()
    assert now(account, 2) == now(account, 3) == ("held", ("return-without-use",))
    assert nothing_is_left(account)


async def test_what_was_partly_returned_is_not_rejected(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1, quantity=2), scan(2, action="return", corrects=str(scan_id(1))))
    await store.command(REJECT, 1)
    await ward.sweep()

    assert await outcome(store) == (False, "Expected a use of which nothing was returned, got 1 returned.")


async def test_a_scan_of_an_unknown_item_is_rejected_and_stays_so_when_the_item_comes(ward: Ward, store: Store) -> None:
    new = gtin(555)
    await ward.scan(scan(1, codes=[gs1(new, lot="L1")]), scan(2, action="waste", codes=[gs1(new, lot="L1")]))
    await store.command(REJECT, 1)
    await store.command(REJECT, 2)
    await ward.sweep()
    await ward.learn(item(item_code="NEW", identifiers=[{"issuer": "GS1", "di": new, "units_per_package": 1}]))
    await ward.sweep()

    account = await ward.account()
    assert now(account, 1) == now(account, 2) == ("recorded", ("rejected",))
    assert account.charges == account.moves == ()


async def test_a_use_in_a_closed_month_is_taken_back_in_the_open_one(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1))
    await store.close_month(202206)
    await store.command(REJECT, 1)
    await ward.sweep()

    account = await ward.account()
    assert now(account, 1) == ("recorded", ("late", "rejected", "period-closed"))
    assert sorted((row[1], row[13]) for row in account.charges) == [("charge", "2022-06"), ("credit", "2022-07")]


# Correct ----------------------------------------------------------------------------------------------------------


async def test_a_corrected_use_is_taken_back_and_another_scan_may_take_its_place(ward: Ward, store: Store) -> None:
    await ward.learn(encounter(encounter="E2"))
    await ward.scan(scan(1, codes=[SERIAL]))
    await store.command(CORRECT, 1, {"encounter": "E2"})
    await ward.sweep()
    right = scan(2, codes=[SERIAL], encounter="E2", corrects=str(scan_id(1)), entry="manual", reason="wrong patient")
    await ward.scan(right, lane=1)

    account = await ward.account()
    assert now(account, 1) == ("recorded", ("corrected",))
    assert now(account, 2) == ("billed", ("stock-negative",))
    assert net(account) == 123_400
    assert [row[4:] for row in account.units_in_use] == [(2, 0)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "Expected a quantity, an encounter, an item, codes, a department or a document to correct"),
        ({"quantity": 0}, "Expected at least 1, got 0."),
        ({"quantity": 1}, "Expected something else than what was scanned."),
        (
            {"codes": ["]d201070320698049890"]},
            "Expected codes of a label, or an item, got ']d201070320698049890': bad-",
        ),
    ],
)
async def test_a_correction_that_says_nothing_is_refused(
    ward: Ward, store: Store, body: dict[str, Any], why: str
) -> None:
    await ward.scan(scan(1))
    await store.command(CORRECT, 1, body)
    await ward.sweep()

    done, detail = await outcome(store)
    assert not done
    assert why in detail
    assert now(await ward.account(), 1) == ("billed", ("stock-negative",))
