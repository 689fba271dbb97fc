"""How a quota burns down: what is left, and when it will be used up at the rate so far.

References:
    docs/controls.md, section "Quotas"; monthly quota by department: docs/studies.md, "Wuhan study" (Chinese Health
    Quality Management 2025, 32(3): 54-58). The straight line is ours.
"""

from datetime import date, timedelta
from fractions import Fraction

from models.calendar import Month, first_day, last_day


def exhausted_on(released: int, used: int, month: Month, newest: date | None) -> date | None:
    """The first day on which nothing is left, at the mean use of the days so far; `None`: not in this month.

    Args:
        released: Units of the month.
        used: Units so far.
        month: Of the quota.
        newest: The newest day with records, counted as whole; `None`: no day of the month has any.

    Ten units in five days use up thirty on the 15th and a hundred not at all; four were used up on the 2nd.

    >>> [exhausted_on(units, 10, Month(202206), date(2022, 6, 5)) for units in (30, 100, 4)]
    [datetime.date(2022, 6, 15), None, datetime.date(2022, 6, 2)]
    """
    first, last = first_day(month), last_day(month)
    if newest is None or used <= 0:
        return first if released <= 0 else None
    days = (min(newest, last) - first).days + 1
    needed = Fraction(released * days, used)
    whole = max(1, -(-needed.numerator // needed.denominator))
    day = first + timedelta(days=whole - 1)
    return day if day <= last else None
