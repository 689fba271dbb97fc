"""`udi expiring`: what expires soon, the first to expire first, and what nobody uses, with what it is worth."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated

import typer

from models.policy import POLICY
from sinks.postgres.stock import shelves
from sinks.postgres.stock.replenishing.demand import SlowMover, slow_movers
from streams.cli.connection import of_known, run
from streams.cli.lists import listing
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table

DAYS_DEFAULT = 90
"""How far the list looks ahead. No source: ours."""


@listing
def expiring(
    *,
    store: Annotated[str | None, typer.Option("--store", help="This store alone.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="This item code alone.")] = None,
    days: Annotated[
        int | None, typer.Option(min=0, max=36_500, help="So many days ahead, expired goods too; 90 when unset.")
    ] = None,
    slow: Annotated[
        bool, typer.Option("--slow", help="Instead: goods of which their store has used none for so many days.")
    ] = False,
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What expires within the days, first-expired first: use it in this order. Exit 1 when any has expired."""
    if slow:
        idle_days = POLICY.slow_mover_days if days is None else days
        found = run(
            of_known(
                lambda _, pool: slow_movers(pool, idle_days, hospital, store, item), hospital=hospital, store=store
            )
        )
        print_json([asdict(row) for row in found]) if as_json else _show_slow(found, idle_days, limit)
        raise typer.Exit(1 if found else 0)
    ahead = DAYS_DEFAULT if days is None else days
    rows = run(
        of_known(lambda _, pool: shelves.expiring(pool, ahead, hospital, store, item), hospital=hospital, store=store)
    )
    print_json([asdict(row) for row in rows]) if as_json else _show(rows, ahead, limit)
    raise typer.Exit(1 if any(row.days_left < 0 for row in rows) else 0)


def _show(rows: Sequence[shelves.Expiring], days: int, limit: int) -> None:
    if not rows:
        typer.echo(f"Nothing on the shelves expires within {days} days.")
        return
    cells = [
        (
            row.store, row.item_code, joined((row.lot, row.serial)), row.owner, row.quantity, row.expiry, row.days_left,
            row.value,
        )
        for row in rows
    ]  # fmt: skip
    columns = ("store", "item", "lot / serial", "owner", ">units", "use by", ">days left", ">yuan (cost)")
    print_table("Expiring", columns, cells, limit=limit)
    expired = [row for row in rows if row.days_left < 0]
    value = sum((row.value for row in expired if row.value is not None), Decimal())
    units = sum(row.quantity for row in expired)
    typer.echo(f"{len(rows):,} rows; {units:,} units have expired, {value:,.2f} yuan at cost.")


def _show_slow(rows: Sequence[SlowMover], days: int, limit: int) -> None:
    if not rows:
        typer.echo(f"Nothing that is known lies in a store unused for {days} days; the scheduler looks each day.")
        return
    cells = [
        (
            row.store, row.item_code, row.owner, row.quantity, row.last_used_on, row.idle_days, row.months_of_stock,
            row.expiry, row.value,
        )
        for row in rows
    ]  # fmt: skip
    columns = (
        "store", "item", "owner", ">units", "last used", ">days idle", ">months left", "use by", ">yuan (cost)",
    )  # fmt: skip
    print_table(f"Not used for {days} days, as of {max(row.as_of for row in rows)}", columns, cells, limit=limit)
    value = sum((row.value for row in rows if row.value is not None), Decimal())
    unknown = sum(row.value is None for row in rows)
    without = f"; {unknown:,} rows without a known cost" if unknown else ""
    typer.echo(f"{len(rows):,} rows, {value:,.2f} yuan at cost{without}.")
