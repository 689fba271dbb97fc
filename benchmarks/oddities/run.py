"""A batch of the usual input and one of the odd, in turns and into books of their own: others' work hits both."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.oddities.inputs import USUAL, Odd
from benchmarks.parts import books
from benchmarks.processes import rss_mib
from benchmarks.steps import BATCH, Line, hot_pool
from benchmarks.table import Table
from benchmarks.ward import ITEMS

SECTION: Final = "Odd input"
TIMES: Final = 2
"""Wanted at most of a batch, times the usual one (issue 13: throughput stays within half of the usual)."""
FLAT_MIB: Final = 32
"""Wanted at most of what the process grows in the second half of an endless input. Own choice: a tenth of a worker."""
WARM_UP: Final = 2 * BATCH


@dataclass(frozen=True, slots=True)
class Found:
    """One odd input beside the usual."""

    name: str
    usual: list[float]
    """µs a scan of each batch."""
    odd: list[float]
    """µs a record of each batch, in the same order."""
    first: float
    """Seconds that the first batch took: the catalogue is read with it."""
    items: int
    """Of the catalogue."""
    scans: int
    """How many of an endless input there were; 0 of any other."""
    grown: float
    """MiB by which the process grew in the second half of them."""


async def run(server_url: str, odd: Odd, scans: int, endless: int) -> Found:
    """Record so many scans of both, and of an endless input up to `endless`."""
    async with _line(server_url, USUAL) as usual, _line(server_url, odd) as line:
        await usual.use(WARM_UP)
        first = (await line.use(WARM_UP)).batches[0]
        took: tuple[list[float], list[float]] = [], []
        for _ in range(scans // BATCH):
            for each, batches in zip((usual, line), took, strict=True):
                batches += [1e6 * seconds / BATCH for seconds in (await each.use(BATCH)).batches]
        if not odd.endless:
            return Found(odd.name, *took, first, odd.items, 0, 0.0)
        half = max(endless - scans, 0) // 2
        await line.use(half)
        before = rss_mib(os.getpid())
        await line.use(half)
        return Found(odd.name, *took, first, odd.items, scans + 2 * half, rss_mib(os.getpid()) - before)


@asynccontextmanager
async def _line(server_url: str, odd: Odd) -> AsyncIterator[Line]:
    async with books(server_url, items=odd.items) as url, hot_pool(url) as pool:
        yield Line(pool, odd.records)


def show(table: Table, found: list[Found]) -> None:
    """Put it into the table, beside what is wanted."""
    for each in found:
        times = [odd / usual for usual, odd in zip(each.usual, each.odd, strict=True)]
        table.add(SECTION, f"{each.name}: a batch", "µs per record", each.odd)
        table.add(SECTION, f"{each.name}: times the usual one before it", "", times)
        if each.items > ITEMS:
            table.add(SECTION, f"{each.name}: the first batch, which reads it", "s", [each.first])
        table.aim(f"{each.name}, times the usual", median(times), TIMES, least=False, digits=2)
        if each.scans:
            name = f"the process grew in the second half of {each.scans:,}, MiB"
            table.add(SECTION, f"{each.name}: {name}", "", [each.grown])
            table.aim(name, each.grown, FLAT_MIB, least=False)
