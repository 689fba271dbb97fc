"""`udi init` and `udi run`."""

import asyncio
from typing import Annotated

import typer

from streams import logs, running
from streams.cli.connection import read_settings
from streams.cli.operating.doctor_topics import durability_now
from streams.settings import SettingsError, resolve


def init() -> None:
    """Migrate the database and make the topics; again changes nothing."""
    settings = resolve(read_settings())
    try:
        made = asyncio.run(running.initialise(settings))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    typer.echo(f"Database ready. Topics made: {', '.join(made) or 'none, all were there'}.")
    for each in asyncio.run(durability_now(settings)):
        typer.echo(f"{each.name}: {each.found}\n→ {each.mend}", err=True)


def run(names: Annotated[list[str] | None, typer.Argument(metavar="[worker|relay|scheduler|gateway]…")] = None) -> None:
    """Run services; all of them when none is named, over embedded parts when no addresses are set."""
    logs.configure()
    unknown = [name for name in names or () if name not in running.SERVICES]
    if unknown:
        raise SettingsError(f"Expected services out of {', '.join(running.SERVICES)}; got {', '.join(unknown)}.")
    settings = read_settings()
    if names and len(names) == 1:
        running.run_one(names[0], resolve(settings))
    else:
        running.run_together(settings, names or running.SERVICES)
