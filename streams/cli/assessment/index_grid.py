"""A published table as headings and rows: titles and notes around it, headings of two rows, departments as columns."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.assessment.indices import CASES, COST_PER_WEIGHT, DEPARTMENT, IGNORED, INDEX, known_index, plain
from streams.cli.assessment.index_long import check_window, long_of, spread
from streams.cli.assessment.index_numbers import number_of
from streams.cli.loading.grids import Cell, Grid, SheetError
from streams.cli.loading.sheets import SheetRow, decode_lines, read_grid

_ABOVE_MAX: Final = 30
"""Rows in which a heading is looked for, as in other tables."""
DEPARTMENT_NAME: Final = "department"
"""What the column of names is called in a table that was turned."""
_NAMED: Final = DEPARTMENT | COST_PER_WEIGHT | CASES | IGNORED

Rows = list[tuple[int, list[Cell]]]
"""Number, as a spreadsheet counts, and cells."""


@dataclass(slots=True)
class Table:
    """A table before anybody has said what its columns are."""

    headings: list[str]
    """Each once; one may be empty."""
    rows: list[SheetRow]
    """Cells by heading."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know of how it was read, a sentence each, without its end."""


def read_table(file: Path) -> Table:
    """The table in a file: CSV, XLSX, JSON lines or a JSON list of objects.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no table, or one with several windows, or in which two columns have the same heading.
    """
    with file.open("rb") as opened:
        start = opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[")) or file.suffix in {".jsonl", ".ndjson", ".json"}:
        objects = _objects(file.read_bytes())
        headings = list(dict.fromkeys(str(key) for _, each in objects for key in each))
        table = Table(headings, [SheetRow(number, {str(k): v for k, v in each.items()}) for number, each in objects])
    else:
        table = _table_of(read_grid(file, is_named))
    check_window(table.headings, table.rows)
    long = long_of(table.headings, table.rows)
    if long is not None:
        return Table(*spread(long, table.rows), [*table.remarks, "the table has a row for each index and was spread"])
    return _turned(table) if _has_indices_as_rows(table) else table


def is_named(text: str) -> bool:
    """Whether a heading is one that tables of indices are known by."""
    return plain(text) in _NAMED or known_index(text) is not None


def _objects(content: bytes) -> list[tuple[int, dict[str, Any]]]:
    lines, _, _ = decode_lines(content)
    text = "".join(lines).strip()
    try:
        # Unlike JSON's own rules, `json` reads NaN: who writes it means a number that is none.
        if text.startswith("["):
            found = list(enumerate(json.loads(text), 1))
        else:
            found = [(number, json.loads(line)) for number, line in enumerate(lines, 1) if line.strip()]
    except (ValueError, RecursionError) as error:
        raise SheetError(f"Expected JSON lines or a JSON list of objects: {error}.") from None
    if not all(isinstance(each, dict) for _, each in found):
        raise SheetError("Expected every line to be a JSON object with a department and its indices.")
    return found


# From cells -------------------------------------------------------------------------------------------------------


def _table_of(grid: Grid) -> Table:
    width = max((len(values) for _, values in grid.rows), default=0)
    filled = ((number, [*values, *[None] * (width - len(values))]) for number, values in grid.rows)
    rows: Rows = [
        (number, values)
        for number, values in filled
        if any(map(_text, values)) and not _text(values[0]).startswith(("#", "sep="))
    ]
    if not rows:
        raise SheetError("Expected a heading with column names in row 1, got an empty file.")
    first, last = _heading_at(rows)
    remarks = [each.removesuffix(".") for each in grid.remarks]
    if first:
        remarks.append(f"rows 1 to {rows[first][0] - 1} stand above the heading and were skipped")
    headings = _combined(rows[first : last + 1])
    below = rows[last + 1 :]
    if below and not _text(below[0][1][0]) and not _numbers(below[0][1]):
        remarks.append(f"units in row {below[0][0]} were skipped")
        below = below[1:]
    places, left_out = _places(headings, [values for _, values in below])
    remarks += [f"column {place + 1} has no heading and is left out" for place in left_out]
    named = {place: headings[place] for place in places}
    return Table(list(named.values()), [_row(grid, each, named, left_out) for each in below], remarks)


def _heading_at(rows: Rows) -> tuple[int, int]:
    """(first, last) of the rows that the heading is written in.

    The row with the most known names, two or more; else the first one of several texts and no number; else the first.
    The row above it, or the one below, belongs to it when it fills its gaps.
    """
    above = [values for _, values in rows[:_ABOVE_MAX]]
    known = [sum(map(is_named, map(_text, values))) for values in above]
    texts = (at for at, values in enumerate(above) if _filled(values) > 1 and not _numbers(values))
    at = known.index(max(known)) if max(known) > 1 else next(texts, 0)
    heading = rows[at][1]
    if at and _fills(rows[at - 1][1], heading) and not _text(heading[0]):
        return at - 1, at
    if at + 1 < len(rows) and _fills(rows[at + 1][1], heading) and not _text(rows[at + 1][1][0]):
        return at, at + 1
    return at, at


def _fills(values: Sequence[Cell], gaps: Sequence[Cell]) -> bool:
    """Whether these are names, several, of which some stand where the other row has none."""
    fills = any(_text(value) and not _text(gap) for value, gap in zip(values, gaps, strict=True))
    return fills and _filled(values) > 1 and not _numbers(values)


def _combined(rows: Rows) -> list[str]:
    """The headings: of a group above and a single name below it is the name.

    Raises:
        SheetError: a name stands twice.
    """
    number, values = rows[-1]
    above = list(map(_text, rows[0][1]))
    names = [_text(value) or name for value, name in zip(values, above, strict=True)]
    lowered = [name.lower() for name in names]
    twice = next((each for each in lowered if each and lowered.count(each) > 1), None)
    if twice is None:
        return names
    under = [next(filter(None, above[place::-1]), "") for place, name in enumerate(lowered) if name == twice]
    if len(rows) > 1:
        raise SheetError(
            f"Row {number}: expected one window and one figure of each index in a table, got {twice!r} under "
            f"{' and '.join(map(repr, under))}; give each its own file."
        )
    raise SheetError(f"Row {number}: expected every column once, got {twice!r} twice.")


def _places(headings: Sequence[str], below: Sequence[Sequence[Cell]]) -> tuple[list[int], list[int]]:
    """(columns that are read, columns with cells and no heading): one before all indices has the names."""
    read, left_out = list[int](), list[int]()
    for place, heading in enumerate(headings):
        filled = sum(1 for values in below if _text(values[place]))
        if heading or (filled and all(headings[each] and plain(headings[each]) in IGNORED for each in read)):
            read.append(place)
        elif 2 * filled > len(below):
            left_out.append(place)
    return read, left_out


def _row(grid: Grid, row: tuple[int, list[Cell]], named: dict[int, str], left_out: Sequence[int]) -> SheetRow:
    number, values = row
    problem = grid.wrong.get(number)
    if number in grid.merged:
        problem = f"expected a value in every cell, got merged cells {grid.merged[number]}"
    elif problem is None and any(
        _text(value) and place not in named and place not in left_out for place, value in enumerate(values)
    ):
        problem = f"expected {len(named)} cells as in the heading, got {_filled(values)}"
    formulas = frozenset(name for place, name in named.items() if (number, place) in grid.formulas)
    return SheetRow(number, {name: values[place] for place, name in named.items()}, formulas, problem)


# Departments as columns -------------------------------------------------------------------------------------------


def _has_indices_as_rows(table: Table) -> bool:
    first = table.headings[0] if table.headings else ""
    found = sum(known_index(_text(row.cells.get(first))) is not None for row in table.rows)
    return not any(map(is_named, table.headings[1:])) and (found > 1 or (found == 1 and plain(first) in INDEX))


def _turned(table: Table) -> Table:
    """Rows as columns. A row that can't be trusted is an index less."""
    first, *departments = table.headings
    good = {_text(row.cells[first]): row for row in table.rows if row.problem is None and _text(row.cells.get(first))}
    remarks = [f"row {row.number}: {row.problem}" for row in table.rows if row.problem is not None]
    rows = [
        SheetRow(
            number,
            {DEPARTMENT_NAME: department, **{name: row.cells.get(department) for name, row in good.items()}},
            frozenset(name for name, row in good.items() if department in row.formulas),
        )
        for number, department in enumerate(departments, 2)
    ]
    remarks.append("the table has its indices as rows and was turned, so its columns are the rows named here")
    return Table([DEPARTMENT_NAME, *good], rows, table.remarks + remarks)


def _filled(values: Sequence[Cell]) -> int:
    return sum(1 for value in values if _text(value))


def _numbers(values: Sequence[Cell]) -> int:
    return sum(1 for value in values if number_of(value) is not None)


def _text(value: Cell) -> str:
    return "" if value is None else str(value).strip()
