"""Connections to PostgreSQL: pools, and the way to the migrations."""

import asyncio
import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from models.calendar import ZONE_DEFAULT
from sinks.postgres.elements import ask_plain_classes_first
from sinks.postgres.named import Asked, fetch

log = structlog.get_logger(__name__)

WAIT_SECONDS = 1.0
COMMAND_SECONDS_MAX: Final = 65.0
"""The database ends a statement first, so that its error says why."""
_REVISIONS = re.compile(r'^(down_)?revision = (?:"(\w+)"|None)$', re.MULTILINE)


@cache
def schema_revision() -> str:
    """The newest migration: the one that no other follows. Read as text, for only `udi init` loads the tools."""
    found: dict[str, set[str]] = {"": set(), "down_": set()}
    for file in (files("sinks.postgres") / "migrations" / "versions").iterdir():
        if file.name[:1].isdigit():
            for down, revision in _REVISIONS.findall(file.read_text(encoding="utf-8")):
                found[down].add(revision)
    (newest,) = found[""] - found["down_"]
    return newest


SESSION_SETTINGS: Final = {
    "idle_in_transaction_session_timeout": "10s",  # A process frozen in a transaction loses its locks.
    "lock_timeout": "15s",  # Who waits longer for a lock tells it, and tries again.
    "statement_timeout": "60s",
    "client_connection_check_interval": "5s",  # A statement of a client that is gone ends.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""Of every connection of a service: nobody holds for long what others wait for. No source: ours; a standby must work
within 15 s of its leader's standstill, and the lease ends after 10."""

WORKER_NAME: Final = "udistream worker"
"""The name of a worker's connections."""
HOT_PATH_SETTINGS: Final = {
    # The keys are few and the tables large and indexed; a plan cached while they were empty must not scan them later.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "jit": "off",
    # A plan for every call, as arrays of another length would have it, costs more than the small batch it is for.
    "plan_cache_mode": "force_generic_plan",
    "application_name": WORKER_NAME,
}
"""Of the connections that gather and record."""


async def open_pool(url: str, size: int, *, hot: bool = False) -> asyncpg.Pool:
    """A pool of connections; `hot` for those that gather and record.

    No session state is set per call: what a connection needs is set when it is made (docs/adr/0002). So nothing is
    reset when it comes back, which would be one more round trip for every query; an open transaction still ends then.
    """
    ask_plain_classes_first()
    settings = SESSION_SETTINGS | (HOT_PATH_SETTINGS if hot else {"application_name": "udistream"})
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        server_settings=settings,
        command_timeout=COMMAND_SECONDS_MAX,
        timeout=10,
        max_inactive_connection_lifetime=0,
        reset=_as_it_is,
    )


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """Nothing is to be reset (tests/tidy/test_queries.py)."""


async def open_pool_patiently(url: str, size: int, *, hot: bool = False) -> asyncpg.Pool:
    """As `open_pool`, and waits for a database that is away."""
    while True:
        try:
            return await open_pool(url, size, hot=hot)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            log.warning("Waiting for the database.", error=type(error).__name__)
            await asyncio.sleep(WAIT_SECONDS)


class Installation(NamedTuple):
    """What was fixed at `udi init` and may not change under the books."""

    topic_prefix: str
    """Before every topic's name."""
    lanes: int
    """Partitions of the scan topic."""
    zone: str
    """The hospitals' time zone, as IANA names it."""


async def revision_of(asked: Asked) -> str | None:
    """The migration the books stand at; `None` for a database without books."""
    if await asked.fetchval("SELECT to_regclass('udi.installation')") is None:
        return None
    revision: str | None = await asked.fetchval("SELECT version_num FROM public.alembic_version")
    return revision


async def serves(asked: Asked, revision: str) -> bool:
    """The services of that revision run on the books as they stand (docs/adr/0013-served-revisions.md)."""
    if await asked.fetchval("SELECT to_regclass('udi.served')") is None:
        return False
    found: bool = await asked.fetchval("SELECT EXISTS (SELECT FROM udi.served WHERE revision = $1)", revision)
    return found


async def installation_of(asked: Asked) -> Installation | None:
    """What was fixed; `None` before `udi init` has.

    Raises:
        asyncpg.UndefinedTableError: the database has no books.
    """
    found = await fetch(asked, Installation, "SELECT topic_prefix, lanes, zone FROM udi.installation")
    return found[0] if found else None


async def create_if_missing(connection: asyncpg.Connection, name: str) -> None:
    """A database of that name, made when the server has none. Idempotent; `name` is an identifier of ours."""
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"CREATE DATABASE {name}")


class WrongBooksError(Exception):
    """The books are not those of these settings, or not of this version; the text says what to mend."""


async def check_books(pool: asyncpg.Pool, topic_prefix: str, lanes: int, zone: ZoneInfo) -> None:
    """See that the books were made for these settings and serve this version: a service must not start on others.

    Raises:
        WrongBooksError: They were not, or there are none.
        asyncpg.PostgresError, OSError, TimeoutError: The database is away.
    """
    revision = await revision_of(pool)
    if revision is None:
        raise WrongBooksError("Expected the books in the database, found none; `udi init` makes them.")
    if not await serves(pool, schema_revision()):
        raise WrongBooksError(
            f"Expected books that serve revision {schema_revision()}, got {revision}: `udi init` brings older books "
            "up; newer ones need the newer version of udistream."
        )
    names = ("UDI_TOPIC_PREFIX", "UDI_LANES", "UDI_TIME_ZONE")
    made = await installation_of(pool) or (None, None, None)
    wrong = [
        f"{name}={found} is set, the books were made with {fixed}"
        for name, fixed, found in zip(names, made, (topic_prefix, lanes, zone.key), strict=True)
        if fixed != found
    ]
    if wrong:
        raise WrongBooksError(f"Expected the settings the books were made with: {'; '.join(wrong)}.")


async def migrate(url: str, topic_prefix: str, lanes: int, zone: ZoneInfo = ZONE_DEFAULT) -> None:
    """Bring the schema to the newest revision and fix what may not change under the books. Idempotent.

    Raises:
        ValueError: the books were made for another prefix, number of lanes or time zone.
    """
    from sinks.postgres.migrating import upgrade  # noqa: PLC0415 -- only `udi init` needs the tools of migrations

    await upgrade(url, topic_prefix, lanes, zone)
