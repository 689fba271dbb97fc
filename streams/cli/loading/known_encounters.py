"""Which encounters of a file the books do not know: a remark, no error, for admissions may come later than charges."""

import asyncio
from collections.abc import Collection

import asyncpg

from sinks.postgres.database import open_pool
from streams.cli.connection import quiet
from streams.settings import Settings, SettingsError, resolve

_UNKNOWN = """
SELECT k.hospital, k.encounter FROM unnest($1::text[], $2::text[]) k (hospital, encounter)
WHERE NOT EXISTS (SELECT FROM udi.encounter e WHERE (e.hospital, e.encounter) = (k.hospital, k.encounter))
ORDER BY 1, 2
"""

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
        rows = await pool.fetch(_UNKNOWN, [each[0] for each in named], [each[1] for each in named])
        return [(row["hospital"], row["encounter"]) for row in rows]
    finally:
        pool.terminate()
