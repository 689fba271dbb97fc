"""The learner: what makers' lots and serials look like, from scans that went through. Beside the hot path, never in it.

It works alone by a lease, and correctly without it: each step is one transaction that moves the watermark of one input
position by compare-and-set, so every scan teaches once.

References:
    docs/codes.md, section "Lost separators".
"""

from typing import Final

import asyncpg

from rules.labels.learning import Confirmed, Device, ShapeVersion, taught
from sinks.postgres.labels.learning import LearningBooks, Unlearned
from streams.services.leased import Failed, nobody, while_leased

OFFSETS_MAX: Final = 5_000
"""Records learned from in one transaction."""
POLL_SECONDS: Final = 1.0


class Learner:
    """Learns shapes for an installation. Keeps the newest shapes in memory; a rival's step makes it read them anew."""

    def __init__(self, pool: asyncpg.Pool, offsets_max: int = OFFSETS_MAX) -> None:
        self._pool = pool
        self._books = LearningBooks(pool)
        self._offsets_max = offsets_max
        self._known: dict[Device, ShapeVersion] = {}

    async def run(self, failed: Failed = nobody) -> None:
        """Learn until cancelled, while no other learner holds the lease."""

        async def look() -> bool:
            return await self.step() > 0

        await while_leased(self._pool, "learner", look, poll_seconds=POLL_SECONDS, failed=failed)

    async def until_idle(self) -> int:
        """Learn all there is; gives the number of versions written. Endless while lanes keep recording."""
        versions = 0
        while await self._books.unlearned(1):
            versions += await self.step()
        return versions

    async def step(self) -> int:
        """One stretch of each position; gives the number of versions written.

        Raises:
            LaneMovedError: another learner was faster. The next step reads what it has learned.
        """
        versions = 0
        for stretch in await self._books.unlearned(self._offsets_max):
            versions += await self._learn(stretch)
        return versions

    async def _learn(self, stretch: Unlearned) -> int:
        scans = [Confirmed(*row) for row in await self._books.confirmed(stretch)]
        new = {(scan.issuer, scan.di) for scan in scans} - self._known.keys()
        if new:
            found = await self._books.shapes(new)
            self._known.update({device: ShapeVersion(*row) for device, row in found.items()})
        versions = taught(scans, self._known)
        try:
            await self._books.record(stretch, versions)
        except BaseException:
            # Whether it was recorded is unknown: what is known in memory may be ahead of the books.
            self._known.clear()
            raise
        return len(versions)
