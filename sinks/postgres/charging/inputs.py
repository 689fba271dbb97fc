"""Input partitions whose records change facts: each batch is recorded in one transaction with its position."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from models.wire.topics import DEAD_LETTERS
from sinks.messages.outgoing import Outgoing, of_cluster
from sinks.ports.batch import InputPosition, LaneMovedError
from sinks.postgres.charging.rows import outbox_row


async def take_position(connection: Any, cluster_id: str, topic: str, partition: int) -> InputPosition:
    """The position of an input partition; made at offset 0 when it is new."""
    place, find = (
        (cluster_id, topic, partition),
        "SELECT * FROM udi.position WHERE (cluster_id, topic, partition) = ($1, $2, $3)",
    )
    row = await connection.fetchrow(find, *place)
    if row is None:
        # Asked first: an insert that conflicts uses up a number too, and there are only 32,767.
        insert = "INSERT INTO udi.position (cluster_id, topic, partition) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await connection.execute(insert, *place)
        row = await connection.fetchrow(find, *place)
    return InputPosition(row["position_id"], cluster_id, topic, partition, row["next_offset"], row["last_hash"])


class InputBooks:
    """The side of the books that such partitions change; dead letters leave on the lane of the partition's number."""

    def __init__(self, pool: asyncpg.Pool, lanes: int) -> None:
        self._pool = pool
        self._lanes = lanes

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> InputPosition:
        """Where the partition stands."""
        async with self._pool.acquire() as connection:
            return await take_position(connection, cluster_id, topic, partition)

    async def _record(  # noqa: PLR0917 -- what each of the functions takes
        self,
        function: str,
        position: InputPosition,
        next_offset: int,
        last_hash: bytes | None,
        rows: Sequence[Any],
        letters: list[Outgoing],
    ) -> int:
        """Record rows, letters and the position, whole or not at all; gives what the function gives.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        lane = position.partition % self._lanes
        named = [of_cluster(letter, position.cluster_id) for letter in letters]
        letter_rows = [outbox_row(DEAD_LETTERS, lane, 1, named)] if named else []
        arguments = (position.position_id, position.next_offset, next_offset, last_hash, *rows, lane, letter_rows)
        places = ", ".join(f"${place}" for place in range(1, len(arguments) + 1))
        try:
            return int(await self._pool.fetchval(f"SELECT {function}({places})", *arguments))
        except asyncpg.PostgresError as error:
            if error.sqlstate == "UD001":
                raise LaneMovedError(str(error)) from None
            raise
