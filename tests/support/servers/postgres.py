"""Fresh databases on a running server."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from sinks.postgres.migrating import upgrade_schema

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


async def drop_database(server_url: str, url: str) -> None:
    """Remove a database made by `create_database`, ending the connections a test has left open."""
    name = name_of(url)
    await _execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection, closed when left."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


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
