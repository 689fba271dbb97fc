"""`udi cabinets`: what has left a cabinet with RFID and was not scanned, and tags that the books don't have there."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.stock.cabinet import SuspectedUse, TagFinding
from models.stock.places import shelf
from sinks.postgres.stock.cabinets import suspected_uses, tag_findings
from streams.cli.connection import of_known, run
from streams.cli.lists import listing
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table
from streams.settings import Settings


@listing
def cabinets(
    *,
    store: Annotated[str | None, typer.Option("--store", help="This store alone.")] = None,
    hospital: Annotated[str | None, typer.Option("--hospital", help="Only this one.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that a scan or a later read explains, too.")] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Units that left a cabinet unscanned, and tags that the books don't have there. Exit 1 when there are any."""

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[list[SuspectedUse], list[TagFinding], ZoneInfo]:
        suspected = await suspected_uses(pool, hospital, store, every=every)
        return suspected, await tag_findings(pool, hospital, store), settings.zone

    suspected, tags, zone = run(of_known(work, hospital=hospital, store=store))
    if as_json:
        print_json({"suspected": [asdict(row) for row in suspected], "tags": [asdict(row) for row in tags]})
    elif not suspected and not tags:
        typer.echo("Cabinets hold what the books have there, and what left them was scanned.")
    else:
        _show_suspected(suspected, zone, limit)
        _show_tags(tags, zone, limit)
    raise typer.Exit(1 if tags or any(row.status == "suspected" for row in suspected) else 0)


def _show_suspected(rows: Sequence[SuspectedUse], zone: ZoneInfo, limit: int) -> None:
    if not rows:
        return
    cells = [
        (
            shelf(row.store, row.place), row.session, row.staff, row.seen_at.astimezone(zone),
            row.missed_at.astimezone(zone), row.item_code or row.di, row.serial, row.status, row.seen_in,
        )
        for row in rows
    ]  # fmt: skip
    columns = ("cabinet", "session", "staff", "last seen", "missed at", "item", "serial", "status", "seen in")
    print_table("Left a cabinet between two reads", columns, cells, limit=limit)
    typer.echo(f"{sum(row.status == 'suspected' for row in rows):,} suspected uses without a scan; nothing is charged.")
    if foreign := sum(row.status == "unknown-item" for row in rows):
        typer.echo(f"{foreign:,} tags of no item of the house left a cabinet: foreign, or the catalogue lacks them.")


def _show_tags(rows: Sequence[TagFinding], zone: ZoneInfo, limit: int) -> None:
    if not rows:
        return
    cells = [
        (
            shelf(row.store, row.place), row.read_at.astimezone(zone), row.item_code or row.di or row.tag, row.serial,
            row.finding, row.is_at,
        )
        for row in rows
    ]  # fmt: skip
    columns = ("cabinet", "read", "item", "serial", "finding", "is at")
    print_table("Tags that the books don't have there", columns, cells, limit=limit)
