"""One lane in this process: what each step of a batch costs, what each statement does, and what growth does to it.

Goods are not received before: every use makes a new balance, so that what a run wrote is what the tables hold (see
`copying`).
"""

import gc
import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter, process_time
from typing import Final

import asyncpg

from benchmarks import parts, ward
from benchmarks.processes import rss_mib
from models.calendar import ZONE_DEFAULT
from models.charging.snapshot import Catalogue, Lookup, Snapshot
from models.policy import POLICY
from sinks.ports.batch import Batch
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.charging.rows import rows_of
from sinks.postgres.database import open_pool
from streams.agents.scans import record_scans
from streams.lanes.lane import Lane
from streams.lanes.told import Record

BATCH = 1_000
RECORDED_AT = datetime(2022, 6, 4, tzinfo=UTC)
_STATEMENT: Final = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) (udi\.\w+)")


@dataclass(slots=True)
class Spent:
    """Seconds by step, over all batches. What this process does is CPU time: others on the machine do not count."""

    parse: float = 0.0
    ask: float = 0.0
    """Of `gather`, what the driver and the handing over take."""
    decide: float = 0.0
    rows: float = 0.0
    encode: float = 0.0
    """Of `record`, what the driver takes to encode the arguments."""
    gather: float = 0.0
    """Wall time of the query."""
    record: float = 0.0
    """Wall time of the call of `udi.record`, with the encoding of its arguments."""
    again: float = 0.0
    """Wall time of making the rows once more, only to know what they cost."""
    batches: list[float] = field(default_factory=list)
    """Wall time of each batch, parsing included."""

    @property
    def client(self) -> float:
        """CPU of this process."""
        return self.parse + self.ask + self.decide + self.rows + self.encode


class TimedBooks(PostgresBooks):
    """`PostgresBooks`, timed where a batch asks and records."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool, ZONE_DEFAULT)
        self.spent = Spent()

    async def gather(self, lane: int, wanted: Lookup, catalogue: Catalogue) -> Snapshot:
        """Timed."""
        start, cpu = perf_counter(), process_time()
        gathered = await super().gather(lane, wanted, catalogue)
        self.spent.gather += perf_counter() - start
        self.spent.ask += process_time() - cpu
        return gathered

    async def record(self, batch: Batch) -> int:
        """Timed; the rows are made twice, once to know what they cost."""
        start, cpu = perf_counter(), process_time()
        rows_of(batch).arguments()
        made, made_cpu = perf_counter(), process_time()
        version = await super().record(batch)
        end, end_cpu = perf_counter(), process_time()
        rows = made_cpu - cpu
        self.spent.again += made - start
        self.spent.rows += rows
        self.spent.record += end - made - rows
        self.spent.encode += end_cpu - made_cpu - rows
        return version


@asynccontextmanager
async def hot_pool(url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the worker's."""
    pool = await open_pool(url, 2, hot=True)
    try:
        yield pool
    finally:
        await pool.close()


def uses(first: int, count: int) -> list[Record]:
    """So many uses as the broker gives them."""
    return [Record(first + place, RECORDED_AT, *each) for place, each in enumerate(ward.uses(count, first))]


class Line:
    """A lane that is given scans, a batch at a time, for as long as one likes.

    Args:
        pool: connections to the books.
        records: makes so many scans from a number on.
        first: the number of the first one.
    """

    def __init__(self, pool: asyncpg.Pool, records: Callable[[int, int], list[Record]] = uses, first: int = 0) -> None:
        self._books = TimedBooks(pool)
        self._records = records
        self._lane: Lane | None = None
        self._next = first

    async def use(self, scans: int) -> Spent:
        """Record so many more scans and give what they took."""
        if self._lane is None:
            state = await self._books.take_over("benchmark", "udi.scans", 0)
            self._lane = Lane(state, self._books, Catalogue(), ZONE_DEFAULT, POLICY)
        spent = self._books.spent = Spent()
        for first in range(self._next, self._next + scans, BATCH):
            await self._batch(self._lane, first, spent)
        self._next += scans
        return spent

    async def _batch(self, lane: Lane, first: int, spent: Spent) -> None:
        records = self._records(first, BATCH)
        again, in_books = spent.again, spent.ask + 2 * spent.rows + spent.encode
        start, cpu = perf_counter(), process_time()
        reading = lane.read(records, first + BATCH)
        parsed = process_time()
        await record_scans(lane, reading)
        spent.parse += parsed - cpu
        spent.decide += process_time() - parsed - (spent.ask + 2 * spent.rows + spent.encode - in_books)
        spent.batches.append(perf_counter() - start - (spent.again - again))


def as_a_worker() -> None:
    """The garbage collector as `streams.running.run_worker` sets it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


async def statements(pool: asyncpg.Pool) -> dict[str, float]:
    """Seconds of execution in the server by statement since the last call; needs `parts.STATEMENTS`.

    `udi.record` (its newest version) and `udi.gather` are whole calls; the others lie inside, triggers included.
    """
    query = (
        "SELECT query, total_exec_time / 1000 FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
        "WHERE d.datname = current_database()"
    )
    found: dict[str, float] = defaultdict(float)
    for text, seconds in await pool.fetch(query):
        inside = _STATEMENT.search(text)
        if text.startswith("SELECT udi.record_4("):
            found["udi.record"] += seconds
        elif text.startswith("SELECT * FROM udi.gather("):
            found["udi.gather"] += seconds
        elif (inside and "unnest(" in text) or text.startswith(("INSERT INTO udi.outbox", "UPDATE udi.")):
            assert inside is not None
            found[inside[2]] += seconds
    await pool.execute(
        "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)"
    )
    return dict(found)


@dataclass(frozen=True, slots=True)
class Steps:
    """One run: µs per scan by step and by statement."""

    steps: dict[str, float]
    statements: dict[str, float]
    record: float
    """µs per scan of the calls of `udi.record`."""


async def run(url: str, scans: int) -> Steps:
    """Record so many uses into the fresh books at `url`."""
    async with hot_pool(url) as pool:
        await pool.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        line = Line(pool)
        await line.use(BATCH)
        await statements(pool)
        spent = await line.use(scans - BATCH)
        per_scan = 1e6 / (scans - BATCH)
        inside = {name: seconds * per_scan for name, seconds in (await statements(pool)).items()}
    record = spent.record * per_scan
    steps = {
        "CPU here: parse (JSON, event, codes)": spent.parse,
        "CPU here: gather (arguments, answer)": spent.ask,
        "CPU here: want and decide": spent.decide,
        "CPU here: rows and bodies": spent.rows,
        "CPU here: record (arguments encoded)": spent.encode,
        "CPU here: all": spent.client,
        "wall: gather, database and wire": spent.gather - spent.ask,
        "wall: udi.record runs": inside.get("udi.record", 0.0) / per_scan,
        "wall: its arguments read, commit, wire": spent.record
        - spent.encode
        - inside.get("udi.record", 0.0) / per_scan,
        "wall: the whole batch, one step after the other": sum(spent.batches),
    }
    steps = {name: seconds * per_scan for name, seconds in steps.items()}
    return Steps(steps, inside, record)


@dataclass(frozen=True, slots=True)
class Growth:
    """µs per scan of each batch, and memory, at a number of rows."""

    rows: int
    batches: Sequence[float]
    rss: float


async def grow(server_url: str, sizes: Sequence[int], window: int) -> list[Growth]:
    """Record uses until the largest size is reached; look at the `window` scans from each size on."""
    found = []
    async with parts.books(server_url) as url, hot_pool(url) as pool:
        line, rows = Line(pool), 0
        for size in sizes:
            await line.use(size - rows)
            spent = await line.use(window)
            rows = size + window
            found.append(Growth(size, [1e6 * each / BATCH for each in spent.batches], rss_mib(os.getpid())))
    return found
