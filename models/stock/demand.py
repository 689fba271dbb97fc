"""What stores use of their items, week by week, and how much of it is to be expected.

References:
    docs/store.md, "Forecast".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

DAYS_A_WEEK: Final = 7
WEEKS_READ: Final = 52
"""So far back use is read: a year of whole weeks. No source: ours."""
LEAD_DAYS: Final = 7
"""From an order to its goods on the shelf, where a level says nothing. No source: ours; a level has its own."""
REVIEW_DAYS: Final = 7
"""From one look at what is needed to the next: what is ordered today lasts until the goods of the next order are
there. No source: ours, for a store that orders once a week."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Units that will be used in some days."""

    mean: float
    """Expected."""
    low: int
    """As often as the service level says, not more than what is used."""
    high: int
    """As often as the service level says, enough."""


@dataclass(frozen=True, slots=True)
class StoreDemand:
    """What a store has used of an item in whole weeks."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store, its rooms, cabinets and carts included."""
    item_code: str
    """The item's code in the HIS catalogue."""
    lead_days: int | None
    """From an order to the goods, as the level says; `None`: it says nothing."""
    first_came_on: date | None
    """Local day of the first receipt within the weeks; `None`: none."""
    last_used_on: date | None
    """Local day of the newest use within the weeks; `None`: none."""
    weeks: Sequence[int]
    """Units used, opened and wasted less returned, oldest first; below zero when more came back than was used."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of an item in a store, as the books keep it."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store, its rooms, cabinets and carts included."""
    item_code: str
    """The item's code in the HIS catalogue."""
    as_of: date
    """The weeks end the day before."""
    first_came_on: date | None
    """Local day of the first receipt that was read; `None`: none was."""
    last_used_on: date | None
    """Local day of the newest use; `None`: none is known."""
    weeks: int
    """Whole weeks it is made of, 0 to 52."""
    weeks_used: int
    """Of them, weeks with any use."""
    weekly: Decimal | None
    """Units a week, 3 digits; `None`: fewer than 8 weeks are known."""
    days: int
    """The days ahead: lead time, and the days to the next order."""
    forecast: Decimal | None
    """Units in these days, 1 digit; `None`: fewer than 8 weeks are known."""
    low: int | None
    """Lower bound, in units; `None` as above."""
    high: int | None
    """Upper bound: enough as often as the service level says; `None` as above."""
