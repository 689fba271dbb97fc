"""An installation that people's commands can be run against: books that hold the story, and their topics."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from sinks.postgres.outbox import Outbox
from streams.cli.main import app
from streams.embedded.broker import EmbeddedBroker
from streams.services.relay.service import run_relay
from streams.services.watching import Watching
from streams.settings import Settings
from streams.topics import create_topics
from tests.oracle.processes import Service, environment
from tests.support.builders import NOON, body, key_of
from tests.support.servers.kafka import Broker
from tests.support.ward import LANES, Ward, postgres_store

SECONDS_MAX: Final = 240.0


@dataclass(frozen=True, slots=True)
class Installed:
    """Settings as a person has them in the environment, and the books behind."""

    settings: Settings
    pool: asyncpg.Pool
    ward: Ward

    @property
    def environment(self) -> Mapping[str, str]:
        """What the settings are called there."""
        assert self.settings.database_url is not None
        return {
            "UDI_BOOTSTRAP_SERVERS": str(self.settings.bootstrap_servers),
            "UDI_DATABASE_URL": self.settings.database_url.get_secret_value(),
            "UDI_EMBEDDED_BROKER": str(self.settings.embedded_broker).lower(),
            "UDI_LOG_APPEND_TIME": str(self.settings.log_append_time).lower(),
            "UDI_LANES": str(LANES),
            "COLUMNS": "120",
        }

    async def udi(self, *arguments: str) -> Result:
        """A command as a person runs it."""
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=dict(self.environment))

    async def json(self, *arguments: str) -> Any:
        """What a command says to a machine."""
        return json.loads((await self.udi(*arguments, "--json")).stdout)

    async def publish(self, topic: str, *records: tuple[bytes, dict[str, Any]]) -> None:
        """Key and value of each onto the topic, at noon by the broker."""
        async with AIOKafkaProducer(**self.settings.kafka()) as producer:
            for key, record in records:
                await producer.send_and_wait(topic, body(record), key=key, timestamp_ms=int(NOON.timestamp() * 1000))

    async def scan(self, *scans: dict[str, Any]) -> None:
        """Scans onto their topic."""
        await self.publish("udi.scans", *((key_of(each), each) for each in scans))

    async def until(self, statement: str, *arguments: Any) -> Any:
        """The first value the books give for it.

        Raises:
            TimeoutError: they gave none in time.
        """
        async with asyncio.timeout(SECONDS_MAX):
            while (found := await self.pool.fetchval(statement, *arguments)) is None:
                await asyncio.sleep(0.1)
        return found

    async def records(self, topic: str, partition: int = 0) -> list[tuple[bytes | None, bytes | None]]:
        """Key and value of everything that is on a partition now."""
        tp = TopicPartition(topic, partition)
        async with AIOKafkaConsumer(**self.settings.kafka(), enable_auto_commit=False, fetch_max_wait_ms=20) as reader:
            reader.assign([tp])
            await reader.seek_to_beginning(tp)
            end = (await reader.end_offsets([tp]))[tp]
            found: list[tuple[bytes | None, bytes | None]] = []
            async with asyncio.timeout(SECONDS_MAX):
                while await reader.position(tp) < end:
                    batch = (await reader.getmany(tp, timeout_ms=500)).get(tp, [])
                    found += [(record.key, record.value) for record in batch]
            return found

    @asynccontextmanager
    async def relay(self) -> AsyncIterator[None]:
        """A relay publishes the outbox meanwhile."""
        task = asyncio.create_task(run_relay(self.settings, Outbox(self.pool), Watching(self.settings)))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def running(url: str, broker: Broker, folder: Path, *services: str) -> AsyncIterator[Installed]:
    """An installation of nobody yet, with services as processes of their own."""
    settings = Settings(
        bootstrap_servers=broker.bootstrap_servers,
        database_url=SecretStr(url),
        embedded_broker=isinstance(broker, EmbeddedBroker),
        log_append_time=False,
        lanes=LANES,
        data_dir=folder / "services",
    )
    settings.data_dir.mkdir()
    async with postgres_store(url) as store:
        await create_topics(settings)
        made = Installed(settings, store.pool, Ward(store))
        own = {**environment("", "", settings.data_dir), **made.environment}
        with ExitStack() as started:
            for name in services:
                started.enter_context(Service(name, ["run", name], own, settings.data_dir))
            yield made


@asynccontextmanager
async def installed(told: str, broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    """The story: a fresh database in which it is told, and, record by record, the broker's topic of scans."""
    settings = Settings(
        bootstrap_servers=broker.bootstrap_servers,
        database_url=SecretStr(told),
        embedded_broker=True,
        log_append_time=False,
        lanes=LANES,
    )
    async with postgres_store(told) as store:
        await create_topics(settings)
        ward = await Ward(store).open()
        await store.pool.execute("UPDATE udi.position SET cluster_id = $1", broker.cluster_id)
        await publish_scans(settings, store.pool)
        yield Installed(settings, store.pool, ward)


async def publish_scans(settings: Settings, pool: asyncpg.Pool) -> None:
    """What the books have recorded, at the offsets they have recorded it at."""
    rows = await pool.fetch(
        "SELECT lane, record_offset, record_key, b.raw FROM udi.scan s "
        "JOIN udi.raw_bytes b USING (position_id, record_offset) ORDER BY 1, 2"
    )
    async with AIOKafkaProducer(**settings.kafka()) as producer:
        for row in rows:
            sent = await producer.send_and_wait("udi.scans", row["raw"], row["record_key"], partition=row["lane"])
            assert sent.offset == row["record_offset"]
