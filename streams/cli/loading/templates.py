"""Empty tables to fill in, each column explained, and tables to complete: XLSX and CSV.

References:
    docs/commands.md, "Files".
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from models.wording import LOCALES
from streams.cli.loading.column_map import ColumnText, Kind, column_text
from streams.cli.new_files import expect_new, write_new

_OPTIONS: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_WORDS: Final = {
    "en": ("Fill in below the heading", "needed", "example", ("column", "needed", "holds", "example"), "Columns"),
    "zh-CN": ("请在表头下方填写", "必填", "例", ("列", "必填", "内容", "示例"), "列说明"),
}
"""Note, needed, example, heading of the second sheet, its name."""
_WIDTH: Final = 18


class Table(NamedTuple):
    """The columns that a kind of file may have, and those that it must have."""

    columns: tuple[str, ...]
    """Names of the columns, in the order of the template."""
    required: tuple[str, ...]
    """Those without which a row is bad."""


def write_template(kind: Kind, table: Table, folder: Path, locale: str) -> tuple[Path, Path]:
    """An empty table as a workbook and as CSV; gives where they are.

    The headings are the columns' own names, in Chinese the usual ones, which are understood, too. Every cell of the
    columns is text: a spreadsheet keeps codes as they are written. The CSV has its explanation above the heading.

    Raises:
        typer.Exit: one exists or can't be written; it has been said.
    """
    texts = {name: column_text(kind, name) for name in table.columns}
    headings = _headings(texts, locale)
    workbook, plain = folder / f"{kind}.xlsx", folder / f"{kind}.csv"
    expect_new(workbook, plain)
    write_new(workbook, _workbook(texts, headings, table.required, locale))
    note, needed, example, _, _ = _WORDS[locale]
    lines = [f"# {note}. udi load {kind} FILE"] if locale == LOCALES[0] else [f"# {note}。udi load {kind} 文件"]
    for name, text in texts.items():
        must = f" ({needed})" if name in table.required else ""
        shown = f" {example}: {text.example}" if text.example else ""
        lines.append(f"# {headings[name]}{must}: {text.holds[locale]}{shown}")
    notes = _csv([[line] for line in lines])
    write_new(plain, b"\xef\xbb\xbf" + notes + _csv([list(headings.values())]))
    return workbook, plain


def write_table(to: Path, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of texts, by the ending of its name XLSX or CSV.

    Raises:
        typer.Exit: it exists or can't be written; it has been said.
    """
    if to.suffix == ".csv":
        write_new(to, b"\xef\xbb\xbf" + _csv([headings, *rows]))
        return
    import xlsxwriter  # noqa: PLC0415 -- only who writes a workbook needs it

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        sheet = book.add_worksheet()
        _text_columns(book, sheet, headings)
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                sheet.write_string(number, place, value)
    write_new(to, content.getvalue())


def _headings(texts: dict[str, ColumnText], locale: str) -> dict[str, str]:
    if locale == LOCALES[0]:
        return {name: name for name in texts}
    found: dict[str, str] = {}
    for name, text in texts.items():
        # Two columns of a table may share a usual name; the second takes its next one.
        found[name] = next((each for each in text.headings if each not in found.values()), name)
    return found


def _workbook(texts: dict[str, ColumnText], headings: dict[str, str], required: Sequence[str], locale: str) -> bytes:
    import xlsxwriter  # noqa: PLC0415 -- as above

    _, needed, example, titles, second = _WORDS[locale]
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        sheet = book.add_worksheet()
        _text_columns(book, sheet, list(headings.values()))
        for place, (name, text) in enumerate(texts.items()):
            lines = [text.holds[locale], *([f"{example}: {text.example}"] if text.example else [])]
            sheet.write_comment(0, place, "\n".join([*([needed] if name in required else []), *lines]))
        page = book.add_worksheet(second)
        page.write_row(0, 0, titles, book.add_format({"bold": True}))
        page.set_column(0, 3, 2 * _WIDTH)
        for number, (name, text) in enumerate(texts.items(), 1):
            cells = (headings[name], needed if name in required else "", text.holds[locale], text.example)
            for place, cell in enumerate(cells):
                page.write_string(number, place, cell)
    return content.getvalue()


def _text_columns(book: Any, sheet: Any, headings: Sequence[str]) -> None:
    sheet.set_column(0, len(headings) - 1, _WIDTH, book.add_format({"num_format": "@"}))
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True, "num_format": "@"})
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading, bold)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
