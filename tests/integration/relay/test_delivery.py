"""How a producer ends whose broker is away."""

import asyncio

from aiokafka import AIOKafkaProducer

from streams.services.relay.delivery import stop
from tests.support.servers.kafka import RealKafka, create_topics


async def test_a_producer_stopped_in_the_midst_of_a_transaction_without_its_broker_leaves_no_task(
    real_kafka: RealKafka,
) -> None:
    await create_topics(real_kafka.bootstrap_servers, {"billing": 1})
    before = asyncio.all_tasks()
    producer = AIOKafkaProducer(bootstrap_servers=real_kafka.bootstrap_servers, transactional_id="relay")
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait("billing", b"1", partition=0)
    await real_kafka.kill()
    await producer.begin_transaction()
    sent = await producer.send("billing", b"2", partition=0)

    await stop(producer)
    await asyncio.wait({sent})

    async with asyncio.timeout(60):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.1)
    assert sent.exception() is not None
