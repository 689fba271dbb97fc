"""The ceiling: COPY of the rows a run wrote into fresh books, into the same tables with their indexes and triggers.

COPY checks nothing that has to be checked, is sent encoded and updates nothing. In batches, as many rows at a time as
the run wrote; and whole, every table at once.

References:
    PostgreSQL 18, "COPY", section "Binary Format".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from time import perf_counter
from typing import Any, Final

import asyncpg

from benchmarks.parts import let_all_write_balances
from benchmarks.processes import children_running, cpu_of
from benchmarks.steps import hot_pool

TABLES: Final = (
    "scan_claim", "unit_claim", "scan", "scan_raw", "ledger", "settlement", "balance", "store_item", "usage_delta",
    "outbox_block",
)  # fmt: skip
HEADER_BYTES: Final = 19
TRAILER: Final = b"\xff\xff"
Dump = dict[str, bytes]


async def dump(url: str) -> Dump:
    """Every table in COPY's binary format, in the order its rows were written."""
    connection = await asyncpg.connect(url)
    try:
        found = {}
        for table in TABLES:
            buffer = BytesIO()
            # Of the raw bytes, which lie by the month, only a query can be copied.
            await connection.copy_from_query(f"SELECT * FROM udi.{table}", output=buffer, format="binary")
            found[table] = buffer.getvalue()
        return found
    finally:
        await connection.close()


def split(copied: bytes, parts: int) -> list[bytes]:
    r"""The rows in so many parts of about the same number, each complete for COPY.

    Example:
        >>> row = b"\x00\x01" + b"\x00\x00\x00\x01" + b"x"
        >>> header = b"h" * HEADER_BYTES
        >>> split(header + row + row + row + TRAILER, 2) == [header + row + TRAILER, header + row + row + TRAILER]
        True
    """
    starts, at = [], HEADER_BYTES
    while copied[at : at + 2] != TRAILER:
        starts.append(at)
        fields, at = int.from_bytes(copied[at : at + 2], "big"), at + 2
        for _ in range(fields):
            size = int.from_bytes(copied[at : at + 4], "big", signed=True)
            at += 4 + max(0, size)
    starts.append(at)
    rows, header = len(starts) - 1, copied[:HEADER_BYTES]
    edges = [starts[rows * part // parts] for part in range(parts + 1)]
    return [header + copied[a:b] + TRAILER for a, b in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class Copied:
    """Seconds, by the clock and of PostgreSQL's CPU."""

    batched: float
    whole: float
    whole_cpu: float


async def run(batched_url: str, whole_url: str, dumped: Dump, batches: int) -> Copied:
    """COPY the dump into two fresh books."""
    parts = [{table: part[place] for table, part in _splits(dumped, batches)} for place in range(batches)]
    batched, _ = await _copy(batched_url, parts)
    return Copied(batched, *await _copy(whole_url, [dumped]))


def _splits(dumped: Dump, batches: int) -> list[tuple[str, list[bytes]]]:
    return [(table, split(copied, batches)) for table, copied in dumped.items()]


async def _copy(url: str, parts: Sequence[Dump]) -> tuple[float, float]:
    """Seconds, and the CPU seconds of the server, its connection still open: the time of one just ended is nowhere."""
    servers = {"PostgreSQL": children_running("postgres", "-D")}
    async with hot_pool(url) as pool, pool.acquire() as connection:
        await let_all_write_balances(connection)
        before, start = cpu_of(servers)["PostgreSQL"], perf_counter()
        for part in parts:
            async with connection.transaction():
                await _copy_part(connection, part)
        return perf_counter() - start, cpu_of(servers)["PostgreSQL"] - before


async def _copy_part(connection: Any, part: Dump) -> None:
    for table, rows in part.items():
        await connection.copy_to_table(table, schema_name="udi", source=BytesIO(rows), format="binary")
