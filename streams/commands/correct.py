"""`udi correct`: a scan whose quantity, encounter, item or department was wrong is taken back, and scanned right."""

from typing import Annotated

import typer
from pydantic import ValidationError

from models.commands import CommandKind, Correction
from streams.commands.connection import bad
from streams.commands.persons import By, Hospital, Timeout, Why, command


def correct(  # noqa: PLR0917 -- the options of a command
    scan_id: Annotated[str, typer.Argument(metavar="SCAN_ID")],
    reason: Why,
    quantity: Annotated[int | None, typer.Option(help="Packages of the level scanned.")] = None,
    encounter: Annotated[str | None, typer.Option(help="For whom it was.")] = None,
    item: Annotated[str | None, typer.Option(help="Item code, in place of what the label says.")] = None,
    department: Annotated[str | None, typer.Option(help="Whose use it was.")] = None,
    by: By = None,
    hospital: Hospital = None,
    timeout: Timeout = 30.0,
) -> None:
    """Take a scan back and have a scan with the right content take its place. Exit 1 when it can't be done."""
    given = {"quantity": quantity, "encounter": encounter, "item_code": item, "department": department}
    body = {name: value for name, value in given.items() if value is not None}
    try:
        Correction.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        bad(f"{first['msg'].removeprefix('Value error, ')}, got {first.get('input')!r}.")
    raise typer.Exit(command(CommandKind.CORRECT, [scan_id], reason, by, hospital, timeout, body))
