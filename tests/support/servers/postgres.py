"""Fresh databases on a running server."""

import asyncio
import uuid
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from sinks.postgres.migrating import upgrade_schema


async def create_database(server_url: str, template: str = "template1") -> str:
    """The address of a new database on the server that `server_url` names, a copy of the template."""
    name = f"test_{uuid.uuid4().hex}"
    await _execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def create_template(server_url: str) -> str:
    """The name of a new database with the newest schema; nobody is connected to it, so it can be copied."""
    url = await create_database(server_url)
    await upgrade_schema(url)
    return urlsplit(url).path.removeprefix("/")


async def drop_database(server_url: str, url: str) -> None:
    """Remove a database made by `create_database`, ending the connections a test has left open."""
    name = urlsplit(url).path.removeprefix("/")
    await _execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def synchronise(server_url: str, *, on: bool) -> None:
    """Let the server wait for the disk, or not; it has taken the word when this returns."""
    value = "on" if on else "off"
    await _execute(server_url, f"ALTER SYSTEM SET fsync = {value}")
    await _execute(server_url, "SELECT pg_reload_conf()")
    connection = await asyncpg.connect(server_url)
    try:
        while await connection.fetchval("SELECT setting FROM pg_settings WHERE name = 'fsync'") != value:
            await asyncio.sleep(0.01)
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
