"""Seals: every minute the heads of all lanes are bound together, published, and written to a file outside.

References:
    docs/reliability.md, "Tamper evidence".
"""

import asyncio
from pathlib import Path
from typing import Final

import asyncpg

from rules.sealing.merkle import LaneHead, root_of
from sinks.postgres.sealing.seals import SealBooks
from streams.services.leased import Failed, nobody, while_leased

SEAL_SECONDS: Final = 60.0
"""Between two seals: what was recorded before the last one can't be changed unseen. Own choice."""


class Sealer:
    """Seals the lanes, alone."""

    def __init__(self, pool: asyncpg.Pool, file: Path | None = None) -> None:
        self._pool = pool
        self._books = SealBooks(pool)
        self._file = file

    async def look(self) -> bool:
        """Seal when anything was recorded since the last seal; never asks to be called again at once."""
        heads = await self._books.heads()
        root = root_of([LaneHead(*head) for head in heads])
        if heads and root != await self._books.newest_root():
            seal = await self._books.seal(heads, root)
            if self._file is not None:
                await asyncio.to_thread(_append, self._file, seal.body())
        return False

    async def run(self, failed: Failed = nobody) -> None:
        """Seal until cancelled."""
        await while_leased(self._pool, "sealer", self.look, poll_seconds=SEAL_SECONDS, failed=failed)


def _append(file: Path, line: bytes) -> None:
    with file.open("ab") as opened:
        opened.write(line + b"\n")
