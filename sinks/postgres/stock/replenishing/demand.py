"""What stores use week by week, and the forecast that is kept of it; what nobody uses any more.

References:
    docs/store.md, "Forecast" and "Slow movers".
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from models.stock.demand import DAYS_A_WEEK, WEEKS_READ, Forecast, StoreDemand
from sinks.postgres.named import Asked, fetch

_DAYS: Final = """
SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day,
       (SELECT max(d.as_of) FROM udi.demand d WHERE d.hospital = h.hospital) AS kept_of
FROM udi.hospitals_with_records() h (hospital) ORDER BY 1
"""
_WEEKS: Final = """
SELECT hospital, store, item_code, lead_days, first_came_on, last_used_on, weeks, week, units
FROM udi.weeks_of_use_4($1, $2, $3) ORDER BY hospital, store, item_code
"""
_KEEP: Final = f"""
INSERT INTO udi.demand AS d (hospital, store, item_code, as_of, first_came_on, last_used_on, weeks, weeks_used, weekly,
    days, forecast, low, high)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (hospital, store, item_code) DO UPDATE SET
    as_of = excluded.as_of, weeks = excluded.weeks, weeks_used = excluded.weeks_used, weekly = excluded.weekly,
    days = excluded.days, forecast = excluded.forecast, low = excluded.low, high = excluded.high,
    first_came_on = least(
        excluded.first_came_on,
        CASE WHEN d.first_came_on < excluded.as_of - {WEEKS_READ * DAYS_A_WEEK} THEN d.first_came_on END
    ),
    last_used_on = coalesce(
        excluded.last_used_on,
        CASE WHEN d.last_used_on < excluded.as_of - {WEEKS_READ * DAYS_A_WEEK} THEN d.last_used_on END
    )
WHERE d.as_of <= excluded.as_of OR d.as_of > udi.day_of_books_2(d.hospital)
"""
"""What lies within the weeks is as they say; what is older is remembered. One of a day to which its hospital has not
come was made by the day of another."""
_FORECASTS: Final = """
SELECT hospital, store, item_code, as_of, first_came_on, last_used_on, weeks, weeks_used, weekly, days, forecast, low,
       high
FROM report.demand_2
WHERE ($1::text IS NULL OR hospital = $1) AND ($2::text IS NULL OR store = $2) AND ($3::text IS NULL OR item_code = $3)
ORDER BY hospital, store, item_code
"""
_SLOW: Final = """
SELECT hospital, store, item_code, owner, quantity, expiry, value, last_used_on, first_came_on, idle_days,
       months_of_stock, as_of
FROM udi.slow_movers_6($1)
WHERE ($2::text IS NULL OR hospital = $2) AND ($3::text IS NULL OR store = $3) AND ($4::text IS NULL OR item_code = $4)
ORDER BY value DESC NULLS LAST, hospital, store, item_code, owner
"""


@dataclass(frozen=True, slots=True)
class SlowMover:
    """Goods of a store of which nothing has been used there for long."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store, its rooms, cabinets and carts included."""
    item_code: str
    """The item's code in the HIS catalogue."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    quantity: int
    """Units of use, above zero."""
    expiry: date | None
    """The first last usable day among them; `None` when none is known."""
    value: Decimal | None
    """Yuan, at the cost of `as_of`; `None` when none was in force."""
    last_used_on: date | None
    """Local day of the newest use there; `None`: none is known."""
    first_came_on: date | None
    """Local day of the first receipt there that was read; `None`: none was."""
    idle_days: int | None
    """Since the last use, else since it first came; `None`: longer than was read, a year at least."""
    months_of_stock: Decimal | None
    """What lies there, of all owners, by its use a month; 1 digit. `None`: no use was forecast from."""
    as_of: date
    """Days are counted to this one."""


@dataclass(frozen=True, slots=True)
class _Weeks:
    hospital: str
    store: str
    item_code: str
    lead_days: int | None
    first_came_on: date | None
    last_used_on: date | None
    weeks: int
    week: Sequence[int]
    units: Sequence[int]


@dataclass(frozen=True, slots=True)
class HospitalDay:
    """The day of the books of a hospital, and of its forecasts."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    day: date
    """Local day of its newest scan: each by its own time, or the broker's when that was earlier."""
    kept_of: date | None
    """Of the forecasts that are kept; `None`: there are none."""


async def days_of_books(asked: Asked) -> list[HospitalDay]:
    """Of each hospital that has scans; some probes of indexes for each."""
    return await fetch(asked, HospitalDay, _DAYS)


async def demand_before(asked: Asked, hospital: str, day: date) -> list[StoreDemand]:
    """What each store of a hospital has used of each item in the whole weeks before a day. Reads a year of scans."""
    return [_demand(row) for row in await fetch(asked, _Weeks, _WEEKS, hospital, day, WEEKS_READ)]


def _demand(row: _Weeks) -> StoreDemand:
    weeks = [0] * row.weeks
    for back, units in zip(row.week, row.units, strict=True):
        if back < row.weeks:
            weeks[-1 - back] = units
    return StoreDemand(
        row.hospital, row.store, row.item_code, row.lead_days, row.first_came_on, row.last_used_on, tuple(weeks)
    )


async def keep(asked: Asked, forecasts: Sequence[Forecast]) -> None:
    """Keep forecasts in the place of earlier ones; those of a later day stay."""
    await asked.executemany(_KEEP, [astuple(each) for each in forecasts])


async def forecasts(
    asked: Asked, hospital: str | None = None, store: str | None = None, item_code: str | None = None
) -> list[Forecast]:
    """The forecasts that are kept."""
    return await fetch(asked, Forecast, _FORECASTS, hospital, store, item_code)


async def slow_movers(
    asked: Asked, days: int, hospital: str | None = None, store: str | None = None, item_code: str | None = None
) -> list[SlowMover]:
    """Goods that lie in stores and were not used there for so many days, the dearest first."""
    return await fetch(asked, SlowMover, _SLOW, days, hospital, store, item_code)
