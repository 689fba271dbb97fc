"""Case proofs: how late they are after a scan or a discharge, and what one costs in small books and in large ones.

A lane records scans of all patients at a steady pace while 200 of their cases are closed, so each scan of these is
proven anew; then these patients are discharged. Times are by the database's clock: from the moment the lane held its
lock (`ledger.recorded_at`, before its commit) to the moment the proof was written (`case_proof.recorded_at`, before its
own).
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

import asyncpg
import orjson

from benchmarks import ward
from benchmarks.steps import BATCH, RECORDED_AT, hot_pool
from models.calendar import ZONE_DEFAULT
from models.charging.snapshot import Catalogue
from models.closing.case import CaseKey
from models.policy import POLICY
from models.wire.topics import ENCOUNTERS
from rules.catalogue.joining import price_on
from rules.closing.proving import prove
from sinks.ports.batch import RawRecord
from sinks.postgres.catalogue.facts import FactBatch, FactBooks
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.closing.cases import CaseBooks, closings_of, newest_of, scans_of
from streams.agents.scans import record_scans
from streams.lanes.lane import Lane
from streams.lanes.told import Record
from streams.services.prover import Prover

CASES = 200
TICK_SECONDS = 0.02
ROUND = ward.ENCOUNTERS_COUNT
_SCANS = """
SELECT extract(epoch FROM proof.recorded_at - l.recorded_at) * 1000 AS ms
FROM (
    SELECT hospital, encounter, recorded_at,
        row_number() OVER (PARTITION BY hospital, encounter ORDER BY recorded_at) AS n
    FROM udi.ledger WHERE kind = 'charge'
) l
JOIN LATERAL (
    SELECT min(p.recorded_at) AS recorded_at FROM udi.case_proof p
    WHERE (p.hospital, p.encounter) = (l.hospital, l.encounter) AND p.scans >= l.n
) proof ON proof.recorded_at IS NOT NULL
WHERE l.encounter = ANY ($1)
"""
_DISCHARGES = """
SELECT extract(epoch FROM p.recorded_at - k.at) * 1000 AS ms
FROM unnest($1::text[], $2::timestamptz[]) k (encounter, at)
JOIN udi.case_proof p ON p.hospital = 'H1' AND p.encounter = k.encounter AND p.trigger = 'discharged'
"""


@dataclass(frozen=True, slots=True)
class Cases:
    """One run, in milliseconds."""

    scans: Sequence[float]
    """From a scan of a closed case to its proof."""
    discharges: Sequence[float]
    """From a discharge to its proof."""
    proof_small: float
    """One case read and tied, median, at the first size of the books."""
    proof_large: float
    """At the second size."""


async def run(url: str, sizes: tuple[int, int], per_second: int, seconds: float) -> Cases:
    """Measure in the fresh books at `url`, filled with the catalogue and encounters of `benchmarks.ward`."""
    async with hot_pool(url) as pool, hot_pool(url) as own:
        lane = _Lane(pool)
        books = CaseBooks(pool, price_on)
        case = [f"E{number}" for number in range(CASES)]
        prover = asyncio.create_task(Prover(own).run())
        try:
            for encounter in case:
                await books.close(CaseKey(ward.HOSPITAL, encounter), "benchmark")
            # Of all patients in turn, those of the closed cases first in each round: 200 proofs are due at once.
            await lane.paced(ward.uses(int(per_second * seconds)), per_second)
            await _until_idle(books)
            scans = [float(row["ms"]) for row in await pool.fetch(_SCANS, case)]
            discharged = await _discharge(pool, case)
            await _until_idle(books)
            rows = await pool.fetch(_DISCHARGES, case, discharged)
        finally:
            prover.cancel()
            await asyncio.gather(prover, return_exceptions=True)
        costs = []
        for size in sizes:
            await lane.fill(size)
            await pool.execute("ANALYZE")
            costs.append(await _proof_ms(pool, case))
    return Cases(scans, [float(row["ms"]) for row in rows], *costs)


def _of_others() -> Iterator[ward.Keyed]:
    """Uses of patients whose cases are not closed, without end."""
    first = 100 * ROUND
    while True:
        yield from ward.uses(ROUND, first)[CASES:]
        first += ROUND


class _Lane:
    """A lane that is given records."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._lane: Lane | None = None
        self._offset = 0
        self._others = _of_others()
        self._filled = 0

    async def record(self, records: Sequence[ward.Keyed]) -> None:
        """One batch."""
        if self._lane is None:
            books = PostgresBooks(self._pool, ZONE_DEFAULT)
            self._lane = Lane(
                await books.take_over("benchmark", "udi.scans", 0), books, Catalogue(), ZONE_DEFAULT, POLICY
            )
        batch = [Record(self._offset + place, RECORDED_AT, *each) for place, each in enumerate(records)]
        self._offset += len(batch)
        await record_scans(self._lane, self._lane.read(batch, self._offset))

    async def paced(self, records: Sequence[ward.Keyed], per_second: int) -> None:
        """As they are due; what is due at once is one batch."""
        start, done = perf_counter(), 0
        while done < len(records):
            due = min(len(records), int((perf_counter() - start) * per_second), done + BATCH)
            if due > done:
                await self.record(records[done:due])
                done = due
            else:
                await asyncio.sleep(TICK_SECONDS)

    async def fill(self, size: int) -> None:
        """Until so many scans of other patients are recorded."""
        while self._filled < size:
            await self.record([next(self._others) for _ in range(BATCH)])
            self._filled += BATCH


async def _discharge(pool: asyncpg.Pool, encounters: Sequence[str]) -> list[Any]:
    """Discharge one after the other; gives the database's time just before each."""
    books = FactBooks(pool, 4)
    instants = []
    for number, encounter in enumerate(encounters):
        position = await books.take_over("benchmark", ENCOUNTERS, 0)
        body = {
            "schema": "udi.encounter/1",
            "hospital": ward.HOSPITAL,
            "encounter": encounter,
            "department": f"D{number % ward.DEPARTMENTS}",
            "team": f"T{number % 7}",
            "admitted_at": "2022-06-01T08:00:00+08:00",
            "discharged_at": (ward.NOON + timedelta(days=3)).isoformat(),
        }
        batch = FactBatch()
        key = f"{ward.HOSPITAL}/{encounter}".encode()
        books.add(batch, books.parse_encounter(RawRecord(key, orjson.dumps(body))), RECORDED_AT, position.origin(0))
        instants.append(await pool.fetchval("SELECT clock_timestamp()"))
        await books.record(position, position.next_offset + 1, None, batch)
    return instants


async def _until_idle(books: CaseBooks) -> None:
    async with asyncio.timeout(60):
        while await books.has_work():
            await asyncio.sleep(TICK_SECONDS)
        # What has been taken is stored when its transaction ends.
        await asyncio.sleep(10 * TICK_SECONDS)


async def _proof_ms(pool: asyncpg.Pool, encounters: Sequence[str]) -> float:
    """The median of one case each: what closed it, its newest proof, its ledgers, and tying them."""
    taken = []
    async with pool.acquire() as connection:
        for encounter in encounters:
            start = perf_counter()
            place = (ward.HOSPITAL, encounter)
            closings = await closings_of(connection, [place])
            await newest_of(connection, list(closings))
            found = await scans_of(connection, [place], price_on)
            prove(CaseKey(*place), found[place])
            taken.append(1000 * (perf_counter() - start))
    return sorted(taken)[len(taken) // 2]
