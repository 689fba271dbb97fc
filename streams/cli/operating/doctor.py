"""`udi doctor`: what the machine and the settings need, line by line, and how to mend what is not as it should be."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import asyncpg
import typer
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from sinks.postgres.database import open_pool
from streams.cli.connection import quiet
from streams.cli.faults import wrong_setting
from streams.cli.operating.doctor_machine import Line, State, machine
from streams.cli.operating.doctor_parts import broker, database
from streams.cli.shown import AsJson, Console, print_json
from streams.settings import Settings, SettingsError, resolve
from streams.waiting import bounded

SECONDS_MAX = 30.0
"""A part that has not answered by then does not answer."""
_STYLES = {State.OK: "green", State.NOT_OK: "bold red", State.SKIPPED: "yellow"}


def doctor(*, as_json: AsJson = False) -> None:
    """Check what the machine and the settings need, and say how to mend it; exit 1 when something is not ok."""
    quiet()
    lines = asyncio.run(examine())
    if as_json:
        print_json([asdict(line) for line in lines])
    else:
        _show(lines)
    raise typer.Exit(1 if any(line.state is State.NOT_OK for line in lines) else 0)


async def examine() -> list[Line]:
    """Every line, in order. What can't be looked at because something before it is missing is skipped."""
    try:
        settings = Settings()
    except (ValidationError, SettingsError, OSError) as error:
        wrong = wrong_setting(error) if isinstance(error, ValidationError) else _first(error)
        mend = "set it right, in the environment or the file"
        return [*machine(None), Line("settings", State.NOT_OK, wrong, mend)]
    lines = machine(settings)
    try:
        resolved = resolve(settings)
    except SettingsError as error:
        state = State.SKIPPED if settings.embedded else State.NOT_OK
        mend = "start them with `udi run` or `udi demo --keep`" if settings.embedded else "set both, or neither"
        text = f"no embedded parts run in {settings.data_dir}" if settings.embedded else str(error)
        return [*lines, Line("broker and database", state, text, mend)]
    return [*lines, *await _broker(resolved), *await _database(resolved)]


async def _broker(settings: Settings) -> list[Line]:
    try:
        return await bounded(broker(settings), SECONDS_MAX)
    except (KafkaError, OSError, TimeoutError) as error:
        text = f"no answer from {settings.bootstrap_servers} ({type(error).__name__})"
        mend = "check UDI_BOOTSTRAP_SERVERS, UDI_SECURITY_PROTOCOL and the network"
        return [Line("broker", State.NOT_OK, text, mend)]


async def _database(settings: Settings) -> list[Line]:
    try:
        pool = await bounded(open_pool(settings.database(), 2), SECONDS_MAX)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        text = f"no connection ({type(error).__name__})"
        return [Line("database", State.NOT_OK, text, "check UDI_DATABASE_URL, the password and the network")]
    try:
        return await bounded(database(settings, pool), SECONDS_MAX)
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        return [Line("database", State.NOT_OK, f"{type(error).__name__}: {_first(error)}", "see the database's log")]
    finally:
        pool.terminate()


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def _show(lines: Sequence[Line]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        found = Text(line.found)
        if line.mend and line.state is not State.OK:
            found.append(f"\n→ {line.mend}", style=_STYLES[line.state])
        table.add_row(Text(line.state.value, _STYLES[line.state]), line.name, found)
    console = Console(highlight=False)
    console.print(table)
    failed = sum(line.state is State.NOT_OK for line in lines)
    console.print(f"\n{failed} not ok." if failed else "\nEverything looked at is ok.")
