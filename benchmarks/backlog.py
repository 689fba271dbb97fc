"""A backlog that lies on the topic: how fast all its effects are committed and published, and what CPU that takes.

The services are up, hold their lanes and are frozen (SIGSTOP) while the backlog is written; the clock starts when they
go on.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from benchmarks import observing, ward
from benchmarks.parts import Parts, connect, installation, naive, product
from benchmarks.processes import cpu_of, rss_mib
from models.wire.topics import BILLING
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Backlog:
    """One run."""

    committed: float
    """Scans a second until the last was committed."""
    published: float
    """Scans a second until the last of their records could be read from the topics."""
    cpu: dict[str, float]
    """CPU seconds per 100,000 scans, by role."""
    rss: tuple[float, float]
    """Memory of one worker in MiB: after goods were received, and after the backlog."""


async def run(parts: Parts, name: str, scans: int, workers: int) -> Backlog:
    """The product with so many worker processes."""
    async with installation(parts, name) as settings, product(settings, workers, parts.folder):
        await observing.until_assigned(settings, f"{settings.topic_prefix}worker", workers)
        return await _drain(parts, settings, scans)


async def run_naive(parts: Parts, name: str, scans: int) -> Backlog:
    """The naive app."""
    async with installation(parts, name) as settings, naive(settings, parts.folder):
        await observing.until_assigned(settings, f"{settings.topic_prefix}naive", 1)
        return await _drain(parts, settings, scans)


async def _drain(parts: Parts, settings: Settings, scans: int) -> Backlog:
    connection = await connect(settings)
    try:
        async with observing.reading(settings) as published:
            await observing.produce(settings, ward.receipts(scans))
            await observing.until_committed(connection, settings, scans)
            await published.until(await observing.outbox_counts(connection))
            pids = parts.pids()
            before_rss = rss_mib(pids["worker"][0])
            with _frozen(pids["worker"]):
                await observing.produce(settings, ward.uses(scans))
                await connection.execute("CHECKPOINT")
                before = cpu_of(pids)
                started = perf_counter()
            await observing.until_committed(connection, settings, 2 * scans)
            committed = perf_counter() - started
            wanted = await observing.outbox_counts(connection)
            await published.until(wanted)
            ended = perf_counter() - started
            after = cpu_of(pids)
            assert await published.count() == wanted
            assert sum(count for (topic, _), count in wanted.items() if topic == BILLING) == scans
            cpu = {role: (after[role] - before[role]) * 100_000 / scans for role in after}
            return Backlog(scans / committed, scans / ended, cpu, (before_rss, rss_mib(pids["worker"][0])))
    finally:
        await connection.close()


@contextmanager
def _frozen(pids: Sequence[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
