"""When services that were just started are ready: the worker has its lanes, the others are at work."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

import asyncpg

from sinks.postgres.database import open_pool
from sinks.postgres.operating.readiness import jobs_at_work, relay_at_work, worker_at_work
from streams.settings import Settings

POLL_SECONDS: Final = 0.25
_ASKED: Final[Mapping[str, Callable[[asyncpg.Pool], Awaitable[bool]]]] = {
    "worker": worker_at_work,
    "relay": relay_at_work,
    "scheduler": jobs_at_work,
}


async def until_ready(settings: Settings, services: Collection[str]) -> None:
    """Return when every one of the services is at work; a database or gateway that is away is waited for."""
    await asyncio.gather(_until_in_books(settings, services), _until_served(settings, services))


async def _until_in_books(settings: Settings, services: Collection[str]) -> None:
    left = [name for name in services if name in _ASKED]
    while left:
        with suppress(OSError, asyncpg.PostgresError, TimeoutError):
            pool = await open_pool(settings.database(), 1)
            try:
                while left:
                    left = [name for name in left if not await _ASKED[name](pool)]
                    await asyncio.sleep(POLL_SECONDS)
            finally:
                pool.terminate()
        await asyncio.sleep(POLL_SECONDS)


async def _until_served(settings: Settings, services: Collection[str]) -> None:
    waits = "gateway" in services and settings.gateway_port != 0
    while waits:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(settings.gateway_host, settings.gateway_port)
            writer.close()
            waits = False
        await asyncio.sleep(POLL_SECONDS)
