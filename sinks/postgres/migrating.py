"""Migrations of the books: the only place that loads Alembic and SQLAlchemy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from zoneinfo import ZoneInfo

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from models.wire.topics import COUNTED_OUTPUTS
from sinks.postgres.locks import AdvisoryLock
from sinks.postgres.roles import statements


async def upgrade(url: str, topic_prefix: str, lanes: int, zone: ZoneInfo) -> None:
    """Bring the schema to the newest revision and fix what may not change under the books. Idempotent.

    Raises:
        ValueError: the books were made for another prefix, number of lanes or time zone.
    """
    async with _upgraded(url) as connection:
        await install(connection, topic_prefix, lanes, zone)


async def install(connection: AsyncConnection, topic_prefix: str, lanes: int, zone: ZoneInfo) -> None:
    """Fix what may not change under the books, in a schema of the newest revision. Idempotent.

    Raises:
        ValueError: the books were made for another prefix, number of lanes or time zone.
    """
    await connection.execute(
        text("INSERT INTO udi.installation VALUES (true, :prefix, :lanes, :zone) ON CONFLICT DO NOTHING"),
        {"prefix": topic_prefix, "lanes": lanes, "zone": zone.key},
    )
    found = (await connection.execute(text("SELECT topic_prefix, lanes, zone FROM udi.installation"))).one()
    if tuple(found) != (topic_prefix, lanes, zone.key):
        expected = (topic_prefix, lanes, zone.key)
        raise ValueError(f"The books were made for {tuple(found)}, got settings for {expected}.")
    await connection.execute(
        text("INSERT INTO udi.lane (lane) SELECT generate_series(0, :lanes - 1) ON CONFLICT DO NOTHING"),
        {"lanes": lanes},
    )
    await connection.execute(
        text("INSERT INTO udi.topic_counter SELECT unnest(CAST(:topics AS text[])), 0 ON CONFLICT DO NOTHING"),
        {"topics": list(COUNTED_OUTPUTS)},
    )


async def upgrade_schema(url: str) -> None:
    """Bring the schema alone to the newest revision: books of nobody yet."""
    async with _upgraded(url):
        pass


@asynccontextmanager
async def _upgraded(url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction in which the schema is of the newest revision."""
    async with transaction(url) as connection:
        # One process migrates at a time; the others wait and find nothing to do.
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({AdvisoryLock.MIGRATING:d})"))
        await connection.run_sync(_upgrade)
        for statement in statements():
            await connection.exec_driver_sql(statement)
        yield connection


@asynccontextmanager
async def transaction(url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction on a connection of its own."""

    async def connect() -> asyncpg.Connection:
        # The driver reads the address itself: `sslmode` means what it means in a pool.
        return await asyncpg.connect(url, timeout=10)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("sinks.postgres") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
