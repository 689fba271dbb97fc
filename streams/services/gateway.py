"""The gateway's process: takes scans by HTTP, gives verdicts back, serves the pages."""

import asyncio
from typing import Final

import structlog

from sinks.postgres.database import open_pool_patiently
from streams.services.watching import Watching
from streams.settings import Settings, SettingsError
from streams.web.app import gateway, serving

log = structlog.get_logger(__name__)

POOL_SIZE: Final = 10


async def run_gateway(settings: Settings) -> None:
    """The gateway until it is cancelled.

    Raises:
        SettingsError: the port is taken.
    """
    pool = await open_pool_patiently(settings.database(), POOL_SIZE)
    watching = Watching(settings, "gateway")
    host, port = settings.gateway_host, settings.gateway_port
    try:
        async with (
            watching.running(pool),
            gateway(settings, pool, watching.metrics, watching.contact) as app,
            serving(app, host, port) as found,
        ):
            log.info("The gateway answers.", address=f"http://{host}:{found}")
            await asyncio.Event().wait()
    except OSError as error:
        raise SettingsError(f"Expected to listen on {host}:{port}, got {error.strerror}.") from None
    finally:
        pool.terminate()
