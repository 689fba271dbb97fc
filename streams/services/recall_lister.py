"""The recall desk at work: a new notice is listed at once, every notice again when scans came.

References:
    docs/store.md, "Recall".
"""

import asyncio
from typing import Final

import asyncpg

from models.stock.recall import Recall
from rules.stock.recall_closing import closure_proof
from rules.stock.recall_listing import lines_of
from rules.stock.recall_losses import losses, patients_of
from sinks.postgres.stock.recall_desk import Listing, Looked, RecallDesk
from streams.services.leased import Failed, nobody, while_leased

LEASE: Final = "recalls"
POLL_SECONDS: Final = 2.0
"""Between two looks for new notices. Own choice."""
AGAIN_SECONDS: Final = 60.0
"""Between two listings of a notice while scans come. Own choice; `udi recall` lists at once."""


async def list_notice(desk: RecallDesk, notice: Recall) -> Looked:
    """Bring the lines of a notice up to date; gives what was looked at for it."""
    async with desk.listing(notice) as listing:
        materials = await listing.materials()
        lost = losses(notice, materials.identifiers, materials.scans)
        patients = await listing.patients(lost)
        among = [(loss, patients_of(loss, patients[loss.store])) for loss in lost]
        await listing.write(lines_of(notice, materials.identifiers, materials.scans, materials.holdings, among))
        await _prove(listing, notice)
    return materials.looked


async def prove_notice(desk: RecallDesk, notice: Recall) -> None:
    """Keep the proof of its closure, when every line has ended."""
    async with desk.listing(notice) as listing:
        await _prove(listing, notice)


async def _prove(listing: Listing, notice: Recall) -> None:
    proof = closure_proof(notice, await listing.lines())
    if proof is not None:
        await listing.keep(proof)


class RecallLister:
    """Lists the notices that hold, alone."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._desk = RecallDesk(pool)
        self._listed: dict[tuple[str, str], tuple[int, int, float]] = {}
        """Of each notice: its version, where the lanes stood, when it was listed by the loop's clock."""

    async def look(self) -> bool:
        """List what is new or may have changed; never asks to be called again at once."""
        stands = await self._desk.lanes_stand()
        now = asyncio.get_running_loop().time()
        for accepted in await self._desk.notices():
            notice = accepted.notice
            key = (notice.hospital, notice.recall)
            version, stood, at = self._listed.get(key, (0, -1, 0.0))
            if version != notice.version or (stood != stands and now - at >= AGAIN_SECONDS):
                await list_notice(self._desk, notice)
                self._listed[key] = (notice.version, stands, now)
        return False

    async def run(self, failed: Failed = nobody) -> None:
        """List until cancelled."""
        await while_leased(self._pool, LEASE, self.look, poll_seconds=POLL_SECONDS, failed=failed)
