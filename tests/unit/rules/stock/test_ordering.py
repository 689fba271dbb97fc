"""From needs to orders: by supplier, and by name what none is proposed for."""

from dataclasses import replace
from decimal import Decimal

import pytest

from models.stock.order import Draft, LeftOut, Need, OrderLine
from rules.stock.ordering import orders_of

NEED = Need(
    "H1", "OR-2", "SCREW", 3, 2, 10, 20, Decimal("1.5"), 2, 15, 3, 7, ("OR-3: 7",), None, "S1", "GS1", "069", 5,
    7, 14, Decimal("12.0"), 6, 19,
)  # fmt: skip
LINE = OrderLine("OR-2", "SCREW", "GS1", "069", 3, 15, 3, 2)


def test_one_order_a_supplier_with_lines_by_store_and_item() -> None:
    other = replace(NEED, store="OR-1", item_code="NAIL", packages=1, proposed=5)
    third = replace(NEED, supplier="S2")
    drafts, left_out = orders_of([NEED, third, other])
    nail = replace(LINE, store="OR-1", item_code="NAIL", packages=1, units=5)
    assert drafts == [Draft("H1", "S1", (nail, LINE)), Draft("H1", "S2", (LINE,))]
    assert left_out == []


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        (replace(NEED, supplier=None), "no-supplier"),
        (replace(NEED, stopped="breaker-open", packages=0, proposed=0), "breaker-open"),
        (replace(NEED, stopped="breaker-open", supplier=None), "breaker-open"),
    ],
)
def test_a_need_without_an_order_says_why(need: Need, reason: str) -> None:
    assert orders_of([need]) == ([], [LeftOut("H1", "OR-2", "SCREW", reason)])


def test_what_is_at_its_minimum_is_no_need() -> None:
    assert orders_of([replace(NEED, on_hand=8, packages=0, proposed=0, stopped="breaker-open")]) == ([], [])
