"""`udi`: every command in its panel, in both languages, loaded when it is asked for and not before."""

import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from models.wording import LOCALES, texts
from streams import language
from streams.cli.commands import COMMANDS, Panel
from streams.cli.main import app

HEAVY = (
    "alembic", "sqlalchemy", "faust", "numpy", "scipy", "matplotlib", "xlsxwriter", "starlette",
    "streams.running", "streams.services", "streams.simulator", "streams.proofs", "sinks.postgres.migrating",
)  # fmt: skip
"""What a look-up has no use for: it is loaded by those who need it, when they need it."""
NEEDED = {"relay": {"streams.services"}, "lane": {"streams.services"}}
"""Commands whose own work it is: what would stop the relay, and the lanes behind it."""


@pytest.mark.parametrize("entry", COMMANDS, ids=[entry.name for entry in COMMANDS])
def test_every_command_of_the_table_loads(entry: Any) -> None:
    made: Any = typer.main.get_command(app)
    assert made.commands[entry.name].name == entry.name


@pytest.mark.parametrize("locale", LOCALES)
def test_every_command_and_panel_has_one_line_in_every_language(locale: str) -> None:
    words = texts(f"cli.{locale}")
    assert set(words["command"]) == {entry.name for entry in COMMANDS}
    assert set(words["panel"]) == set(Panel)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_help_shows_every_panel_and_cuts_no_text(locale: str) -> None:
    shown = CliRunner().invoke(app, ["--lang", locale, "--help"], env={"COLUMNS": "80"}).stdout

    words = texts(f"cli.{locale}")
    at = [shown.index(words["panel"][panel] + ":") for panel in Panel]
    assert at == sorted(at)
    flowing = " ".join(shown.split())
    assert [name for name, text in words["command"].items() if f" {name} {text}" not in flowing] == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "UDI_LANG": "zh-CN"}, "zh-CN"),
    ],
)
def test_the_language_is_that_of_the_terminal(environment: dict[str, str], expected: str) -> None:
    language.choose_by(environment)
    assert language.language() == expected


def test_a_language_without_texts_is_refused() -> None:
    assert CliRunner().invoke(app, ["--lang", "fr", "held"]).exit_code == 2


def loaded(program: str) -> set[str]:
    """The modules that a program has loaded at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(ended.stdout.split())


@pytest.mark.starts
def test_the_help_loads_no_command() -> None:
    found = loaded("from streams.cli.main import app")
    assert found.isdisjoint({*HEAVY, "asyncpg", "aiokafka", "pydantic", "rich.console"})
    assert not any(name.startswith(("sinks", "rules", "streams.embedded")) for name in found)


@pytest.mark.starts
def test_no_command_loads_services_simulator_migrations_or_numerics_before_it_needs_them() -> None:
    where = {entry.name: entry.where.partition(":")[0] for entry in COMMANDS}
    program = (
        "import importlib, sys\n"
        f"for name, module in {where!r}.items():\n"
        "    before = set(sys.modules); importlib.import_module(module)\n"
        f"    print(name, *({set(HEAVY)!r} & (set(sys.modules) - before)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    brought = {name: set(found) for name, *found in map(str.split, ended.stdout.splitlines())}
    assert set(brought) == set(where)
    unneeded = {name: found - NEEDED.get(name, set()) for name, found in brought.items()}
    assert {name: found for name, found in unneeded.items() if found} == {}


LOOKS = (
    "held", "scan", "parked", "untraced", "differences", "case", "stock", "trace", "recall", "expiring", "receiving",
    "statement", "devices", "alerts", "month", "figures", "tie-out", "ratios", "scan-rate", "findings", "status",
)  # fmt: skip


@pytest.mark.starts
def test_looking_into_the_books_loads_no_client_of_the_broker() -> None:
    looks = [entry.where.partition(":")[0] for entry in COMMANDS if entry.name in LOOKS]
    assert len(looks) == len(LOOKS)
    assert "aiokafka" not in loaded("import " + ", ".join(looks))
