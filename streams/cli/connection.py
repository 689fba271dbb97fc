"""What a command needs to reach: settings, database, broker. What is away is said in one line, exit status 2."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time
from difflib import SequenceMatcher
from typing import Annotated, Final, NoReturn, TypeVar

import asyncpg
import typer
from pydantic import ValidationError

from models.monitoring.rule import EVERY_HOSPITAL
from sinks.postgres.database import check_books, open_pool
from sinks.postgres.stock.names import Named, is_item, names_of
from streams import logs
from streams.cli.faults import sentence
from streams.cli.help_page import hospitals_given
from streams.cli.shown import show_in
from streams.settings import Settings, resolve

T = TypeVar("T")

POOL_SIZE = 4
NAMES_SHOWN: Final = 10
"""So many names are shown; of more the nearest. Ours."""


def bad(line: str) -> NoReturn:
    """Bad use or input: one line that says what was expected and what came."""
    typer.echo(f"udi: {line}", err=True)
    raise typer.Exit(2)


def in_words(parameter: typer.CallbackParam, value: str | None) -> str | None:
    """What a person says of a deed, or who it is, as it is kept: some words; unset stays unset, where it may be."""
    if value is not None and not value.strip():
        bad(f"Expected some words for {parameter.opts[0]}, got only blanks.")
    return value


Why = Annotated[str, typer.Option("--reason", help="Why; it is kept.", callback=in_words)]
By = Annotated[str | None, typer.Option(help="Who; unset: the name you are logged in with.", callback=in_words)]


def read_settings() -> Settings:
    """The settings, or one line about the first that is wrong, exit status 2."""
    try:
        return Settings()
    except (ValidationError, ValueError, OSError) as error:
        bad(sentence(error) or f"Expected a settings file in TOML, got {error}.")


def instant(option: str, text: str) -> datetime:
    """A local day (its midnight), or an instant with an offset."""
    try:
        if "T" not in text:
            return datetime.combine(datetime.fromisoformat(text).date(), time(), read_settings().zone)
        at = datetime.fromisoformat(text)
    except ValueError:
        bad(f"{option}: expected a day like 2022-06-30 or an instant with offset, got {text!r}.")
    if at.tzinfo is None:
        bad(f"{option}: expected an instant with offset, got {text!r}.")
    return at


def quiet() -> None:
    """What libraries would log, the command says itself."""
    logs.configure(level="CRITICAL")
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def run(work: Callable[[Settings, asyncpg.Pool], Awaitable[T]], *, may_be_new: bool = False) -> T:
    """Run a command's work with a pool of the books, and end it with the command.

    A hospital that the command was given, `--hospital` or HOSPITAL, is one that the books know: an all-clear for a name
    that is a slip would hide what is open under the right one.

    Args:
        work: What the command does.
        may_be_new: The command tells something of a hospital, as before its first record: any name will do.

    Raises:
        SettingsError: there is no address to go to.
        typer.Exit: database or broker did not answer, or the hospital is not known; it has been said.
    """
    named = () if may_be_new else hospitals_given()

    async def main(settings: Settings) -> T:
        pool = await open_pool(settings.database(), POOL_SIZE)
        try:
            await check_books(pool, settings.topic_prefix, settings.lanes, settings.zone)
            await _check_hospitals(pool, named)
            return await work(settings, pool)
        finally:
            pool.terminate()

    return run_at_broker(main)


def run_at_broker(work: Callable[[Settings], Awaitable[T]]) -> T:
    """Run a command's work that needs no database. Raises as `run` does."""
    quiet()
    settings = resolve(read_settings())
    show_in(settings.zone)

    async def main() -> T:
        return await work(settings)

    try:
        return asyncio.run(main())
    except Exception as error:
        line = sentence(error)
        if line is None:
            raise
        bad(line)


async def _check_hospitals(pool: asyncpg.Pool, named: Sequence[tuple[str, str]]) -> None:
    if all(name == EVERY_HOSPITAL for _, name in named):
        return
    known, listed = await names_of(pool, Named.HOSPITAL, None)
    for form, name in named:
        if name not in known and name != EVERY_HOSPITAL:
            bad(unknown(form, name, listed))


def of_known(
    work: Callable[[Settings, asyncpg.Pool], Awaitable[T]], *, hospital: str | None = None, store: str | None = None,
    supplier: str | None = None, department: str | None = None, item: str | None = None, option: str = "--{}",
) -> Callable[[Settings, asyncpg.Pool], Awaitable[T]]:  # fmt: skip
    """The work of a command, once the books know the names it is given; `None`: none was.

    References: docs/store.md, "Names that the books do not know".

    Args:
        work: As `run` takes it.
        hospital: Its stores and suppliers alone are looked at. `run` has refused an unknown one.
        store: Or a place of one.
        supplier: Of goods or items.
        department: Of patients, devices or scans.
        item: Code of an item.
        option: How store and supplier are called where they are no options.

    Raises:
        typer.Exit: with status 2, by the work, when a name is not known; it has been said.
    """

    async def checked(settings: Settings, pool: asyncpg.Pool) -> T:
        given = ((Named.STORE, store), (Named.SUPPLIER, supplier), (Named.DEPARTMENT, department))
        for named, name in given:
            if name is not None:
                known, listed = await names_of(pool, named, hospital)
                if name not in known:
                    bad(unknown(option.format(named.value), name, listed))
        if item is not None and not await is_item(pool, item):
            bad(f"Expected an item of the catalogue, found none with code {item!r}.")
        return await work(settings, pool)

    return checked


def unknown(what: str, name: str, known: Sequence[str]) -> str:
    """What is said of a name that is none of those: all of them, or of many the nearest."""
    if not known:
        return f"{what}: expected a name that the books know, they know none yet, got {name!r}."
    if len(known) <= NAMES_SHOWN:
        return f"{what}: expected one of {', '.join(known)}, got {name!r}."
    plain = name.casefold()
    nearest = sorted(known, key=lambda each: (-SequenceMatcher(None, plain, each.casefold()).ratio(), each))
    return f"{what}: expected one of {len(known):,} names, like {', '.join(nearest[:NAMES_SHOWN])}, got {name!r}."
