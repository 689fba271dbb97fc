"""Letting go of what the outbox need not keep: the bodies of records that are published and old."""

import asyncpg

_PURGE = "SELECT udi.purge_outbox($1, $2, $3)"


class OutboxPurge:
    """The outbox as it grows old. Ids and keys stay for ever: `udi verify` compares what has no body by them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def purge(self, cluster_id: str, days: int, blocks_max: int) -> int:
        """Let bodies go, in one transaction; gives how many records.

        Args:
            cluster_id: The cluster that has them: what is not known to be published there stays.
            days: Younger ones stay, by the database's clock.
            blocks_max: Blocks of each output at most.
        """
        return int(await self._pool.fetchval(_PURGE, cluster_id, days, blocks_max))
