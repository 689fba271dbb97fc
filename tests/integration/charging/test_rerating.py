"""A price that is changed late re-rates what was charged by the old one; the books and their twin under one suite."""

from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from sinks.ports.batch import ClaimTakenError
from sinks.postgres.catalogue.facts import FactBooks
from streams.lanes import sweeping
from tests.support.accounts import Account
from tests.support.builders import DI, NOON, SECOND, encounter, gs1, gtin, item, price, scan, scan_id
from tests.support.ward import Between, PostgresStore, Store, Ward, verdicts

LATER = NOON + 100 * SECOND
RAISED = [price("1234.00", to="2022-06-03"), price("1300.00", from_="2022-06-03")]


def money(account: Account) -> list[tuple[Any, ...]]:
    """(kind, units, unit price, amount, period, flags) of every entry, in no order that matters."""
    return sorted((row[1], row[9], row[11], row[12], row[13], row[15]) for row in account.charges)


def net(account: Account) -> int:
    """Charges less credits, in fen."""
    signed = ((1 if row[1] == "charge" else -1, row[12].replace(".", "")) for row in account.charges)
    return sum(sign * int(amount) for sign, amount in signed)


def of(number: int, **changes: Any) -> dict[str, Any]:
    return {"action": "return", "corrects": str(scan_id(number))} | changes


async def test_a_late_price_is_credited_and_charged_anew_and_names_the_cause(ward: Ward) -> None:
    await ward.scan(scan(1, quantity=2))
    await ward.learn(item(prices=RAISED), stamp=LATER)

    assert await ward.sweep() == 1
    assert await ward.sweep() == 0

    account = await ward.account()
    assert money(account) == [
        ("charge", 2, "1234.00", "2468.00", "2022-06", ("stock-negative",)),
        ("charge", 2, "1300.00", "2600.00", "2022-06", ("stock-negative", "re-rated")),
        ("credit", 2, "1234.00", "2468.00", "2022-06", ("stock-negative", "re-rated")),
    ]
    assert verdicts(account)[str(scan_id(1))] == ("billed", ("stock-negative", "re-rated"))
    assert ("H1", None, "SCREW", "2022-06", 2, "2600.00") in account.usage
    assert account.changes == ((1, 0, 1, 0, 1, 0),)
    assert {row[10] for row in account.charges if row[12] == "2600.00"} == {3}


async def test_a_price_that_holds_since_ever_is_re_rated_too(ward: Ward) -> None:
    await ward.learn(item(prices=[price("1234.00", from_=None, to=None)]), stamp=NOON)
    await ward.scan(scan(1))
    await ward.learn(item(prices=[price("1300.00", from_=None, to=None)]), stamp=LATER)

    assert await ward.sweep() == 1
    assert net(await ward.account()) == 130_000


async def test_an_upgrade_looks_once_more_for_prices_that_a_lane_has_passed_by(ward: Ward, store: Store) -> None:
    if not isinstance(store, PostgresStore):
        pytest.skip("only a database is upgraded")
    await ward.learn(item(prices=[price("1234.00", from_=None, to=None)]), stamp=NOON)
    await ward.scan(scan(1))
    await ward.learn(item(prices=[price("1300.00", from_=None, to=None)]), stamp=LATER)
    await store.pool.execute("UPDATE udi.lane SET facts_seen = (SELECT max(version) FROM udi.fact_change)")
    assert await ward.sweep() == 0
    await store.pool.execute((files("sinks.postgres") / "migrations" / "sql" / "0048_missed.sql").read_text())

    assert await ward.sweep() == 1


NAIL = {"item_code": "NAIL", "identifiers": [{"issuer": "GS1", "di": gtin(777), "units_per_package": 1}]}


@pytest.mark.parametrize("page", [1, 2, 3, 100])
async def test_late_prices_are_found_page_by_page_item_after_item(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(sweeping, "_REPRICED", replace(sweeping._REPRICED, found_max=page))
    await ward.learn(item(**NAIL))
    nail = [gs1(gtin(777), expiry="271231", lot="N1")]
    await ward.scan(scan(1, codes=nail), scan(2), scan(3, codes=nail), scan(4), scan(5, codes=nail), scan(6))
    await ward.scan(scan(7, codes=nail), scan(8), lane=1)
    # The screws first, the nails, and the screws once more: a second change of an item that is not looked at yet.
    await ward.learn(item(prices=[price("1250.00")]), stamp=LATER)
    await ward.learn(item(**NAIL, prices=RAISED), stamp=LATER + SECOND)
    await ward.learn(item(prices=[price("1300.00")]), stamp=LATER + 2 * SECOND)

    assert await ward.sweep() == 8
    entries: list[tuple[Any, ...]] = [
        ("charge", 1, "1234.00", "1234.00", "2022-06", ("stock-negative",)),
        ("charge", 1, "1300.00", "1300.00", "2022-06", ("stock-negative", "re-rated")),
        ("credit", 1, "1234.00", "1234.00", "2022-06", ("stock-negative", "re-rated")),
    ]
    assert money(await ward.account()) == [each for each in entries for _ in range(8)]


async def test_only_what_is_left_is_rated_anew_and_a_later_return_credits_the_new_charge(ward: Ward) -> None:
    await ward.scan(scan(1, quantity=3), scan(2, **of(1)))
    await ward.learn(item(prices=RAISED), stamp=LATER)
    await ward.sweep()
    await ward.scan(scan(3, **of(1)), scan(4, **of(1)))

    account = await ward.account()
    kinds = [(row[0], row[1], row[2], row[3], row[4]) for row in money(account)]
    assert kinds == [
        ("charge", 2, "1300.00", "2600.00", "2022-06"),
        ("charge", 3, "1234.00", "3702.00", "2022-06"),
        ("credit", 1, "1234.00", "1234.00", "2022-06"),
        ("credit", 1, "1300.00", "1300.00", "2022-06"),
        ("credit", 1, "1300.00", "1300.00", "2022-06"),
        ("credit", 2, "1234.00", "2468.00", "2022-06"),
    ]
    assert net(account) == 0
    assert account.usage == ()


@pytest.mark.parametrize(
    "prices",
    [
        pytest.param([price("1234.00"), price("9.00", from_="2023-01-01", to=None)], id="another day"),
        pytest.param([price("1300.00", to="2022-06-03")], id="no price on the day"),
        pytest.param([price("1234.00"), price("1300.00")], id="two prices on the day"),
        pytest.param([price("1234.00", from_=None)], id="the same price"),
    ],
)
async def test_a_change_that_gives_no_other_price_leaves_the_charge(ward: Ward, prices: list[dict[str, Any]]) -> None:
    await ward.scan(scan(1))
    await ward.learn(item(prices=prices), stamp=LATER)

    assert await ward.sweep() == 0
    assert len((await ward.account()).charges) == 1


async def test_what_was_returned_whole_or_costs_nothing_is_left_alone(ward: Ward) -> None:
    await ward.learn(item(item_code="FREE", chargeable=False, identifiers=[]))
    await ward.scan(scan(1), scan(2, **of(1)), scan(3, item_code="FREE"))
    await ward.learn(item(prices=RAISED), item(item_code="FREE", chargeable=False, identifiers=[], prices=RAISED))

    assert await ward.sweep() == 0


async def test_each_lane_rates_its_own_charges_anew(ward: Ward) -> None:
    await ward.learn(encounter(encounter="E2"))
    await ward.scan(scan(1))
    await ward.scan(scan(2, encounter="E2"), lane=1)
    await ward.learn(item(prices=RAISED), stamp=LATER)

    assert [await lane.sweep() for lane in ward.lanes] == [1, 1]
    assert net(await ward.account()) == 260_000


async def test_a_closed_month_gets_no_rows_of_a_re_rating(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1))
    await store.close_month(202206)
    await ward.learn(item(prices=RAISED), stamp=LATER)
    await ward.sweep()

    account = await ward.account()
    assert sorted(row[4] for row in money(account)) == ["2022-06", "2022-07", "2022-07"]
    flags = ("late", "stock-negative", "period-closed", "re-rated")
    assert verdicts(account)[str(scan_id(1))] == ("billed", flags)


async def test_a_price_that_changes_again_is_rated_anew_from_the_newest_charge(ward: Ward) -> None:
    await ward.scan(scan(1))
    for yuan in ("1300.00", "1200.00", "1234.00"):
        await ward.learn(item(prices=[price(yuan)]), stamp=LATER)
        await ward.sweep()

    account = await ward.account()
    assert net(account) == 123_400
    assert len(account.charges) == 7
    assert [row[2] for row in sorted(account.changes)] == [1, 2, 3]


async def test_whoever_takes_over_the_catalogue_knows_what_a_new_version_changes(ward: Ward, store: Store) -> None:
    await ward.learn(item(item_code="OTHER", identifiers=[]))
    await ward.scan(scan(1))
    if isinstance(store, PostgresStore):
        store.facts = FactBooks(store.pool, len(ward.lanes))
    await ward.learn(item(prices=RAISED), stamp=LATER)
    await ward.sweep()

    assert net(await ward.account()) == 130_000


async def test_a_return_and_a_re_rating_of_one_charge_at_once_are_both_done_once(ward: Ward) -> None:
    """The return comes in another lane between what the re-rating read and what it records."""
    await ward.scan(scan(1, quantity=2))
    books = Between(ward.store.books)
    other = ward.lanes[1]
    ward.lanes[0] = await ward.lane(0, books.port)
    await ward.learn(item(prices=RAISED), stamp=LATER)
    gun2 = scan(2, device_id="gun2", encounter=None, **of(1))
    books.then(lambda: ward.scan(gun2, lane=other.lane))

    assert await ward.sweep() == 1

    account = await ward.account()
    assert net(account) == 130_000
    assert books.failures == [ClaimTakenError]
    assert sorted(row[2:4] for row in account.changes) == [(1, 1), (2, 0)]


async def test_fractions_of_a_fen_end_at_nothing_after_re_ratings_and_returns(ward: Ward) -> None:
    serial = gs1(DI, expiry="271231", lot="L1", serial="S1")
    await ward.scan(scan(1, codes=[serial]), scan(2, quantity=4), scan(3, **of(2, quantity=3)))
    await ward.learn(item(prices=[price("0.3333")]), stamp=LATER)
    await ward.sweep()
    await ward.scan(scan(4, action="return", codes=[serial]), scan(5, **of(2)), scan(6, **of(2)))

    account = await ward.account()
    assert net(account) == 0
    assert verdicts(account)[str(scan_id(6))] == ("held", ("over-return",))
    assert account.units_in_use == ()
