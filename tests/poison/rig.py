"""A worker of its own process over a broker and a database: given records, judged by what it has recorded of them."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import asyncpg
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from models.wire.topics import CATALOGUE, DISCHARGES, ENCOUNTERS, INCOME, STORES
from streams.cli.main import app
from streams.topics import create_topics
from tests.oracle.processes import UDI, Service, environment
from tests.support.databases.books import prepare
from tests.support.servers.kafka import Broker, RealKafka
from tests.support.servers.live import settings_of

FAULTY: Final = (sys.executable, "-m", "tests.poison.faulty")
LANES: Final = 2
RECORDED_SECONDS_MAX: Final = 120.0


def key_of(topic: str, value: bytes) -> bytes | None:
    """A key for topics that Kafka compacts, which takes no record without: the right one, if there is one."""
    names = {
        CATALOGUE: ("item_code",), ENCOUNTERS: ("encounter",), DISCHARGES: ("encounter",),
        INCOME: ("department", "month"), STORES: ("store",),
    }  # fmt: skip
    if topic not in names:
        return None
    try:
        record = json.loads(value)
        return "/".join(str(record[name]) for name in ("hospital", *names[topic])).encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        return b"H1/unreadable"


class Sent(NamedTuple):
    """A record and where the broker put it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None

    @property
    def origin(self) -> str:
        """As it stands in a dead letter."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Rig:
    """One worker."""

    def __init__(self, broker: Broker, url: str, folder: Path, program: Sequence[str] = FAULTY) -> None:
        more = {} if isinstance(broker, RealKafka) else {"embedded_broker": "true", "log_append_time": "false"}
        self._settings = environment(
            broker.bootstrap_servers, url, folder, replication_factor="1", lanes=str(LANES),
            session_timeout_seconds="6", watchdog_seconds="30", **more,
        )  # fmt: skip
        self.servers, self._url, self._folder = broker.bootstrap_servers, url, folder
        self.worker = Service("worker", ["run", "worker"], self._settings, folder, program=program)

    async def __aenter__(self) -> Self:
        await prepare(self._url, LANES)
        await create_topics(settings_of(self._settings))
        self.pool = await asyncpg.create_pool(self._url, min_size=1, max_size=2)
        self.worker.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.worker.stop)
        await self.pool.close()

    async def again(self) -> None:
        """The worker ends in order, and one of the product as it is goes on: an upgrade."""
        await asyncio.to_thread(self.worker.stop)
        self.worker = Service("upgraded", ["run", "worker"], self._settings, self._folder, program=UDI)
        self.worker.start()

    async def udi(self, *arguments: str) -> str:
        """What a command of the product says."""
        done = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=self._settings)
        assert done.exit_code == 0, done.output
        return done.output

    async def send(self, topic: str, *values: bytes, partition: int = 0) -> list[Sent]:
        """Publish records on a partition of a topic, in order; waits until the broker has them."""
        name, keys = f"udi.{topic}", [key_of(topic, value) for value in values]
        async with AIOKafkaProducer(bootstrap_servers=self.servers, acks="all", linger_ms=5) as producer:
            pairs = list(zip(keys, values, strict=True))
            futures = [await producer.send(name, value, key, partition=partition) for key, value in pairs]
            found = [await future for future in futures]
        return [Sent(name, partition, each.offset, *pair) for each, pair in zip(found, pairs, strict=True)]

    async def recorded(self, *sent: Sequence[Sent]) -> None:
        """Wait until the positions have passed them all.

        Raises:
            AssertionError: the worker has ended, or stands still.
        """
        ends: dict[tuple[str, int], int] = {}
        for each in (each for group in sent for each in group):
            ends[each.topic, each.partition] = max(each.offset + 1, ends.get((each.topic, each.partition), 0))
        clock = asyncio.get_running_loop().time
        before, until = ends, clock() + RECORDED_SECONDS_MAX
        while True:
            rows = await self.pool.fetch("SELECT topic, partition, next_offset FROM report.positions")
            stand = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            behind = {place: (stand.get(place), end) for place, end in ends.items() if stand.get(place, 0) < end}
            if stand != before:
                before, until = stand, clock() + RECORDED_SECONDS_MAX
            assert self.worker.running, f"The worker has ended.\n{self.worker.log[-3000:]}"
            if not behind:
                return
            assert clock() < until, f"It stands still: {behind}\n{self.worker.log[-3000:]}"
            await asyncio.sleep(0.1)

    async def letters(self) -> dict[str, tuple[str, bytes]]:
        """Reason and bytes of every dead letter, by its origin."""
        rows = await self.pool.fetch(
            """SELECT l.origin, l.reason, l.body FROM udi.outbox_block b
               CROSS JOIN LATERAL unnest(b.origins, b.reasons, b.bodies) l (origin, reason, body)
               WHERE b.topic = 'dead-letters'"""
        )
        found = {row["origin"]: (row["reason"], row["body"]) for row in rows}
        assert len(found) == len(rows), "A record has two dead letters."
        return found

    async def verdicts(self) -> dict[str, str]:
        """The newest verdict of every scan, by its id."""
        rows = await self.pool.fetch("SELECT scan_id, verdict FROM report.scans")
        return {str(row["scan_id"]): row["verdict"] for row in rows}

    async def rows(self, query: str) -> list[Any]:
        """What a query gives, first column."""
        return [row[0] for row in await self.pool.fetch(query)]

    async def until(self, query: str, expected: list[Any]) -> None:
        """Wait until a query gives that.

        Raises:
            AssertionError: it never does.
        """
        until, found = asyncio.get_running_loop().time() + RECORDED_SECONDS_MAX, await self.rows(query)
        while found != expected:
            assert self.worker.running, f"The worker has ended.\n{self.worker.log[-3000:]}"
            assert asyncio.get_running_loop().time() < until, f"{found}\n{self.worker.log[-3000:]}"
            await asyncio.sleep(0.2)
            found = await self.rows(query)
