"""What the hospital has decided about charging: on either side of each edge. With books: tests/integration/charging."""

from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from models.charging.controls import Breaker, BreakerState, Ceiling, ControlScope, Mix, Quota, Total
from models.charging.known_controls import Controls, QuotaKey, Used
from tests.support.builders import HOSPITAL, NOON, STORE, Bench, gs1, gtin, item

WHO: dict[str, Any] = {"hospital": HOSPITAL, "by": "li", "reason": "the device department decided"}
JUNE_STAPLERS = QuotaKey(HOSPITAL, "staplers", 202206)


def breaker(
    code: str = "SCREW", state: BreakerState = BreakerState.OPEN, scope: str = f"hospital:{HOSPITAL}"
) -> Breaker:
    kind, _, name = scope.partition(":")
    return Breaker(
        **WHO, item_code=code, scope_type=ControlScope(kind), scope=name, state=state, since=NOON, until=None
    )


def quota(released: int, month: str = "2022-06") -> Quota:
    return Quota(**WHO, category="staplers", department="ORTH", month=month, released=released)


def put(bench: Bench, *controls: Breaker | Quota | Ceiling | Total | Mix) -> Bench:
    known = bench.view.catalogue.controls
    for control in controls:
        known.put(control, known.version + 1)
    return bench


def stapler(**used: Used) -> Bench:
    """A screw of a controlled category, 1,234 yuan; what the department has used of it in June, by item."""
    bench = Bench(item(controlled_category="staplers"))
    bench.view.gathered.quotas[JUNE_STAPLERS] = {"ORTH": used}
    return bench


@pytest.mark.parametrize("month", [1, 5, 6, 9, 12])
@pytest.mark.parametrize("year", [2019, 2021, 2022])
def test_a_quota_is_known_of_its_month_alone(year: int, month: int) -> None:
    controls = Controls()
    controls.put(quota(7, f"{year}-{month:02d}"), 1)

    of_it = QuotaKey(HOSPITAL, "staplers", year * 100 + month)
    assert controls.released(of_it, "ORTH").units == 7
    assert controls.has_quota(*of_it)
    assert not any(controls.has_quota(HOSPITAL, "staplers", of_it.month + other) for other in (-1, 1, 100))
    assert controls.released(of_it._replace(month=of_it.month + 1), "ORTH").units is None


@pytest.mark.parametrize(("released", "taken"), [(-1, False), (0, True), (10**9, True), (10**9 + 1, False)])
def test_a_quota_is_of_none_to_a_thousand_million_units(released: int, taken: bool) -> None:
    with nullcontext() if taken else pytest.raises(ValidationError):
        assert quota(released).released == released


@pytest.mark.parametrize(("used", "verdict"), [(7, "billed"), (8, "held")])
def test_a_use_fits_in_what_is_left_of_the_month(used: int, verdict: str) -> None:
    bench = put(stapler(OTHER=Used(used - 1, 0), SCREW=Used(1, 0)), quota(10))

    assert bench.scan(1, department="ORTH", quantity=3).verdict == verdict


@pytest.mark.parametrize(("fen", "verdict"), [(123_400, "billed"), (123_401, "held")])
def test_a_use_fits_in_the_yuan_that_are_left_of_the_month(fen: int, verdict: str) -> None:
    total = Total(**WHO, category="staplers", department="ORTH", month="2022-06", released="2468.00")
    bench = put(stapler(OTHER=Used(1, fen)), total)

    assert bench.scan(1, department="ORTH").verdict == verdict


@pytest.mark.parametrize(("cheap", "verdict"), [(3, "billed"), (2, "held")])
def test_dear_goods_have_no_more_than_their_share(cheap: int, verdict: str) -> None:
    mix = Mix(**WHO, category="staplers", department="ORTH", month="2022-06", released=Decimal(25), above="1000")
    bench = put(stapler(OTHER=Used(cheap, 100)), mix)

    assert bench.scan(1, department="ORTH").verdict == verdict


@pytest.mark.parametrize(("price", "verdict"), [("1234.00", "billed"), ("1233.99", "held")])
def test_a_unit_may_cost_what_the_ceiling_says(price: str, verdict: str) -> None:
    bench = put(Bench(), Ceiling(**WHO, item_code="SCREW", price=price))

    assert bench.scan(1).verdict == verdict


def test_a_breaker_stops_goods_that_are_handed_on_and_none_stops_none() -> None:
    sent: dict[str, Any] = {"action": "transfer", "to_store": "OR-7", "encounter": None}

    assert Bench().scan(1, **sent).verdict == "recorded"
    assert put(Bench(), breaker()).scan(1, **sent).reasons == ("breaker-open",)
    assert put(Bench(), breaker(scope="store:OR-7")).scan(1, **sent).reasons == ("breaker-open",)
    assert put(Bench(), breaker(scope="store:OR-8")).scan(1, **sent).verdict == "recorded"
    assert put(Bench(), breaker(), breaker(state=BreakerState.CLOSED)).scan(1, **sent).verdict == "recorded"
    assert put(Bench(), breaker("NAIL")).scan(1, **sent).verdict == "recorded"


def test_a_held_use_is_offered_what_the_store_has_left_of_the_same_type_the_most_first() -> None:
    left = {"NONE": 0, "ONE": 1, "NINE": 9, "STOPPED": 99, "FIVE": 5, "TWO": 2}
    others = [
        item(item_code=code, name=code, category="screws", identifiers=[
            {"issuer": "GS1", "di": gtin(500 + place), "units_per_package": 1}
        ])
        for place, code in enumerate(left)
    ]  # fmt: skip
    bench = put(Bench(item(category="screws"), *others), breaker(), breaker("STOPPED"))
    for place, units in enumerate(left.values()):
        if units:
            bench.stock(gs1(gtin(500 + place), expiry="271231", lot="L1"), quantity=units)

    assert bench.decision(1, store=STORE).offers == (("NINE", 9), ("FIVE", 5), ("TWO", 2))


def test_goods_the_store_has_none_left_of_are_not_offered() -> None:
    nail = item(item_code="NAIL", name="NAIL", category="screws", identifiers=[
        {"issuer": "GS1", "di": gtin(500), "units_per_package": 1}
    ])  # fmt: skip
    bench = put(Bench(item(category="screws"), nail), breaker())

    assert bench.decision(1).offers == ()
    bench.stock(gs1(gtin(500), expiry="271231", lot="L1"), quantity=1)
    assert bench.decision(2).offers == (("NAIL", 1),)


def test_an_items_own_ceiling_goes_before_its_categorys_and_one_that_is_lifted_says_nothing() -> None:
    controls = Controls()
    assert controls.ceiling(HOSPITAL, "SCREW", "screws") is None
    controls.put(Ceiling(**WHO, category="screws", price="900.00"), 1)
    controls.put(Ceiling(**WHO, item_code="SCREW", price="1000.00"), 2)
    asked = [
        (HOSPITAL, "SCREW", "screws"),
        (HOSPITAL, "NAIL", "screws"),
        (HOSPITAL, "NAIL", None),
        ("H2", "SCREW", "screws"),
    ]
    assert [controls.ceiling(*each) for each in asked] == [10_000_000, 9_000_000, None, None]

    controls.put(Ceiling(**WHO, item_code="SCREW", price=None), 3)
    assert [controls.ceiling(*each) for each in asked] == [9_000_000, 9_000_000, None, None]
