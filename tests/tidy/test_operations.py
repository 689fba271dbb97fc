"""What docs/operations.md tells people to type works."""

import re
from pathlib import Path
from typing import Final

import asyncpg
import typer

from sinks.postgres.observation import OBSERVE_SECONDS, OBSERVE_STOCK_SECONDS
from streams.cli.main import app
from streams.lanes.watchdog import EXIT_STUCK
from streams.running import SERVICES
from streams.services.relay.publisher import LEASE_SECONDS
from streams.settings import Settings
from tests.support.databases.books import prepare

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


async def test_every_query_runs_on_the_books(database: str) -> None:
    await prepare(database, 1)
    queries = re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL)
    assert queries
    connection = await asyncpg.connect(database)
    try:
        for query in queries:
            await connection.fetch(query)
    finally:
        await connection.close()


def test_every_command_exists() -> None:
    named = re.findall(r"`udi ([a-z][a-z-]+)((?: [a-z]+)*)", PAGE)
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert {command for command, _ in named} <= commands
    assert {each for command, rest in named if command == "run" for each in rest.split()} == set(SERVICES)


def test_every_setting_exists() -> None:
    named = set(re.findall(r"UDI_[A-Z_]+", PAGE))
    assert named <= {f"UDI_{field.upper()}" for field in Settings.model_fields}


def test_every_file_and_heading_that_is_named_exists() -> None:
    files = set(re.findall(r"`((?:docs|rules|tests|sinks|streams|deploy)/[\w./-]+)`", PAGE))
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"\(#([\w-]+)\)", PAGE)) <= headings


def test_figures_are_those_of_the_code() -> None:
    figures = (
        f"every {OBSERVE_SECONDS:g} s",
        f"every {OBSERVE_STOCK_SECONDS:g} s",
        f"`UDI_WATCHDOG_SECONDS` ({Settings.model_fields['watchdog_seconds'].default:g} s)",
        f"exit code {EXIT_STUCK}",
        f"after {LEASE_SECONDS:g} s",
    )
    assert [figure for figure in figures if figure not in " ".join(PAGE.split())] == []
