"""Records for the topic of cases, as colleagues' SQL hands them over."""

import asyncio
from uuid import UUID

from sinks.postgres.outbox import Outbox
from tests.support.ward import postgres_store

PUBLISH = "SELECT udi.publish_case('H1', $1, $2, $3)"


async def test_records_of_cases_are_numbered_without_gaps_though_a_transaction_is_rolled_back(database: str) -> None:
    async with postgres_store(database) as store:

        async def publish(number: int) -> None:
            async with store.pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                await connection.execute(PUBLISH, f"E{number}", UUID(int=number), b"{}")
                await (transaction.rollback() if number % 3 == 0 else transaction.commit())

        await asyncio.gather(*(publish(number) for number in range(1, 10)))
        outbox = Outbox(store.pool)
        blocks = (await outbox.after({("cases", 0): 0}, 100))["cases", 0].blocks
        assert [(block.first_seq, block.last_seq) for block in blocks] == [(seq, seq) for seq in range(1, 7)]
        assert sorted((block.keys[0], block.ids[0].int) for block in blocks) == [
            (f"H1/E{number}".encode(), number) for number in (1, 2, 4, 5, 7, 8)
        ]
        newest = await outbox.newest()
        assert (newest["cases", 0], newest["alerts", 0]) == (6, 0)
