"""Invoices as a supplier's table holds them: by number, and the rows left out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace as replaced
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.stock.statement import InvoiceLine
from rules.stock.invoicing import fault_of
from streams.cli.connection import bad, read_settings
from streams.cli.loading.flat_rows import INVOICE, BadRow, cell_of, record_of
from streams.cli.loading.grids import SheetError
from streams.cli.loading.sheets import SheetRow, read_sheet
from streams.cli.stock.paying.months import month_of_text

Key = tuple[str, str, str, str]
"""(hospital, supplier, period, invoice)."""
_Whose = tuple[str | None, str | None, str | None]
"""(hospital, supplier, invoice) of a bad row; `None`: it can't be read."""
_MOST: Final = 10**12
"""No invoice asks for so much; no source, ours."""


def read_invoices(file: Path) -> tuple[dict[Key, list[InvoiceLine]], list[BadRow]]:
    """The invoices of a table, and the rows left out: bad ones, and all others of an invoice that has one."""
    zone = read_settings().zone
    try:
        sheet = read_sheet(file)
    except OSError as error:
        bad(f"Expected a file that can be read, got {file}: {error.strerror}.")
    except SheetError as error:
        bad(f"{file}: {error}")
    missing = [name for name in INVOICE.required if name not in sheet.columns]
    if missing:
        bad(f"{file}: expected the columns {', '.join(INVOICE.required)}; {', '.join(missing)} is missing.")
    invoices: dict[Key, list[InvoiceLine]] = defaultdict(list)
    rows: dict[Key, list[int]] = defaultdict(list)
    spelled: dict[tuple[str, str, str], str] = {}
    wrong: list[BadRow] = []
    spoilt: list[tuple[int, _Whose]] = []
    for row in sheet.rows:
        record = record_of(row, INVOICE, zone)
        line = record if isinstance(record, BadRow) else _line(row.number, record)
        if isinstance(line, BadRow):
            wrong.append(line)
            spoilt.append((row.number, _whose(row, zone)))
        else:
            assert isinstance(record, dict)  # noqa: S101 -- a line was made of it
            whose = (record["hospital"], record["supplier"])
            number = spelled.setdefault((*whose, _plain(line.invoice)), line.invoice)
            key = (*whose, record["period"], number)
            invoices[key].append(replaced(line, invoice=number))
            rows[key].append(row.number)
    for key, reason in _unfit(rows, spoilt).items():
        del invoices[key]
        wrong += [BadRow(number, *reason) for number in rows[key]]
    return invoices, sorted(wrong, key=lambda each: each.row)


def _plain(number: str) -> str:
    """What an invoice is told by: its number without regard to blanks at the ends and capitals."""
    return number.strip().upper()


def _unfit(rows: Mapping[Key, Sequence[int]], spoilt: Sequence[tuple[int, _Whose]]) -> dict[Key, tuple[str, str]]:
    """Column and reason of invoices that are left out whole: one with a bad row, one of several months."""
    months: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for house, supplier, period, number in rows:
        months[house, supplier, number].append(period)
    found = {}
    for key in rows:
        of = [str(number) for number, whose in spoilt if _may_be_of(whose, key)]
        periods = sorted(months[key[0], key[1], key[3]])
        if of:
            found[key] = ("invoice", f"expected no bad row in the invoice, got row {', '.join(of)}")
        elif len(periods) > 1:
            found[key] = ("period", f"expected one month for the invoice, got {', '.join(periods)}")
    return found


def _whose(row: SheetRow, zone: ZoneInfo) -> _Whose:
    """Of which invoice a bad row is: hospital, supplier and number as far as they can be read."""
    found: dict[str, str | None] = {}
    for column in ("hospital", "supplier", "invoice"):
        try:
            cell = cell_of(row, column)
            found[column] = None if cell is None else INVOICE.columns[column](cell, zone) or None
        except ValueError:
            found[column] = None
    return found["hospital"], found["supplier"], found["invoice"]


def _may_be_of(whose: _Whose, key: Key) -> bool:
    """Whether a bad row may be one of an invoice; one without a readable number is of none, its month may be wrong."""
    hospital, supplier, number = whose
    return (
        number is not None
        and _plain(number) == _plain(key[3])
        and hospital in {None, key[0]}
        and supplier in {None, key[1]}
    )


def _line(number: int, record: dict[str, Any]) -> InvoiceLine | BadRow:
    for name in INVOICE.required:
        if record.get(name) in {None, ""}:
            return BadRow(number, name, "expected a value, got an empty cell")
    try:
        month_of_text(record["period"])
    except ValueError as error:
        return BadRow(number, "period", str(error))
    try:
        cost, amount = Decimal(record["cost"]), Decimal(record["amount"])
    except ArithmeticError:
        return BadRow(number, "cost", f"expected amounts in yuan, got {record['cost']!r} and {record['amount']!r}")
    if not all(each.is_finite() and abs(each) < _MOST and each == round(each, 15) for each in (cost, amount)):
        return BadRow(number, "cost", "expected amounts in yuan")
    if abs(record["quantity"]) >= _MOST:
        return BadRow(number, "quantity", f"expected units of use, got {record['quantity']}")
    line = InvoiceLine(record["item_code"], record["quantity"], cost, amount, record["invoice"])
    fault = fault_of(line)
    return line if fault is None else BadRow(number, *fault)
