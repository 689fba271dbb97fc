"""Connections to PostgreSQL: the pool of the hot path, the engine for reads and migrations."""

import asyncio
from importlib.resources import files
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from models.calendar import ZONE_DEFAULT
from models.wire.topics import COUNTED_OUTPUTS
from sinks.postgres.charging.books import HOT_PATH_SETTINGS
from sinks.postgres.locks import AdvisoryLock

log = structlog.get_logger(__name__)

WAIT_SECONDS = 1.0
SCHEMA_REVISION = "0007"
"""The newest migration; `udi doctor` compares it with the database's."""


def driver_url(url: str) -> URL:
    """A `postgresql://` URL for SQLAlchemy with asyncpg."""
    return make_url(url).set(drivername="postgresql+asyncpg")


async def open_pool(url: str, size: int, *, hot: bool = False) -> asyncpg.Pool:
    """A pool of connections; `hot` for those that gather and record.

    No session state is set per call: what a connection needs is set when it is made (docs/adr/0002).
    """
    settings = HOT_PATH_SETTINGS if hot else {"application_name": "udistream"}
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        server_settings=settings,
        command_timeout=60,
        timeout=10,
        max_inactive_connection_lifetime=0,
    )


async def open_pool_patiently(url: str, size: int, *, hot: bool = False) -> asyncpg.Pool:
    """As `open_pool`, and waits for a database that is away."""
    while True:
        try:
            return await open_pool(url, size, hot=hot)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            log.warning("Waiting for the database.", error=type(error).__name__)
            await asyncio.sleep(WAIT_SECONDS)


def open_engine(url: str) -> AsyncEngine:
    """An engine for reads by people's commands, and for migrations."""
    return create_async_engine(driver_url(url), pool_pre_ping=True)


async def migrate(url: str, topic_prefix: str, lanes: int, zone: ZoneInfo = ZONE_DEFAULT) -> None:
    """Bring the schema to the newest revision and fix what may not change under the books. Idempotent.

    Raises:
        ValueError: the books were made for another prefix, number of lanes or time zone.
    """
    engine = open_engine(url)
    try:
        async with engine.begin() as connection:
            # One process migrates at a time; the others wait and find nothing to do.
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({AdvisoryLock.MIGRATING:d})"))
            await connection.run_sync(_upgrade)
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
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("sinks.postgres") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
