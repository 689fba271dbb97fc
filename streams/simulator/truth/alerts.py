"""Which alerts must stand when all months are closed: the rules once more, in plain arithmetic on whole numbers."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from models.calendar import Month, shift

MEASURES: Final = ("quantity", "amount")
FLOORS: Final = (5, 100_000)
"""Units, and fen: of the base, and of the value of a new item. References: docs/contract.md, "Alerts"."""
MONTH_ON_MONTH: Final = "growth-month-on-month"
TOP: Final = 3
RUN: Final = 3

Usage = dict[tuple[str, str, str, Month], list[int]]
"""[units, fen] by (scope type, scope, item, month)."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that must stand. `value` and `base_value`: units, or fen."""

    rule: str
    """Name of the rule."""
    measure: str
    """`amount` or `quantity`."""
    scope_type: str
    """`hospital` or `department`."""
    scope: str
    """Id of the hospital or department."""
    item_code: str
    """The item's code in the HIS catalogue."""
    month: Month
    """Month of the hospital's zone, as `yyyymm`."""
    value: int
    """Use of the month."""
    base_month: Month | None = None
    """Month it is compared with; `None` of rules that compare nothing."""
    base_value: int | None = None
    """Use of that month; `None` of rules that compare nothing."""
    change_percent: str | None = None
    """Two digits; `None` without a base above zero."""
    rank: int | None = None
    """1 is the highest; `None` of rules that do not rank."""
    months_in_a_row: int | None = None
    """Length of the run; `None` of rules that do not rank."""


def standing(usage: Usage, monitored: set[str], months: list[Month]) -> list[Alert]:
    """The alerts, given all usage of the months, which are consecutive and all closed."""
    found: list[Alert] = []
    by_scope: dict[tuple[str, str], dict[str, dict[Month, list[int]]]] = defaultdict(lambda: defaultdict(dict))
    for (scope_type, scope, item, month), sums in usage.items():
        if item in monitored:
            by_scope[scope_type, scope][item][month] = sums
    for (scope_type, scope), items in sorted(by_scope.items()):
        for place, measure in enumerate(MEASURES):
            values = {item: {month: sums[place] for month, sums in by.items()} for item, by in items.items()}
            for item in sorted(values):
                for month in months:
                    found += _growth((measure, scope_type, scope, item), values[item], month, months[0], FLOORS[place])
            found += _top_three((measure, scope_type, scope), values, months)
    return found


def _growth(
    name: tuple[str, str, str, str], values: dict[Month, int], month: Month, first: Month, floor: int
) -> list[Alert]:
    value = values.get(month, 0)
    if value <= 0:
        return []
    found: list[Alert] = []
    for rule, base_month in ((MONTH_ON_MONTH, shift(month, -1)), ("growth-year-on-year", shift(month, -12))):
        if base_month < first:
            continue
        base = values.get(base_month, 0)
        if base == 0 and rule == MONTH_ON_MONTH and value >= floor:
            found.append(Alert("new-item", *name, month, value, base_month, 0))
        elif base >= floor and 5 * (value - base) >= base:  # a rise of a fifth or more
            found.append(Alert(rule, *name, month, value, base_month, base, percent(value - base, base)))
    return found


def percent(part: int, whole: int) -> str:
    """`part` of `whole` in per cent with two digits, half up; both positive."""
    hundredths = (20_000 * part + whole) // (2 * whole)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _top_three(scope: tuple[str, str, str], values: dict[str, dict[Month, int]], months: list[Month]) -> list[Alert]:
    found: list[Alert] = []
    runs: dict[str, int] = {}
    for month in months:
        used = {item: by[month] for item, by in values.items() if by.get(month, 0) > 0}
        last = sorted(used.values(), reverse=True)[:TOP]
        top = {item: value for item, value in used.items() if value >= last[-1]}
        runs = {item: runs.get(item, 0) + 1 for item in top}
        for item in sorted(top):
            if runs[item] >= RUN:
                rank = 1 + sum(1 for value in used.values() if value > top[item])
                alert = Alert(
                    "top-three-three-months", *scope, item, month, top[item], rank=rank, months_in_a_row=runs[item]
                )
                found.append(alert)
    return found
