"""`udi correct`: a scan whose quantity, encounter, item or department was wrong is taken back, and scanned right."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer
from pydantic import ValidationError

from models.charging.commands import CommandKind, Correction
from models.udi import Issuer
from models.udi.canonical import gs1_element_string
from rules.charging.correcting import objection
from sinks.postgres.charging.waiting import readings_of
from streams.cli.charging.persons import By, Hospital, Timeout, Why, command
from streams.cli.charging.persons import scan_id as persons_scan
from streams.cli.connection import bad, run


def correct(  # noqa: PLR0917 -- the options of a command
    scan_id: Annotated[str, typer.Argument(metavar="SCAN_ID")],
    reason: Why,
    quantity: Annotated[int | None, typer.Option(help="Packages of the level scanned.")] = None,
    encounter: Annotated[str | None, typer.Option(help="For whom it was.")] = None,
    item: Annotated[str | None, typer.Option(help="Item code, in place of what the label says.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="What the label really says; once for each barcode.")] = None,
    reading: Annotated[int | None, typer.Option(help="Which of the readings of report.readings is right.")] = None,
    department: Annotated[str | None, typer.Option(help="Whose use it was.")] = None,
    by: By = None,
    hospital: Hospital = None,
    timeout: Timeout = 30.0,
) -> None:
    """Take a scan back and have a scan with the right content take its place. Exit 1 when it can't be done."""
    codes = code or None
    if reading is not None:
        codes = [run(lambda _, pool: _code_of(pool, persons_scan(scan_id), reading))]
    given = {
        "quantity": quantity,
        "encounter": encounter,
        "item_code": item,
        "codes": codes,
        "department": department,
    }
    body = {name: value for name, value in given.items() if value is not None}
    try:
        correction = Correction.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        bad(f"{first['msg'].removeprefix('Value error, ')}, got {first.get('input')!r}.")
    against = objection(correction, datetime.now(UTC).date())
    if against is not None:
        bad(against)
    raise typer.Exit(command(CommandKind.CORRECT, [scan_id], reason, by, hospital, timeout, body))


async def _code_of(pool: asyncpg.Pool, scan: UUID, number: int) -> str:
    """The code of a reading, with the separators it had lost."""
    rows = await readings_of(pool, scan)
    row = next((row for row in rows if row.reading == number), None)
    if row is None or row.issuer != Issuer.GS1 or row.di is None:
        known = ", ".join(str(row.reading) for row in rows) or "none"
        bad(f"Expected one of the scan's readings with an identifier ({known}), got {number}.")
    named = {"lot": row.lot, "serial": row.serial, "expiry": row.expiry, "production": row.production}
    parts: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    return "]d2" + gs1_element_string(row.di, **parts)
