"""The test harness' real Kafka: it keeps what was acknowledged, and transactions are all or nothing."""

import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.support.servers.kafka import Broker, RealKafka, create_topics
from tests.support.servers.proxy import FaultProxy

LOG_APPEND_TIME = 1


async def values(
    bootstrap_servers: str, topic: str, count: int, *, isolation_level: str = "read_committed"
) -> list[bytes]:
    """The first `count` values of partition 0."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, isolation_level=isolation_level, auto_offset_reset="earliest"
    )
    partition = TopicPartition(topic, 0)
    await consumer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, 0)
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_what_was_produced_is_consumed_in_order(broker: Broker) -> None:
    await create_topics(broker.bootstrap_servers, {"scans": 1})

    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        for number in range(5):
            await producer.send_and_wait("scans", b"%d" % number)

    assert await values(broker.bootstrap_servers, "scans", 5) == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("attempt", ["first", "second"])
async def test_each_test_finds_the_broker_without_topics(broker: Broker, attempt: str) -> None:
    await create_topics(broker.bootstrap_servers, {"scans": 1})

    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        await producer.send_and_wait("scans", attempt.encode())

    assert await values(broker.bootstrap_servers, "scans", 1) == [attempt.encode()]


async def test_a_killed_kafka_comes_back_at_its_address_with_its_data(real_kafka: RealKafka) -> None:
    address, cluster_id = real_kafka.bootstrap_servers, real_kafka.cluster_id
    await create_topics(address, {"scans": 1})
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        await producer.send_and_wait("scans", b"before")

    await real_kafka.kill()
    await real_kafka.start()
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        await producer.send_and_wait("scans", b"after")

    assert await values(address, "scans", 2) == [b"before", b"after"]
    assert (real_kafka.bootstrap_servers, real_kafka.cluster_id) == (address, cluster_id)


async def test_an_aborted_transaction_is_never_read(real_kafka: RealKafka) -> None:
    await create_topics(real_kafka.bootstrap_servers, {"postings": 1})
    producer = AIOKafkaProducer(bootstrap_servers=real_kafka.bootstrap_servers, transactional_id=uuid.uuid4().hex)

    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait("postings", b"aborted")
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send("postings", b"committed 1")
            await producer.send("postings", b"committed 2")

    assert await values(real_kafka.bootstrap_servers, "postings", 2) == [b"committed 1", b"committed 2"]


async def test_the_broker_stamps_the_records_where_the_topic_says_so(real_kafka: RealKafka) -> None:
    await create_topics(real_kafka.bootstrap_servers, {"scans": 1}, log_append_time=True)

    async with AIOKafkaProducer(bootstrap_servers=real_kafka.bootstrap_servers) as producer:
        written = await producer.send_and_wait("scans", b"scan", timestamp_ms=1)

    assert written.timestamp_type == LOG_APPEND_TIME
    assert written.timestamp > 1


async def test_a_client_behind_the_proxy_meets_the_proxy_for_every_connection(real_kafka: RealKafka) -> None:
    await create_topics(real_kafka.bootstrap_servers, {"scans": 1})

    async with FaultProxy(real_kafka.fault_port, port=real_kafka.proxy_port) as proxy:
        address = f"127.0.0.1:{proxy.port}"
        async with AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=True) as producer:
            await producer.send_and_wait("scans", b"1")
            proxy.cut()
            await producer.send_and_wait("scans", b"2")

    assert proxy.connections > 2
    assert await values(real_kafka.bootstrap_servers, "scans", 2) == [b"1", b"2"]
