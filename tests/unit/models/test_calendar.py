"""Days and months begin at local midnight."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from models.calendar import Month, first_day, last_day, local_day, month_of, month_text, parse_month, shift

MIDNIGHT = datetime(2022, 6, 30, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (MIDNIGHT - timedelta(microseconds=1), date(2022, 6, 30)),
        (MIDNIGHT, date(2022, 7, 1)),
        (MIDNIGHT.astimezone(timezone(timedelta(hours=-7))), date(2022, 7, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_shanghai_whatever_the_offset_of_the_text(at: datetime, day: date) -> None:
    assert local_day(at) == day


@pytest.mark.parametrize(
    ("month", "months", "expected"),
    [(202206, 0, 202206), (202206, 7, 202301), (202201, -1, 202112), (202212, 1, 202301), (202206, -18, 202012)],
)
def test_months_are_counted_over_the_year(month: int, months: int, expected: int) -> None:
    assert shift(Month(month), months) == expected


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [(202402, date(2024, 2, 1), date(2024, 2, 29)), (202212, date(2022, 12, 1), date(2022, 12, 31))],
)
def test_a_month_goes_from_its_first_day_to_its_last(month: int, first: date, last: date) -> None:
    assert (first_day(Month(month)), last_day(Month(month))) == (first, last)
    assert (month_of(first), month_of(last), month_of(last + timedelta(days=1))) == (
        month,
        month,
        shift(Month(month), 1),
    )


def test_a_month_is_written_and_read_alike() -> None:
    assert (month_text(Month(202206)), parse_month("2022-06")) == ("2022-06", 202206)


@pytest.mark.parametrize("text", ["2022-00", "2022-13", "2022-6", "2022-06-01", "202206", "abcd-ef", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a month"):
        parse_month(text)
