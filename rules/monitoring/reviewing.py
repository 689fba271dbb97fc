"""Which step of a review may be done, and what an intervention has changed.

References:
    docs/reviews.md.
"""

from collections.abc import Sequence
from fractions import Fraction

from models.monitoring.review import TRANSITIONS, Effect, ReviewEntry, ReviewRefusal, ReviewState, Step
from rules.monitoring.kinds.growth import rounded_half_up


def state_of(entries: Sequence[ReviewEntry]) -> ReviewState:
    """Where a review stands after its entries."""
    return entries[-1].state if entries else ReviewState.NEW


def after(entries: Sequence[ReviewEntry], step: Step) -> ReviewState | ReviewRefusal:
    """The state that a step leads to, or why it can't be done."""
    found = TRANSITIONS.get((state_of(entries), step))
    if found is None:
        return ReviewRefusal.NOT_NOW
    if step is Step.RECEIPT and not any(each.step is Step.WARN for each in entries):
        return ReviewRefusal.NO_WARNING
    return found


def change_percent_x100(before: int, now: int) -> int | None:
    """The change in hundredths of a per cent; `None` without a base above zero."""
    return rounded_half_up((now - before) * 10_000, before) if before > 0 else None


def expected_fen(effect: Effect) -> int | None:
    """What would be used now had it gone as elsewhere: before × elsewhere after ÷ elsewhere before.

    `None` when there was no use elsewhere before. What was saved is this less what is used now.

    >>> expected_fen(Effect(1000, 600, 2000, 2200, 3, 3, "2022-06", ()))
    1100
    """
    if effect.elsewhere_before_fen <= 0:
        return None
    found = Fraction(effect.before_fen * effect.elsewhere_after_fen, effect.elsewhere_before_fen)
    return rounded_half_up(found.numerator, found.denominator)
