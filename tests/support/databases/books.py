"""Books in a fresh database: the schema, and whose they are."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from models.calendar import ZONE_DEFAULT
from sinks.postgres.database import migrate, schema_revision
from sinks.postgres.migrating import install
from tests.support.databases.given import Table
from tests.support.databases.kept import kept

FIXED: Final = tuple(Table("udi", name) for name in ("installation", "lane", "topic_counter"))
"""The tables that say whose books they are."""
_STANDING: Final = "SELECT version_num, (SELECT lanes FROM udi.installation) FROM public.alembic_version"
_address: ContextVar[str] = ContextVar("_address")
_installed: Final[dict[int, Mapping[Table, bytes]]] = {}
"""What `install` has written once, by the number of lanes: the same each time."""


async def prepare(url: str, lanes: int) -> None:
    """As `migrate` does; a copy of a template has the schema and its grants already, and is installed only."""
    owner = found.owner if (found := kept(url)) else None
    standing = await _standing(owner) if owner else None
    if owner is None or standing != (schema_revision(), None):
        if standing != (schema_revision(), lanes):
            await _prepare(url, lanes)
        return
    if lanes in _installed:
        async with owner.transaction():
            for table, rows in _installed[lanes].items():
                await table.fill(owner, rows)
        return
    await _prepare(url, lanes)
    _installed[lanes] = {table: await table.rows(owner) for table in FIXED}


async def _standing(owner: asyncpg.Connection) -> tuple[str, int | None] | None:
    try:
        found = await owner.fetchrow(_STANDING)
    except asyncpg.UndefinedTableError:
        return None
    return None if found is None else (found[0], found[1])


async def _prepare(url: str, lanes: int) -> None:
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
