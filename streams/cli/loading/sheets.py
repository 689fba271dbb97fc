"""Tables that people export, CSV and XLSX, as rows of named cells; what is wrong with a row is said with the row.

References:
    docs/commands.md, "Files".
"""

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

Cell = str | float | bool | date | datetime | None
_DELIMITERS: Final = ",;\t"
_SHEET_BYTES_MAX: Final = 256 * 1024 * 1024
_CELLS_MAX: Final = 10_000_000
"""From the first cell to the last one that is filled, empty ones between them included: memory for two gigabytes.
Own choice; a catalogue of 200,000 items has fifty columns then."""
# Every expression is linear in the file: `[^<>]` ends at the next tag, and nothing is tried twice within one.
_TAG: Final = rb"<(?:\w{1,9}:)?"
_REFERENCE: Final = rb"""([A-Za-z]{1,7})([0-9]{1,10})"""
_NAMED: Final = rb"""(?>(?:\s[^<>]*?)??\sr\s{0,9}=\s{0,9}["']""" + _REFERENCE + rb"""["'])"""
_FORMULA_CELL: Final = re.compile(_TAG + rb"c(?=\s)" + _NAMED + rb"[^<>]*+>\s*+<(?:\w{1,9}:)?f\b")
_CELL: Final = re.compile(_TAG + rb"c(?=[\s/>])(?:" + _NAMED + rb")?")
_ROW: Final = re.compile(_TAG + rb"""row(?=[\s/>])(?:(?:\s[^<>]*?)??\sr\s{0,9}=\s{0,9}["']([0-9]{1,10})["'])?""")
_MERGED: Final = re.compile(
    _TAG + rb"""mergeCell\b[^<>]*?\sref\s{0,9}=\s{0,9}["']""" + _REFERENCE + rb":" + _REFERENCE + rb"""["']"""
)
_BOM: Final = b"\xef\xbb\xbf"
_OTHER: Final = {"UTF-8": "GB18030", "GB18030": "UTF-8"}


class SheetError(Exception):
    """The file as a whole can't be read; the text says what was expected and what came."""


@dataclass(slots=True)
class SheetRow:
    """One row below the heading."""

    number: int
    """As a spreadsheet counts: the heading is row 1."""
    cells: dict[str, Cell]
    formulas: frozenset[str] = frozenset()
    """Columns whose cell is a formula: what it shows is no fact."""
    problem: str | None = None
    """Why none of its cells can be trusted."""


@dataclass(slots=True)
class Sheet:
    """A table: the names of its columns, and its rows."""

    columns: Sequence[str]
    rows: Sequence[SheetRow]
    remarks: list[str] = field(default_factory=list)
    """What a person should know of how it was read."""
    headings: Sequence[str] = ()
    """The names of the columns as they are written."""


def read_sheet(file: Path) -> Sheet:
    """The first sheet of a workbook, or a CSV file.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no table with a heading.
    """
    content = file.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        return _read_workbook(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("Expected CSV, XLSX or JSON lines, got a workbook of the old XLS form; save it as XLSX.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SheetError("Expected CSV in UTF-8 or GB18030, got UTF-16; save it as CSV UTF-8.")
    return _read_csv(content)


# CSV --------------------------------------------------------------------------------------------------------------


def _read_csv(content: bytes) -> Sheet:
    lines, encoding, wrong = decode_lines(content)
    if not lines:
        raise SheetError("Expected a heading with column names in row 1, got an empty file.")
    delimiter = max(_DELIMITERS, key=lines[0].count)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        headings = next(reader)
        columns = _heading(headings)
        rows = list(_csv_rows(reader, columns, wrong))
    except csv.Error as error:
        raise SheetError(f"Line {reader.line_num}: expected CSV: {error}.") from None
    remarks = [f"read as {encoding}"] if encoding != "UTF-8" else []
    return Sheet(columns, rows, remarks, [value.strip() for value in headings[: len(columns)]])


def _csv_rows(reader: Iterator[list[str]], columns: Sequence[str], wrong: dict[int, str]) -> Iterator[SheetRow]:
    number, line = 1, 1
    for values in reader:
        number += 1
        before, line = line, reader.line_num  # type: ignore[attr-defined]
        if not any(value.strip() for value in values):
            continue
        problem = next((wrong[each] for each in range(before, line) if each in wrong), None)
        if problem is None and len(values) > len(columns):
            problem = f"expected {len(columns)} cells as in the heading, got {len(values)}"
        cells = dict(zip(columns, values, strict=False))
        formulas = frozenset(name for name, value in cells.items() if value.lstrip().startswith("="))
        yield SheetRow(number, dict(cells), formulas, problem)


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


# XLSX -------------------------------------------------------------------------------------------------------------


def _read_workbook(content: bytes) -> Sheet:
    try:
        # Before anything is unpacked or laid out: what the file claims must fit.
        part = _first_sheet_part(content)
        _check_extent(part)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        table = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
        formulas, merged = _formulas(part), _merged(part, len(table))
    except (CalamineError, zipfile.BadZipFile, OSError) as error:
        raise SheetError(f"Expected an XLSX workbook: {error}.") from None
    if not table:
        raise SheetError("Expected a heading with column names in row 1 of the first sheet, got an empty sheet.")
    if 1 in merged:
        raise SheetError(f"Row 1: expected one cell for each column name, got merged cells {merged[1]}.")
    headings = [str(value).strip() for value in table[0]]
    columns = _heading(headings)
    rows = []
    for number, values in enumerate(table[1:], 2):
        if any(value not in ("", None) for value in values):
            cells: dict[str, Cell] = dict(zip(columns, values, strict=False))  # type: ignore[arg-type]
            calculated = frozenset(name for place, name in enumerate(columns) if (number, place) in formulas)
            problem = f"expected a value in every cell, got merged cells {merged[number]}" if number in merged else None
            rows.append(SheetRow(number, cells, calculated, problem))
    names = workbook.sheet_names
    remarks = [f"read sheet {names[0]!r}, the first of {len(names)}"] if len(names) > 1 else []
    return Sheet(columns, rows, remarks, headings[: len(columns)])


def _first_sheet_part(content: bytes) -> bytes:
    """The first sheet as it is written: the reader of workbooks gives only what cells show."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        part = archive.getinfo(_first_sheet(archive))
        if part.file_size > _SHEET_BYTES_MAX:
            raise SheetError(f"Expected a sheet of at most {_SHEET_BYTES_MAX} bytes, got {part.file_size}.")
        return archive.read(part)


def _formulas(sheet: bytes) -> set[tuple[int, int]]:
    """(row, column from 0) of each formula."""
    return {(int(row), _column(letters)) for letters, row in _FORMULA_CELL.findall(sheet)}


def _merged(sheet: bytes, rows: int) -> dict[int, str]:
    """The rows that merged cells lie in, each with one of them: whose value it is, nobody can say."""
    found: dict[int, str] = {}
    areas = sorted((int(first), int(last), start, end) for start, first, end, last in _MERGED.findall(sheet))
    done = 0
    for first, last, start, end in areas:
        named = f"{start.decode()}{first}:{end.decode()}{last}"
        for row in range(max(first, done + 1), min(last, rows) + 1):
            found[row] = named
        done = max(done, min(last, rows))
    return found


def _check_extent(sheet: bytes) -> None:
    """One cell at the far corner makes a table of 17 billion: refused before it is laid out.

    Raises:
        SheetError: The cells up to the last one are too many.
    """
    cells = _CELL.findall(sheet)
    rows = _ROW.findall(sheet)
    height = max([len(rows), *(int(row) for row in rows if row), *(int(row) for _, row in cells if row)])
    width = max((_column(letters) + 1 for letters in {letters for letters, _ in cells if letters}), default=0)
    if any(not letters for letters, _ in cells):
        # Cells that do not say where they are stand side by side.
        width += max(len(_CELL.findall(row)) for row in re.split(rb"<(?:\w{1,9}:)?row\b", sheet))
    if width * height > _CELLS_MAX:
        raise SheetError(
            f"Expected at most {_CELLS_MAX:,} cells, got a sheet of {height:,} rows and {width:,} columns: "
            "is there a cell far below or beside the table?"
        )


def _first_sheet(archive: zipfile.ZipFile) -> str:
    book, relations = archive.read("xl/workbook.xml"), archive.read("xl/_rels/workbook.xml.rels")
    named = re.search(rb'<(?:\w+:)?sheet\b[^>]*\b\w+:id="([^"]+)"', book)
    for relation in re.findall(rb"<(?:\w+:)?Relationship\b[^>]*>", relations):
        if named is not None and b'Id="' + named[1] + b'"' in relation:
            target = re.search(rb'Target="([^"]+)"', relation)
            if target is not None:
                path = target[1].decode()
                return path.removeprefix("/") if path.startswith("/") else f"xl/{path}"
    raise SheetError("Expected a workbook with a sheet, found none.")


def _column(letters: bytes) -> int:
    place = 0
    for letter in letters.upper():
        place = place * 26 + letter - ord("A") + 1
    return place - 1


def _heading(values: Sequence[str]) -> list[str]:
    columns = [value.strip().lower() for value in values]
    while columns and not columns[-1]:
        columns.pop()
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise SheetError(f"Row 1: expected every column once, got {twice or 'a column without name'!r} twice.")
    return columns
