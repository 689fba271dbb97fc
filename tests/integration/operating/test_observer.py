"""The observer against real parts, there and away."""

from pathlib import Path

from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from sinks.metrics.counts import Metrics
from sinks.postgres.database import open_pool
from streams.embedded.broker import EmbeddedBroker
from streams.services.observer import Observer
from streams.settings import Settings
from streams.topics import create_topics
from streams.web.health import Contact
from tests.support.databases.books import prepare
from tests.support.servers.kafka import Broker


def settings_of(bootstrap_servers: str, database: str, folder: Path, *, embedded: bool) -> Settings:
    return Settings(
        bootstrap_servers=bootstrap_servers, database_url=SecretStr(database), data_dir=folder, lanes=2,
        embedded_broker=embedded, log_append_time=not embedded, replication_factor=1,
    )  # fmt: skip


async def publish(settings: Settings, count: int) -> None:
    producer = AIOKafkaProducer(**settings.kafka())
    await producer.start()
    for place in range(count):
        await producer.send_and_wait(settings.topic("scans"), b"{}", partition=1, key=str(place).encode())
    await producer.stop()


async def test_what_waits_on_the_broker_is_lag_though_nobody_reads_it(
    broker: Broker, database: str, folder: Path
) -> None:
    embedded = isinstance(broker, EmbeddedBroker)
    settings = settings_of(broker.bootstrap_servers, database, folder, embedded=embedded)
    await create_topics(settings)
    await prepare(database, 2)
    await publish(settings, 3)
    pool = await open_pool(database, 1)
    metrics, contact = Metrics(), Contact(assigned=0)
    observer = Observer(settings, pool, metrics, contact)
    try:
        await observer.look()
        assert metrics.value("udi_lag_records", "scans", "1") == 3
        assert contact.readiness().reasons == ("No partition is assigned, and 3 records wait.",)
        await pool.execute(
            "INSERT INTO udi.position (cluster_id, topic, partition, next_offset) VALUES ('c', 'udi.scans', 1, 3)"
        )
        await observer.look()
        assert metrics.value("udi_lag_records", "scans", "1") == 0
        assert contact.readiness().ready
    finally:
        await observer._drop_consumer()
        await pool.close()


async def test_a_broker_that_is_away_is_said_and_the_books_are_observed_all_the_same(
    database: str, folder: Path, unused_tcp_port: int
) -> None:
    settings = settings_of(f"127.0.0.1:{unused_tcp_port}", database, folder, embedded=True)
    await prepare(database, 2)
    pool = await open_pool(database, 1)
    metrics, contact = Metrics(), Contact()
    try:
        await Observer(settings, pool, metrics, contact).look()
    finally:
        await pool.close()
    assert contact == Contact(broker=False, database=True)
    assert metrics.value("udi_lanes") == 2


async def test_a_database_that_is_away_is_said(embedded_broker: EmbeddedBroker, database: str, folder: Path) -> None:
    settings = settings_of(embedded_broker.bootstrap_servers, database, folder, embedded=True)
    await prepare(database, 2)
    pool = await open_pool(database, 1)
    await pool.close()
    contact = Contact(database=True)
    observer = Observer(settings, pool, Metrics(), contact)
    await observer.look()
    await observer._drop_consumer()
    assert contact == Contact(broker=True, database=False)
