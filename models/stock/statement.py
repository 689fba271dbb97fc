"""Statements of suppliers by month, and the invoices that follow them.

References:
    docs/store.md, "Statements".
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class LineStatus(StrEnum):
    """What became of a line of a statement."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    MATCHED = "matched"
    MISMATCHED = "mismatched"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """What a supplier may invoice of an item for a month, at one cost."""

    item_code: str
    """The item's code in the HIS catalogue."""
    used: int
    """Units of use used in the month."""
    returned: int
    """Of uses of the month."""
    corrected: int
    """Zero or less: returns, in this month, of uses of earlier months."""
    quantity: int
    """used - returned + corrected, in units of use."""
    cost: Decimal | None
    """Yuan a unit; `None` when no cost was known on the day of use."""
    amount: Decimal | None
    """Yuan; `None` when no cost was known."""
    status: LineStatus
    """What became of it."""
    invoice: str | None
    """Numbers of the invoices that have the item, like `F1, F2`; `None` when none was matched that has it."""
    reason: str | None
    """Why it is disputed or does not match; `None` otherwise."""
    stated: bool = True
    """`False`: no line of the statement, an item that is invoiced while nothing of it is owed; its figures are 0."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A version of a supplier's statement."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    supplier: str
    """Id of the supplier."""
    period: str
    """Like `2022-06`."""
    version: int
    """1, 2, 3 … of the supplier and period; a higher one stands in place of a lower."""
    made_at: datetime
    """When this version was made."""
    lines: tuple[StatementLine, ...]
    """By item and cost."""

    @property
    def amount(self) -> Decimal:
        """Of all lines whose cost is known, in yuan."""
        return sum((line.amount for line in self.lines if line.amount is not None), Decimal())


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """What an invoice asks for an item."""

    item_code: str
    """The item's code in the HIS catalogue."""
    quantity: int
    """Units of use invoiced."""
    cost: Decimal
    """Yuan a unit."""
    amount: Decimal
    """Yuan."""
    invoice: str
    """Number of the invoice it stands on."""
    again: str | None = None
    """How the number is kept besides, like `F1 (2022-07)`; only in books that kept it before 0095. `None`: once."""

    @property
    def content(self) -> tuple[str, int, Decimal, Decimal]:
        """What it asks: two invoices with the same, in whatever order, are the same."""
        return self.item_code, self.quantity, self.cost, self.amount


@dataclass(frozen=True, slots=True)
class RefusedInvoice:
    """An invoice that was not kept and matched with nothing."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    supplier: str
    """Id of the supplier."""
    period: str
    """Like `2022-06`."""
    invoice: str
    """Its number."""
    reason: str
    """What was expected and what came, in words."""
    kept_for: str | None = None
    """The other month, like `2022-05`, that the number is kept for; `None`: it is refused for something else."""


@dataclass(frozen=True, slots=True)
class KeptInvoice:
    """An invoice in the books, with other lines or for another month than one that came."""

    period: str
    """The month it is kept for, like `2022-06`."""
    lines: tuple[InvoiceLine, ...]
    """What it asks."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the match of an item came to."""

    item_code: str
    """The item's code in the HIS catalogue."""
    status: LineStatus
    """`matched` or `mismatched`."""
    reason: str | None
    """What differs, in words; `None` when it matches."""
    invoice: str | None
    """Numbers of the invoices that have the item, like `F1, F2`; `None` when none has."""


@dataclass(frozen=True, slots=True)
class WorkingCapital:
    """What use-then-settle frees: a supplier's own goods in the house over a month, which nobody has paid for.

    `value` is the sum over the days of the month of his units at the end of the day, each at the cost of that day,
    divided by the days. By Little's law `days_lying` is what lies there by what is used of it a day.

    References:
        Little: A Proof for the Queuing Formula L = λW, Operations Research 9 (1961) 383-387. The rest is ours.
    """

    hospital: str
    """Id of the hospital; the first part of every record key."""
    month: str
    """Like `2022-06`."""
    supplier: str
    """Whose goods they are."""
    days: int
    """Days of the month, up to the day of the books; 1 to 31."""
    value: Decimal
    """Yuan that were not bound, in the mean of these days."""
    units: Decimal
    """Units of use, in the mean; 1 digit."""
    units_without_cost: Decimal
    """Of them, units without a cost in force: they are not in `value`."""
    used: Decimal
    """Yuan owed to him for the month."""
    days_lying: Decimal | None
    """From receipt to use, in the mean; 1 digit. `None`: nothing is owed or lies here."""
