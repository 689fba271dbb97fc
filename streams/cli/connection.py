"""What a command needs to reach: settings, database, broker. What is away is said in one line, exit status 2."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import asyncpg
import typer
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from sinks.postgres.database import open_pool
from streams import logs
from streams.settings import Settings, resolve

T = TypeVar("T")

POOL_SIZE = 4


def bad(line: str) -> NoReturn:
    """Bad use or input: one line that says what was expected and what came."""
    typer.echo(f"udi: {line}", err=True)
    raise typer.Exit(2)


def read_settings() -> Settings:
    """The settings, or one line about the first that is wrong, exit status 2."""
    try:
        return Settings()
    except ValidationError as error:
        bad(wrong_setting(error))
    except OSError as error:
        bad(f"Expected a settings file that can be read, got {error.filename}: {error.strerror}.")


def wrong_setting(error: ValidationError) -> str:
    """The first setting that is wrong, what was expected and what came; nothing of a secret."""
    first = error.errors(include_url=False)[0]
    name = "UDI_" + "_".join(str(part) for part in first["loc"]).upper()
    came = "" if any(word in name for word in ("PASSWORD", "URL")) else f", got {first.get('input')!r}"
    return f"{name}: {first['msg']}{came}."


def quiet() -> None:
    """What libraries would log, the command says itself."""
    logs.configure(level="CRITICAL")
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def run(work: Callable[[Settings, asyncpg.Pool], Awaitable[T]]) -> T:
    """Run a command's work with a pool of the books, and end it with the command.

    Raises:
        SettingsError: there is no address to go to.
        typer.Exit: database or broker did not answer; it has been said.
    """

    async def main(settings: Settings) -> T:
        pool = await open_pool(settings.database(), POOL_SIZE)
        try:
            return await work(settings, pool)
        finally:
            pool.terminate()

    return run_at_broker(main)


def run_at_broker(work: Callable[[Settings], Awaitable[T]]) -> T:
    """Run a command's work that needs no database. Raises as `run` does."""
    quiet()
    settings = resolve(read_settings())

    async def main() -> T:
        return await work(settings)

    try:
        return asyncio.run(main())
    except asyncpg.UndefinedTableError:
        bad("Expected the books in the database, found none; `udi init` makes them.")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        bad(f"The database did not do what was asked ({type(error).__name__}: {_first_line(error)}); see `udi doctor`.")
    except KafkaError as error:
        bad(f"The broker did not do what was asked ({type(error).__name__}); see `udi doctor`.")
    except (OSError, TimeoutError) as error:
        bad(f"Database or broker did not answer ({type(error).__name__}); see `udi doctor`.")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
