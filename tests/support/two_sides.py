"""Uses and the HIS's lines for them, made short."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.money import line_amount_fen
from models.reconciling.differences import Line, Use, UseStatus

AT = datetime(2022, 6, 3, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRICE = 12_340_000
"""1,234.00 yuan."""


def billing(number: int) -> UUID:
    """The id of the charge of the use of that number."""
    return UUID(int=number, version=5)


def use(number: int, quantity: int | None = 1, unit_price: int | None = PRICE, **changes: Any) -> Use:
    """A charged use of the screw, as many minutes after four as its number is."""
    amount = None if quantity is None or unit_price is None else line_amount_fen(quantity, unit_price)
    made = Use(
        UUID(int=number), "E1", UseStatus.CHARGED, AT + timedelta(minutes=number), "OR", "SCREW", "C0301", "L1", None,
        quantity, unit_price, amount, billing(number),
    )  # fmt: skip
    return replace(made, **changes)


def open_use(number: int, **changes: Any) -> Use:
    """A use that waits here, so it has no charge."""
    return use(number, status=UseStatus.OPEN, billing_id=None, reason="no-price", **changes)


def free_use(number: int, **changes: Any) -> Use:
    """A use that is part of another charge."""
    return use(number, status=UseStatus.FREE, billing_id=None, amount_fen=0, reason="bundled", **changes)


def gone_use(number: int, **changes: Any) -> Use:
    """A use that came back whole."""
    return use(number, **{"quantity": 0, "amount_fen": 0} | changes)


def line(of: Use, line_id: str = "", **changes: Any) -> Line:
    """The HIS's line for a use as it should be, of a HIS that keeps neither the charge it is for nor the unit."""
    assert of.item_code is not None
    quantity = changes.pop("quantity", of.quantity or 1)
    unit_price = changes.pop("unit_price", of.unit_price or PRICE)
    made = Line(
        line_id or f"H{of.scan_id.int}", of.encounter, of.item_code, of.insurance_code, quantity, unit_price,
        line_amount_fen(quantity, unit_price), of.scanned_at, of.department,
    )  # fmt: skip
    return replace(made, **changes)
