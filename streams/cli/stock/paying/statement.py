"""`udi statement`: what a supplier may invoice for a month, and what he says to it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import asyncpg
import typer

from models.stock.statement import LineStatus, Statement, WorkingCapital
from rules.stock.invoicing import match_invoice
from sinks.postgres.stock.statements import StatementBooks
from streams.cli.connection import By, bad, in_words, of_known, run
from streams.cli.lists import listing
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json
from streams.cli.stock.paying.months import month_of
from streams.cli.stock.paying.shown_statement import fields_of, person_of, show, show_capital
from streams.settings import Settings


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
    period, who = month_of(month), person_of(by)

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
    show(found, limit)
    if freed is not None:
        show_capital(freed)


def _one(found: Sequence[str], supplier: str, month: str) -> str:
    if not found:
        bad(f"Expected something owed to {supplier} for {month}, found nothing.")
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(found)} owe {supplier} something.")
    return found[0]
