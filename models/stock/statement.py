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
    """Number of the invoice that was matched; `None` until one was."""
    reason: str | None
    """Why it is disputed or does not match; `None` otherwise."""


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the match of an item came to."""

    item_code: str
    """The item's code in the HIS catalogue."""
    status: LineStatus
    """`matched` or `mismatched`."""
    reason: str | None
    """What differs, in words; `None` when it matches."""
