"""How statements are shown, and by whom they are made."""

import getpass
from dataclasses import asdict
from typing import Any, Final

import typer

from models.stock.statement import LineStatus, Statement, StatementLine, WorkingCapital
from models.wording import LOCALES
from streams.cli.connection import bad
from streams.cli.phrases import as_written, told
from streams.cli.shown import print_table
from streams.language import language


def person_of(by: str | None) -> str:
    """Who does it: as given, or the name of the login."""
    who = (by or getpass.getuser()).strip()
    if not who:
        bad("Expected who does it, got an empty --by.")
    return who


def fields_of(found: Statement) -> dict[str, Any]:
    """As `--json` prints it."""
    return asdict(found) | {"amount": found.amount}


def show_capital(freed: WorkingCapital) -> None:
    """What of the supplier's goods lies here unpaid."""
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
    parts = [told(each) for each in match.split("; ")] if match else []
    return ("; " if language() == LOCALES[0] else "；").join(
        [*parts, told(f"{_DISPUTED}{as_written(said)}")] if disputed else parts
    )


_DISPUTED: Final = "disputed: "
"""Before a supplier's own words, where the invoices had not matched either (0071_invoices.sql)."""
_COLUMNS: Final = ("item", ">used", ">returned", ">corrected", ">units", ">cost", ">yuan", "status", "invoice", "why")


def show(found: Statement, limit: int) -> None:
    """A statement as a table, and its sum."""
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
