"""The books as the learner reads and writes them: confirmed scans in, versions of shapes out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from models.charging.snapshot import Shapes
from models.udi import Issuer
from models.udi.lot_pattern import dump, load
from sinks.ports.batch import LaneMovedError

_WORK = """
SELECT p.position_id, coalesce(l.next_offset, 0) AS learned, p.next_offset
FROM udi.position p CROSS JOIN udi.installation i LEFT JOIN udi.learned l USING (position_id)
WHERE p.topic = i.topic_prefix || 'scans' AND p.next_offset > coalesce(l.next_offset, 0)
ORDER BY p.position_id
"""
_CONFIRMED = """
SELECT scan_id, recorded_at, issuer, di, lot, serial FROM udi.scan
WHERE position_id = $1 AND record_offset >= $2 AND record_offset < $3
  AND verdict IN ('billed', 'recorded', 'credited') AND issuer = $4 AND di IS NOT NULL AND entry <> 'manual'
  AND NOT coalesce(label_flags && ARRAY['suspect_missing_separator', 'identifier_alone'], false)
ORDER BY record_offset
"""


class Unlearned(NamedTuple):
    """A stretch of an input position that nobody has learned from."""

    position_id: int
    first: int
    after: int
    """The first offset behind it."""


class LearningBooks:
    """Where the learner stands and what it has learned."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def unlearned(self, offsets_max: int) -> list[Unlearned]:
        """One stretch for each position of `udi.scans` in which there is something to learn."""
        rows = await self._pool.fetch(_WORK)
        return [
            Unlearned(row["position_id"], row["learned"], min(row["next_offset"], row["learned"] + offsets_max))
            for row in rows
        ]

    async def confirmed(self, stretch: Unlearned) -> list[tuple[UUID, datetime, str, str, str | None, str | None]]:
        """Its confirmed scans in order: (scan id, broker's timestamp, issuer, di, lot, serial).

        Confirmed is what went through at its first decision with a label that was scanned, not typed, and is not
        suspected. Only GS1 element strings lose separators, so only they are learned from.
        """
        rows = await self._pool.fetch(_CONFIRMED, *stretch, Issuer.GS1.value)
        return [tuple(row) for row in rows]

    async def shapes(self, devices: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[Any, ...]]:
        """The newest version of each device: (issuer, di, version, shapes, learned from, learned at)."""
        issuers, dis = zip(*devices, strict=True)
        rows = await self._pool.fetch("SELECT * FROM udi.shapes($1, $2)", issuers, dis)
        return {(row["issuer"], row["di"]): _version(row) for row in rows}

    async def record(self, stretch: Unlearned, versions: Sequence[tuple[Any, ...]]) -> None:
        """Record the versions and that the stretch is learned from, whole or not at all.

        Raises:
            LaneMovedError: another learner was faster; what is known is no longer the newest.
        """
        rows = [
            (issuer, di, version, dump(shapes.lots), dump(shapes.serials), learned_from, learned_at)
            for issuer, di, version, shapes, learned_from, learned_at in versions
        ]
        try:
            await self._pool.execute("SELECT udi.learn($1, $2, $3, $4)", *stretch, rows)
        except asyncpg.UniqueViolationError as error:
            raise LaneMovedError(str(error)) from None
        except asyncpg.PostgresError as error:
            if error.sqlstate == "UD001":
                raise LaneMovedError(str(error)) from None
            raise


def _version(row: Any) -> tuple[Any, ...]:
    shapes = Shapes(load(row["lots"]), load(row["serials"]))
    return (row["issuer"], row["di"], row["version"], shapes, row["learned_from"], row["learned_at"])
