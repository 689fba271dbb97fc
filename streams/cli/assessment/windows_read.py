"""Windows of months as people write them, and their cases as the rules take them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.assessment.indices import LeftOut
from models.calendar import Month, month_text, months_between, parse_month, shift
from rules.assessment.from_cases import DepartmentCases
from sinks.postgres.assessment.windows import CaseRow
from streams.settings import SettingsError

MONTHS_MAX = 120


@dataclass(frozen=True, slots=True)
class Span:
    """The months from first to last, both included, but for those left out."""

    first: Month
    """First month, included."""
    last: Month
    """Last month, included."""
    without: tuple[Month, ...] = ()
    """Months between them that do not count."""

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"{month_text(self.first)}..{month_text(self.last)}"

    @property
    def months(self) -> list[str]:
        """The months that count."""
        return [month_text(month) for month in months_between(self.first, self.last) if month not in self.without]


def read_span(text: str, without: str | None = None) -> Span:
    """`2022-01..2022-06`, or one month, and months to leave out with commas between.

    Raises:
        SettingsError: it is none, or leaves nothing.
    """
    start, dots, end = text.partition("..")
    try:
        first, last = parse_month(start.strip()), parse_month((end if dots else start).strip())
        left = tuple(parse_month(each.strip()) for each in (without or "").split(",") if each.strip())
    except ValueError as error:
        raise SettingsError(f"Expected a window like 2022-01..2022-06, got {text!r}: {error}") from None
    span = Span(first, last, left)
    if last < first or shift(first, MONTHS_MAX) < last:
        raise SettingsError(f"Expected a window of 1 to {MONTHS_MAX} months from first to last, got {text!r}.")
    if not span.months:
        raise SettingsError(f"Expected months of {text} beside those left out by --without, got none.")
    return span


@dataclass(frozen=True, slots=True)
class WindowCases:
    """The cases of a window by department, and what is not among them."""

    span: Span
    """Months of the window."""
    departments: tuple[DepartmentCases, ...]
    """Those with cases that count."""
    rows: tuple[CaseRow, ...]
    """Those that count."""
    left_out: tuple[LeftOut, ...]
    """Cases and departments that do not count, each with its reason."""
    groupers: tuple[str, ...]
    """Groupers with their versions, each once: more than one is said."""
    from_books: int
    """Cases whose consumables are those of our own books."""


def window_of(rows: Sequence[CaseRow], span: Span, window: str | None = None) -> WindowCases:
    """Cases that can be judged, by department. Those without weight, days or costs are counted in `left_out`."""
    good = dict[str, list[CaseRow]]()
    wrong = Counter[tuple[str, str]]()
    for row in rows:
        lacks = _lacks(row)
        if lacks is None:
            good.setdefault(row.department, []).append(row)
        else:
            wrong[row.department, lacks] += 1
    left_out = [LeftOut(name, None, window, f"{count} cases {why}") for (name, why), count in sorted(wrong.items())]
    departments = []
    for name, its in sorted(good.items()):
        if sum(row.weight or 0 for row in its) > 0:
            departments.append(_department(name, its))
        else:
            left_out.append(LeftOut(name, None, window, "its cases have a total weight of zero"))
    kept = tuple(row for each in departments for row in good[each.department])
    return WindowCases(
        span, tuple(departments), kept, tuple(left_out), tuple(sorted({row.grouper for row in kept})),
        sum(row.from_books for row in kept),
    )  # fmt: skip


def _lacks(row: CaseRow) -> str | None:
    if row.weight is None:
        return "without a weight"
    if row.days is None:
        return "without days"
    return "without the cost of the stay" if row.stay_cost_fen is None else None


def _department(name: str, rows: Sequence[CaseRow]) -> DepartmentCases:
    columns = np.array(
        [(row.weight, row.level4, row.days, row.consumables_fen, row.stay_cost_fen) for row in rows], dtype=np.float64
    )
    return DepartmentCases(name, len({row.drg_group for row in rows if row.drg_group}), columns)
