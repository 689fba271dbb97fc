"""Tables that people export, CSV and XLSX, as rows of named cells; what is wrong with a row is said with the row.

References:
    docs/commands.md, "Files".
"""

import codecs
import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from streams.cli.loading.grids import Cell, Grid, SheetError
from streams.cli.loading.workbooks import read_workbook

Known = Callable[[str], bool]
"""Whether a text is the name of a column, or one of the headings that stand for it."""
DELIMITERS: Final = ",;\t|"
"""Between the cells of a CSV file."""
_ABOVE_MAX: Final = 30
"""Rows in which a heading is looked for, those that begin with # not counted. Own choice: reports have titles and notes
of a few lines above their table."""
_BOM: Final = b"\xef\xbb\xbf"
_OTHER: Final = {"UTF-8": "GB18030", "GB18030": "UTF-8"}
_FORMS: Final = (
    (b"\xd0\xcf\x11\xe0", "a workbook of the old XLS form; save it as XLSX"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x8b", "a compressed file; unpack it"),
    (b"Rar!", "a compressed file; unpack it"),
    (b"7z\xbc\xaf", "a compressed file; unpack it"),
)
_XML: Final = re.compile(rb"(\xef\xbb\xbf)?\s*<")
_TOTALS: Final = frozenset({
    "合计", "总计", "小计", "共计", "累计", "本页合计", "本页小计", "total", "totals", "subtotal", "sum", "grandtotal",
    "summe", "gesamt",
})  # fmt: skip

_SIGNED: Final = re.compile(
    r"((审核|复核|制表|填表|填报|制单|经办|批准|编制|统计|打印|导出|负责)(人|员|者|日期|时间)?|日期)(\s*[:：].*)?"
    r"|(prepared|checked|approved|signed) by\b.*|(date|signature)\s*[:：].*",
    re.IGNORECASE | re.DOTALL,
)
"""How a line of signatures begins. Own collection."""


@dataclass(slots=True)
class SheetRow:
    """One row below the heading."""

    number: int
    """As a spreadsheet counts: the first row is 1."""
    cells: dict[str, Cell]
    """By the plain name of the column; empty cells are left out."""
    formulas: frozenset[str] = frozenset()
    """Columns whose cell is a formula: what it shows is no fact."""
    problem: str | None = None
    """Why none of its cells can be trusted."""

    @property
    def is_total(self) -> bool:
        """Whether its first cell that holds something says that the row is a sum of others."""
        return re.sub(r"[\s:：]", "", self._first).lower() in _TOTALS

    @property
    def is_signature(self) -> bool:
        """Whether its first cell that holds something says who made the table, or when."""
        return _SIGNED.fullmatch(self._first) is not None

    @property
    def _first(self) -> str:
        first = next((cell for cell in self.cells.values() if cell not in {None, ""}), None)
        return first.strip() if isinstance(first, str) else ""


@dataclass(slots=True)
class Sheet:
    """A table: the names of its columns, and its rows."""

    columns: Sequence[str]
    """Plain names, in the order of the table."""
    rows: Sequence[SheetRow]
    """In the order of the table."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know of how it was read, in sentences."""
    headings: Sequence[str] = ()
    """The names of the columns as they are written."""
    heading_row: int = 1
    """Number of the row that holds the headings."""


def read_sheet(file: Path, known: Known = lambda _: False) -> Sheet:
    """The first sheet of a workbook, or a CSV file.

    The heading is the row with the most `known` names among the first ones, when there are two or more; else row 1.
    Rows above it, and a second heading right below it, are skipped and named in the remarks.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no table with a heading.
    """
    return sheet_of(file.read_bytes(), known)


def sheet_of(content: bytes, known: Known = lambda _: False) -> Sheet:
    """The first sheet of a workbook, or a CSV file, by its content; see `read_sheet`.

    Raises:
        SheetError: it is no table with a heading.
    """
    return _sheet(_grid(content, known), known)


def read_grid(file: Path, known: Known) -> Grid:
    """The cells of the first sheet of a workbook, or of a CSV file.

    Raises:
        OSError: the file can't be read.
        SheetError: it is neither.
    """
    return _grid(file.read_bytes(), known)


def _grid(content: bytes, known: Known) -> Grid:
    if content.startswith(b"PK\x03\x04"):
        return read_workbook(content)
    _refuse_other_forms(content)
    return _read_csv(content, known)


def _refuse_other_forms(content: bytes) -> None:
    for start, form in _FORMS:
        if content.startswith(start):
            raise SheetError(f"Expected CSV, XLSX or JSON lines, got {form}.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SheetError("Expected CSV in UTF-8 or GB18030, got UTF-16; save it as CSV UTF-8.")
    if b"\0" in content[:4096]:
        raise SheetError("Expected CSV, XLSX or JSON lines, got binary data.")
    if _XML.match(content):
        raise SheetError("Expected a table, got XML; an export of the national database goes to `udi load udid FILE`.")


# The heading ------------------------------------------------------------------------------------------------------


def _sheet(grid: Grid, known: Known) -> Sheet:
    rows = [(number, values) for number, values in grid.rows if any(_text(value) for value in values)]
    if not rows:
        raise SheetError("Expected a heading with column names in row 1, got an empty file.")
    at = _heading_at(rows, known)
    number, values = rows[at]
    if number in grid.merged:
        raise SheetError(
            f"Row {number}: expected one cell for each column name, got merged cells {grid.merged[number]}."
        )
    headings = [_text(value) for value in values]
    columns = _heading(number, headings)
    remarks = list(grid.remarks)
    if at:
        remarks.append(f"Rows 1 to {number - 1} stand above the heading and were skipped.")
    below = rows[at + 1 :]
    if below and _is_second(headings, below[0], known):
        remarks.append(f"Row {below[0][0]} is a second heading and was skipped.")
        below = below[1:]
    return Sheet(columns, [_row(grid, each, columns) for each in below], remarks, headings[: len(columns)], number)


def _heading_at(rows: Sequence[tuple[int, Sequence[Cell]]], known: Known) -> int:
    notes = next((at for at, (_, values) in enumerate(rows) if not _text(values[0]).startswith("#")), 0)
    found = [sum(known(_text(value)) for value in values) for _, values in rows[notes : notes + _ABOVE_MAX]]
    best = max(found)
    return notes + (found.index(best) if best >= 2 else 0)


def _is_second(headings: Sequence[str], below: tuple[int, Sequence[Cell]], known: Known) -> bool:
    """Whether the row below the heading holds names, too.

    Raises:
        SheetError: the two complete each other: neither alone says what the columns are.
    """
    number, values = below
    places = {place for place, value in enumerate(values) if known(_text(value))}
    filled = [value for value in values if _text(value)]
    if len(places) < 2 or 2 * len(places) < len(filled):
        return False
    if any(place >= len(headings) or not headings[place] for place in places):
        raise SheetError(f"Rows {number - 1} and {number}: expected one row of column names, got two.")
    return True


def _heading(number: int, headings: Sequence[str]) -> list[str]:
    columns = [value.lower() for value in headings]
    while columns and not columns[-1]:
        columns.pop()
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        named = repr(twice) if twice else "a column without name"
        raise SheetError(f"Row {number}: expected every column once, got {named} twice.")
    return columns


def _row(grid: Grid, row: tuple[int, Sequence[Cell]], columns: Sequence[str]) -> SheetRow:
    number, values = row
    problem = grid.wrong.get(number)
    if number in grid.merged:
        problem = f"expected a value in every cell, got merged cells {grid.merged[number]}"
    elif problem is None and any(_text(value) for value in values[len(columns) :]):
        problem = f"expected {len(columns)} cells as in the heading, got {len(values)}"
    formulas = frozenset(name for place, name in enumerate(columns) if (number, place) in grid.formulas)
    return SheetRow(number, dict(zip(columns, values, strict=False)), formulas, problem)


def _text(value: Cell) -> str:
    return "" if value is None else str(value).strip()


# CSV --------------------------------------------------------------------------------------------------------------


def _read_csv(content: bytes, known: Known) -> Grid:
    lines, encoding, wrong = decode_lines(content)
    if not lines:
        return Grid([], set(), {}, {}, [])
    rows: list[tuple[int, Sequence[Cell]]] = []
    bad_rows, line = dict[int, str](), 0
    reader = csv.reader(lines, delimiter=_delimiter(lines, known))
    try:
        for number, values in enumerate(reader, 1):
            before, line = line, reader.line_num
            problem = next((wrong[each] for each in range(before, line) if each in wrong), None)
            if problem is not None:
                bad_rows[number] = problem
            rows.append((number, values))
    except csv.Error as error:
        raise SheetError(f"Line {reader.line_num}: expected CSV: {error}.") from None
    formulas = {
        (number, place)
        for number, values in rows
        for place, value in enumerate(values)
        if isinstance(value, str) and value.lstrip().startswith("=")
    }
    remarks = [f"The file was read as {encoding}."] if encoding != "UTF-8" else []
    return Grid(rows, formulas, {}, bad_rows, remarks)


def _delimiter(lines: Sequence[str], known: Known) -> str:
    """The one that shows the most known names in a row; where none shows any, the commonest in the first row."""
    above = list(islice((line for line in lines if not line.lstrip('"').startswith("#")), _ABOVE_MAX))

    def names(delimiter: str) -> int:
        rows = csv.reader(above, delimiter=delimiter)
        try:
            return max((sum(map(known, map(str.strip, row))) for row in rows), default=0)
        except csv.Error:
            return 0

    first = next((line for line in above if any(each in line for each in DELIMITERS)), "")
    return max(DELIMITERS, key=lambda delimiter: (names(delimiter), first.count(delimiter)))


def decode_lines(content: bytes) -> tuple[list[str], str, dict[int, str]]:
    """Lines as text, the file's encoding (UTF-8 or GB18030), and what is wrong with lines of another one, by index.

    No byte of a GB18030 character is a line feed, so lines can be told apart before they are decoded. A file is of the
    encoding of most of its lines that are not plain ASCII; with a byte order mark it is UTF-8.
    """
    marked = content.startswith(_BOM)
    raw = (
        content.removeprefix(_BOM).splitlines(keepends=True)
        if b"\n" not in content
        else _split(content.removeprefix(_BOM))
    )
    found = ["" if line.isascii() else _encoding_of(line) for line in raw]
    utf8, gb18030 = found.count("UTF-8"), found.count("GB18030")
    encoding = "UTF-8" if marked or utf8 >= gb18030 else "GB18030"
    lines, wrong = [], {}
    for place, (line, its) in enumerate(zip(raw, found, strict=True)):
        lines.append(line.decode(its if its in _OTHER else encoding, errors="replace"))
        if its not in ("", encoding):
            other = its if its in _OTHER else "bytes that are neither UTF-8 nor GB18030"
            wrong[place] = f"expected {encoding} as in the rest of the file, got {other}"
    return lines, encoding, wrong


def _split(content: bytes) -> list[bytes]:
    return [line + b"\n" for line in content.split(b"\n")[:-1]] + (
        [rest] if (rest := content.rpartition(b"\n")[2]) else []
    )


def _encoding_of(line: bytes) -> str:
    for encoding in _OTHER:
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "neither"
