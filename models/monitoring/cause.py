"""What a cause is made of: the factors, and the figures of one window that a rise is split by.

References:
    docs/alerts.md, section "The cause" (convention `shapley-5/1`).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Factor(StrEnum):
    """Why a figure rose. The order is that in which ties are rounded."""

    CASES = "cases"
    """More discharges."""
    WEIGHT = "weight"
    """Heavier cases: the mean DRG weight."""
    CASELOAD = "caseload"
    """Cases and weight in one, measured by discharges: a weight is unknown, or there are no discharges at all."""
    USE = "use"
    """More units of the category for each weighted case."""
    MIX = "mix"
    """Another share of the item in its category; entry and exit of a brand are mix."""
    PRICE = "price"
    """Another price of the unit."""


@dataclass(frozen=True, slots=True)
class CausePart:
    """One factor's part of a rise."""

    factor: Factor
    """Which factor."""
    amount: int
    """Fen for the measure `amount`, units for `quantity`."""


@dataclass(frozen=True, slots=True)
class Caseload:
    """The discharges of a department in a month."""

    cases: int
    """Discharges, by their newest records."""
    weights: Decimal | None
    """The sum of their DRG weights; `None` when the weight of any is unknown."""


NO_CASELOAD = Caseload(0, None)


@dataclass(frozen=True, slots=True)
class Window:
    """What was used in one department and month, and for how many cases."""

    caseload: Caseload
    """Discharges of the department in the month."""
    category_units: int
    """Units of all items of the category, this one included."""
    units: int
    """Units of the item, charges less credits."""
    value: int
    """Of the item: fen for the measure `amount`, units for `quantity`."""
