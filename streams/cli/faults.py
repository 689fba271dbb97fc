"""What went wrong around a command, in one line: the folder, the database, the broker, the settings. Never a trace."""

import socket
import sys
import tomllib
from collections.abc import Callable
from typing import Any, Final

import asyncpg
from pydantic import ValidationError

from models.wire.complaints import expectation
from sinks.postgres.database import WrongBooksError
from streams.embedded.folder import FolderError
from streams.embedded.process import EmbeddedPartError
from streams.settings import SettingsError

NO_ACCESS = ("InvalidPasswordError", "InvalidAuthorizationSpecificationError", "InvalidCatalogNameError")
NO_ANSWER = ("KafkaConnectionError", "KafkaTimeoutError", "NodeNotReadyError", "RequestTimedOutError")


def sentence(error: BaseException) -> str | None:
    """What a person is told; `None` when the error is nobody's but ours, and must be seen whole."""
    if isinstance(error, _broker_errors()):
        if type(error).__name__ in NO_ANSWER:
            return _away(error)
        return f"The broker did not do what was asked ({type(error).__name__}); see `udi doctor`."
    for kinds, said in _SENTENCES:
        if isinstance(error, kinds):
            return said(error)
    return None


def wrong_setting(error: ValidationError) -> str:
    """The first setting that is wrong, what was expected and what came; nothing of a secret."""
    first = error.errors(include_url=False)[0]
    name = "UDI_" + "_".join(str(part) for part in first["loc"]).upper()
    if first["type"] == "extra_forbidden":
        return f"{name}: expected a setting, there is none of that name."
    came = "" if any(word in name for word in ("PASSWORD", "URL")) else f", got {first.get('input')!r}"
    said = expectation(first)
    return f"{name}: {said}" if said.endswith(".") else f"{name}: {said}{came}."


def _broker_errors() -> tuple[type[BaseException], ...]:
    """Of the broker's client, where it was loaded: a look-up in the books does without it."""
    found = sys.modules.get("aiokafka.errors")
    return (found.KafkaError,) if found is not None else ()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]


def _database(error: BaseException) -> str:
    done = "did not let us in" if type(error).__name__ in NO_ACCESS else "did not do what was asked"
    return f"The database {done} ({type(error).__name__}: {_first_line(error)}); see `udi doctor`."


def _away(error: BaseException) -> str:
    return f"Database or broker did not answer ({type(error).__name__}); see `udi doctor`."


def _system(error: BaseException) -> str:
    where = f" {getattr(error, 'filename', None)}" if getattr(error, "filename", None) else ""
    return f"The system refused{where}: {getattr(error, 'strerror', None) or error}."


_SENTENCES: Final[
    tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[Any], str | None]], ...]
] = (
    ((SettingsError, FolderError, WrongBooksError), str),
    (EmbeddedPartError, _first_line),
    (ValidationError, lambda error: wrong_setting(error) if error.title == "Settings" else None),
    (tomllib.TOMLDecodeError, lambda error: f"Expected a settings file in TOML, got: {error}"),
    (
        (asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError),
        lambda _: "Expected the books in the database, found none or older ones; `udi init` makes them.",
    ),
    ((asyncpg.PostgresError, asyncpg.InterfaceError), _database),
    (
        (ConnectionError, TimeoutError, socket.gaierror),
        _away,
    ),
    (OSError, _system),
)
"""Read top to bottom; the first kind that fits says it."""
