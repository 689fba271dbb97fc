from datetime import date

import pytest

from models.udi import dates


@pytest.mark.parametrize(
    ("two_digits", "reference", "year"),
    [
        (77, 2026, 1977), (76, 2026, 2076), (0, 2026, 2000), (99, 2026, 1999), (26, 2026, 2026),
        (0, 2099, 2100), (49, 2099, 2149), (50, 2099, 2050), (49, 1999, 2049), (50, 1999, 1950),
    ],
)  # fmt: skip
def test_century_is_seen_from_the_reference_year(two_digits: int, reference: int, year: int) -> None:
    assert dates.full_year(two_digits, reference) == year


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("271231", date(2027, 12, 31)), ("280200", date(2028, 2, 29)), ("270200", date(2027, 2, 28)),
        ("991200", date(1999, 12, 31)), ("271301", None), ("270001", None), ("270631", None), ("270229", None),
    ],
)  # fmt: skip
def test_six_digits(text: str, day: date | None) -> None:
    assert dates.yymmdd(text, 2026) == day


def test_a_year_no_calendar_has_is_no_date() -> None:
    assert dates.yymmdd("000101", 9999) is None
    assert dates.yymmdd("000100", 9999) is None


@pytest.mark.parametrize(("text", "day"), [("20260601", date(2026, 6, 1)), ("20260600", None), ("00000101", None)])
def test_eight_digits(text: str, day: date | None) -> None:
    assert dates.yyyymmdd(text) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [("20015", date(2020, 1, 15)), ("20366", date(2020, 12, 31)), ("21366", None), ("20000", None), ("20367", None)],
)
def test_day_of_the_year(text: str, day: date | None) -> None:
    assert dates.yyjjj(text) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [("019031", date(2019, 1, 31)), ("119031", date(2119, 1, 31)), ("999365", date(1999, 12, 31)), ("219031", None)],
)
def test_century_digit_of_isbt_128(text: str, day: date | None) -> None:
    assert dates.cyyjjj(text) == day
