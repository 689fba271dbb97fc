"""`udi device`: which devices may send scans through the gateway."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import asyncpg
import typer
from pydantic import TypeAdapter, ValidationError

from models.wire.complaints import complaint
from models.wire.strict_json import Hospital, Identifier
from sinks.postgres.web.devices import Device, DeviceBooks
from streams.cli.charging.persons import person
from streams.cli.connection import By, bad, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings
from streams.web.keys import hash_key, new_key

device_app = typer.Typer(help="Devices that may send scans through the gateway.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="DEVICE_ID")]
House = Annotated[str, typer.Option("--hospital", help="Of the device.")]
_HOSPITAL: Final = TypeAdapter[str](Hospital)
_IDENTIFIER: Final = TypeAdapter[str](Identifier)


@device_app.command("add")
def add(  # noqa: PLR0917 -- the options of a command
    device_id: Name,
    hospital: House,
    store: Annotated[str | None, typer.Option(help="Where it stands; a terminal begins with it.")] = None,
    department: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    signs: Annotated[bool, typer.Option("--signs", help="Every scan of it must be signed with its key.")] = False,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Add a device and print its key, this once. Exit 1 when it is there already; `udi device revoke` ends it."""
    _check(_HOSPITAL, hospital, "hospital")
    for name, value in (("device id", device_id), ("store", store), ("department", department)):
        if value is not None:
            _check(_IDENTIFIER, value, name)
    key = new_key()
    signing_key = key.encode() if signs else None
    device = Device(hospital, device_id, hash_key(key), signing_key, store, department, datetime.now(UTC), None)

    async def work(_: Settings, pool: asyncpg.Pool) -> bool:
        return await DeviceBooks(pool).add(device, person(by))

    if not run(work, may_be_new=True):
        typer.echo(f"{device_id} of {hospital} is there already; `udi device revoke` ends it, then add it anew.")
        raise typer.Exit(1)
    if as_json:
        print_json({"hospital": hospital, "device_id": device_id, "key": key, "signs": signs})
        return
    typer.echo(f"{device_id} of {hospital} may send. Its key is shown this once:\n{key}")


@device_app.command("list")
@listing
def list_devices(
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None, as_json: AsJson = False
) -> None:
    """Every device, since when it may send, and until when it might."""

    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return await DeviceBooks(pool).all(None if hospital is None else [hospital])

    rows = run(work)
    if as_json:
        print_json(rows)
        return
    columns = ("hospital", "device", "store", "department", "signs", "added by", "added", "revoked")
    cells = [
        (*(row[each] for each in ("hospital", "device_id", "store", "department", "signs", "added_by")),
         row["added_at"].astimezone(), row["revoked_at"] and row["revoked_at"].astimezone())
        for row in rows
    ]  # fmt: skip
    print_table("Devices", columns, cells)


@device_app.command("revoke")
def revoke(device_id: Name, hospital: House, by: By = None) -> None:
    """End a device's right to send, within seconds. Exit 1 when it has none."""

    async def work(_: Settings, pool: asyncpg.Pool) -> bool:
        return await DeviceBooks(pool).revoke(hospital, device_id, person(by))

    if not run(work):
        typer.echo(f"Expected a device of {hospital} that may send, found none named {as_written(device_id)}.")
        raise typer.Exit(1)
    typer.echo(f"{device_id} of {hospital} may not send any more.")


def _check(kind: TypeAdapter[str], value: str, name: str) -> None:
    try:
        kind.validate_python(value)
    except ValidationError as error:
        bad(f"{name}: {complaint(error).expected}")
