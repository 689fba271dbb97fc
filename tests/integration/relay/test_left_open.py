"""Transactions on an output topic that nobody ends, as a crash of the broker may leave them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidTxnState

from models.wire.topics import BILLING, ID_HEADER, SEQ_HEADER
from sinks.postgres.outbox import Outbox
from streams.services.relay import publisher, tail
from streams.settings import Settings
from streams.topics import cluster_id
from tests.integration.relay.test_relay import numbered, relay, tail_of_billing, until, until_published
from tests.support.servers.kafka import RealKafka
from tests.support.servers.outbox import write


async def leave_open(
    kafka: RealKafka, settings: Settings, transactional_id: str, records: Sequence[tuple[int, UUID] | None] = (None,)
) -> None:
    """Records of a transaction of which the coordinator knows nothing: nobody will ever end it.

    Each with its sequence number and id, or `None` for one that is not the relay's.
    """

    async def left() -> bool:
        async with AIOKafkaProducer(**settings.kafka(), transactional_id=transactional_id) as producer:
            await producer.begin_transaction()
            billing = TopicPartition(settings.topic(BILLING), 0)
            producer._txn_manager._txn_partitions.add(billing)
            try:
                for each in records:
                    await producer.send_and_wait(billing.topic, b"left", partition=0, headers=headers(each))
            except InvalidTxnState:
                return False  # The broker has not heard yet that it shall not ask.
            return True

    await set_verification(kafka, "false")
    try:
        await until(left)
    finally:
        await set_verification(kafka, "true")


def headers(record: tuple[int, UUID] | None) -> list[tuple[str, bytes]]:
    return [(SEQ_HEADER, str(record[0]).encode()), (ID_HEADER, str(record[1]).encode())] if record else []


async def set_verification(kafka: RealKafka, value: str) -> None:
    """Whether the broker asks the coordinator before it takes a record of a transaction."""
    changed = {"transaction.partition.verification.enable": value}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        for answer in await admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", changed)]):
            assert all(code == 0 for code, *_ in answer.resources), answer
    finally:
        await admin.close()


async def test_a_transaction_of_the_relay_that_nobody_ends_is_aborted(
    settings: Settings, pool: asyncpg.Pool, real_kafka: RealKafka
) -> None:
    await leave_open(real_kafka, settings, f"{settings.topic_prefix}relay-lane-0")
    with pytest.raises(tail.TransactionOpenError):
        await tail_of_billing(settings)
    ids = await write(pool, 3)

    async with relay(settings, pool):
        found = await until_published(settings, 3)

    assert found == numbered(ids)


@pytest.mark.parametrize("before", [0, 2])
async def test_what_was_acknowledged_and_never_ended_is_committed(
    settings: Settings, pool: asyncpg.Pool, real_kafka: RealKafka, before: int
) -> None:
    """A broker was killed amid the end of a transaction: its relay was told of a commit, and it is open."""
    ids = await write(pool, before) if before else []
    async with relay(settings, pool):
        await until_published(settings, before)
    ids += await write(pool, 2)
    ids += await write(pool, 1)
    await leave_open(real_kafka, settings, f"{settings.topic_prefix}relay-lane-0", numbered(ids[before:], before + 1))
    await Outbox(pool).raise_floor(await cluster_id(settings), BILLING, 0, before + 3)
    ids += await write(pool, 1)

    async with relay(settings, pool) as watching:
        found = await until_published(settings, before + 4)
        assert watching.stopped() == []

    assert found == numbered(ids)


@pytest.mark.parametrize("open_", ["one twice", "one missing", "one of another outbox", "one that is there"])
async def test_what_was_left_open_and_is_not_what_comes_next_is_aborted(
    settings: Settings, pool: asyncpg.Pool, real_kafka: RealKafka, open_: str
) -> None:
    ids = await write(pool, 2)
    async with relay(settings, pool):
        await until_published(settings, 2)
    ids += await write(pool, 3)
    places = {"one twice": (3, 4, 4), "one missing": (3, 5), "one that is there": (2, 3, 4)}.get(open_, (3, 4, 5))
    left = [(place, uuid4() if open_ == "one of another outbox" and place == 5 else ids[place - 1]) for place in places]
    await leave_open(real_kafka, settings, f"{settings.topic_prefix}relay-lane-0", left)

    async with relay(settings, pool) as watching:
        found = await until_published(settings, 5)
        assert watching.stopped() == []

    assert found == numbered(ids)


async def test_a_transaction_of_somebody_else_that_nobody_ends_is_waited_for(
    settings: Settings, pool: asyncpg.Pool, real_kafka: RealKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leave_open(real_kafka, settings, "stranger")
    await write(pool, 3)
    refused: list[tail.TransactionOpenError] = []

    async def watched(*arguments: Any) -> Any:
        try:
            return await tail.read_tails(*arguments)
        except tail.TransactionOpenError as error:
            refused.append(error)
            raise

    async def several() -> bool:
        return len(refused) > 3

    monkeypatch.setattr(publisher, "read_tails", watched)
    async with relay(settings, pool):
        await until(several)

    # Tried once: not a record more with each look.
    [end] = (await tail.ends(settings, [TopicPartition(settings.topic(BILLING), 0)])).values()
    assert end == len(["left", "an abort that is not its own"])
