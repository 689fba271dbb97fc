"""The records of a table, row by row: one device a row, or one packing of it; rows of one device follow each other.

References:
    docs/commands.md, "National database".
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Final

from streams.cli.loading.column_map import ColumnMap, Kind, mapped_sheet
from streams.cli.loading.grids import SheetError
from streams.cli.loading.sheets import DELIMITERS, Sheet, SheetRow, decode_lines

_SAMPLE_BYTES: Final = 1 << 20
"""Read at a time; the first tells the encoding."""
_HEAD_BYTES: Final = 1 << 16
"""In which the heading is looked for. Less than `csv.field_size_limit`, so that no cell can be too long."""
_LINE_BYTES_MAX: Final = 1 << 20
_UNPAIRED: Final = "expected a second quotation mark, got none in the row"
_UTF8: Final = "UTF-8"


def table_rows(opened: IO[bytes], columns: Sequence[str], moved: Callable[[int], None]) -> Iterator[SheetRow]:
    """The rows below the heading, with the columns called by their names.

    Raises:
        SheetError: it is no table with the first of the columns.
    """
    start = opened.read(_SAMPLE_BYTES)
    if start.startswith(b"PK\x03\x04"):
        content = start + opened.read()
        moved(len(content))
        yield from _mapped(content, columns)[0].rows
        return
    head = start[:_HEAD_BYTES]
    sheet, found = _mapped(head[: head.rfind(b"\n") + 1] or head if len(start) > _HEAD_BYTES else start, columns)
    if sheet.rows:
        yield from _Rows(opened, start, sheet, found).rows(moved)


def _mapped(content: bytes, columns: Sequence[str]) -> tuple[Sheet, ColumnMap]:
    sheet, found = mapped_sheet(Kind.UDID, content, columns, to_save=True)
    if columns[0] not in sheet.columns:
        named = ", ".join(sheet.headings[:8]) or "others"
        raise SheetError(f"Row {sheet.heading_row}: expected the column {columns[0]}, got {named}.")
    return sheet, found


class _Rows:
    """The rows of a CSV file whose heading is known from its beginning."""

    def __init__(self, opened: IO[bytes], start: bytes, sheet: Sheet, found: ColumnMap) -> None:
        self._opened, self._start = opened, start
        self._first = sheet.rows[0].number
        lines, encoding, _ = decode_lines(start)
        self._encoding = None if start.isascii() else encoding
        self._delimiter, headings = _heading(lines, sheet.heading_row, found)
        self._width = len(headings)
        self._names = {place: found.columns[each] for place, each in enumerate(headings) if each in found.columns}
        self._held: list[str] = []
        """Lines of the row that is being read."""

    def rows(self, moved: Callable[[int], None]) -> Iterator[SheetRow]:
        """Each row; what a quotation mark without its partner has swallowed comes line by line."""
        reader, number = csv.reader(self._texts(moved), delimiter=self._delimiter), 0
        while True:
            self._held.clear()
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error:
                values = []
            for each, problem in self._apart(values):
                number += 1
                if number >= self._first and any(each):
                    yield self._row(number, each, problem)

    def _apart(self, values: list[str]) -> Iterator[tuple[list[str], str | None]]:
        lines = list(self._held)
        if len(lines) > 1:
            alone = [next(csv.reader([line], delimiter=self._delimiter), []) for line in lines]
            if len(values) != self._width or any(len(each) == self._width for each in alone):
                odd = (line.count('"') % 2 == 1 for line in lines)
                yield from ((each, _UNPAIRED if one else None) for each, one in zip(alone, odd, strict=True))
                return
        yield values, None

    def _row(self, number: int, values: list[str], problem: str | None) -> SheetRow:
        cells = {name: values[place].strip() for place, name in self._names.items() if place < len(values)}
        if any("\ufffd" in value for value in values):
            problem = f"expected {self._encoding or _UTF8} as in the rest of the file, got other bytes"
        elif len(values) != self._width and any(value.strip() for value in values[self._width :]):
            problem = f"expected {self._width} cells as in the heading, got {len(values)}"
        formulas = frozenset(name for name, value in cells.items() if value.startswith("="))
        return SheetRow(number, {name: value for name, value in cells.items() if value}, formulas, problem)

    def _texts(self, moved: Callable[[int], None]) -> Iterator[str]:
        for line in _lines(self._opened, self._start, moved):
            text = self._decoded(line)
            self._held.append(text)
            yield text

    def _decoded(self, line: bytes) -> str:
        if self._encoding is None and not line.isascii():
            _, self._encoding, _ = decode_lines(line)
        return line.decode(self._encoding or _UTF8, errors="replace")


def _heading(lines: Sequence[str], row: int, found: ColumnMap) -> tuple[str, list[str]]:
    """The delimiter with which the heading has the columns that were found, and the headings."""
    for delimiter in DELIMITERS:
        rows = list(_up_to(csv.reader(lines, delimiter=delimiter), row))
        headings = [each.strip() for each in rows[-1]] if len(rows) == row else []
        while headings and not headings[-1]:
            headings.pop()
        if set(found.columns) <= set(headings):
            return delimiter, headings
    raise SheetError(f"Row {row}: expected a heading with column names.")


def _up_to(rows: Iterator[list[str]], many: int) -> Iterator[list[str]]:
    try:
        yield from (each for each, _ in zip(rows, range(many), strict=False))
    except csv.Error:
        return


def _lines(opened: IO[bytes], start: bytes, moved: Callable[[int], None]) -> Iterator[bytes]:
    """Lines with their ends. A longer one than any table has comes in pieces."""
    start = start.removeprefix(b"\xef\xbb\xbf")
    end = b"\r" if b"\n" not in start else b"\n"
    rest, chunk = b"", start
    while chunk:
        *lines, rest = (rest + chunk).split(end)
        yield from (line + end for line in lines)
        moved(len(chunk))
        if len(rest) > _LINE_BYTES_MAX:
            yield rest
            rest = b""
        chunk = opened.read(_SAMPLE_BYTES)
    if rest:
        yield rest
