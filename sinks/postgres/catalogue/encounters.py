"""Which encounters the books know."""

from collections.abc import Sequence
from typing import Final

from sinks.postgres.named import Asked

_UNKNOWN: Final = """
SELECT k.hospital, k.encounter FROM unnest($1::text[], $2::text[]) k (hospital, encounter)
WHERE NOT EXISTS (SELECT FROM udi.encounter e WHERE (e.hospital, e.encounter) = (k.hospital, k.encounter))
ORDER BY 1, 2
"""


async def unknown_encounters(asked: Asked, named: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of the named (hospital, encounter) that the books do not know, in order."""
    rows = await asked.fetch(_UNKNOWN, [each[0] for each in named], [each[1] for each in named])
    return [(row["hospital"], row["encounter"]) for row in rows]
