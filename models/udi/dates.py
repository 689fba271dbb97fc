"""Dates as codes print them. The century always comes from the day of the scan, never from the clock.

Each function answers `None` for a date that does not exist. They are cached: a ward's labels repeat few dates.
"""

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

_CACHED = 8192
_CENTURIES = {"0": 2000, "1": 2100, "9": 1900}


def full_year(two_digits: int, reference_year: int) -> int:
    """The year a two-digit year means, seen from `reference_year`: 49 years back to 50 years ahead.

    References:
        GS1 General Specifications, section 7.12: a difference of 51 to 99 is the previous century, of -99 to -50
        the next, else the current one.
    """
    century = reference_year - reference_year % 100
    difference = two_digits - reference_year % 100
    if difference >= 51:
        return century - 100 + two_digits
    if difference <= -50:
        return century + 100 + two_digits
    return century + two_digits


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def last_day(year: int, month: int) -> date | None:
    """The last day of a month."""
    if not (1 <= month <= 12 and 1 <= year <= 9999):
        return None
    return date(year, month, monthrange(year, month)[1])


@lru_cache(maxsize=_CACHED)
def yymmdd(text: str, reference_year: int) -> date | None:
    """Six digits YYMMDD; day 00 is the last day of the month.

    References:
        GS1 General Specifications, sections 3.4.2 and 7.12.
    """
    year = full_year(int(text[:2]), reference_year)
    month, day = int(text[2:4]), int(text[4:6])
    return _make(year, month, day) if day else last_day(year, month)


@lru_cache(maxsize=_CACHED)
def yyyymmdd(text: str) -> date | None:
    """Eight digits YYYYMMDD; day 00 does not exist."""
    return _make(int(text[:4]), int(text[4:6]), int(text[6:8]))


@lru_cache(maxsize=_CACHED)
def yyjjj(text: str) -> date | None:
    """Five digits: year of this century and day of the year, as HIBC prints it (20YY; the standard has no century)."""
    return _day_of_year(2000 + int(text[:2]), int(text[2:5]))


@lru_cache(maxsize=_CACHED)
def cyyjjj(text: str) -> date | None:
    """Six digits: hundreds digit of the year (9, 0 or 1), year, day of the year.

    References:
        ICCBBA ST-001, data structures 004 to 009: 9 is 19yy, 0 is 20yy, 1 is 21yy.
    """
    century = _CENTURIES.get(text[0])
    return None if century is None else _day_of_year(century + int(text[1:3]), int(text[3:6]))


def _day_of_year(year: int, day: int) -> date | None:
    if day == 0:
        return None
    found = date(year, 1, 1) + timedelta(days=day - 1)
    return found if found.year == year else None
