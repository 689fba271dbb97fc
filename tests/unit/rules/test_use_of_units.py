"""Uses of units that a serial number names, and of goods whose label does not say which they are."""

from typing import Any

import pytest

from tests.support.builders import (
    BOX,
    DI,
    ENCOUNTER,
    Bench,
    Outcome,
    gs1,
    gtin,
    item,
)
from tests.unit.rules.test_use import BILLED, with_reasons

# Serial numbers ---------------------------------------------------------------------------------------------------


def test_a_serial_in_use_is_held_without_a_move() -> None:
    bench, unit = Bench(), gs1(DI, expiry="271231", lot="L1", serial="S1")
    bench.stock(unit, quantity=1)

    assert bench.scan(1, codes=[unit]) == BILLED
    assert bench.scan(2, codes=[unit], encounter=ENCOUNTER) == Outcome("held", ("serial-used",))


def test_two_makers_may_share_a_serial() -> None:
    other = gtin(999)
    plate = item(
        item_code="PLATE", tracking="serial", identifiers=[{"issuer": "GS1", "di": other, "units_per_package": 1}]
    )
    bench = Bench(item(tracking="serial"), plate)
    first, second = gs1(DI, expiry="271231", serial="S1"), gs1(other, expiry="271231", serial="S1")
    bench.stock(first, second)

    assert [bench.scan(1, codes=[first]), bench.scan(2, codes=[second])] == [BILLED, BILLED]


@pytest.mark.parametrize(
    ("first", "blocks"),
    [
        ({"encounter": None}, True),
        ({"scanned_at": "2022-05-01T00:00:00+08:00"}, True),
        ({"codes": [gs1(DI, expiry="220602", serial="S1")]}, True),
        ({"action": "waste"}, False),
    ],
)
def test_a_use_keeps_its_unit_unless_its_reason_forbids_the_move_for_good(first: dict[str, Any], blocks: bool) -> None:
    unit = gs1(DI, expiry="271231", serial="S1")
    bench = Bench(item(tracking="serial"))
    bench.stock(unit)
    bench.scan(1, **({"codes": [unit]} | first))

    # What was wasted is gone from the shelf, too.
    free = BILLED._replace(reasons=("stock-negative",)) if first.get("action") == "waste" else BILLED
    assert bench.scan(2, codes=[unit]) == (Outcome("held", ("serial-used",)) if blocks else free)


def test_a_use_whose_item_is_unknown_keeps_its_unit_meanwhile() -> None:
    unit = gs1(gtin(999), serial="S1")
    bench = Bench(stocked=False)
    bench.scan(1, codes=[unit])

    assert bench.scan(2, codes=[unit]) == Outcome("parked", ("unknown-identifier", "serial-used"))


# What the label says of the unit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "expected"), [(1, BILLED), (2, Outcome("held", ("serial-quantity",)))])
def test_one_serial_scanned_as_more_than_one_unit_is_held_without_a_move(quantity: int, expected: Outcome) -> None:
    bench, unit = Bench(item(tracking="serial")), gs1(DI, expiry="271231", serial="S1")
    bench.stock(unit, quantity=2)

    assert bench.scan(1, codes=[unit], quantity=quantity) == expected


@pytest.mark.parametrize(
    "action", ["receive", "transfer", "lend", "quarantine", "send-back", "opened", "waste", "count"]
)
def test_who_moves_one_serial_as_two_units_is_held_and_a_count_is_not(action: str) -> None:
    bench, unit = Bench(item(tracking="serial")), gs1(DI, expiry="271231", serial="S1")
    to_store = "OR-3" if action in {"transfer", "lend"} else None

    decided = bench.decision(1, codes=[unit], quantity=2, action=action, to_store=to_store, encounter=None)
    held = action != "count"
    assert (decided.verdict, decided.reasons) == (("held", ("serial-quantity",)) if held else ("recorded", ()))
    assert decided.stock.move is None


def test_a_box_with_one_serial_is_more_than_one_unit() -> None:
    assert Bench().scan(1, codes=[gs1(BOX, expiry="271231", lot="L1", serial="S1")]).reasons[0] == "serial-quantity"


def test_what_was_held_for_its_quantity_leaves_the_unit_free() -> None:
    bench, unit = Bench(item(tracking="serial")), gs1(DI, expiry="271231", serial="S1")
    bench.stock(unit)
    bench.scan(1, codes=[unit], quantity=2)

    assert bench.scan(2, codes=[unit]) == BILLED


@pytest.mark.parametrize(
    ("tracking", "label", "flags"),
    [
        ("serial", gs1(DI, expiry="271231", lot="L1"), ("serial-missing",)),
        ("serial", gs1(DI, expiry="271231", serial="S1"), ()),
        ("lot", gs1(DI, expiry="271231", serial="S1"), ("lot-missing",)),
        ("lot", gs1(DI, expiry="271231"), ("lot-missing",)),
        ("lot", gs1(DI, expiry="271231", lot="L1"), ()),
        ("none", gs1(DI, expiry="271231"), ()),
    ],
)
def test_a_tracked_item_whose_label_does_not_say_which_is_charged_and_flagged(
    tracking: str, label: str, flags: tuple[str, ...]
) -> None:
    bench = Bench(item(tracking=tracking))
    bench.stock(label)

    assert bench.scan(1, codes=[label]) == with_reasons(BILLED, *flags)
