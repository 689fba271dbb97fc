"""The three-way match: exact quantities, costs and amounts within what the policy leaves."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from models.policy import POLICY
from models.stock.statement import InvoiceLine, LineStatus, Statement, StatementLine
from rules.stock.invoicing import match_invoice
from tests.support.builders import NOON

STATED = StatementLine("SCREW", 5, 1, 0, 4, Decimal("10.0000"), Decimal("40.00"), LineStatus.OPEN, None, None)


def matched(
    *asked: InvoiceLine, stated: tuple[StatementLine, ...] = (STATED,), **policy: Any
) -> list[tuple[str, str, str | None]]:
    statement = Statement("H1", "S1", "2022-06", 1, NOON, stated)
    found = match_invoice(statement, asked, replace(POLICY, **policy))
    return [(each.item_code, str(each.status), each.reason) for each in found]


def line(quantity: int = 4, cost: str = "10.00", amount: str = "40.00", code: str = "SCREW") -> InvoiceLine:
    return InvoiceLine(code, quantity, Decimal(cost), Decimal(amount))


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


def test_tolerances_are_the_policys() -> None:
    assert matched(line(cost="10.10"), invoice_cost_percent=Decimal(1))[0][1] == "matched"
    assert matched(line(cost="10.11"), invoice_cost_percent=Decimal(1))[0][1] == "mismatched"
    assert matched(line(amount="40.50"), invoice_amount_fen=50)[0][1] == "matched"


def test_what_is_on_one_side_alone_and_what_has_no_cost_does_not_match() -> None:
    unknown = replace(STATED, cost=None, amount=None)

    assert matched(line(), line(code="PLATE"))[0] == ("PLATE", "mismatched", "not on the statement")
    assert matched(line(), stated=(unknown,))[0][2] == "cost: none was known on the day of use"
    assert matched(stated=(replace(STATED, quantity=0, returned=5),)) == [("SCREW", "matched", None)]
