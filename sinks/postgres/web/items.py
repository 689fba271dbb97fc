"""The catalogue as a person searches it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg
import orjson

_SINCE = """
SELECT DISTINCT ON (hospital, item_code) hospital, item_code, version, body, ended_at
FROM udi.catalogue WHERE version > $1 ORDER BY hospital, item_code, version DESC
"""


class ItemVersion(NamedTuple):
    """The newest version of an item."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    item_code: str
    """The item's code in the HIS catalogue."""
    version: int
    """Number of the fact that brought it."""
    fields: dict[str, Any]
    """As the HIS sent them; empty of an item that has ended."""


class ItemBooks:
    """The catalogue's side of the books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def since(self, version: int) -> Sequence[ItemVersion]:
        """Every item that has a version above this one, as it stands."""
        rows = await self._pool.fetch(_SINCE, version)
        return [
            ItemVersion(
                row["hospital"], row["item_code"], row["version"], {} if row["ended_at"] else orjson.loads(row["body"])
            )
            for row in rows
        ]
