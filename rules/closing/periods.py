"""A month by month of use and by month of posting, and the bridge that leads from one to the other.

References:
    docs/semantics/closing.md, "Periods and known time".
"""

import json
from collections.abc import Callable, Iterable
from datetime import date
from hashlib import sha256
from typing import TypeVar

from models.calendar import Month, month_text
from models.closing.figures import BridgeLine, Change, DepartmentSums, EntryCause, EntryGroup, EntrySums, MonthReport
from models.money import fen_text

Key = TypeVar("Key")


def month_report(month: Month, groups: Iterable[EntryGroup]) -> MonthReport:
    """The report of a month. Groups that belong to it neither by use nor by posting are left out."""
    known = [each for each in groups if month in {each.service_month, each.period}]
    used = [each for each in known if each.service_month == month]
    posted = [each for each in known if each.period == month]
    return MonthReport(
        month,
        by_service=_by_department(used),
        by_period=_by_department(posted),
        posted_here=_lines(each for each in posted if each.service_month != month),
        posted_elsewhere=_lines(each for each in used if each.period != month),
        service=sums_of(used),
        period=sums_of(posted),
    )


def changes(month: Month, later: Iterable[EntryGroup]) -> tuple[Change, ...]:
    """What came to the month's uses with these entries, by cause and the month they were posted in."""
    split = _split((each for each in later if each.service_month == month), lambda each: (each.cause, each.period))
    order = list(EntryCause)
    return tuple(
        Change(cause, period, sums_of(split[cause, period]))
        for cause, period in sorted(split, key=lambda key: (order.index(key[0]), key[1]))
    )


def sums_of(groups: Iterable[EntryGroup]) -> EntrySums:
    """Charges and credits of the groups."""
    kept = list(groups)
    return EntrySums(
        sum(each.entries for each in kept),
        sum(each.amount_fen for each in kept if not each.credit),
        sum(each.amount_fen for each in kept if each.credit),
    )


def digest(hospital: str, report: MonthReport, as_of: date | None) -> str:
    """SHA-256 over the figures alone, so that two prints can be compared whatever they were known at.

    What is hashed is JSON in UTF-8 with sorted keys and no blanks (docs/commands.md, "Month report").
    """
    figures = {
        "hospital": hospital,
        "month": month_text(report.month),
        "as_of": as_of.isoformat() if as_of else None,
        "by_service_month": [_row(each.sums, department=each.department) for each in report.by_service],
        "by_period": [_row(each.sums, department=each.department) for each in report.by_period],
        "bridge": [
            _row(each.sums, service_month=month_text(each.service_month), period=month_text(each.period))
            for each in (*report.posted_here, *report.posted_elsewhere)
        ],
    }
    text = json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _row(sums: EntrySums, **names: str | None) -> dict[str, str | int | None]:
    return {
        **names,
        "entries": sums.entries,
        "charges": fen_text(sums.charges_fen),
        "credits": fen_text(sums.credits_fen),
        "net": fen_text(sums.net_fen),
    }


def _by_department(groups: Iterable[EntryGroup]) -> tuple[DepartmentSums, ...]:
    split = _split(groups, lambda each: each.department)
    named = sorted(split, key=lambda name: (name is None, name or ""))
    return tuple(DepartmentSums(name, sums_of(split[name])) for name in named)


def _lines(groups: Iterable[EntryGroup]) -> tuple[BridgeLine, ...]:
    split = _split(groups, lambda each: (each.service_month, each.period))
    return tuple(BridgeLine(*months, sums_of(split[months])) for months in sorted(split))


def _split(groups: Iterable[EntryGroup], key: Callable[[EntryGroup], Key]) -> dict[Key, list[EntryGroup]]:
    split: dict[Key, list[EntryGroup]] = {}
    for each in groups:
        split.setdefault(key(each), []).append(each)
    return split
