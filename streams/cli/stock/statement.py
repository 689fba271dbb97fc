"""`udi statement`, `udi invoice`: what a supplier may invoice for a month, and whether he did."""

import getpass
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from dataclasses import replace as replaced
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.calendar import Month
from models.stock.statement import (
    InvoiceLine,
    KeptInvoice,
    LineStatus,
    RefusedInvoice,
    Statement,
    StatementLine,
    WorkingCapital,
)
from rules.stock.invoicing import fault_of, match_invoice
from sinks.postgres.stock.statements import StatementBooks
from streams.cli.connection import By, bad, in_words, read_settings, run
from streams.cli.lists import listing
from streams.cli.loading.flat_rows import INVOICE, BadRow, cell_of, record_of
from streams.cli.loading.grids import SheetError
from streams.cli.loading.sheets import SheetRow, read_sheet
from streams.cli.phrases import as_written, told
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table
from streams.cli.stock.named import of_known
from streams.settings import Settings

Key = tuple[str, str, str, str]
"""(hospital, supplier, period, invoice)."""
_Whose = tuple[str | None, str | None, str | None]
"""(hospital, supplier, invoice) of a bad row; `None`: it can't be read."""
_MOST: Final = 10**12
"""No invoice asks for so much; no source, ours."""


@listing
def statement(
    supplier: Annotated[str, typer.Argument(metavar="SUPPLIER")],
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    *,
    confirm: Annotated[bool, typer.Option("--confirm", help="The supplier confirms it.")] = False,
    dispute: Annotated[str | None, typer.Option("--dispute", metavar="ITEM", help="The supplier disputes it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is disputed.", callback=in_words)] = None,
    by: By = None,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals owe the supplier.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """A supplier's month: uses, returns, corrections of earlier months; a new version when the books have changed."""
    if (dispute is None) != (reason is None) or (confirm and dispute is not None):
        bad("Expected --confirm, or --dispute ITEM with --reason.")
    period, who = _month(month), _who(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[Statement, WorkingCapital | None]:
        books = StatementBooks(pool)
        house = hospital or _one(await books.hospitals(supplier, period), supplier, month)
        made = await books.make(house, supplier, period, match_invoice, who)
        if made is None:
            bad(f"Expected something owed to {supplier} for {month}, found nothing.")
        if dispute is not None and dispute not in {line.item_code for line in made.lines if line.stated}:
            bad(f"Expected an item of the statement, got {dispute!r}.")
        if confirm:
            made = await books.mark(made, period, None, LineStatus.CONFIRMED, None, who)
        elif dispute is not None:
            made = await books.mark(made, period, dispute, LineStatus.DISPUTED, reason, who)
        freed = (each for each in await books.capital(house, period) if each.supplier == supplier)
        return made, next(freed, None)

    found, freed = run(of_known(work, hospital=hospital, supplier=supplier, option="SUPPLIER"))
    if as_json:
        print_json(fields_of(found) | {"working_capital": None if freed is None else asdict(freed)})
        return
    _show(found, limit)
    if freed is not None:
        _show_capital(freed)


@listing
def invoice(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX; see docs/store.md.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="A number that came before now has these lines, and this month.")
    ] = False,
    by: By = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Match invoices with the statements: use, agreed cost, invoice. Exit 1 when a row is bad or an item differs.

    Exit 2 when a number is kept for another month.
    """
    invoices, wrong = read_invoices(file)
    who = _who(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[list[Statement], list[RefusedInvoice]]:
        return await _matched(StatementBooks(pool), invoices, who, replace=replace)

    found, refused = run(work) if invoices else ([], [])
    if as_json:
        shown = [fields_of(each) for each in found]
        print_json({"bad": [*map(asdict, wrong)], "statements": shown, "refused": [*map(asdict, refused)]})
    else:
        for row in wrong:
            typer.echo(f"Row {row.row}: {as_written(row.column) if row.column else 'the row'}: {row.reason}")
        for no in refused:
            typer.echo(f"Invoice {no.invoice}, {no.supplier}, {no.period}, {no.hospital}: {no.reason}.")
        for each in found:
            _show(each, limit)
    differ = any(line.status is LineStatus.MISMATCHED for each in found for line in each.lines)
    elsewhere = any(no.kept_for is not None for no in refused)
    raise typer.Exit(2 if elsewhere else 1 if wrong or refused or differ else 0)


async def _matched(
    books: StatementBooks, invoices: dict[Key, list[InvoiceLine]], who: str, *, replace: bool
) -> tuple[list[Statement], list[RefusedInvoice]]:
    """The statement of each supplier's month with all its invoices; an invoice that is refused leaves the others be."""
    months: dict[tuple[str, str, str], dict[str, list[InvoiceLine]]] = defaultdict(dict)
    for (*whose, number), lines in invoices.items():
        months[whose[0], whose[1], whose[2]][number] = lines
    found: dict[tuple[str, str, str], Statement] = {}
    refused = []
    for (house, supplier, period), came in months.items():
        made, no = await books.invoiced(house, supplier, _month(period), came, match_invoice, who, replace=replace)
        found |= {(house, supplier, each.period): each for each in made}
        refused += [_refused((house, supplier, period, number), came[number], kept) for number, kept in no.items()]
    return [*found.values()], refused


def _refused(key: Key, came: Sequence[InvoiceLine], kept: KeptInvoice | None) -> RefusedInvoice:
    if kept is None:
        return RefusedInvoice(*key, f"expected something owed for the month, got {_asked(came)}")
    if kept.period != key[2]:
        return RefusedInvoice(
            *key,
            f"expected the month that it is kept for, {kept.period} ({_asked(kept.lines)}), got {key[2]}; "
            "--replace moves it",
            kept.period,
        )
    return RefusedInvoice(
        *key,
        f"expected the lines it came with before ({_asked(kept.lines)}), got others ({_asked(came)}); "
        "--replace takes them in place of those",
    )


def _asked(lines: Sequence[InvoiceLine]) -> str:
    units, amount = sum(line.quantity for line in lines), sum((line.amount for line in lines), Decimal())
    return f"{units:,} units for {amount:,.2f} yuan"


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


def month_of_text(text: str) -> Month:
    """A month written like `2022-06`.

    Raises:
        ValueError: it is none.
    """
    year, dash, month = text.partition("-")
    if not dash or len(year) != 4 or len(month) != 2 or not (year + month).isdecimal() or not 1 <= int(month) <= 12:
        raise ValueError(f"expected a month like 2022-06, got {text!r}")
    return Month(int(year) * 100 + int(month))


def _month(text: str) -> Month:
    try:
        return month_of_text(text)
    except ValueError as error:
        bad(f"{str(error).capitalize()}.")


def _who(by: str | None) -> str:
    who = (by or getpass.getuser()).strip()
    if not who:
        bad("Expected who does it, got an empty --by.")
    return who


def _one(found: Sequence[str], supplier: str, month: str) -> str:
    if not found:
        bad(f"Expected something owed to {supplier} for {month}, found nothing.")
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(found)} owe {supplier} something.")
    return found[0]


def fields_of(found: Statement) -> dict[str, Any]:
    """As `--json` prints it."""
    return asdict(found) | {"amount": found.amount}


def _show_capital(freed: WorkingCapital) -> None:
    typer.echo(
        f"Not paid for and lying here in the mean of {freed.days} days: {freed.value:,.2f} yuan, {freed.units:,} units."
    )
    if freed.days_lying is not None:
        typer.echo(f"From receipt to use: {freed.days_lying} days, by what lies here and what is used a day.")
    if freed.units_without_cost:
        typer.echo(f"Without a cost in force, and in no sum: {freed.units_without_cost:,} units.")


def _why(line: StatementLine) -> str:
    """What does not match, in the language; what a person disputes, as it was written."""
    reason = line.reason or ""
    if line.status == LineStatus.DISPUTED:
        return reason
    match, disputed, said = reason.partition(f"; {_DISPUTED}")
    parts = [told(match)] if match else []
    return "; ".join([*parts, told(f"{_DISPUTED}{as_written(said)}")] if disputed else parts)


_DISPUTED: Final = "disputed: "
"""Before a supplier's own words, where the invoices had not matched either (0071_invoices.sql)."""
_COLUMNS: Final = ("item", ">used", ">returned", ">corrected", ">units", ">cost", ">yuan", "status", "invoice", "why")


def _show(found: Statement, limit: int) -> None:
    cells = [
        (
            line.item_code,
            line.used,
            line.returned,
            line.corrected,
            line.quantity,
            line.cost,
            line.amount,
            line.status,
            line.invoice,
            _why(line),
        )
        for line in found.lines
    ]
    print_table(f"{found.supplier}, {found.period}, version {found.version}", _COLUMNS, cells, limit=limit)
    unknown = sum(line.amount is None for line in found.lines)
    without = f"; {unknown:,} lines without a known cost" if unknown else ""
    typer.echo(f"{found.amount:,.2f} yuan to be invoiced{without}.")
