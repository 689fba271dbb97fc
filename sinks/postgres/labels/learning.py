"""The books as the learner reads and writes them: confirmed scans in, versions of lot patterns out.

Table, function and kind of fact keep the names they were made with, `udi.lot_shape`, `udi.shapes`, `shape`: workers of
an earlier version go on beside a migration.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from models.charging.snapshot import LotPatterns
from models.scan.scanners import ScannerRecord, Scanners
from models.udi import Issuer
from models.udi.lot_pattern import dump, load
from sinks.ports.batch import LaneMovedError
from sinks.postgres.charging.books import read_scanners

_WORK = """
SELECT p.position_id, coalesce(l.next_offset, 0) AS learned, p.next_offset
FROM udi.position p CROSS JOIN udi.installation i LEFT JOIN udi.learned l USING (position_id)
WHERE p.topic = i.topic_prefix || 'scans' AND p.next_offset > coalesce(l.next_offset, 0)
ORDER BY p.position_id
"""
_CONFIRMED = """
SELECT scan_id, recorded_at, issuer, di, lot, serial, coalesce('suspect_missing_separator' = ANY (label_flags), false),
       expiry IS NOT NULL
FROM udi.scan
WHERE position_id = $1 AND record_offset >= $2 AND record_offset < $3
  AND verdict IN ('billed', 'recorded', 'credited') AND issuer = $4 AND di IS NOT NULL AND entry <> 'manual'
  AND NOT coalesce(label_flags && ARRAY['separator_restored', 'identifier_alone'], false)
  AND NOT 'lot-uncertain' = ANY (reasons)
ORDER BY record_offset
"""


# `sent`: the separator as JSON writes it, \u001d, stands in the raw bytes. Labels whose bytes are gone teach nothing.
_SEEN = r"""
SELECT hospital, device_id, scanned_at, di, label_flags, b.raw,
       coalesce('gs_substitute' = ANY (label_flags), false) OR position('\x5c7530303164'::bytea in b.raw) > 0
       OR position('\x5c7530303144'::bytea in b.raw) > 0 AS sent
FROM udi.scan JOIN udi.raw_bytes b USING (position_id, record_offset)
WHERE position_id = $1 AND record_offset >= $2 AND record_offset < $3 AND issuer = $4 AND device_id IS NOT NULL
  AND entry <> 'manual' AND verdict NOT IN ('duplicate', 'conflict') AND b.raw IS NOT NULL
ORDER BY scanned_at, record_offset
"""
_WATCHES = """
SELECT w.* FROM unnest($1::text[], $2::text[]) k (hospital, device_id)
JOIN udi.scanner_watch w USING (hospital, device_id)
"""


class Unlearned(NamedTuple):
    """A stretch of an input position that nobody has learned from."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    first: int
    """First offset of it."""
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

    async def confirmed(
        self, stretch: Unlearned
    ) -> list[tuple[UUID, datetime, str, str, str | None, str | None, bool, bool]]:
        """Its confirmed scans in order: (scan id, timestamp, issuer, di, lot, serial, doubted, with an expiry).

        Confirmed is what went through at its first decision with a label that was scanned, not typed, and whose lot is
        certain; doubted of it is what could have lost a separator. Only GS1 element strings lose separators, so only
        they are learned from.
        """
        rows = await self._pool.fetch(_CONFIRMED, *stretch, Issuer.GS1.value)
        return [tuple(row) for row in rows]

    async def patterns(self, devices: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[Any, ...]]:
        """The newest version of each device: (issuer, di, version, patterns, learned from, learned at)."""
        issuers, dis = zip(*devices, strict=True)
        rows = await self._pool.fetch("SELECT * FROM udi.shapes($1, $2)", issuers, dis)
        return {(row["issuer"], row["di"]): _version(row) for row in rows}

    async def seen(self, stretch: Unlearned) -> list[Any]:
        """Its GS1 labels as scanners sent them: hospital, device_id, scanned_at, di, label_flags, raw, sent."""
        return list(await self._pool.fetch(_SEEN, *stretch, Issuer.GS1.value))

    async def scanners(self) -> Scanners:
        """All profiles and records."""
        return await read_scanners(self._pool)

    async def watches(self, scanners: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Where their records stand: (losing, sent at, first at, newest at, score, points by identifier)."""
        hospitals, devices = zip(*scanners, strict=True)
        rows = await self._pool.fetch(_WATCHES, hospitals, devices)
        return {
            (row["hospital"], row["device_id"]): (
                row["losing"], row["sent_at"], row["first_at"], row["newest_at"], row["score"],
                tuple((di, points) for di, points in orjson.loads(row["devices"])),
            )
            for row in rows
        }  # fmt: skip

    async def record(
        self,
        stretch: Unlearned,
        versions: Sequence[tuple[Any, ...]],
        watches: Mapping[tuple[str, str], tuple[Any, ...]] | None = None,
        records: Sequence[tuple[ScannerRecord, datetime]] = (),
    ) -> None:
        """Record the versions, the scanners' records and that the stretch is learned from, whole or not at all.

        Raises:
            LaneMovedError: another learner was faster; what is known is no longer the newest.
        """
        rows = [
            (issuer, di, version, dump(patterns.lots), dump(patterns.serials), learned_from, learned_at)
            for issuer, di, version, patterns, learned_from, learned_at in versions
        ]
        standing = [
            (*scanner, *watch[:-1], orjson.dumps(watch[-1]).decode()) for scanner, watch in (watches or {}).items()
        ]
        found = [
            (each.hospital, each.device_id, number, each.known_from, each.model_dump_json(), at, each.losing)
            for number, (each, at) in enumerate(records, 1)
        ]
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT udi.learn($1, $2, $3, $4)", *stretch, rows)
                if standing:
                    await connection.execute("SELECT udi.watch_scanners($1, $2)", standing, found)
        except asyncpg.UniqueViolationError as error:
            raise LaneMovedError(str(error)) from None
        except asyncpg.PostgresError as error:
            if error.sqlstate == "UD001":
                raise LaneMovedError(str(error)) from None
            raise


def _version(row: Any) -> tuple[Any, ...]:
    patterns = LotPatterns(load(row["lots"]), load(row["serials"]))
    return (row["issuer"], row["di"], row["version"], patterns, row["learned_from"], row["learned_at"])
