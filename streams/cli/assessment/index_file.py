"""Index tables out of files: any table with a department column and index columns, as it was published.

References:
    docs/assessment.md, "Index tables".
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from models.assessment.indices import (
    CASES,
    COST_PER_WEIGHT,
    DEPARTMENT,
    IGNORED,
    KNOWN,
    TOTALS,
    Direction,
    Index,
    IndexTable,
    LeftOut,
    known_index,
    plain,
)
from streams.cli.loading.flat_rows import cell_of
from streams.cli.loading.grids import Cell, SheetError
from streams.cli.loading.sheets import SheetRow, decode_lines, read_sheet

_SAID: Final = re.compile(
    r"[(（\[【]\s*(benefit|cost|\+|-|＋|－|高优|低优|正向|负向|效益型?|成本型?|越大越好|越小越好)\s*[)）\]】]\s*$",
    re.IGNORECASE,
)
_BENEFITS: Final = frozenset({"benefit", "+", "＋", "高优", "正向", "效益", "效益型", "越大越好"})
_LOOKS_COST: Final = (
    "cost", "fee", "expense", "stay", "days", "mortality", "infection", "complication", "readmission", "consumable",
    "费", "住院日", "死亡", "感染", "并发症", "耗材", "再入院",
)  # fmt: skip
"""Words in the heading of an index that is none of the seven, of which less is better."""
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_MINUS: Final = str.maketrans({"−": "-", "–": "-", "．": ".", "，": ",", "％": "%"})


@dataclass(slots=True)
class Columns:
    """What each column of a table is."""

    department: str
    """Heading of the column of names."""
    indices: list[tuple[str, Index]] = field(default_factory=list)
    """(column, index)."""
    cost_per_weight: str | None = None
    """Heading of the outcome; `None` when the table has none."""
    cases: str | None = None
    """Heading of the number of cases; `None` when the table has none."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know of how headings were read."""


@dataclass(frozen=True, slots=True)
class Read:
    """A table and what a person should know of how it was read."""

    table: IndexTable
    """What is left to compute with."""
    left_out: tuple[LeftOut, ...]
    """What is no part of it, each with its reason."""
    remarks: tuple[str, ...]
    """One sentence each."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the options say of columns, by their headings as `plain` gives them."""

    benefits: frozenset[str] = frozenset()
    """Columns of which more is better."""
    costs: frozenset[str] = frozenset()
    """Columns of which less is better."""
    ignored: frozenset[str] = frozenset()
    """Columns that are no index."""


def read_index_file(file: Path, said: Said, window: str | None = None) -> Read:
    """The index table of a file.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no table with a department column and at least one index whose direction is known.
    """
    headings, rows = _rows_of(file)
    columns = _columns_of(headings, rows, said)
    good, left_out = dict[str, dict[str, float]](), list[LeftOut]()
    percent = {name for name, _ in columns.indices if any("%" in str(row.cells.get(name, "")) for row in rows)}
    named = Counter(_name(row, columns.department) for row in rows)
    for row in rows:
        department = _name(row, columns.department)
        why = _why_not(row, department, named, columns)
        if why is not None:
            left_out.append(LeftOut(department or f"row {row.number}", None, window, why))
            continue
        values, index, why = _values(row, columns, percent)
        if why is None:
            good[department] = values
        else:
            left_out.append(LeftOut(department, index, window, f"row {row.number}: {why}"))
    return Read(_table(good, columns), tuple(dict.fromkeys(left_out)), tuple(columns.remarks))


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


def _rows_of(file: Path) -> tuple[list[str], list[SheetRow]]:
    with file.open("rb") as opened:
        start = opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not (start.startswith((b"{", b"[")) or file.suffix in {".jsonl", ".ndjson", ".json"}):
        sheet = read_sheet(file)
        names = dict(zip(sheet.columns, sheet.headings, strict=True))
        for row in sheet.rows:
            row.cells = {names[column]: cell for column, cell in row.cells.items() if column in names}
            row.formulas = frozenset(names[column] for column in row.formulas if column in names)
        return list(sheet.headings), list(sheet.rows)
    objects = _objects(file.read_bytes())
    headings = list(dict.fromkeys(str(key) for _, each in objects for key in each))
    return headings, [SheetRow(number, {str(k): v for k, v in each.items()}) for number, each in objects]


def _objects(content: bytes) -> list[tuple[int, dict[str, Any]]]:
    lines, _, _ = decode_lines(content)
    text = "".join(lines).strip()
    found: list[tuple[int, Any]]
    try:
        if text.startswith("["):
            found = list(enumerate(orjson.loads(text), 1))
        else:
            # NaN is no JSON; who writes it means a number that is none.
            found = [
                (n, orjson.loads(re.sub(r"\bNaN\b", "null", line))) for n, line in enumerate(lines, 1) if line.strip()
            ]
    except orjson.JSONDecodeError as error:
        raise SheetError(f"Expected JSON lines or a JSON list of objects: {error}.") from None
    if not all(isinstance(each, dict) for _, each in found):
        raise SheetError("Expected every line to be a JSON object with a department and its indices.")
    return found


def _columns_of(headings: Sequence[str], rows: Sequence[SheetRow], said: Said) -> Columns:
    departments = [each for each in headings if plain(each) in DEPARTMENT]
    # A table without such a heading has its departments where every published table has them: in front.
    text_first = headings and not any(_number(row.cells.get(headings[0])) is not None for row in rows)
    if not departments and not text_first:
        raise SheetError(
            f"Expected a column `department` (科室) among the headings, got {', '.join(map(repr, headings)) or 'none'}."
        )
    columns = Columns(departments[0] if departments else headings[0])
    for heading in headings:
        if heading != columns.department and heading:
            _add(columns, heading, rows, said)
    if not columns.indices:
        raise SheetError(f"Expected at least one column with an index, got {', '.join(map(repr, headings))}.")
    return columns


def _add(columns: Columns, heading: str, rows: Sequence[SheetRow], said: Said) -> None:
    name, spoken = plain(heading), _SAID.search(heading)
    asked = Direction.BENEFIT if name in said.benefits else Direction.COST if name in said.costs else None
    if name in said.ignored:
        columns.remarks.append(f"{heading!r} is left out, as asked")
    elif asked is None and spoken is None and name in COST_PER_WEIGHT:
        columns.cost_per_weight = heading
    elif asked is None and spoken is None and name in CASES:
        columns.cases = heading
    elif asked is None and spoken is None and name in IGNORED:
        columns.remarks.append(f"{heading!r} is no index and is left out")
    elif not any(_number(row.cells.get(heading)) is not None for row in rows):
        columns.remarks.append(f"{heading!r} has no number and is left out")
    else:
        columns.indices.append((heading, _index(columns, heading, asked)))


def _index(columns: Columns, heading: str, asked: Direction | None) -> Index:
    spoken, known = _SAID.search(heading), known_index(heading)
    shown = heading[: spoken.start()].strip() if spoken else heading
    if asked is None and spoken is not None:
        asked = Direction.BENEFIT if spoken[1].lower() in _BENEFITS else Direction.COST
    if asked is None and known is None:
        asked = Direction.COST if any(word in plain(heading) for word in _LOOKS_COST) else Direction.BENEFIT
        columns.remarks.append(f"{heading!r} is taken for a {asked.value}; --benefit or --cost says otherwise")
    code = known.code if known and known.code not in {each.known for _, each in columns.indices} else None
    return Index(shown, asked or (known.direction if known else Direction.BENEFIT), code)


def _name(row: SheetRow, column: str) -> str:
    cell = row.cells.get(column)
    return f"{cell:.15g}" if isinstance(cell, float) else "" if cell is None else str(cell).strip()


def _why_not(row: SheetRow, department: str, named: Counter[str], columns: Columns) -> str | None:
    if row.problem is not None:
        return f"row {row.number}: {row.problem}"
    if not department:
        return f"row {row.number}: expected a department, got an empty cell"
    if plain(department) in TOTALS:
        return f"row {row.number}: a total or a mean, no department"
    if named[department] > 1:
        return f"expected every department once, it stands in {named[department]} rows"
    cases = _number(row.cells.get(columns.cases)) if columns.cases is not None else None
    return f"row {row.number}: zero cases" if cases is not None and cases <= 0 else None


def _values(row: SheetRow, columns: Columns, percent: set[str]) -> tuple[dict[str, float], str | None, str | None]:
    """(values by column, index that is wrong, what is wrong)."""
    values = dict[str, float]()
    for heading, index in columns.indices:
        value, why = _value(row, heading)
        if value is not None and heading in percent and "%" not in str(row.cells.get(heading)):
            why = "expected a percentage as in the other rows, got a number without %"
        if value is not None and value < 0 and index.known and KNOWN[index.known].never_negative:
            why = f"expected a number of 0 or more, got {value:g}"
        if why is not None:
            return values, index.name, why
        values[heading] = value or 0.0
    if columns.cost_per_weight is not None:
        value, why = _value(row, columns.cost_per_weight)
        if value is None:
            return values, columns.cost_per_weight, why
        values[columns.cost_per_weight] = value
    return values, None, None


def _value(row: SheetRow, heading: str) -> tuple[float | None, str | None]:
    try:
        cell = cell_of(row, heading)
    except ValueError as error:
        return None, str(error)
    number = _number(cell)
    came = "an empty cell" if cell is None else repr(cell)
    return (number, None) if number is not None else (None, f"expected a number, got {came}")


def _number(cell: Cell) -> float | None:
    """A finite number; percentages and thousands are read, NaN and ∞ are none."""
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return float(cell) if math.isfinite(cell) else None
    text = str(cell).translate(_MINUS).strip().replace(" ", "")
    share = text.endswith("%")
    text = text.removesuffix("%")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return (number / 100 if share else number) if math.isfinite(number) else None
