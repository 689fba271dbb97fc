"""`udi untraced`: uses of tracked goods whose label did not say which serial or lot; a recall will ask for them."""

from dataclasses import asdict
from typing import Annotated
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.reasons import Reason
from sinks.postgres.charging.policies import Untraced
from sinks.postgres.charging.policies import untraced as untraced_uses
from streams.cli.charging.telling import listed_id
from streams.cli.connection import run
from streams.cli.lists import listing
from streams.cli.phrases import told_cell
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.settings import Settings


@listing
def untraced(
    department: Annotated[str | None, typer.Option(help="Only this department.")] = None,
    item: Annotated[str | None, typer.Option(help="Only this item.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Uses of tracked goods that name no serial or no lot, still with the patient. Exit 1 when there are any."""

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[list[Untraced], ZoneInfo]:
        return await untraced_uses(pool, department, item), settings.zone

    found, zone = run(work)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        typer.echo("Every use of tracked goods says which.")
    else:
        rows = [
            (
                each.scanned_at.astimezone(zone),
                _missing(each),
                joined((each.item_code, each.lot, each.serial)),
                each.quantity,
                joined((each.encounter, each.department)),
                listed_id(each.scan_id),
            )
            for each in found
        ]
        columns = ("used", "missing", "item / lot / serial", ">units", "patient", "scan")
        print_table("Tracked goods whose label did not say which", columns, rows, limit=limit)
        typer.echo("Find the label and `udi correct SCAN_ID --code TEXT --reason …`.")
    raise typer.Exit(int(bool(found)))


def _missing(each: Untraced) -> str:
    flags = ((Reason.SERIAL_MISSING, "serial"), (Reason.LOT_MISSING, "lot"))
    return joined(told_cell(word) if reason in each.reasons else None for reason, word in flags)
