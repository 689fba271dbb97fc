"""The parts a benchmark runs on: one broker, one PostgreSQL, and fresh books and topics for every repetition.

Durable as in production: `fsync` and `synchronous_commit` are on, the relay publishes in transactions.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from benchmarks.processes import children_running
from benchmarks.ward import ITEMS, load_facts
from sinks.postgres.database import open_pool
from sinks.postgres.migrating import upgrade_schema
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from streams.embedded.process import ServerProcess
from streams.running import Supervisor, environment, initialise
from streams.settings import Settings
from tests.support.databases.books import prepare
from tests.support.servers import kafka, postgres

LANES = 4
ROOT = Path(__file__).parents[1]
SESSION_SECONDS = "60"
"""Workers are frozen while their backlog is written; they must not lose their lanes meanwhile."""
STATEMENTS = MappingProxyType({"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "all"})
"""Server settings under which PostgreSQL counts the time of every statement, those inside functions too."""
_INDEXES: Final = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index
WHERE indrelid = $1::text::regclass AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = indexrelid)
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """Broker and database of a run, and a folder for logs."""

    database: EmbeddedDatabase
    broker: kafka.Broker
    folder: Path

    @property
    def real(self) -> bool:
        """The broker is Apache Kafka, not the embedded one."""
        return isinstance(self.broker, kafka.RealKafka)

    def pids(self) -> dict[str, list[int]]:
        """Process ids by role, of what runs now."""
        return {
            "worker": children_running("streams", "run", "worker") + children_running("benchmarks.naive"),
            "relay": children_running("streams", "run", "relay"),
            "PostgreSQL": children_running("postgres", "-D"),
            "broker": children_running("kafka.Kafka") + children_running("tansu", "broker"),
        }


class _Kafka(kafka.RealKafka):
    """A node that may compile as much as it likes; tests are too short for that."""

    def _java(self, *arguments: str) -> ServerProcess:
        options = [option for option in kafka.JAVA_OPTIONS if "TieredStopAtLevel" not in option]
        return ServerProcess(
            [shutil.which("java") or "java", *options, "-cp", f"{kafka.jars()}/*", *arguments],
            log=self._data_dir / "kafka.log",
            folder=self._data_dir,
            environment={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )


@asynccontextmanager
async def open_parts(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Parts]:
    """A real Kafka where java and mvn are, else the embedded broker; and a PostgreSQL, with settings of its server."""
    os.environ["UDI_SESSION_TIMEOUT_SECONDS"] = SESSION_SECONDS
    broker = _Kafka(folder / "kafka") if kafka.available() else EmbeddedBroker(folder / "broker")
    async with EmbeddedDatabase(folder / "postgres", settings=settings) as database, broker:
        await migrate_template(database.url)
        yield Parts(database, broker, folder)


async def migrate_template(server_url: str) -> None:
    """Give the server's template the newest schema: every database made after it is a copy, in no time."""
    await upgrade_schema(urlunsplit(urlsplit(server_url)._replace(path="/template1")))


@asynccontextmanager
async def installation(parts: Parts, name: str) -> AsyncIterator[Settings]:
    """Fresh books with catalogue and encounters, and fresh topics; gone afterwards."""
    url = await postgres.create_database(parts.database.url)
    settings = Settings(
        bootstrap_servers=parts.broker.bootstrap_servers,
        database_url=SecretStr(url),
        data_dir=parts.folder,
        embedded_broker=not parts.real,
        log_append_time=parts.real,
        topic_prefix=f"{name}.",
        lanes=LANES,
    )
    await initialise(settings)
    await _load(url)
    try:
        yield settings
    finally:
        await postgres.drop_database(parts.database.url, url)
        if parts.real:
            await kafka.delete_all_topics(parts.broker.bootstrap_servers)


@asynccontextmanager
async def books(
    server_url: str, *, facts: bool = True, template: str = "template1", items: int = ITEMS
) -> AsyncIterator[str]:
    """The address of fresh books without topics, out of a copy of the template; gone afterwards."""
    url = await postgres.create_database(server_url, template)
    await prepare(url, LANES)
    if facts:
        await _load(url, items)
    try:
        yield url
    finally:
        await postgres.drop_database(server_url, url)


async def _load(url: str, items: int = ITEMS) -> None:
    pool = await open_pool(url, 2)
    try:
        await load_facts(pool, LANES, items)
    finally:
        await pool.close()


@asynccontextmanager
async def product(settings: Settings, workers: int, folder: Path) -> AsyncIterator[None]:
    """The services as in production."""
    async with Supervisor(settings, ["worker"] * workers + ["relay"], folder):
        yield


@asynccontextmanager
async def naive(settings: Settings, folder: Path) -> AsyncIterator[None]:
    """The naive app in the worker's place."""
    async with Supervisor(settings, ["relay"], folder):
        with (folder / "naive.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.naive",
                cwd=ROOT, env=environment(settings), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                yield
            finally:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def connect(settings: Settings) -> asyncpg.Connection:
    """A connection to the books, to look."""
    return await asyncpg.connect(settings.database())


async def let_all_write_balances(executor: Any) -> None:
    """Books that nobody protects but the application; `executor` is a pool or a connection."""
    for table in ("balance", "store_item"):
        await executor.execute(f"ALTER TABLE udi.{table} DISABLE TRIGGER by_record_alone")


@asynccontextmanager
async def without_indexes(connection: Any, table: str) -> AsyncIterator[None]:
    """Many rows are written; indexes, but those of constraints, are made after them: minutes less."""
    indexes = await connection.fetch(_INDEXES, table)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    yield
    for index in indexes:
        await connection.execute(index["made"], timeout=3600)
