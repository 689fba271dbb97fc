"""Months of use as people write them."""

from models.calendar import Month
from streams.cli.connection import bad


def month_of_text(text: str) -> Month:
    """A month written like `2022-06`.

    Raises:
        ValueError: it is none.
    """
    year, dash, month = text.partition("-")
    if not dash or len(year) != 4 or len(month) != 2 or not (year + month).isdecimal() or not 1 <= int(month) <= 12:
        raise ValueError(f"expected a month like 2022-06, got {text!r}")
    return Month(int(year) * 100 + int(month))


def month_of(text: str) -> Month:
    """The same; what is none is said, exit status 2."""
    try:
        return month_of_text(text)
    except ValueError as error:
        bad(f"{str(error).capitalize()}.")
