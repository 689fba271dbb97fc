"""Months and days of the hospital: its own zone, half-open at local midnight.

References:
    docs/contract.md, section "Month, money, usage".
"""

from datetime import date, datetime, timedelta
from functools import cache
from typing import NewType
from zoneinfo import ZoneInfo

Month = NewType("Month", int)
"""A month as the integer `yyyymm`, e.g. 202206; text form `2022-06`."""

ZONE_DEFAULT = ZoneInfo("Asia/Shanghai")


def local_day(at: datetime, zone: ZoneInfo = ZONE_DEFAULT) -> date:
    """The hospital's calendar day of an aware instant."""
    return at.astimezone(zone).date()


def month_of(day: date) -> Month:
    """The month a local day lies in."""
    return Month(day.year * 100 + day.month)


@cache
def month_text(month: Month) -> str:
    """`202206` as `2022-06`."""
    return f"{month // 100:04d}-{month % 100:02d}"


def parse_month(text: str) -> Month:
    """`2022-06` as a month.

    Raises:
        ValueError: the text is not a month of that form.
    """
    if len(text) != 7 or text[4] != "-" or not (text.isascii() and text[:4].isdigit() and text[5:].isdigit()):
        raise ValueError(f"Expected a month like 2022-06, got {text!r}.")
    if not 1 <= int(text[5:]) <= 12:
        raise ValueError(f"Expected a month from 01 to 12, got {text!r}.")
    return Month(int(text[:4]) * 100 + int(text[5:]))


def shift(month: Month, months: int) -> Month:
    """The month so many months later (negative: earlier)."""
    years, zero_based = divmod((month // 100) * 12 + month % 100 - 1 + months, 12)
    return Month(years * 100 + zero_based + 1)


def months_between(first: Month, last: Month) -> list[Month]:
    """The months from the first to the last, both included; none when the last comes before."""
    months = []
    while first <= last:
        months.append(first)
        first = shift(first, 1)
    return months


def first_day(month: Month) -> date:
    """The first local day of the month."""
    return date(month // 100, month % 100, 1)


def last_day(month: Month) -> date:
    """The last local day of the month."""
    return first_day(shift(month, 1)) - timedelta(days=1)
