"""The three-way match: exact quantities, costs and amounts within what the policy leaves."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from models.policy import POLICY
from models.stock.statement import InvoiceLine, LineStatus, Statement, StatementLine, Verdict
from rules.stock.invoicing import fault_of, match_invoice
from tests.support.builders import NOON

STATED = StatementLine("SCREW", 5, 1, 0, 4, Decimal("10.0000"), Decimal("40.00"), LineStatus.OPEN, None, None)


def matched(
    *asked: InvoiceLine, stated: tuple[StatementLine, ...] = (STATED,), **policy: Any
) -> list[tuple[str, str, str | None]]:
    statement = Statement("H1", "S1", "2022-06", 1, NOON, stated)
    found = match_invoice(statement, asked, replace(POLICY, **policy))
    return [(each.item_code, str(each.status), each.reason) for each in found]


def line(
    quantity: int = 4, cost: str = "10.00", amount: str = "40.00", code: str = "SCREW", invoice: str = "F1"
) -> InvoiceLine:
    return InvoiceLine(code, quantity, Decimal(cost), Decimal(amount), invoice)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ((line(),), None),
        ((line(1, amount="10.00"), line(3, amount="30.00")), None),
        ((line(amount="40.01"),), None),
        ((line(amount="40.02"),), "amount: 40.00 stated, 40.02 invoiced"),
        ((line(5, amount="50.00"),), "quantity: 4 stated, 5 invoiced; amount: 40.00 stated, 50.00 invoiced"),
        ((line(cost="10.01"),), "cost: 10.01 invoiced, 10.0000 agreed"),
        ((), "not on the invoice"),
    ],
)
def test_an_item_matches_or_says_why_not(asked: tuple[InvoiceLine, ...], reason: str | None) -> None:
    status = LineStatus.MATCHED if reason is None else LineStatus.MISMATCHED
    assert matched(*asked) == [("SCREW", status.value, reason)]


PARTS = replace(STATED, used=77, returned=7, quantity=70, cost=Decimal("7.7777"), amount=Decimal("544.60"))
"""77 uses of 7.7777, each owed with 7.78, less 7."""


@pytest.mark.parametrize(
    ("asked", "matches"),
    [
        ([(70, "544.60")], True),  # What the statement says.
        ([(70, "544.44")], True),  # Quantity x cost, rounded once.
        ([(30, "233.33"), (40, "311.20")], True),  # One invoice so, the other so.
        ([(70, "544.61")], True),  # The fen of the policy, and half a fen of its line.
        ([(70, "544.62")], False),
        ([(70, "544.43")], True),
        ([(70, "544.42")], False),
        ([(1, "7.78")] * 70, True),
        ([(1, "7.77")] * 70, False),
        ([(1, "7.78")] * 69 + [(1, "7.77")], True),
    ],
)
def test_a_cost_with_parts_of_a_fen_may_be_rounded_by_use_or_once(
    asked: list[tuple[int, str]], *, matches: bool
) -> None:
    lines = [line(quantity, "7.7777", amount) for quantity, amount in asked]
    assert matched(*lines, stated=(PARTS,))[0][1] == ("matched" if matches else "mismatched")


def test_tolerances_are_the_policys() -> None:
    assert matched(line(cost="10.10"), invoice_cost_percent=Decimal(1))[0][1] == "matched"
    assert matched(line(cost="10.11"), invoice_cost_percent=Decimal(1))[0][1] == "mismatched"
    assert matched(line(amount="40.50"), invoice_amount_fen=50)[0][1] == "matched"


def test_what_is_on_one_side_alone_and_what_has_no_cost_does_not_match() -> None:
    unknown = replace(STATED, cost=None, amount=None)

    said = "not on the statement: 0 used, 4 invoiced, 40.00 yuan"
    assert matched(line(), line(code="PLATE"))[0] == ("PLATE", "mismatched", said)
    assert matched(line(), stated=(unknown,))[0][2] == "cost: none was known on the day of use"
    assert matched(stated=(replace(STATED, quantity=0, returned=5),)) == [("SCREW", "matched", None)]


UNKNOWN = StatementLine("SCREW", 4, 0, -4, 0, None, None, LineStatus.OPEN, None, None)
TOLD = StatementLine("SCREW", 0, 0, 4, 4, Decimal("10.0000"), Decimal("40.00"), LineStatus.OPEN, None, None)


def test_units_whose_cost_was_told_since_are_invoiced_at_it() -> None:
    """In the month of use, or in a later one, where units of an earlier month without a cost are taken back."""
    assert matched(line(), stated=(UNKNOWN, TOLD)) == [("SCREW", "matched", None)]
    later = replace(UNKNOWN, used=0, quantity=-4)
    assert matched(line(), stated=(later, TOLD)) == [("SCREW", "matched", None)]
    assert matched(stated=(later, TOLD)) == [("SCREW", "mismatched", "not on the invoice")]
    assert matched(stated=(later,)) == [("SCREW", "matched", None)]
    assert matched(line(5, amount="50.00"), stated=(later, TOLD))[0][2] == (
        "quantity: 4 stated, 5 invoiced; amount: 40.00 stated, 50.00 invoiced"
    )


def test_as_long_as_one_unit_has_no_cost_nothing_matches() -> None:
    left = replace(UNKNOWN, corrected=-3, quantity=1)
    assert matched(line(5, amount="50.00"), stated=(left, TOLD))[0][2] == "cost: none was known on the day of use"


def test_invoices_of_a_month_add_up_by_item_and_are_named() -> None:
    first, second = line(3, amount="30.00", invoice="F2"), line(1, amount="10.00", invoice="F1")
    statement = Statement("H1", "S1", "2022-06", 1, NOON, (STATED,))

    assert match_invoice(statement, [first, second, first], POLICY) == [
        Verdict(
            "SCREW", LineStatus.MISMATCHED,
            "quantity: 4 stated, 7 invoiced; amount: 40.00 stated, 70.00 invoiced", "F1, F2",
        )
    ]  # fmt: skip
    assert match_invoice(statement, [first, second], POLICY) == [Verdict("SCREW", LineStatus.MATCHED, None, "F1, F2")]
    assert match_invoice(statement, [], POLICY)[0].invoice is None


@pytest.mark.parametrize(
    ("taken_back", "reason"),
    [
        (line(-4, amount="-40.00", code="PLATE", invoice="F2"), None),
        (line(-4, amount="-39.99", code="PLATE"), "not on the statement: 0 used, 0 invoiced, 0.01 yuan"),
        (line(-3, amount="-40.00", code="PLATE"), "not on the statement: 0 used, 1 invoiced, 0.00 yuan"),
    ],
)
def test_what_was_never_used_is_settled_when_it_is_wholly_taken_back(
    taken_back: InvoiceLine, reason: str | None
) -> None:
    status = "matched" if reason is None else "mismatched"
    assert matched(line(), line(code="PLATE"), taken_back)[0] == ("PLATE", status, reason)


def test_an_item_that_was_only_invoiced_is_no_statement_of_it() -> None:
    """It was shown beside the lines of an earlier match."""
    shown = StatementLine("PLATE", 0, 0, 0, 0, None, Decimal(0), LineStatus.MISMATCHED, "F1", "x", stated=False)

    said = "not on the statement: 0 used, 4 invoiced, 40.00 yuan"
    assert matched(line(), line(code="PLATE"), stated=(STATED, shown))[0] == ("PLATE", "mismatched", said)
    assert matched(line(), stated=(STATED, shown)) == [("SCREW", "matched", None)]


def test_a_number_that_is_kept_twice_matches_in_neither_month() -> None:
    assert matched(replace(line(), again="F1 (2022-07)")) == [
        ("SCREW", "mismatched", "F1 is kept again as F1 (2022-07)")
    ]
    assert matched(line(1, amount="10.00"), replace(line(3, amount="30.00"), invoice="F2", again="f2 (2022-06)")) == [
        ("SCREW", "mismatched", "F2 is kept again as f2 (2022-06)")
    ]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("quantity", "cost", "amount", "column"),
    [
        (3, "61.335", "184.00", None),
        (3, "61.335", "184.01", None),
        (3, "61.335", "183.98", None),
        (3, "61.335", "184.03", None),
        (3, "61.335", "183.97", "amount"),
        (3, "61.335", "184.04", "amount"),
        (70, "7.7777", "544.79", None),
        (70, "7.7777", "544.80", "amount"),
        (3, "61.34", "184.04", "amount"),
        (1, "10", "10.01", None),
        (1, "10", "9.99", None),
        (1, "10", "10.02", "amount"),
        (1, "0", "0", None),
        (1, "0.001", "0.001", "amount"),
        (1, "-10", "-10", "cost"),
        (0, "10", "0", "quantity"),
    ],
)
def test_an_invoice_line_adds_up_within_a_fen_in_both_signs(
    quantity: int, cost: str, amount: str, column: str | None, sign: int
) -> None:
    fault = fault_of(InvoiceLine("SCREW", sign * quantity, Decimal(cost), sign * Decimal(amount), "F1"))
    assert (fault and fault[0]) == column
