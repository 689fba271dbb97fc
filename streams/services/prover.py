"""The prover: proves closed cases anew when anything of them changes. Beside the hot path, never in it.

It works alone by a lease, and correctly without it: a step is one transaction, and a version that another prover has
written meanwhile fails on its key.

References:
    docs/semantics/closing.md, "Case close proof".
"""

from typing import Final

import asyncpg
import structlog

from models.closing.case import Proof
from rules.catalogue.joining import price_on
from rules.closing.proving import next_proof, prove
from sinks.postgres.closing.cases import CaseBooks
from streams.services.leased import Failed, nobody, while_leased

log = structlog.get_logger(__name__)

DELTAS_MAX: Final = 20
"""Changes (each the encounters of one batch) worked off in one transaction: small enough that a proof is not late."""
POLL_SECONDS: Final = 0.1
"""Between two looks while nothing waits."""


class Prover:
    """Proves the cases of an installation."""

    def __init__(self, pool: asyncpg.Pool, deltas_max: int = DELTAS_MAX) -> None:
        self._pool = pool
        self._books = CaseBooks(pool, price_on)
        self._deltas_max = deltas_max

    async def run(self, failed: Failed = nobody) -> None:
        """Prove until cancelled, while no other prover holds the lease."""
        await while_leased(self._pool, "prover", self.step, poll_seconds=POLL_SECONDS, failed=failed)

    async def until_idle(self) -> int:
        """Prove all there is; gives the number of proofs written. Endless while lanes keep recording."""
        proofs = 0
        while await self._books.has_work():
            proofs += len(await self._step())
        return proofs

    async def step(self) -> bool:
        """Work off some changes; false when there were none."""
        if not await self._books.has_work():
            return False
        await self._step()
        return True

    async def _step(self) -> list[Proof]:
        proofs = []
        async with self._books.session() as session:
            changed = await session.take(self._deltas_max)
            closings = await session.closings(list(changed))
            if not closings:
                return []
            encounters = list({key[:2] for key in closings})
            newest = await session.newest(list(closings))
            scans = await session.scans(encounters)
            differences = await session.differences(encounters)
            for key, closing in closings.items():
                case = key[:2]
                proven = prove(key, scans.get(case, []))
                proof = next_proof(proven, closing, newest.get(key), changed[case], differences[case])
                if proof is not None:
                    proofs.append(proof)
            if proofs:
                await session.record(proofs)
        return proofs
