"""The three-way match: what was used, what was agreed for it, what is invoiced.

References:
    docs/store.md, "Statements".
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from models.policy import POLICY, Policy
from models.stock.statement import InvoiceLine, LineStatus, Statement, StatementLine, Verdict

_FEN: Final = Decimal("0.01")


def match_invoice(statement: Statement, invoice: Sequence[InvoiceLine], policy: Policy = POLICY) -> list[Verdict]:
    """A verdict on every item of the statement or of the invoices of its month, by item code; invoices add up.

    Quantities must agree exactly. A unit cost may be off by the policy's per cent, an item's amount by its fen. Units
    without a cost are owed in the month in which it is told: what is taken back of them is taken off no invoice.
    """
    stated: dict[str, list[StatementLine]] = defaultdict(list)
    asked: dict[str, list[InvoiceLine]] = defaultdict(list)
    for line in statement.lines:
        if line.stated:
            stated[line.item_code].append(line)
    for each in invoice:
        asked[each.item_code].append(each)
    return [_verdict(code, stated.get(code, []), asked.get(code, []), policy) for code in sorted({*stated, *asked})]


def _verdict(code: str, stated: list[StatementLine], asked: list[InvoiceLine], policy: Policy) -> Verdict:
    missing = sum(line.quantity for line in stated if line.cost is None and line.quantity > 0)
    quantity = missing + sum(line.quantity for line in stated if line.cost is not None)
    claimed = sum(line.quantity for line in asked)
    amount = sum((line.amount for line in asked), Decimal())
    differences = []
    if not stated and (claimed or amount):
        differences.append(f"not on the statement: 0 used, {claimed} invoiced, {amount:.2f} yuan")
    elif stated and not asked and quantity != 0:
        differences.append("not on the invoice")
    if stated and asked:
        if quantity != claimed:
            differences.append(f"quantity: {quantity} stated, {claimed} invoiced")
        differences += _costs(stated, asked, policy.invoice_cost_percent)
        if missing:
            differences.append("cost: none was known on the day of use")
        else:
            differences += _amounts(stated, asked, policy.invoice_amount_fen)
    differences += [f"{number} is kept again as {again}" for number, again in sorted(_twice(asked))]
    status = LineStatus.MISMATCHED if differences else LineStatus.MATCHED
    numbers = ", ".join(sorted({line.invoice for line in asked}))
    return Verdict(code, status, "; ".join(differences) or None, numbers or None)


def _twice(asked: list[InvoiceLine]) -> set[tuple[str, str]]:
    """Numbers under which more than one invoice is kept, and how the other stands there: neither is paid unseen."""
    return {(line.invoice, line.again) for line in asked if line.again is not None}


def _amounts(stated: list[StatementLine], asked: list[InvoiceLine], fen: int) -> list[str]:
    """The amounts, when the invoiced one is neither what is stated, nor quantity x cost, nor between the two.

    What is owed for each use is rounded to the fen by itself, and the statement adds that up; an invoice may add up the
    same, or round quantity x cost once. So it may be `fen` off, and half a fen for each of its lines that is rounded.
    """
    known = [(line.quantity * line.cost, line.amount) for line in stated if line.cost is not None]
    once = sum((product for product, _ in known), Decimal())
    due = sum((amount for _, amount in known if amount is not None), Decimal())
    amount = sum((line.amount for line in asked), Decimal())
    rounded = sum(not _is_fen(line.quantity * line.cost) for line in asked)
    allowed = _FEN * fen + _FEN / 2 * rounded
    if min(due, once) - allowed <= amount <= max(due, once) + allowed:
        return []
    return [f"amount: {due:.2f} stated, {amount:.2f} invoiced"]


def _is_fen(yuan: Decimal) -> bool:
    return yuan == round(yuan, 2)


def fault_of(line: InvoiceLine) -> tuple[str, str] | None:
    """Column and reason of what no invoice has: no units, a cost below zero, an amount that is not their product.

    What takes back has quantity and amount below zero. An amount may be a fen off: rounded up or down. Where the cost
    has parts of a fen it may be half a fen a unit more: the sum of uses, each rounded by itself.
    """
    due = line.quantity * line.cost
    if line.quantity == 0:
        return "quantity", "expected units above zero, or below it to take back, got 0"
    if line.cost < 0:
        return "cost", f"expected a cost of zero or more, got {line.cost:f}"
    if not _is_fen(line.amount):
        return "amount", f"expected yuan and fen, got {line.amount:f}"
    parts = 0 if _is_fen(line.cost) else abs(line.quantity)
    if abs(due - line.amount) > _FEN + _FEN / 2 * parts:
        return "amount", f"expected {line.quantity} x {line.cost:f} = {due:.2f}, got {line.amount:f}"
    return None


def _costs(stated: list[StatementLine], asked: list[InvoiceLine], percent: Decimal) -> list[str]:
    """Costs that are invoiced and near none that was agreed."""
    agreed = [line.cost for line in stated if line.cost is not None]
    strange = sorted({
        line.cost for line in asked if agreed and all(abs(line.cost - cost) * 100 > cost * percent for cost in agreed)
    })  # fmt: skip
    return [f"cost: {each:f} invoiced, {min(agreed):f} agreed" for each in strange]
