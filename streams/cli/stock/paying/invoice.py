"""`udi invoice`: whether a supplier asks for what he may."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from models.stock.statement import InvoiceLine, KeptInvoice, LineStatus, RefusedInvoice, Statement
from rules.stock.invoicing import match_invoice
from sinks.postgres.stock.statements import StatementBooks
from streams.cli.connection import By, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json
from streams.cli.stock.paying.invoice_file import Key, read_invoices
from streams.cli.stock.paying.months import month_of
from streams.cli.stock.paying.shown_statement import fields_of, person_of, show
from streams.settings import Settings


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
    who = person_of(by)

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
            show(each, limit)
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
        made, no = await books.invoiced(house, supplier, month_of(period), came, match_invoice, who, replace=replace)
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
