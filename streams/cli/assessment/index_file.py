"""Index tables out of files: any table with a department column and index columns, as it was published.

References:
    docs/assessment.md, "Index tables".
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.assessment.indices import KNOWN, TOTALS, IndexTable, LeftOut, plain
from streams.cli.assessment.index_columns import Columns, Said, columns_of
from streams.cli.assessment.index_grid import Table, read_table
from streams.cli.assessment.index_numbers import is_either, is_share, marks_of, number_of
from streams.cli.loading.flat_rows import cell_of
from streams.cli.loading.sheets import SheetRow

_BETWEEN_HAN: Final = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
"""Blanks that widen a Chinese name to the breadth of the others."""
_NOTE: Final = re.compile(
    r"(注|备注|说明|数据来源|资料来源|来源)\s*\d*\s*[:：.。]|[*†‡※]|(notes?|sources?|abbreviations?)\b.*[:.]",
    re.IGNORECASE,
)
"""How a line below a table begins."""
_NAME_LENGTH_MAX: Final = 40
"""Characters. Own choice: what is longer and alone in its row is a sentence."""


@dataclass(frozen=True, slots=True)
class Read:
    """A table and what a person should know of how it was read."""

    table: IndexTable
    """What is left to compute with."""
    left_out: tuple[LeftOut, ...]
    """What is no part of it, each with its reason."""
    remarks: tuple[str, ...]
    """One sentence each."""


def read_index_file(file: Path, said: Said, window: str | None = None) -> Read:
    """The index table of a file.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no table with a department column and at least one index whose direction is known.
    """
    table = read_table(file)
    marks = marks_of(cell for row in table.rows for cell in row.cells.values())
    columns = columns_of(table.headings, table.rows, said, marks)
    rows, notes = _without_notes(table, columns, marks)
    shares = {name for name, _ in columns.indices if any(is_share(row.cells.get(name)) for row in rows)}
    named = Counter(told_by(_name(row, columns.department)) for row in rows)
    good, left_out = dict[str, dict[str, float]](), list[LeftOut]()
    for row in rows:
        department = _name(row, columns.department)
        why = _why_not(row, department, named, columns)
        if why is not None:
            left_out.append(LeftOut(department or f"row {row.number}", None, window, why))
            continue
        values, index, why = _values(row, columns, shares, marks)
        if why is None:
            good[department] = values
        else:
            left_out.append(LeftOut(department, index, window, f"row {row.number}: {why}"))
    judged = _table(good, columns)
    remarks = [*table.remarks, *columns.remarks, *notes, *_guessed(rows, columns, marks)]
    return Read(judged, tuple(dict.fromkeys(left_out)), tuple(remarks))


def _table(good: dict[str, dict[str, float]], columns: Columns) -> IndexTable:
    indices = tuple(index for _, index in columns.indices)
    values = tuple(tuple(row[name] for name, _ in columns.indices) for row in good.values())
    costs = _costs_per_weight(list(good.values()), columns)
    return IndexTable(tuple(good), indices, values, costs)


def _costs_per_weight(rows: Sequence[dict[str, float]], columns: Columns) -> tuple[float, ...] | None:
    """As the table says, else cost per case ÷ CMI: both have the same cases below them."""
    if columns.cost_per_weight is not None:
        return tuple(row[columns.cost_per_weight] for row in rows)
    by = {index.known: name for name, index in columns.indices if index.known}
    cost, cmi = by.get("consumable_cost_per_case"), by.get("cmi")
    if cost is None or cmi is None or any(row[cmi] <= 0 for row in rows):
        return None
    columns.remarks.append("cost per weight is mean consumable cost per case ÷ CMI: the table does not say it itself")
    return tuple(row[cost] / row[cmi] for row in rows)


# Rows -------------------------------------------------------------------------------------------------------------


def _without_notes(table: Table, columns: Columns, marks: frozenset[str]) -> tuple[list[SheetRow], list[str]]:
    """(rows of departments, remarks on the others): notes and signatures have no number in any index."""
    rows, remarks = list[SheetRow](), list[str]()
    for row in table.rows:
        numbers = any(number_of(row.cells.get(name), marks) is not None for name, _ in columns.indices)
        texts = [str(cell).strip() for cell in row.cells.values() if cell not in {None, ""}]
        alone = len(texts) == 1 and (row.problem is not None or len(texts[0]) > _NAME_LENGTH_MAX)
        if not numbers and texts and (alone or row.is_signature or _NOTE.match(texts[0])):
            remarks.append(f"a note in row {row.number} was skipped")
        else:
            rows.append(row)
    return rows, remarks


def _guessed(rows: Sequence[SheetRow], columns: Columns, marks: frozenset[str]) -> list[str]:
    """Which number was read in one of two ways, though no other cell shows the table's mark for decimals."""
    cells = (row.cells.get(name) for row in rows for name, _ in columns.indices)
    found = next((cell for cell in cells if is_either(cell)), None)
    return [] if found is None or marks else [f"{found!r} is read as the number {number_of(found):.15g}"]


def _name(row: SheetRow, column: str) -> str:
    cell = row.cells.get(column)
    return f"{cell:.15g}" if isinstance(cell, float) else "" if cell is None else str(cell).strip()


def told_by(department: str) -> str:
    """What a department is told by: case, widths of letters and blanks between Chinese characters do not matter.

    >>> told_by("骨　科（一）"), told_by(" Spine  Surgery")
    ('骨科(一)', 'spine surgery')
    """
    text = " ".join(unicodedata.normalize("NFKC", department).split())
    return _BETWEEN_HAN.sub("", text).casefold()


def _why_not(row: SheetRow, department: str, named: Counter[str], columns: Columns) -> str | None:
    if row.problem is not None:
        return f"row {row.number}: {row.problem}"
    if not department:
        return f"row {row.number}: expected a department, got an empty cell"
    if plain(department) in TOTALS:
        return f"row {row.number}: a total or a mean, no department"
    count = named[told_by(department)]
    if count > 1:
        return f"expected every department once, it stands in {count} rows"
    cases = number_of(row.cells.get(columns.cases)) if columns.cases is not None else None
    return f"row {row.number}: zero cases" if cases is not None and cases <= 0 else None


# Values -----------------------------------------------------------------------------------------------------------


def _values(
    row: SheetRow, columns: Columns, shares: set[str], marks: frozenset[str]
) -> tuple[dict[str, float], str | None, str | None]:
    """(values by column, index that is wrong, what is wrong)."""
    values = dict[str, float]()
    for heading, index in columns.indices:
        value, why = _value(row, heading, marks)
        if value is not None and heading in shares and not is_share(row.cells.get(heading)):
            why = "expected a percentage as in the other rows, got a number without %"
        if value is not None and value < 0 and index.known and KNOWN[index.known].never_negative:
            why = f"expected a number of 0 or more, got {value:g}"
        if why is not None:
            return values, index.name, why
        values[heading] = (value or 0.0) / (100 if heading in columns.per_cent else 1)
    if columns.cost_per_weight is not None:
        value, why = _value(row, columns.cost_per_weight, marks)
        if value is None:
            return values, columns.cost_per_weight, why
        values[columns.cost_per_weight] = value
    return values, None, None


def _value(row: SheetRow, heading: str, marks: frozenset[str]) -> tuple[float | None, str | None]:
    try:
        cell = cell_of(row, heading)
    except ValueError as error:
        return None, str(error)
    number = number_of(cell, marks)
    if number is not None:
        return number, None
    if len(marks) > 1 and is_either(cell):
        return None, f"expected one mark for decimals in the table, got point and comma, so {cell!r} has two readings"
    return None, f"expected a number, got {'an empty cell' if cell is None else repr(cell)}"
