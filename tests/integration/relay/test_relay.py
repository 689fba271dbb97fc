"""The relay alone, on real Kafka and PostgreSQL: an outbox filled by hand, and everything that must stop it."""

import asyncio
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from models.wire.topics import BILLING, ID_HEADER, SEQ_HEADER
from sinks.postgres.database import open_pool
from sinks.postgres.operating.interventions import Intervention, Interventions, Kind
from sinks.postgres.outbox import Outbox
from streams.embedded.database import EmbeddedDatabase
from streams.services.relay import publisher, tail
from streams.services.relay.service import run_relay
from streams.services.watching import Watching
from streams.settings import Settings
from streams.topics import create_topics
from tests.support.servers.kafka import RealKafka, delete_all_topics
from tests.support.servers.outbox import LANES, foreign, published, relay_settings, write

SECONDS_MAX = 240.0
"""Much more than it takes on a quiet machine."""


@asynccontextmanager
async def relay(settings: Settings, pool: asyncpg.Pool) -> AsyncIterator[Watching]:
    watching = Watching(settings)
    task = asyncio.create_task(run_relay(settings, Outbox(pool), watching))
    try:
        yield watching
    finally:
        task.cancel()
        ended = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended[0], asyncio.CancelledError), ended


async def until(true: Callable[[], Awaitable[bool]], seconds_max: float = SECONDS_MAX) -> None:
    begun = time.monotonic()
    while not await true():
        assert time.monotonic() - begun < seconds_max, "It did not happen."
        await asyncio.sleep(0.1)


async def until_published(settings: Settings, count: int) -> list[tuple[int, uuid.UUID]]:
    async def all_there() -> bool:
        return len(await published(settings)) >= count

    await until(all_there)
    return await published(settings)


async def until_stopped(watching: Watching) -> str:
    async def stands() -> bool:
        return bool(watching.stopped())

    await until(stands)
    return watching.stopped()[0]


def numbered(ids: list[uuid.UUID], first: int = 1) -> list[tuple[int, uuid.UUID]]:
    return list(enumerate(ids, first))


async def test_blocks_larger_than_a_batch_leave_once_and_in_order(settings: Settings, pool: asyncpg.Pool) -> None:
    ids = await write(pool, 1, body=b"x" * 2000)

    async with relay(settings, pool):
        await until_published(settings, 1)
        for count in (700, 1, 2500, 3):
            ids += await write(pool, count, body=b"x" * 1500)
        found = await until_published(settings, len(ids))

    assert found == numbered(ids)


async def test_a_successor_goes_on_where_the_tail_is(settings: Settings, pool: asyncpg.Pool) -> None:
    ids = await write(pool, 5)
    async with relay(settings, pool):
        await until_published(settings, 5)
    await pool.execute("DELETE FROM udi.relay_floor")
    ids += await write(pool, 3)

    async with relay(settings, pool):
        found = await until_published(settings, 8)

    assert found == numbered(ids)


async def test_a_fence_that_takes_longer_than_the_lease_is_waited_for(
    settings: Settings, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await write(pool, 3)
    start = AIOKafkaProducer.start

    async def late(producer: AIOKafkaProducer) -> None:
        await asyncio.sleep(2.0)
        await start(producer)

    monkeypatch.setattr(AIOKafkaProducer, "start", late)
    monkeypatch.setattr(publisher, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(publisher, "LEASE_RENEWED_SECONDS", 0.2)

    async with relay(settings, pool), relay(settings, pool):
        found = await until_published(settings, 3)

    assert found == numbered(ids)


async def test_records_of_somebody_else_are_stepped_over(settings: Settings, pool: asyncpg.Pool) -> None:
    ids = await write(pool, 2)
    async with relay(settings, pool):
        await until_published(settings, 2)
    await foreign(settings, [b"strange"] * 40)
    await foreign(settings, [b"strange"], headers=[(SEQ_HEADER, b"x")])
    ids += await write(pool, 1)

    async with relay(settings, pool) as watching:
        found = await until_published(settings, 3)
        assert watching.stopped() == []

    assert found == numbered(ids)


async def test_a_forged_record_that_claims_to_be_ours_stops_the_lane(settings: Settings, pool: asyncpg.Pool) -> None:
    await write(pool, 2)
    async with relay(settings, pool):
        await until_published(settings, 2)
    await foreign(settings, [b"{}"], headers=[(SEQ_HEADER, b"2"), (ID_HEADER, str(uuid.uuid4()).encode())])

    async with relay(settings, pool) as watching:
        assert "in the outbox it is" in await until_stopped(watching)


async def test_a_running_relay_stops_when_the_outbox_falls_below_what_it_published(
    settings: Settings, pool: asyncpg.Pool
) -> None:
    await write(pool, 4)
    async with relay(settings, pool) as watching:
        await until_published(settings, 4)
        await pool.execute("DELETE FROM udi.outbox_block")
        await pool.execute("UPDATE udi.lane SET billing_seq = 0")

        assert "was published to record 4, the outbox has only 0 now" in await until_stopped(watching)


async def test_a_running_relay_notices_another_history_behind_its_tail(settings: Settings, pool: asyncpg.Pool) -> None:
    await write(pool, 4)
    async with relay(settings, pool) as watching:
        await until_published(settings, 4)
        # Rolled back and already beyond the tail again, before the relay asks: only the id tells.
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM udi.outbox_block")
            await connection.execute("UPDATE udi.lane SET billing_seq = 0")
            await write_in(connection, 6, "other")

        assert "Record 4 of billing/0 is" in await until_stopped(watching)
    assert len(await published(settings)) == 4


async def write_in(connection: Any, count: int, mark: str) -> None:
    ids = [uuid.uuid5(uuid.NAMESPACE_OID, f"{seq}{mark}") for seq in range(count)]
    await connection.execute("UPDATE udi.lane SET billing_seq = $1 WHERE lane = 0", count)
    await connection.execute(
        "INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies) "
        "VALUES ('billing', 0, 1, $1, $2, $3, $3)",
        count, ids, [b"{}"] * count,
    )  # fmt: skip


async def test_the_others_go_on_and_a_person_resumes(settings: Settings, pool: asyncpg.Pool) -> None:
    ids = await write(pool, 3)
    async with relay(settings, pool) as watching:
        await until_published(settings, 3)
        await pool.execute("UPDATE udi.lane SET billing_seq = 2 WHERE lane = 0")
        await until_stopped(watching)
        await write(pool, 2, lane=1)
        await until(lambda: _count_is(settings, 1, 2))

        await pool.execute("UPDATE udi.lane SET billing_seq = 3 WHERE lane = 0")
        ids += await write(pool, 2)
        await asyncio.sleep(1.5)
        assert len(await published(settings)) == 3
        await Interventions(pool).keep(Intervention(Kind.RESUME, "wang", "counter mended", "billing", 0))
        found = await until_published(settings, 5)
        assert watching.stopped() == []

    assert found == numbered(ids)


async def _count_is(settings: Settings, lane: int, count: int) -> bool:
    return len(await published(settings, lane=lane)) == count


async def test_a_topic_made_anew_stops_the_lane_also_while_it_runs(
    settings: Settings, pool: asyncpg.Pool, real_kafka: RealKafka
) -> None:
    await write(pool, 3)
    async with relay(settings, pool) as watching:
        await until_published(settings, 3)
        await until(lambda: pool.fetchval("SELECT EXISTS (SELECT FROM udi.relay_floor WHERE seq = 3)"))
        await delete_all_topics(real_kafka.bootstrap_servers)
        await create_topics(settings)

        assert "offset" in await until_stopped(watching) or "new and empty" in watching.stopped()[0]

    async with relay(settings, pool) as watching:
        assert "billing/0 is new and empty, but 3 records were published to it" in await until_stopped(watching)


async def test_a_gap_in_the_outbox_is_not_published_over(settings: Settings, pool: asyncpg.Pool) -> None:
    await write(pool, 2)
    async with relay(settings, pool) as watching:
        await until_published(settings, 2)
        await pool.execute("UPDATE udi.lane SET billing_seq = 3 WHERE lane = 0")
        await write(pool, 1)

        assert "lacks record 3" in await until_stopped(watching)


async def tail_of_billing(settings: Settings) -> tail.Tail:
    billing = TopicPartition(settings.topic(BILLING), 0)
    return (await tail.read_tails(settings, [billing]))[billing]


async def test_an_open_transaction_of_somebody_else_is_no_end(settings: Settings) -> None:
    async with AIOKafkaProducer(**settings.kafka(), transactional_id="stranger") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(settings.topic(BILLING), b"x", partition=0)

        with pytest.raises(tail.TailUnreadError, match="open transaction"):
            await tail_of_billing(settings)
        await producer.abort_transaction()

    found = await tail_of_billing(settings)
    assert (found.newest, found.start, found.end) == (None, 0, 2)


async def test_a_tail_behind_many_aborted_records_is_found(settings: Settings, pool: asyncpg.Pool) -> None:
    ids = await write(pool, 1)
    async with relay(settings, pool):
        await until_published(settings, 1)
    async with AIOKafkaProducer(**settings.kafka(), transactional_id="stranger") as producer:
        for _ in range(5):
            await producer.begin_transaction()
            for _ in range(30):
                await producer.send(settings.topic(BILLING), b"x", partition=0)
            await producer.flush()
            await producer.abort_transaction()

    found = await tail_of_billing(settings)

    assert found.newest is not None
    assert (found.newest.seq, found.newest.id) == (1, ids[0])


class Silent:
    """A consumer whose broker says where the log ends and then gives nothing."""

    def seek(self, *_: object) -> None:
        """Nothing changes."""

    async def position(self, *_: object) -> int:
        return 0

    async def getmany(self, *_: object, timeout_ms: int) -> dict[object, object]:
        await asyncio.sleep(timeout_ms / 1000)
        return {}


async def test_silence_before_the_end_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "SILENT_SECONDS_MAX", 0.5)

    with pytest.raises(tail.TailUnreadError, match="gave nothing between 0 and its end 7"):
        await tail._newest(Silent(), TopicPartition("udi.billing", 0), 0, 7)


async def test_a_database_rolled_back_by_a_second_under_a_running_relay(real_kafka: RealKafka, folder: Path) -> None:
    """A failover to a replica that was a second behind: the relay neither mixes two histories nor publishes twice."""
    server = EmbeddedDatabase(folder / "postgres")
    await server.start()
    settings = await relay_settings(real_kafka, server.url)
    pool = await open_pool(server.url, 4)
    try:
        before = await write(pool, 3)
        await pool.execute("CHECKPOINT")
        await server.stop()
        # With its owner: PostgreSQL runs as nobody when the tests are root's.
        copying = await asyncio.create_subprocess_exec("cp", "-a", folder / "postgres", folder / "older")
        assert await copying.wait() == 0
        await server.start()

        async with relay(settings, pool) as watching:
            lost = await write(pool, 4, mark=" lost")
            await until_published(settings, 7)
            await server.kill()
            shutil.rmtree(folder / "postgres")
            shutil.move(folder / "older", folder / "postgres")
            await server.start()
            await write(pool, 6, mark=" anew")

            said = await until_stopped(watching)
        assert "Record 7 of billing/0 is" in said or "the outbox has only" in said
        assert await published(settings) == numbered(before + lost)
    finally:
        pool.terminate()
        await server.stop()


@pytest.mark.parametrize("lane", range(LANES))
async def test_the_outbox_gives_no_more_than_asked(settings: Settings, pool: asyncpg.Pool, lane: int) -> None:
    for count in (3, 4, 5, 6):
        await write(pool, count, lane=lane)
    outbox = Outbox(pool)
    del settings

    async def firsts(seq: int, records_max: int) -> list[int]:
        waiting = (await outbox.after({("billing", lane): seq}, records_max))["billing", lane]
        return [block.first_seq for block in waiting.blocks]

    assert await firsts(0, 0) == [1]
    assert await firsts(0, 7) == [1, 4]
    assert await firsts(0, 11) == [1, 4]
    assert await firsts(0, 12) == [1, 4, 8]
    assert await firsts(1, 3) == [1]
    assert await firsts(3, 1) == [4]
    assert await firsts(18, 100) == []
