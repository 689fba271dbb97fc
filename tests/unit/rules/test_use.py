"""A use, on either side of every edge that decides it: verdict, charge, stock, settlement and usage as whole values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.catalogue.item import Item
from models.charging.snapshot import EncounterFacts
from tests.support.builders import (
    ADMITTED,
    BOX,
    DI,
    ENCOUNTER,
    JUNE,
    LABEL,
    Bench,
    Outcome,
    gs1,
    item,
    item_of,
    out,
    outcome,
    price,
    scan_id,
)

BILLED = Outcome("billed", (), ("charge", 1, "1234.00", 202206), out(1), (), (("ORTH", JUNE, 1, "1234.00"),))
MIDNIGHT_IN_SHANGHAI = datetime(2022, 6, 30, 16, tzinfo=UTC)


def with_reasons(outcome: Outcome, *reasons: str) -> Outcome:
    return outcome._replace(reasons=reasons)


def held(*reasons: str) -> Outcome:
    return Outcome("held", reasons, move=out(1))


def parked(*reasons: str) -> Outcome:
    return Outcome("parked", reasons, move=out(1))


def test_a_use_is_charged_moved_and_counted() -> None:
    assert Bench().scan(1) == BILLED


# Quantity ---------------------------------------------------------------------------------------------------------


def test_a_box_is_charged_by_the_units_the_catalogue_gives_it() -> None:
    bench = Bench()
    bench.stock(gs1(BOX, expiry="271231", lot="L1"))

    assert bench.scan(1, codes=[gs1(BOX, expiry="271231", lot="L1")], quantity=2) == Outcome(
        "billed", (), ("charge", 10, "12340.00", 202206), out(10), (), (("ORTH", JUNE, 10, "12340.00"),)
    )


@pytest.mark.parametrize("action", ["use", "receive", "waste"])
def test_more_units_than_anybody_uses_wait_for_catalogue_or_person(action: str) -> None:
    def packages_of(units: int) -> dict[str, Any]:
        return item(identifiers=[{"issuer": "GS1", "di": DI, "units_per_package": units}])

    bench = Bench(packages_of(100_000))
    assert bench.scan(1, action=action, quantity=10).verdict != "parked"
    assert bench.scan(2, action=action, quantity=11) == Outcome("parked", ("too-many-units",))
    most = bench.decision(3, action=action, quantity=100_000)
    assert outcome(most) == Outcome("parked", ("too-many-units",))

    bench.learn(packages_of(10))
    freed = bench.again(most)
    assert freed is not None
    assert freed.verdict != "parked"


@pytest.mark.parametrize(
    ("quantity", "verdict"), [(0, "refused"), (1, "billed"), (100_000, "billed"), (100_001, "refused")]
)
def test_a_quantity_is_one_to_a_hundred_thousand(quantity: int, verdict: str) -> None:
    assert Bench().scan(1, quantity=quantity).verdict == verdict


def test_a_line_rounds_half_up_to_the_fen() -> None:
    bench = Bench(item(prices=[price("0.0150")]))

    assert bench.scan(1).charge == ("charge", 1, "0.02", 202206)
    assert bench.scan(2, quantity=3).charge == ("charge", 3, "0.05", 202206)


# Expiry -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scanned_at", "expected"),
    [
        ("2022-06-30T23:59:59.999+08:00", BILLED),
        ("2022-07-01T00:00:00+08:00", held("expired")),
    ],
)
def test_a_device_is_usable_through_its_local_expiry_day(scanned_at: str, expected: Outcome) -> None:
    bench = Bench()
    expiring = gs1(DI, expiry="220630", lot="L1")
    bench.stock(expiring)

    assert bench.scan(1, stamp=datetime(2022, 7, 1, tzinfo=UTC), codes=[expiring], scanned_at=scanned_at) == expected


# Encounter --------------------------------------------------------------------------------------------------------

ADMISSION, DISCHARGE, SETTLEMENT = "2022-06-02T08:00:00+08:00", "2022-06-03T08:00:00+08:00", "2022-06-03T10:00:00+08:00"
STAY = EncounterFacts(
    "ORTH",
    "T3",
    datetime.fromisoformat(ADMISSION),
    datetime.fromisoformat(SETTLEMENT),
    datetime.fromisoformat(DISCHARGE),
)


@pytest.mark.parametrize(
    ("scanned_at", "expected"),
    [
        ("2022-06-02T07:59:59.999+08:00", held("before-admission")),
        (ADMISSION, BILLED),
        (DISCHARGE, BILLED),
        ("2022-06-03T08:00:00.001+08:00", with_reasons(BILLED, "after-discharge")),
        (SETTLEMENT, with_reasons(BILLED, "after-discharge")),
        ("2022-06-03T10:00:00.001+08:00", held("after-settlement")),
    ],
)
def test_a_use_is_charged_from_admission_to_settlement(scanned_at: str, expected: Outcome) -> None:
    assert Bench(encounters={ENCOUNTER: STAY}).scan(1, scanned_at=scanned_at) == expected


def test_a_stay_that_is_neither_discharged_nor_settled_has_no_end() -> None:
    assert Bench(encounters={ENCOUNTER: replace(STAY, settled_at=None, discharged_at=None)}).scan(1) == BILLED


def test_a_use_without_encounter_is_parked_and_its_stock_moves() -> None:
    assert Bench().scan(1, encounter=None, department="ORTH") == parked("encounter-missing")


def test_a_use_of_an_unknown_encounter_is_parked_until_the_encounter_comes() -> None:
    bench = Bench(encounters={})
    decided = bench.decision(1)

    assert bench.again(decided) is None
    bench.learn(E1=ADMITTED)
    assert bench.again(decided) == BILLED._replace(move=None)


def test_a_use_is_counted_in_the_scans_own_department_before_the_encounters() -> None:
    assert Bench().scan(1, department="ICU") == BILLED._replace(usage=(("ICU", JUNE, 1, "1234.00"),))


# Price ------------------------------------------------------------------------------------------------------------

TWO_PRICES = item(prices=[price("100.00", None, "2022-06-03"), price("200.00", "2022-06-03", "2022-06-04")])


@pytest.mark.parametrize(
    ("scanned_at", "amount"),
    [
        ("2022-06-02T23:59:59.999+08:00", "100.00"),
        ("2022-06-03T00:00:00+08:00", "200.00"),
        ("2022-06-03T23:59:59.999+08:00", "200.00"),
    ],
)
def test_a_price_holds_from_its_first_local_day_until_before_its_last(scanned_at: str, amount: str) -> None:
    assert Bench(TWO_PRICES).scan(1, scanned_at=scanned_at) == Outcome(
        "billed", (), ("charge", 1, amount, 202206), out(1), (), (("ORTH", JUNE, 1, amount),)
    )


def test_a_use_on_a_day_without_price_is_parked_and_its_stock_moves() -> None:
    assert Bench(TWO_PRICES).scan(1, scanned_at="2022-06-04T00:00:00+08:00") == parked("no-price")


def test_a_parked_use_is_charged_by_the_price_of_its_day_when_it_comes() -> None:
    bench = Bench(item(prices=[]))
    decided = bench.decision(1)
    bench.learn(item(prices=[price("7.00", "2022-06-03", "2022-06-04"), price("8.00", "2022-06-04", None)]))

    assert bench.again(decided) == Outcome(
        "billed", (), ("charge", 1, "7.00", 202206), None, (), (("ORTH", JUNE, 1, "7.00"),)
    )


def test_two_prices_on_one_day_park_the_use() -> None:
    twice = item(prices=[price("1.00"), price("2.00", "2022-06-03", "2022-06-04")])

    assert Bench(twice).scan(1) == parked("price-overlap")
    assert Bench(twice).scan(1, scanned_at="2022-06-02T12:00:00+08:00").charge == ("charge", 1, "1.00", 202206)


# Item -------------------------------------------------------------------------------------------------------------


def test_what_may_not_be_charged_is_recorded_and_counted_at_the_catalogue_price() -> None:
    expected = Outcome("recorded", ("not-chargeable",), None, out(1), (), (("ORTH", JUNE, 1, "1234.00"),))

    assert Bench(item(chargeable=False)).scan(1) == expected


def test_what_is_part_of_a_bundle_is_recorded_and_counted_at_the_catalogue_price() -> None:
    expected = Outcome("recorded", ("bundled",), None, out(1), (), (("ORTH", JUNE, 1, "1234.00"),))

    assert Bench(item(bundled_into="SET")).scan(1) == expected


def test_what_costs_nothing_needs_no_price() -> None:
    expected = Outcome("recorded", ("bundled",), None, out(1), (), (("ORTH", JUNE, 1, "0.00"),))

    assert Bench(item(bundled_into="SET", prices=[])).scan(1) == expected


def test_a_suspended_item_is_held() -> None:
    assert Bench(item(suspended=True)).scan(1) == held("suspended-item")


@pytest.mark.parametrize(
    ("catalogue", "changes", "reason"),
    [
        ([item(item_code="OTHER", identifiers=[])], {}, "unknown-identifier"),
        ([item(), item(item_code="TWIN")], {}, "ambiguous-identifier"),
        ([item()], {"item_code": "NOBODY"}, "unknown-item"),
        ([item(identifiers=[{"issuer": "GS1", "di": DI}])], {}, "package-unknown"),
    ],
)
def test_goods_the_catalogue_cannot_tell_are_parked_without_a_move(
    catalogue: list[dict[str, Any]], changes: dict[str, Any], reason: str
) -> None:
    assert Bench(*catalogue, stocked=False).scan(1, **changes) == Outcome("parked", (reason,))


def test_goods_become_known_and_move_and_are_charged_with_the_same_decision() -> None:
    bench = Bench(item(item_code="OTHER", identifiers=[]), stocked=False)
    decided = bench.decision(1)
    bench.learn(item())
    bench.stock(LABEL)

    assert bench.again(decided) == BILLED


def test_an_item_ends_with_its_tombstone_for_scans_from_then_on() -> None:
    def bench_until(ended_at: datetime) -> Bench:
        bench = Bench()
        ended: Item = item_of(item(), 2, ended_at)
        bench.view.catalogue.put([ended], 2)
        return bench

    noon = datetime(2022, 6, 3, 4, 0, 1, tzinfo=UTC)
    assert bench_until(noon + timedelta(milliseconds=1)).scan(1) == BILLED
    assert bench_until(noon).scan(1) == Outcome("parked", ("unknown-identifier",))


def test_goods_without_udi_are_charged_by_their_item_code() -> None:
    bench = Bench(stocked=False)

    assert bench.scan(1, item_code="SCREW") == with_reasons(BILLED, "lot-missing", "stock-negative")


# Stock ------------------------------------------------------------------------------------------------------------


def test_the_last_unit_on_the_shelf_is_not_flagged_and_the_next_is() -> None:
    bench = Bench(stocked=False)
    bench.stock(LABEL, quantity=1)

    assert bench.scan(1) == BILLED
    assert bench.scan(2) == with_reasons(BILLED, "stock-negative")


def test_stock_of_another_lot_does_not_count() -> None:
    bench = Bench(stocked=False)
    bench.stock(gs1(DI, expiry="271231", lot="L2"))

    assert bench.scan(1) == with_reasons(BILLED, "stock-negative")


# Months -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scanned_at", "month"), [("2022-06-30T23:59:59.999+08:00", 202206), ("2022-07-01T00:00:00+08:00", 202207)]
)
def test_the_month_of_a_use_begins_at_local_midnight(scanned_at: str, month: int) -> None:
    assert Bench().scan(1, stamp=MIDNIGHT_IN_SHANGHAI, scanned_at=scanned_at) == Outcome(
        "billed", (), ("charge", 1, "1234.00", month), out(1), (), (("ORTH", month, 1, "1234.00"),)
    )


@pytest.mark.parametrize(
    ("closed", "reasons", "period"),
    [(202205, (), 202206), (202206, ("late", "period-closed"), 202207), (202212, ("late", "period-closed"), 202301)],
)
def test_a_use_of_a_closed_month_posts_to_the_first_open_one(
    closed: int, reasons: tuple[str, ...], period: int
) -> None:
    assert Bench(closed=closed).scan(1) == Outcome(
        "billed", reasons, ("charge", 1, "1234.00", period), out(1), (), (("ORTH", JUNE, 1, "1234.00"),)
    )


def test_a_use_of_a_closed_month_that_is_not_charged_is_only_late() -> None:
    assert Bench(item(chargeable=False), closed=202206).scan(1) == Outcome(
        "recorded", ("late", "not-chargeable"), None, out(1), (), (("ORTH", JUNE, 1, "1234.00"),)
    )


# Settlement -------------------------------------------------------------------------------------------------------

SUPPLIED = item(owner="supplier", supplier="S9", cost=[{"cost": "10.0050", "from": None, "to": "2022-06-04"}])


def test_a_use_of_the_suppliers_goods_is_payable_at_the_cost_of_its_day() -> None:
    bench = Bench(SUPPLIED)

    assert bench.scan(1) == BILLED._replace(move=out(1, "S9"), settlement=(("payable", 1, "10.01", 202206),))


def test_a_use_on_a_day_without_cost_has_a_line_without_amount() -> None:
    outcome = Bench(SUPPLIED).scan(1, scanned_at="2022-06-04T00:00:00+08:00")

    assert outcome.settlement == (("cost-missing", 1, None, 202206),)


def test_a_settlement_line_follows_the_stock_and_not_the_charge() -> None:
    bench = Bench(SUPPLIED, encounters={})
    decided = bench.decision(1)
    bench.learn(E1=ADMITTED)

    assert bench.again(decided) == BILLED._replace(move=None)
    assert [(line.status, line.amount_fen) for line in decided.settlement] == [("payable", 1001)]


def test_a_use_of_the_hospitals_goods_owes_nobody() -> None:
    assert Bench(item(cost=[{"cost": "1.00"}])).scan(1).settlement == ()


# Several reasons --------------------------------------------------------------------------------------------------


def test_all_reasons_are_listed_and_the_first_decides() -> None:
    bench = Bench(item(suspended=True, prices=[]), encounters={})
    expired = gs1(DI, expiry="220602", lot="L1")
    bench.stock(expired)

    assert bench.scan(1, codes=[expired]) == parked("encounter-unknown", "expired", "suspended-item", "no-price")


def test_stock_moves_only_when_every_reason_lets_it() -> None:
    assert Bench(item(item_code="OTHER", identifiers=[]), encounters={}, stocked=False).scan(1) == Outcome(
        "parked", ("unknown-identifier", "encounter-unknown")
    )


def test_what_was_held_for_the_unit_is_free_again_when_it_comes_back() -> None:
    unit = gs1(DI, expiry="271231", serial="S1")
    bench = Bench(item(tracking="serial"))
    bench.stock(unit, quantity=1)
    bench.scan(1, codes=[unit])
    second = bench.decision(2, codes=[unit])
    assert bench.again(second) is None

    bench.scan(3, codes=[unit], action="return", corrects=str(scan_id(1)))

    assert bench.again(second) == BILLED
