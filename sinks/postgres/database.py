"""Connections to PostgreSQL: pools, and the way to the migrations."""

import asyncio
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from models.calendar import ZONE_DEFAULT
from sinks.postgres.charging.books import HOT_PATH_SETTINGS

log = structlog.get_logger(__name__)

WAIT_SECONDS = 1.0
SCHEMA_REVISION = "0011"
"""The newest migration; `udi doctor` compares it with the database's."""


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


async def migrate(url: str, topic_prefix: str, lanes: int, zone: ZoneInfo = ZONE_DEFAULT) -> None:
    """Bring the schema to the newest revision and fix what may not change under the books. Idempotent.

    Raises:
        ValueError: the books were made for another prefix, number of lanes or time zone.
    """
    from sinks.postgres.migrating import upgrade  # noqa: PLC0415 -- only `udi init` needs the tools of migrations

    await upgrade(url, topic_prefix, lanes, zone)
