"""Which encounters of a file the books do not know: a remark, no error, for admissions may come later than charges."""

import asyncio
from collections.abc import Collection

import asyncpg

from sinks.postgres.catalogue import encounters
from sinks.postgres.database import open_pool
from streams.cli.connection import quiet
from streams.settings import Settings, SettingsError, resolve

Encounter = tuple[str, str]
"""(hospital, encounter)."""


def unknown_encounters(settings: Settings, named: Collection[Encounter]) -> list[Encounter] | None:
    """Those of the named encounters that the books do not know; `None` when the database does not answer."""
    quiet()
    try:
        return asyncio.run(_ask(resolve(settings), sorted(set(named))))
    except (SettingsError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return None


async def _ask(settings: Settings, named: list[Encounter]) -> list[Encounter]:
    pool = await open_pool(settings.database(), 1)
    try:
        return await encounters.unknown_encounters(pool, named)
    finally:
        pool.terminate()
