"""`udi correct`: a scan of which something was wrong is taken back, and scanned right."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from pydantic import ValidationError

from models.charging.commands import CommandKind, Correction
from models.wire.complaints import complaint
from rules.charging.correcting import objection
from sinks.postgres.charging.parked_and_held import readings_of
from streams.cli.charging.persons import Hospital, Timeout, command, scan_named
from streams.cli.connection import By, Why, bad, run
from streams.settings import Settings


def correct(  # noqa: PLR0917 -- the options of a command
    scan_id: Annotated[str, typer.Argument(metavar="SCAN_ID")],
    reason: Why,
    quantity: Annotated[int | None, typer.Option(help="Packages of the level scanned.")] = None,
    encounter: Annotated[str | None, typer.Option(help="For whom it was.")] = None,
    item: Annotated[str | None, typer.Option(help="Item code, in place of what the label says.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="What the label really says; once for each barcode.")] = None,
    reading: Annotated[int | None, typer.Option(help="Which of the readings of report.readings is right.")] = None,
    department: Annotated[str | None, typer.Option(help="Whose use it was.")] = None,
    document: Annotated[str | None, typer.Option(help="Set or note that it belongs to.")] = None,
    by: By = None,
    hospital: Hospital = None,
    timeout: Timeout = 30.0,
) -> None:
    """Take a scan back and have a scan with the right content take its place. Exit 1 when it can't be done."""
    codes = code or None
    if reading is not None:
        if any(each is not None for each in (quantity, encounter, item, codes, department, document)):
            bad("Expected --reading alone: the goods get the lot of that reading, and nothing else changes.")

        async def work(_: Settings, pool: asyncpg.Pool) -> dict[str, str]:
            scan, _house = await scan_named(pool, scan_id, hospital)
            return await _reading_of(pool, scan, reading)

        meant = run(work)
        raise typer.Exit(command(CommandKind.IDENTIFY, [scan_id], reason, by, hospital, timeout, meant))
    given = {
        "quantity": quantity,
        "encounter": encounter,
        "item_code": item,
        "codes": codes,
        "department": department,
        "document": document,
    }
    body = {name: value for name, value in given.items() if value is not None}
    try:
        correction = Correction.model_validate(body)
    except ValidationError as error:
        bad(complaint(error).expected)
    against = objection(correction, datetime.now(UTC).date())
    if against is not None:
        bad(against.text)
    raise typer.Exit(command(CommandKind.CORRECT, [scan_id], reason, by, hospital, timeout, body))


async def _reading_of(pool: asyncpg.Pool, scan: UUID, number: int) -> dict[str, str]:
    """What a reading says, as `models.charging.commands.Identification` takes it."""
    readings = await readings_of(pool, scan)
    meant = next((each for each in readings if each.reading == number), None)
    if meant is None or meant.di is None:
        known = ", ".join(str(each.reading) for each in readings) or "none"
        bad(f"Expected one of the scan's readings with an identifier ({known}), got {number}.")
    said = {"lot": meant.lot, "serial": meant.serial, "expiry": meant.expiry, "production": meant.production}
    return {name: str(value) for name, value in said.items() if value is not None}
