"""Why a figure rose: its change split into factors that add up exactly.

For the amount, with quantities q and amounts a of the base (0) and the month (1), and the old price p0 = a0 ÷ q0:

    quantity = (q1 - q0) × p0        rounded half up to the fen
    price    = (a1 - a0) - quantity  = q1 × (p1 - p0) before rounding

So more units count at the old price and dearer units at the new quantity, and the price carries the rounding rest of
at most half a fen: the parts add up to a1 - a0 by construction. Without a base quantity there is no old price, and all
of the change is quantity. For the quantity, the only factor is the quantity itself.

References:
    The Gansu study asks for a cause (docs/contract.md, "Alert"); the split is the two-factor form of a price-volume
    analysis, quantity at base price (Laspeyres) first. The order of the factors is our choice.
"""

from models.monitoring.alert import CausePart, Measure, UsageSums

QUANTITY = "quantity"
PRICE = "price"


def cause_of(measure: Measure, now: UsageSums, base: UsageSums) -> tuple[CausePart, ...]:
    """The parts of `now` − `base`: fen for the amount, units for the quantity."""
    if measure is Measure.QUANTITY:
        return (CausePart(QUANTITY, now.quantity - base.quantity),)
    change = now.amount_fen - base.amount_fen
    if base.quantity <= 0:
        return (CausePart(QUANTITY, change), CausePart(PRICE, 0))
    quantity = rounded_half_up((now.quantity - base.quantity) * base.amount_fen, base.quantity)
    return (CausePart(QUANTITY, quantity), CausePart(PRICE, change - quantity))


def rounded_half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, halves away from zero; the denominator is above zero.

    >>> rounded_half_up(5, 2), rounded_half_up(-5, 2), rounded_half_up(7, 3)
    (3, -3, 2)
    """
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))
