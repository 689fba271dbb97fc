"""The simulated hospital's time: whole milliseconds since 1970, written in its own zone, +08:00 without summer time."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from models.calendar import Month, first_day, last_day, month_of

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
_OFFSET: Final = 8 * HOUR
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_day_texts: dict[int, str] = {}
_months: dict[int, Month] = {}


def ordinal_of(at: int) -> int:
    """The local day of an instant, as `date.toordinal`."""
    return (at + _OFFSET) // DAY + _EPOCH_ORDINAL


def month_at(at: int) -> Month:
    """The local month of an instant."""
    day = ordinal_of(at)
    found = _months.get(day)
    if found is None:
        found = _months[day] = month_of(date.fromordinal(day))
    return found


def days_of(month: Month) -> range:
    """The ordinals of the month's days."""
    return range(first_day(month).toordinal(), last_day(month).toordinal() + 1)


def day_start(ordinal: int) -> int:
    """The instant at which the local day of an ordinal begins."""
    return (ordinal - _EPOCH_ORDINAL) * DAY - _OFFSET


def stamp(at: int) -> str:
    """RFC 3339 with milliseconds, `2022-06-03T08:15:30.123+08:00`."""
    days, rest = divmod(at + _OFFSET, DAY)
    text = _day_texts.get(days)
    if text is None:
        text = _day_texts[days] = date.fromordinal(days + _EPOCH_ORDINAL).isoformat()
    seconds, thousandths = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    return f"{text}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{thousandths:03d}+08:00"


def instant(at: int) -> datetime:
    """The same as an aware `datetime` in UTC."""
    return _EPOCH + timedelta(milliseconds=at)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
