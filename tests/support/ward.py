"""Lanes over a set of books, with the catalogue beside them: the product without Kafka, driven record by record."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import asyncpg

from models.calendar import ZONE_DEFAULT
from models.charging.commands import CommandKind
from models.charging.controls import Control
from models.charging.snapshot import Catalogue
from models.policy import POLICY
from models.scan.scanners import Scanner
from sinks.memory.books import MemoryBooks
from sinks.memory.facts import MemoryFactBooks
from sinks.ports.batch import Batch, Books, InputPosition, RawRecord
from sinks.postgres.catalogue.facts import FactBooks
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.charging.commands import CommandBooks
from sinks.postgres.labels.scanners import ScannerBooks
from sinks.postgres.monitoring.controls import ControlBooks
from streams.agents.scans import record_scans
from streams.lanes.lane import Lane
from streams.lanes.told import Record
from tests.support.accounts import Account, account_of_memory, account_of_postgres
from tests.support.builders import NOON, body, encounter, item, key_of, scan_id
from tests.support.databases.books import prepare
from tests.support.databases.kept import pool_of
from tests.support.servers.postgres import WRITTEN

CLUSTER = "c1"
SCANS, CATALOGUE, ENCOUNTERS = "udi.scans", "udi.catalogue", "udi.encounters"
LANES = 2
FIXED = {"alembic_version", "udi.installation", "udi.topic_counter"}
"""What `PostgresStore.empty` leaves: what was fixed when the books were made."""


class Store(Protocol):
    """What tests ask of either books beside the port."""

    books: Books
    facts: FactBooks

    async def account(self) -> Account:
        """Everything an auditor can read."""

    async def close_month(self, month: int) -> None:
        """The hospital's books are closed through the month."""

    async def command(self, kind: CommandKind, number: int, body: Mapping[str, Any] | None = None) -> None:
        """Wang commands something of the scan of that number."""

    async def control(self, *controls: Control) -> None:
        """The hospital decides about charging."""

    async def set_up(self, scanner: Scanner) -> None:
        """What is known of a scanner."""


class MemoryStore:
    """The twin."""

    def __init__(self, books: MemoryBooks | None = None) -> None:
        self.memory = books or MemoryBooks()
        self.books: Books = self.memory
        self.facts: FactBooks = MemoryFactBooks(self.memory)

    async def account(self) -> Account:
        """See `Store`."""
        return account_of_memory(self.memory)

    async def close_month(self, month: int) -> None:
        """See `Store`."""
        self.memory.closed["H1"] = month

    async def command(self, kind: CommandKind, number: int, body: Mapping[str, Any] | None = None) -> None:
        """See `Store`."""
        self.memory.command(kind, "H1", scan_id(number), "wang", "looked at it", NOON, body)

    async def control(self, *controls: Control) -> None:
        """See `Store`."""
        for each in controls:
            self.memory.control(each, NOON)

    async def set_up(self, scanner: Scanner) -> None:
        """See `Store`."""
        self.memory.set_up(scanner, NOON)


class PostgresStore:
    """The database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.books: Books = PostgresBooks(pool, ZONE_DEFAULT)
        self.facts = FactBooks(pool, LANES)

    async def account(self) -> Account:
        """See `Store`."""
        return await account_of_postgres(self.pool)

    async def close_month(self, month: int) -> None:
        """See `Store`."""
        await self.pool.execute(
            "INSERT INTO udi.period VALUES ('H1', $1) ON CONFLICT (hospital) DO UPDATE SET closed_through = $1", month
        )

    async def command(self, kind: CommandKind, number: int, body: Mapping[str, Any] | None = None) -> None:
        """See `Store`."""
        accepted = await CommandBooks(self.pool).accept(kind, "H1", scan_id(number), "wang", "looked at it", body)
        assert accepted is not None

    async def control(self, *controls: Control) -> None:
        """See `Store`."""
        await ControlBooks(self.pool).record(controls, NOON)

    async def set_up(self, scanner: Scanner) -> None:
        """See `Store`."""
        await ScannerBooks(self.pool).record([scanner])

    async def empty(self) -> None:
        """Forget everything but the installation: the books as they were made."""
        tables = {row["name"] for row in await self.pool.fetch(WRITTEN)} - FIXED
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
            await connection.execute("INSERT INTO udi.fact_counter DEFAULT VALUES")
            await connection.execute("INSERT INTO udi.lane (lane) SELECT generate_series(0, $1::int - 1)", LANES)


@asynccontextmanager
async def postgres_store(url: str) -> AsyncIterator[PostgresStore]:
    """Books in a fresh database."""
    await prepare(url, LANES)
    async with pool_of(url) as pool:
        yield PostgresStore(pool)


def records(events: Iterable[dict[str, Any] | bytes], first: int, stamp: datetime = NOON) -> list[Record]:
    """Records of a partition from an offset on, a second apart by the broker's clock."""
    made = []
    for offset, event in enumerate(events, first):
        value = event if isinstance(event, bytes) else body(event)
        key = key_of(event) if isinstance(event, dict) and "scan_id" in event else None
        made.append(Record(offset, stamp + timedelta(seconds=offset), key, value))
    return made


class Ward:
    """Lanes and facts of one set of books. Every call is recorded before it returns."""

    def __init__(self, store: Store, cluster: str = CLUSTER) -> None:
        self.store, self.cluster = store, cluster
        self.lanes: list[Lane] = []
        self._facts: dict[str, InputPosition] = {}

    async def open(self, *facts: dict[str, Any]) -> "Ward":
        """Take over all lanes and both fact topics, then learn the facts."""
        self.lanes = [await self.lane(number) for number in range(LANES)]
        for topic in (CATALOGUE, ENCOUNTERS):
            self._facts[topic] = await self.store.facts.take_over(self.cluster, topic, 0)
        await self.learn(*facts)
        return self

    async def lane(self, number: int, books: Books | None = None) -> Lane:
        """A worker takes the lane over."""
        used = books or self.store.books
        state = await used.take_over(self.cluster, SCANS, number)
        return Lane(state, used, Catalogue(), ZONE_DEFAULT, POLICY)

    async def restart(self, number: int = 0) -> Lane:
        """Another worker takes the lane over."""
        self.lanes[number] = await self.lane(number)
        return self.lanes[number]

    async def scan(self, *events: dict[str, Any] | bytes, lane: int = 0, stamp: datetime = NOON) -> None:
        """The events arrive as one batch, by the broker's clock from `stamp` on."""
        await record(self.lanes[lane], records(events, self.lanes[lane].position.next_offset, stamp))

    async def learn(self, *facts: dict[str, Any], stamp: datetime = NOON) -> None:
        """Facts arrive, each topic as one batch."""
        for topic in (CATALOGUE, ENCOUNTERS):
            chosen = [each for each in facts if (each["schema"] == "udi.item/1") is (topic == CATALOGUE)]
            if not chosen:
                continue
            books, position = self.store.facts, self._facts[topic]
            parse = books.parse_item if topic == CATALOGUE else books.parse_encounter
            read = [parse(RawRecord(None, body(fact))) for fact in chosen]
            batch, after = await books.gather(read), position.next_offset + len(read)
            for offset, fact in enumerate(read, position.next_offset):
                books.add(batch, fact, stamp, position.origin(offset))
            await books.record(position, after, None, batch)
            self._facts[topic] = await books.take_over(self.cluster, topic, 0)

    async def sweep(self) -> int:
        """Every lane looks after its own waiting scans until none changes any more."""
        total = 0
        while found := sum([await lane.sweep() for lane in self.lanes]):
            total += found
        return total

    async def account(self) -> Account:
        """Everything an auditor can read."""
        return await self.store.account()


async def record(lane: Lane, batch: Sequence[Record]) -> None:
    """Read, decide and record one batch."""
    await record_scans(lane, lane.read(batch, batch[-1].offset + 1))


def verdicts(account: Account) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The newest verdict and reasons by scan id."""
    return {scan: (verdict, reasons) for _, scan, verdict, reasons, *_ in account.scans}


def usual() -> tuple[dict[str, Any], ...]:
    """The usual item and encounter."""
    return item(), encounter()


class Between:
    """The port, with something that happens between what is gathered and what is recorded, once."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._then: list[Callable[[], Awaitable[None]]] = []
        self.failures: list[type[Exception]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)

    @property
    def port(self) -> Books:
        """Itself, as what it stands in for."""
        return cast("Books", self)

    def then(self, happens: Callable[[], Awaitable[None]]) -> None:
        """This happens before the next batch is recorded."""
        self._then.append(happens)

    async def record(self, batch: Batch) -> int:
        while self._then:
            await self._then.pop()()
        try:
            return await self._books.record(batch)
        except Exception as error:
            self.failures.append(type(error))
            raise
