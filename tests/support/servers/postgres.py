"""Fresh databases on a running server."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from models.calendar import ZONE_DEFAULT
from sinks.postgres.database import migrate, schema_revision
from sinks.postgres.migrating import install, upgrade_schema
from streams.embedded.database import EmbeddedDatabase

GONE_SECONDS_MAX: Final = 60
_address: ContextVar[str] = ContextVar("_address")
_CATALOGS: Final = (
    "pg_proc", "pg_attribute", "pg_constraint", "pg_trigger", "pg_type", "pg_enum", "pg_index", "pg_attrdef",
    "pg_inherits", "pg_rewrite", "pg_policy", "pg_extension", "pg_event_trigger", "pg_default_acl",
    "pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
)  # fmt: skip
_DEFINED: Final = f"""
SELECT {", ".join(f"(SELECT ROW(count(*), sum(xmin::text::bigint))::text FROM {each})" for each in _CATALOGS)},
       (SELECT md5(string_agg(ROW(oid, relname, relnamespace, relkind, relowner, relacl, reloptions, relrowsecurity,
                                  relhastriggers, relpartbound)::text, '' ORDER BY oid))
        FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't'),
       (SELECT count(*) FROM pg_largeobject_metadata),
       (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database())
"""
"""Changes whenever what is in the schema does, with the rights to it and its settings; not by rows, nor by a vacuum."""
WRITTEN: Final = """
SELECT oid::regclass::text AS name FROM pg_class
WHERE relkind = 'r' AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  AND relpersistence <> 't' AND pg_relation_size(oid) > 0
"""
"""Tables that ever held a row since they were made or truncated, also one that was rolled back."""


async def create_database(server_url: str, template: str = "template1") -> str:
    """The address of a new database on the server that `server_url` names, a copy of the template."""
    name = f"test_{uuid.uuid4().hex}"
    await _execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def create_template(server_url: str) -> str:
    """The name of a new database with the newest schema; nobody is connected to it, so it can be copied."""
    url = await create_database(server_url)
    await upgrade_schema(url)
    return name_of(url)


def name_of(url: str) -> str:
    """Of the database at an address."""
    return urlsplit(url).path.removeprefix("/")


async def prepare(url: str, lanes: int) -> None:
    """As `migrate` does; a copy of a template has the schema and its grants already, and is installed only."""
    _address.set(url)
    async with _engine().begin() as connection:
        known = await connection.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
        newest = known and await connection.scalar(text("SELECT version_num FROM public.alembic_version"))
        if newest == schema_revision():
            await install(connection, "udi.", lanes, ZONE_DEFAULT)
            return
    await migrate(url, "udi.", lanes)


@cache
def _engine() -> AsyncEngine:
    """What SQLAlchemy asks of a server before its first statement it asks once: 6 ms of CPU."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(_address.get(), timeout=10)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


async def drop_database(server_url: str, url: str) -> None:
    """Remove a database made by `create_database`, ending the connections a test has left open."""
    name = name_of(url)
    await _execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class Given:
    """Databases with the newest schema and nothing in it; what one test gives back is emptied for the next.

    To copy a template and to remove the copy takes 50 ms of the server's CPU, to empty the few tables that a test has
    written half of that. A database is known by a new name each time, so that nobody who still has the old one finds
    it. One whose schema is no longer that of the template is removed.
    """

    def __init__(self, server: EmbeddedDatabase, template: str) -> None:
        self._server, self._template = server, template
        self._spare: list[str] = []
        self._defined: asyncpg.Record | None = None
        self._seed: dict[str, str] = {}

    async def take(self) -> str:
        """The address of one."""
        if self._spare:
            return self._spare.pop()
        url = await create_database(self._server.url, self._template)
        if self._defined is None:
            async with connected(url) as connection:
                self._defined = await connection.fetchrow(_DEFINED)
                for row in await connection.fetch(WRITTEN):
                    self._seed[row["name"]] = await _rows(connection, row["name"])
        return url

    async def give_back(self, url: str) -> None:
        """Whoever is connected is thrown out."""
        fresh = await self._renamed(url)
        async with connected(fresh) as connection:
            emptied = await self._emptied(connection)
        if emptied:
            self._spare.append(fresh)
        else:
            await drop_database(self._server.url, fresh)

    async def _renamed(self, url: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        async with connected(self._server.url) as connection:
            await connection.execute(f"ALTER DATABASE {name_of(url)} ALLOW_CONNECTIONS false")
            await connection.fetch(
                "SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity WHERE datname = $1",
                name_of(url), GONE_SECONDS_MAX * 1000,
            )  # fmt: skip
            await connection.execute(f"ALTER DATABASE {name_of(url)} RENAME TO {name}")
            await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

    async def _emptied(self, connection: asyncpg.Connection) -> bool:
        """Whether it is as the template is."""
        if await connection.fetchrow(_DEFINED) != self._defined:
            return False
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            written = [row["name"] for row in await connection.fetch(WRITTEN)]
            if others := ", ".join(name for name in written if name not in self._seed):
                await connection.execute(f"TRUNCATE {others} CASCADE")
            for name, rows in self._seed.items():
                if await _rows(connection, name) != rows:
                    await connection.execute(f"TRUNCATE {name} CASCADE")
                    await connection.execute(
                        f"INSERT INTO {name} SELECT * FROM jsonb_populate_recordset(NULL::{name}, $1)", rows
                    )
            await connection.execute("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence")
        return True


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection, closed when left."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def _rows(connection: asyncpg.Connection, table: str) -> str:
    """All of it, in an order of its own."""
    rows: str = await connection.fetchval(
        f"SELECT coalesce(jsonb_agg(t ORDER BY t::text), '[]')::text FROM {table} AS t"
    )
    return rows


async def hash_lightly(url: str) -> None:
    """Let who connects to the server compute the hash of the password once, not 4,096 times: a millisecond of CPU."""
    async with connected(url) as connection:
        await connection.execute("SET scram_iterations = 1")
        user, password = (urlsplit(url).username, urlsplit(url).password)
        await connection.execute(f"ALTER ROLE {user} PASSWORD '{password}'")


async def synchronise(server_url: str, *, on: bool) -> None:
    """Let the server wait for the disk, or not; it has taken the word when this returns."""
    value = "on" if on else "off"
    await _execute(server_url, f"ALTER SYSTEM SET fsync = {value}")
    await _execute(server_url, "SELECT pg_reload_conf()")
    async with connected(server_url) as connection:
        while await connection.fetchval("SELECT setting FROM pg_settings WHERE name = 'fsync'") != value:
            await asyncio.sleep(0.01)


async def _execute(url: str, statement: str) -> None:
    async with connected(url) as connection:
        await connection.execute(statement)
