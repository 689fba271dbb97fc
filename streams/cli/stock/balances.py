"""`udi stock`: what lies where, by item, lot, serial and owner."""

from typing import Annotated, Any

import asyncpg
import typer

from streams.cli.connection import run
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.settings import Settings

_STOCK = """
SELECT s.hospital, s.store, s.item_code, newest.name AS item_name, s.owner, s.issuer, s.di, s.lot, s.serial, s.expiry,
       s.quantity
FROM report.stock s
LEFT JOIN LATERAL (
    SELECT convert_from(c.body, 'UTF8')::jsonb ->> 'name' AS name FROM udi.catalogue c
    WHERE (c.hospital, c.item_code) = (s.hospital, s.item_code) ORDER BY c.version DESC LIMIT 1
) newest ON true
WHERE s.quantity <> 0 AND ($1::text IS NULL OR s.store = $1) AND ($2::text IS NULL OR s.item_code = $2)
  AND (NOT $3 OR s.quantity < 0)
ORDER BY CASE WHEN $3 THEN s.quantity ELSE 0 END, s.hospital, s.store, s.item_code, s.expiry, s.lot, s.serial
"""


_PACKS = """
SELECT p.*, i.name AS item_name FROM report.open_packs p JOIN report.items i USING (hospital, item_code)
WHERE ($1::text IS NULL OR p.store = $1) AND ($2::text IS NULL OR p.item_code = $2)
ORDER BY p.hospital, p.store, p.item_code, p.lot, p.serial
"""


def stock(
    *,
    store: Annotated[str | None, typer.Option("--store", help="This store alone.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="This item code alone.")] = None,
    negative: Annotated[bool, typer.Option("--negative", help="Only balances below zero, the lowest first.")] = False,
    packs: Annotated[
        bool,
        typer.Option("--packs", help="Goods in packs of a fixed size: whole packs, and what is left of an opened one."),
    ] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Balances by store, item, lot, serial and owner; those at zero are left out."""

    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        query = (_PACKS, store, item) if packs else (_STOCK, store, item, negative)
        return [dict(row) for row in await pool.fetch(*query)]

    rows = run(work)
    if as_json:
        print_json(rows)
    elif not rows:
        typer.echo("No balance is below zero." if negative else "No stock is recorded there.")
    elif packs:
        _show_packs(rows, limit)
    else:
        _show(rows, limit, negative=negative)


def _show_packs(rows: list[dict[str, Any]], limit: int) -> None:
    cells = [
        (
            row["store"],
            f"{row['item_code']} {row['item_name'] or ''}",
            joined((row["lot"], row["serial"])),
            row["owner"],
            row["units_per_pack"],
            row["whole_packs"],
            row["remainder"],
        )
        for row in rows
    ]
    columns = ("store", "item", "lot / serial", "owner", ">units a pack", ">whole packs", ">left of an opened one")
    print_table("Packs", columns, cells, limit=limit)
    opened = sum(1 for row in rows if row["remainder"])
    typer.echo(f"{sum(row['whole_packs'] for row in rows):,} whole packs, {opened:,} opened ones.")


def _show(rows: list[dict[str, Any]], limit: int, *, negative: bool) -> None:
    several = len({row["hospital"] for row in rows}) > 1
    cells = [
        (
            joined((row["hospital"], row["store"])) if several else row["store"],
            f"{row['item_code']} {row['item_name'] or ''}",
            joined((row["lot"], row["serial"])),
            row["expiry"],
            row["owner"],
            row["quantity"],
        )
        for row in rows
    ]
    title = "Balances below zero: goods used that were never received" if negative else "Stock in units of use"
    print_table(title, ("store", "item", "lot / serial", "expiry", "owner", ">units"), cells, limit=limit)
    typer.echo(f"{len(rows):,} balances, {sum(row['quantity'] for row in rows):,} units.")
