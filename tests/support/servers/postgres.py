"""Fresh databases on a running server."""

import asyncio
import uuid
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import text

from models.calendar import ZONE_DEFAULT
from sinks.postgres.database import migrate, schema_revision
from sinks.postgres.migrating import install, transaction, upgrade_schema


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
    async with transaction(url) as connection:
        known = await connection.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
        newest = known and await connection.scalar(text("SELECT version_num FROM public.alembic_version"))
        if newest == schema_revision():
            await install(connection, "udi.", lanes, ZONE_DEFAULT)
            return
    await migrate(url, "udi.", lanes)


async def drop_database(server_url: str, url: str) -> None:
    """Remove a database made by `create_database`, ending the connections a test has left open."""
    name = name_of(url)
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
