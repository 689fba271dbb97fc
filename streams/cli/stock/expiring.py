"""`udi expiring`: what expires soon, the first to expire first, with what it is worth."""

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated

import typer

from sinks.postgres.stock import shelves
from streams.cli.connection import run
from streams.cli.lists import listing
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table

DAYS_DEFAULT = 90
"""How far the list looks ahead. No source: ours."""


@listing
def expiring(
    *,
    store: Annotated[str | None, typer.Option("--store", help="This store alone.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="This item code alone.")] = None,
    days: Annotated[int, typer.Option(min=0, max=36_500, help="So many days ahead; expired goods too.")] = DAYS_DEFAULT,
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What expires within the days, first-expired first: use it in this order. Exit 1 when any has expired."""
    rows = run(lambda _, pool: shelves.expiring(pool, days, hospital, store, item))
    expired = [row for row in rows if row.days_left < 0]
    if as_json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        typer.echo(f"Nothing on the shelves expires within {days} days.")
    else:
        cells = [
            (
                row.store,
                row.item_code,
                joined((row.lot, row.serial)),
                row.owner,
                row.quantity,
                row.expiry,
                row.days_left,
                row.value,
            )
            for row in rows
        ]
        columns = ("store", "item", "lot / serial", "owner", ">units", "use by", ">days left", ">yuan (cost)")
        print_table("Expiring", columns, cells, limit=limit)
        value = sum((row.value for row in expired if row.value is not None), Decimal())
        units = sum(row.quantity for row in expired)
        typer.echo(f"{len(rows):,} rows; {units:,} units have expired, {value:,.2f} yuan at cost.")
    raise typer.Exit(1 if expired else 0)
