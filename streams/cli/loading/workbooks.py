"""The first sheet of a workbook (XLSX) as a grid of cells; what could fill the memory is refused before it is laid out.

References:
    docs/commands.md, "Files".
"""

import io
import re
import zipfile
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from streams.cli.loading.grids import Grid, SheetError

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


def read_workbook(content: bytes) -> Grid:
    """The cells of the first sheet.

    Raises:
        SheetError: it is no workbook, or spans more than may be laid out.
    """
    try:
        # Before anything is unpacked or laid out: what the file claims must fit.
        part = _first_sheet_part(content)
        _check_extent(part)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        table = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, KeyError, OSError) as error:
        raise SheetError(f"Expected an XLSX workbook: {error}.") from None
    names = workbook.sheet_names
    remarks = [f"Sheet {names[0]!r} was read, the first of {len(names)}."] if len(names) > 1 else []
    return Grid(list(enumerate(table, 1)), _formulas(part), _merged(part, len(table)), {}, remarks)  # type: ignore[arg-type]


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
