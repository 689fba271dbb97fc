"""`udi account`: who may sign in to the pages."""

import secrets
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer

from models.web.access import Role
from sinks.postgres.web.accounts import AccountBooks
from streams.cli.charging.persons import person
from streams.cli.connection import By, bad, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written, word
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings
from streams.web.keys import hash_password

account_app = typer.Typer(help="People who may sign in to the pages.", no_args_is_help=True)

PASSWORD_CHARACTERS_MIN: Final = 12
"""NIST SP 800-63B, 5.1.1.2 asks for at least 8; ours is longer."""
Name = Annotated[str, typer.Argument(metavar="NAME")]


@account_app.command("add")
def add(  # noqa: PLR0917 -- the options of a command
    name: Name,
    hospital: Annotated[str, typer.Option("--hospital", help="The one whose figures are seen.")],
    role: Annotated[list[Role], typer.Option("--role", help="May be given several times.")],
    password_file: Annotated[
        Path | None, typer.Option(help="First line is the password; unset: one is made and printed.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Add an account. Exit 1 when one of that name is there; `udi account end` ends it."""
    if not (name.strip() and name.isprintable() and hospital.strip() and hospital.isprintable() and len(name) <= 200):
        bad(f"Expected a name and a hospital of printable characters, got {name!r} and {hospital!r}.")
    password = secrets.token_urlsafe(16) if password_file is None else _first_line(password_file)
    if len(password) < PASSWORD_CHARACTERS_MIN:
        bad(f"Expected a password of at least {PASSWORD_CHARACTERS_MIN} characters, got {len(password)}.")
    roles = sorted(set(role))

    async def work(_: Settings, pool: asyncpg.Pool) -> bool:
        return await AccountBooks(pool).add(name, hospital, roles, hash_password(password), person(by))

    if not run(work, may_be_new=True):
        typer.echo(f"{as_written(name)} is there already; `udi account end` ends it, then add it anew.")
        raise typer.Exit(1)
    if as_json:
        print_json({"name": name, "hospital": hospital, "roles": roles} | _made(password, password_file))
    elif password_file is None:
        typer.echo(f"{as_written(name)} may sign in. The password is shown this once:\n{password}")
    else:
        typer.echo(f"{as_written(name)} may sign in.")


def _made(password: str, file: Path | None) -> dict[str, str]:
    return {"password": password} if file is None else {}


@account_app.command("list")
@listing
def list_accounts(as_json: AsJson = False) -> None:
    """Every account, its hospital and roles."""

    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return await AccountBooks(pool).all()

    rows = run(work)
    if as_json:
        print_json(rows)
        return
    cells = [
        (row["hospital"], row["name"], ", ".join(word(each, "role") for each in row["roles"]), row["added_by"],
         row["added_at"].astimezone(), row["ended_at"] and row["ended_at"].astimezone())
        for row in rows
    ]  # fmt: skip
    print_table("Accounts", ("hospital", "name", "roles", "added by", "added", "access ended"), cells)


@account_app.command("end")
def end(name: Name, by: By = None) -> None:
    """End an account and its sessions. Exit 1 when there is none."""

    async def work(_: Settings, pool: asyncpg.Pool) -> bool:
        return await AccountBooks(pool).end(name, person(by))

    if not run(work):
        typer.echo(f"Expected an account, found none named {as_written(name)}.")
        raise typer.Exit(1)
    typer.echo(f"{as_written(name)} may not sign in any more.")


def _first_line(file: Path) -> str:
    try:
        return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
    except (OSError, UnicodeDecodeError) as error:
        bad(f"Expected a file with a password, got {file}: {error}.")
