"""Rows as a file for a spreadsheet. A cell that a spreadsheet would take for a formula is text.

References:
    OWASP, "CSV Injection": cells that begin with `=`, `+`, `-`, `@`, tab or carriage return.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter

from streams.visible import visible

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_FULL_WIDTH: Final = ("＝", "＋", "－", "＠")
CELL_CHARACTERS_MAX: Final = 32_000


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula, with its control characters to be seen."""
    shown = visible(text)[:CELL_CHARACTERS_MAX]
    return f"'{shown}" if text.lstrip(" ").startswith((*_FORMULA, *_FULL_WIDTH)) else shown


def plain(value: Any, zone: ZoneInfo) -> Any:
    """A cell's value: figures as figures, instants in the hospital's zone, everything else guarded text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, int | Decimal):
        return "" if value is None else value
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return guarded(", ".join(map(str, value)))
    return guarded(str(value))


def as_csv(heading: Sequence[str], rows: Sequence[Sequence[Any]], zone: ZoneInfo) -> bytes:
    """CSV in UTF-8 with a mark that spreadsheets know it by."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([plain(value, zone) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_xlsx(name: str, heading: Sequence[str], rows: Sequence[Sequence[Any]], zone: ZoneInfo) -> bytes:
    """A workbook with one sheet; nothing in it is a formula or a link."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet(name[:31])
        bold = book.add_format({"bold": True})
        for place, title in enumerate(heading):
            sheet.write_string(0, place, title, bold)
        for line, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                cell = plain(value, zone)
                if isinstance(cell, int | Decimal):
                    sheet.write_number(line, place, float(cell))
                else:
                    sheet.write_string(line, place, cell)
        sheet.freeze_panes(1, 0)
    return file.getvalue()
