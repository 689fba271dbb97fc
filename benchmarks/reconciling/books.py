"""The reconciliation over the books: a month of uses with as many lines of the HIS, and what one more line costs.

Of each hundred uses two have no line, one has another price; one line more is of nothing that was scanned. Half of the
lines say which charge they were posted from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

import asyncpg
import orjson

from benchmarks import ward
from benchmarks.steps import BATCH, RECORDED_AT, hot_pool
from benchmarks.table import Table
from models.calendar import ZONE_DEFAULT
from models.charging.snapshot import Catalogue
from models.money import fen_text, price_text
from models.policy import POLICY
from models.wire.topics import HIS_CHARGES
from sinks.ports.batch import RawRecord
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.reconciling.his_lines import HisLineBooks, LineBatch
from streams.agents.scans import record_scans
from streams.lanes.lane import Lane
from streams.lanes.told import Record
from streams.services.reconciler import Reconciler

SECTION = "Reconciling: over the books"
PATIENTS = 200
"""Whose lines are timed: no use of theirs comes while the books grow."""
LINES_TIMED = 200
_CHARGES = """
SELECT l.encounter, l.department, l.item_code, l.quantity, l.unit_price, l.amount_fen, l.billing_id, s.scanned_at
FROM udi.ledger l JOIN udi.scan s USING (position_id, record_offset)
WHERE l.record_offset >= $1 ORDER BY l.record_offset
"""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One run."""

    uses: int
    read_seconds: float
    """To record as many lines as uses."""
    compared_seconds: float
    """From the first line recorded to the last difference written."""
    differences: int
    line_small: float
    """Milliseconds, median: one line recorded, and what follows from it written, at the first size of the books."""
    line_large: float
    """At the second size."""


async def run(url: str, month: int, sizes: tuple[int, int]) -> Reconciled:
    """Measure in the fresh books at `url`, filled with the catalogue and encounters of `benchmarks.ward`."""
    async with hot_pool(url) as pool:
        house = _House(pool)
        await house.use(ward.uses(month))
        started = perf_counter()
        await house.post(await house.lines(0))
        read = perf_counter() - started
        await pool.execute("ANALYZE")
        started = perf_counter()
        differences = await house.reconciler.until_idle()
        compared = perf_counter() - started
        costs = []
        for size in sizes:
            await house.grow(size)
            await pool.execute("ANALYZE")
            costs.append(await house.line_ms())
    return Reconciled(month, read, compared, differences, *costs)


def show(table: Table, found: Sequence[Reconciled], sizes: tuple[int, int]) -> None:
    """Put the runs into the table."""
    uses = found[0].uses
    table.add(SECTION, f"{uses:,} lines recorded", "s", [run.read_seconds for run in found])
    line = table.add(SECTION, f"{uses:,} uses and lines compared", "s", [run.compared_seconds for run in found])
    table.aim("a month of 20,000 uses compared, s", line.median * 20_000 / uses, 10, least=False)
    small, large = [run.line_small for run in found], [run.line_large for run in found]
    for size, values in zip(sizes, (small, large), strict=True):
        table.add(SECTION, f"one line recorded and compared at {size:,} lines", "ms", values)
    table.aim("one line, times that in the smaller books", median(large) / median(small), 1.5, least=False)


class _House:
    """A lane, the HIS and the reconciler over one set of books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.reconciler = Reconciler(pool, ZONE_DEFAULT)
        self._filler = Reconciler(pool, ZONE_DEFAULT, encounters_max=1_000_000)
        self._pool = pool
        self._lane: Lane | None = None
        self._his = HisLineBooks(pool, 4)
        self._uses = self._posted = 0
        self._others = _of_others()

    async def use(self, records: Sequence[ward.Keyed]) -> None:
        """Record uses in batches."""
        if self._lane is None:
            books = PostgresBooks(self._pool, ZONE_DEFAULT)
            state = await books.take_over("benchmark", "udi.scans", 0)
            self._lane = Lane(state, books, Catalogue(), ZONE_DEFAULT, POLICY)
        for first in range(0, len(records), BATCH):
            part = records[first : first + BATCH]
            batch = [Record(self._uses + place, RECORDED_AT, *each) for place, each in enumerate(part)]
            self._uses += len(batch)
            await record_scans(self._lane, self._lane.read(batch, self._uses))

    async def lines(self, first: int) -> list[dict[str, Any]]:
        """The HIS's lines for the charges of the scans from an offset on."""
        rows = await self._pool.fetch(_CHARGES, first)
        return [line for number, row in enumerate(rows, first) for line in _lines(row, number)]

    async def post(self, lines: Sequence[dict[str, Any]]) -> None:
        """Record lines in batches."""
        for first in range(0, len(lines), BATCH):
            position = await self._his.take_over("benchmark", HIS_CHARGES, 0)
            batch = LineBatch()
            part = lines[first : first + BATCH]
            for place, line in enumerate(part):
                key = f"{ward.HOSPITAL}/{line['encounter']}".encode()
                origin = position.origin(position.next_offset + place)
                self._his.read(batch, RawRecord(key, orjson.dumps(line)), RECORDED_AT, origin)
            assert not batch.letters
            await self._his.record(position, position.next_offset + len(part), None, batch)
            self._posted += len(part)

    async def grow(self, size: int) -> None:
        """Until there are so many lines; those added are of other patients."""
        while self._posted < size:
            first = self._uses
            await self.use(list(islice(self._others, min(20 * BATCH, size - self._posted))))
            await self.post(await self.lines(first))
        await self._filler.until_idle()

    async def line_ms(self) -> float:
        """The median of lines that come one by one: a right one is cancelled, and entered again."""
        rows = await self._pool.fetch(
            "SELECT * FROM udi.his_line_now WHERE encounter = ANY ($1) AND NOT cancelled ORDER BY line_id LIMIT $2",
            [f"E{number}" for number in range(PATIENTS)], LINES_TIMED // 2,
        )  # fmt: skip
        taken = []
        for row in rows:
            for cancelled in (True, False):
                line = _line(row, row["line_id"], row["service_at"]) | {"cancelled": cancelled}
                started = perf_counter()
                await self.post([line])
                await self.reconciler.until_idle()
                taken.append(1000 * (perf_counter() - started))
        return median(taken)


def _of_others() -> Iterator[ward.Keyed]:
    """Uses of the patients whose lines are not timed, without end."""
    first = 1_000 * ward.ENCOUNTERS_COUNT
    while True:
        yield from ward.uses(ward.ENCOUNTERS_COUNT, first)[PATIENTS:]
        first += ward.ENCOUNTERS_COUNT


def _lines(row: Any, number: int) -> Iterator[dict[str, Any]]:
    """What the HIS has for a charge: mostly one line as it should be."""
    place = number % 100
    if place not in (10, 60):
        line = _line(row, f"L{number}", row["scanned_at"])
        if place == 20:
            price = row["unit_price"] + 10_000
            line |= {"unit_price": price_text(price), "amount": fen_text(row["amount_fen"] + 100 * row["quantity"])}
        yield line | {"billing_id": str(row["billing_id"]) if number % 2 else None}
    if place == 70:
        yield _line(row, f"X{number}", row["scanned_at"]) | {"item_code": f"X{number % 50}"}


def _line(row: Any, name: str, at: Any) -> dict[str, Any]:
    return {
        "schema": "udi.his-charge/1",
        "hospital": ward.HOSPITAL,
        "line_id": name,
        "encounter": row["encounter"],
        "department": row["department"],
        "item_code": row["item_code"],
        "quantity": row["quantity"],
        "unit_price": price_text(row["unit_price"]),
        "amount": fen_text(row["amount_fen"]),
        "service_at": at.isoformat(),
    }
