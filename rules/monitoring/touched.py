"""Which cells must be judged again after the use in some has changed."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from models.calendar import shift
from models.monitoring.alert import Cell
from rules.monitoring.kinds.rule import Rule


def months_read(rules: Iterable[Rule]) -> tuple[int, ...]:
    """How many months back the rules read, the month itself (0) included, ascending."""
    return tuple(sorted({0, *(back for rule in rules for back in rule.reads_back)}))


def judged_again(changed: Mapping[Cell, datetime], rules: Iterable[Rule]) -> dict[Cell, datetime]:
    """The changed cells and those whose base they are, each with the newest instant that touched it."""
    touched: dict[Cell, datetime] = {}
    backs = months_read(rules)
    for cell, at in changed.items():
        for back in backs:
            touch(touched, {cell._replace(month=shift(cell.month, back)) if back else cell: at})
    return touched


def touch(touched: dict[Cell, datetime], cells: Mapping[Cell, datetime]) -> None:
    """Add cells; of two instants of a cell the newer holds."""
    for cell, at in cells.items():
        known = touched.get(cell)
        touched[cell] = at if known is None or known < at else known
