"""Bodies of the outbox that are let go: what may go, and that the books can still be verified without them."""

from collections.abc import AsyncIterator

import pytest

from sinks.postgres.operating.purging import OutboxPurge
from sinks.postgres.outbox import Outbox
from sinks.postgres.verifying.books import verify_books
from tests.support.story import tell
from tests.support.ward import PostgresStore, Ward, postgres_store

CLUSTER = "c1"
OUTPUTS = ("billing", "verdicts", "settlement", "dead-letters")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    """Books with something of everything, all of it published; what lane 0 said is old."""
    async with postgres_store(database) as made:
        await tell(Ward(made), made.pool)
        outbox = Outbox(made.pool)
        for (topic, partition), newest in (await outbox.newest()).items():
            await outbox.raise_floor(CLUSTER, topic, partition, newest)
        await made.pool.execute(
            "UPDATE udi.outbox_block SET written_at = written_at - make_interval(days => 401) WHERE partition = 0"
        )
        yield made


async def failed(store: PostgresStore) -> list[str]:
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    return [each.name for each in findings if not each.ok]


async def purged(store: PostgresStore) -> dict[tuple[str, int], int]:
    rows = await store.pool.fetch("SELECT topic, partition, max(through) FROM udi.purge GROUP BY topic, partition")
    return {(row[0], row[1]): row[2] for row in rows}


async def test_old_bodies_go_and_everything_can_still_be_verified(store: PostgresStore) -> None:
    newest = await Outbox(store.pool).newest()

    records = await OutboxPurge(store.pool).purge(CLUSTER, 400, 1000)

    assert await purged(store) == {(topic, 0): newest[topic, 0] for topic in OUTPUTS if newest[topic, 0]}
    assert records == sum(newest[topic, 0] for topic in OUTPUTS) > 0
    bodies = "SELECT count(*) FROM udi.outbox_block b, unnest(b.bodies) body WHERE b.partition = 0 AND topic = ANY ($1)"
    assert await store.pool.fetchval(f"{bodies} AND body <> ''", OUTPUTS) == 0
    assert await failed(store) == []
    assert await OutboxPurge(store.pool).purge(CLUSTER, 400, 1000) == 0


async def test_a_purged_record_is_still_held_against_the_ledger_by_its_id(store: PostgresStore) -> None:
    await OutboxPurge(store.pool).purge(CLUSTER, 400, 1000)
    await store.pool.execute(
        "UPDATE udi.outbox_block SET ids[1] = gen_random_uuid() WHERE topic = 'billing' AND partition = 0"
    )

    assert "ledger-is-billing" in await failed(store)


async def test_what_is_young_not_published_or_published_elsewhere_stays(store: PostgresStore) -> None:
    purge = OutboxPurge(store.pool)
    assert await purge.purge("c2", 400, 1000) == 0
    assert await purge.purge(CLUSTER, 402, 1000) == 0
    await store.pool.execute("UPDATE udi.relay_floor SET seq = 1 WHERE topic = 'billing' AND partition = 0")
    await store.pool.execute("UPDATE udi.relay_floor SET seq = 0 WHERE topic <> 'billing'")
    blocks = await store.pool.fetch(
        "SELECT first_seq, last_seq FROM udi.outbox_block WHERE topic = 'billing' AND partition = 0 ORDER BY 1 LIMIT 1"
    )

    await purge.purge(CLUSTER, 400, 1000)

    # A block goes as a whole or not at all.
    assert await purged(store) == ({("billing", 0): 1} if blocks[0]["last_seq"] == 1 else {})


async def test_it_goes_on_where_it_has_ended(store: PostgresStore) -> None:
    purge, found = OutboxPurge(store.pool), 0
    for _ in range(100):
        some = await purge.purge(CLUSTER, 400, 1)
        found += some
        if not some:
            break

    assert found == sum((await purged(store)).values()) > 0
    assert await failed(store) == []


async def test_a_relay_is_told_up_to_where_nothing_can_be_published_again(store: PostgresStore) -> None:
    await OutboxPurge(store.pool).purge(CLUSTER, 400, 1000)

    floor = await Outbox(store.pool).floor("a new cluster", "billing", 0)

    assert (floor.seq, floor.begun, floor.purged) == (0, 0, (await Outbox(store.pool).newest())["billing", 0])
