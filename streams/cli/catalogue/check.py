"""`udi catalogue`: what is doubtful in the charge catalogue that the books hold, and its insurance codes."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

import asyncpg
import typer

from models.calendar import local_day
from models.catalogue.item import CatalogueItem
from rules.catalogue.checks import Finding, check_item, check_together
from sinks.postgres.catalogue.insurance_codes import insurance_codes
from sinks.postgres.catalogue.items import bodies
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.phrases import told_cell, word
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
        cells = [(each.check, each.item_code, told_cell(each.text)) for each in found]
        print_table("Doubtful in the catalogue", ("check", "item", "what is doubtful"), cells, limit=limit)
    if not as_json:
        counted = Counter(each.check for each in found)
        typer.echo(
            ", ".join(f"{word(check, 'check')}: {count:,}" for check, count in counted.items())
            or "Nothing is doubtful."
        )
    raise typer.Exit(int(bool(found)))


@catalogue_app.command("codes")
@listing
def codes(
    hospital: Annotated[str | None, typer.Option(help="Only this hospital's.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="This item code alone.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="Only those valid on this day.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """The insurance codes of items, the days on which they are valid, and what follows."""
    day = None
    try:
        day = date.fromisoformat(on) if on is not None else None
    except ValueError:
        bad(f"--on: expected a day like 2022-06-30, got {on!r}.")
    found = run(lambda _, pool: insurance_codes(pool, hospital, item, day))
    if as_json:
        print_json([asdict(each) for each in found])
    elif found:
        cells = [
            (each.item_code, each.item_name, each.code, each.valid_from, each.valid_to, each.successor)
            for each in found
        ]
        print_table(
            "Insurance codes", ("item", "name", "code", "valid from", "valid to", "successor"), cells, limit=limit
        )
    if not as_json:
        typer.echo(f"{len(found):,} insurance codes.")
