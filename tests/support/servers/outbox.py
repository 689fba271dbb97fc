"""An outbox filled by hand, and what lies on the topics: for tests of the relay alone."""

import uuid
from collections.abc import Sequence

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr

from models.wire.topics import BILLING, ID_HEADER, SEQ_HEADER
from streams.settings import Settings
from streams.topics import create_topics
from tests.support.databases.books import prepare
from tests.support.servers.kafka import Broker

LANES = 2


async def relay_settings(broker: Broker, url: str) -> Settings:
    """Settings of an installation with two lanes whose tables and topics are made."""
    settings = Settings(
        bootstrap_servers=broker.bootstrap_servers,
        database_url=SecretStr(url),
        lanes=LANES,
        replication_factor=1,
    )
    await prepare(url, LANES)
    await create_topics(settings)
    return settings


async def write(
    pool: asyncpg.Pool, count: int, *, lane: int = 0, mark: str = "", body: bytes = b"{}"
) -> list[uuid.UUID]:
    """A block of billing records, as a worker's transaction writes it; ids follow from the place and `mark`."""
    async with pool.acquire() as connection, connection.transaction():
        last = await connection.fetchval(
            "UPDATE udi.lane SET billing_seq = billing_seq + $2 WHERE lane = $1 RETURNING billing_seq", lane, count
        )
        first = last - count + 1
        ids = [uuid.uuid5(uuid.NAMESPACE_OID, f"{lane}/{seq}{mark}") for seq in range(first, last + 1)]
        await connection.execute(
            "INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, arrived_at) "
            "VALUES ('billing', $1, $2, $3, $4, $5, $6, clock_timestamp())",
            lane, first, last, ids, [b"H1/E1"] * count, [body] * count,
        )  # fmt: skip
    return ids


async def published(settings: Settings, *, lane: int = 0) -> list[tuple[int, uuid.UUID]]:
    """Sequence number and id of each committed record of the relay's on a partition of the billing topic."""
    tp = TopicPartition(settings.topic(BILLING), lane)
    consumer = AIOKafkaConsumer(
        **settings.kafka(), enable_auto_commit=False, isolation_level="read_committed", fetch_max_wait_ms=50
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        found = []
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=200)).get(tp, []):
                headers = dict(record.headers)
                if ID_HEADER in headers:
                    found.append((int(headers[SEQ_HEADER]), uuid.UUID(headers[ID_HEADER].decode())))
        return found
    finally:
        await consumer.stop()


async def foreign(settings: Settings, values: Sequence[bytes], *, lane: int = 0, headers: object = ()) -> None:
    """Records of somebody who should not write there."""
    async with AIOKafkaProducer(**settings.kafka()) as producer:
        for value in values:
            await producer.send_and_wait(
                settings.topic(BILLING),
                value,
                partition=lane,
                headers=list(headers),  # type: ignore[call-overload]
            )
