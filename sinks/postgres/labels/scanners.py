"""Scanner profiles into the books, and which scanners seem to be faulty."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg

from models.policy import Policy
from models.scan.scanners import Scanner

_FAULTS = """
SELECT * FROM report.scanner_faults WHERE labels >= $1 AND suspect_percent >= $2
ORDER BY suspect_percent DESC, hospital, device_id
"""


class ScannerBooks:
    """The scanners' side of the books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def record(self, scanners: Sequence[Scanner], at: datetime | None = None) -> int:
        """Record new versions of profiles, whole or not at all; gives the newest fact version."""
        now = at or datetime.now(UTC)
        rows = [
            (each.hospital, each.device_id, number, each.known_from, each.model_dump_json(), now, None)
            for number, each in enumerate(scanners, 1)
        ]
        return int(await self._pool.fetchval("SELECT udi.record_scanners($1)", rows))

    async def newest(self) -> list[dict[str, Any]]:
        """Every device with its newest profile."""
        rows = await self._pool.fetch("SELECT * FROM report.scanners ORDER BY hospital, device_id")
        return [dict(row) for row in rows]

    async def records(self) -> list[dict[str, Any]]:
        """Every device whose labels have shown something of it, with its newest record."""
        rows = await self._pool.fetch(
            "SELECT DISTINCT ON (hospital, device_id) * FROM report.scanner_records "
            "ORDER BY hospital, device_id, version DESC"
        )
        return [dict(row) for row in rows]

    async def doubts(self) -> list[dict[str, Any]]:
        """Scans of scanners found faulty later that were taken as read, each with every other reading."""
        rows = await self._pool.fetch("SELECT * FROM report.scanner_doubts ORDER BY scanned_at, scan_id, reading")
        return [dict(row) for row in rows]

    async def faults(self, policy: Policy) -> list[dict[str, Any]]:
        """Devices of which so many labels seem to have lost separators that their set-up is to blame."""
        rows = await self._pool.fetch(_FAULTS, policy.scanner_labels_min, policy.scanner_suspect_percent)
        return [dict(row) for row in rows]
