"""`udi catalogue check`: what is doubtful in the charge catalogue that the books hold."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import asyncpg
import typer

from models.calendar import local_day
from models.catalogue.item import CatalogueItem
from rules.catalogue.checks import Finding, check_item, check_together
from sinks.postgres.catalogue.items import bodies
from streams.cli.connection import run
from streams.cli.lists import listing
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table
from streams.settings import Settings

catalogue_app = typer.Typer(help="The charge catalogue.", no_args_is_help=True)


@catalogue_app.callback()
def _catalogue() -> None:
    """The charge catalogue."""


@catalogue_app.command("check")
@listing
def check(
    hospital: Annotated[str | None, typer.Option(help="Only this hospital's.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What is doubtful: codes, prices, packages, licences, bundles, rivals. Exit 1 when anything is."""

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[Finding]:
        items = [CatalogueItem.model_validate_json(body) for body in await bodies(pool, hospital)]
        today = local_day(datetime.now(UTC), settings.zone)
        return [each for item in items for each in check_item(item, today)] + check_together(items)

    found = sorted(run(work), key=lambda each: (each.check, each.hospital, each.item_code, each.text))
    if as_json:
        names = ("hospital", "item_code", "check", "column", "text")
        print_json([{name: getattr(each, name) for name in names} for each in found])
    elif found:
        cells = [(each.check, each.item_code, each.text) for each in found]
        print_table("Doubtful in the catalogue", ("check", "item", "finding"), cells, limit=limit)
    if not as_json:
        counted = Counter(each.check for each in found)
        typer.echo(", ".join(f"{check}: {count:,}" for check, count in counted.items()) or "Nothing is doubtful.")
    raise typer.Exit(int(bool(found)))
