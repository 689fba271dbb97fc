"""Tables with a row for each department and index, and tables in which several windows stand below each other."""

from collections.abc import Sequence
from typing import NamedTuple

from models.assessment.indices import DEPARTMENT, IGNORED, INDEX, WINDOW, known_index, plain
from streams.cli.assessment.index_numbers import number_of
from streams.cli.loading.grids import Cell, SheetError
from streams.cli.loading.sheets import SheetRow


class Long(NamedTuple):
    """The columns of a table with a row for each department and index."""

    department: str
    """Heading of the departments."""
    name: str
    """Heading of the indices' names."""
    value: str
    """Heading of the numbers."""


def check_window(headings: Sequence[str], rows: Sequence[SheetRow]) -> None:
    """Each window has its own file.

    Raises:
        SheetError: a column says that the table has several.
    """
    for heading in headings:
        if plain(heading) in WINDOW:
            found = list(dict.fromkeys(filter(None, (_text(row.cells.get(heading)) for row in rows))))
            if 1 < len(found) < len(rows):
                shown = " and ".join(map(repr, found[:2]))
                raise SheetError(f"Expected one window in a table, got {shown} in {heading!r}; give each its own file.")


def long_of(headings: Sequence[str], rows: Sequence[SheetRow]) -> Long | None:
    """The three columns of such a table; `None`: it has a column for each index, or for each department."""
    columns = [heading for heading in headings if plain(heading) not in IGNORED]
    department = next((each for each in columns if plain(each) in DEPARTMENT), None)
    index = next((each for each in columns if _names_indices(each, rows) and each != department), None)
    values = [each for each in columns if each not in {department, index}]
    if department is None or index is None or len(values) != 1:
        return None
    return Long(department, index, values[0])


def _names_indices(heading: str, rows: Sequence[SheetRow]) -> bool:
    texts = {text for row in rows if (text := _text(row.cells.get(heading)))}
    found = sum(known_index(text) is not None for text in texts)
    return found > 1 or (plain(heading) in INDEX and not any(number_of(text) is not None for text in texts))


def spread(long: Long, rows: Sequence[SheetRow]) -> tuple[list[str], list[SheetRow]]:
    """(headings, rows) with a column for each index; a department's row has the number of its first one.

    Raises:
        SheetError: an index of a department stands twice.
    """
    found: dict[str, SheetRow] = {}
    names: dict[str, None] = {}
    for row in rows:
        department, name = _text(row.cells.get(long.department)), _text(row.cells.get(long.name))
        if not department or not name:
            continue
        its = found.setdefault(department, SheetRow(row.number, {long.department: department}))
        if name in its.cells:
            raise SheetError(f"Row {row.number}: expected each index of {department} once, got {name!r} twice.")
        its.cells[name] = row.cells.get(long.value)
        its.problem = its.problem or row.problem
        if long.value in row.formulas:
            its.formulas |= {name}
        names[name] = None
    return [long.department, *names], list(found.values())


def _text(cell: Cell) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else "" if cell is None else str(cell).strip()
