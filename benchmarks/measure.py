"""What is measured, how often and how large; the figures go into the table."""

import asyncio
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import backlog, cases, copying, latency, monitoring, steps
from benchmarks.growth import run as years
from benchmarks.oddities import run as oddities
from benchmarks.oddities.inputs import ODD
from benchmarks.parts import Parts, books, migrate_template
from benchmarks.reconciling import books as reconciling_books
from benchmarks.reconciling import rule as reconciling
from benchmarks.table import Line, Table
from benchmarks.web import bedside, sending
from benchmarks.web import pages as web_pages
from benchmarks.web.multiplying import multiply
from tests.support.servers.browser import MISSING, find
from tests.support.servers.installation import address_of_books, installation

PARTS = (
    "backlog",
    "naive",
    "latency",
    "rerating",
    "steps",
    "oddities",
    "growth",
    "years",
    "cases",
    "reconciling",
    "reconciling-books",
    "monitoring",
    "web",
    "codes",
)
THROUGHPUT, CPU, LATENCY = "Backlog", "CPU seconds per 100,000 scans", "Latency"
STEPS, STATEMENTS, GROWTH = "Steps of a batch of 1,000, µs per scan", "Statements, µs per scan", "Growth"
CASES = "Case proofs"
RERATING = "Late prices, 100 scans/s"
RERATING_SCANS = 100
"""Scans a second while charges are re-rated: more than a hospital has, whose day is some five hundred."""
CASE_SCANS = 500
"""Scans a second while cases are proven."""
COPY = "Recording against COPY of the same rows"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    scans: int
    repetitions: int
    repetitions_two: int
    naive_scans: int
    naive_repetitions: int
    latency_seconds: float
    latency_repetitions: int
    steps_scans: int
    steps_repetitions: int
    growth: tuple[int, int]
    growth_window: int
    years: tuple[int, int]
    """Scans of books of years in which the same is recorded and looked up; multiples of 5,000."""
    cases: tuple[int, int]
    cases_seconds: float
    warm_up: int
    """Scans of a first backlog that does not count: a cold broker still compiles itself."""
    months: int
    """Months of 20,000 uses reconciled with as many lines."""
    watched: int
    """Scans of the books in which a month is closed."""
    assessed: int
    """Cases judged."""
    rerated: int
    """Charges that a late price re-rates while scans flow."""
    pages: tuple[int, int, int]
    """Scans and months of the demo whose pages are asked for, and to how many scans its books are multiplied."""
    odd: tuple[int, int]
    """Records of each odd input, and of the one that is endless."""


FULL = Sizes(
    60_000, 5, 3, 3_000, 3, 20.0, 3, 50_000, 5, (100_000, 1_000_000), 50_000, (100_000, 1_000_000), (20_000, 200_000),
    24.0, 30_000, 50, 5_000_000, 170_000, 200_000, (30_000, 15, 1_000_000),
    (50_000, 1_000_000),
)  # fmt: skip
QUICK = Sizes(
    8_000,
    2,
    1,
    400,
    1,
    3.0,
    1,
    6_000,
    2,
    (3_000, 12_000),
    3_000,
    (10_000, 50_000),
    (2_000, 10_000),
    6.5,
    0,
    5,
    50_000,
    20_000,
    20_000,
    (6_000, 3, 6_000),
    (3_000, 10_000),
)


def sizes(*, quick: bool, scans: int | None, repetitions: int | None, rows: int | None = None) -> Sizes:
    """The sizes of a mode, with what the command line changes."""
    found = QUICK if quick else FULL
    return replace(
        found,
        scans=scans or found.scans,
        repetitions=repetitions or found.repetitions,
        years=(found.years[0], rows or found.years[1]),
    )


class Run:
    """One run: what was found is kept for the ratios."""

    def __init__(self, of: Sizes, table: Table) -> None:
        self._sizes = of
        self._table = table
        self._names = 0
        self._cpu: list[float] = []
        """Of the backlogs with one worker: CPU of all roles for a scan, µs."""

    def _name(self) -> str:
        self._names += 1
        return f"bench{self._names}"

    async def with_services(self, parts: Parts, only: list[str]) -> None:
        """Everything that needs a broker and processes."""
        ours: list[backlog.Backlog] = []
        if "backlog" in only or "naive" in only:
            ours = await self._backlogs(parts, two="backlog" in only)
        if "naive" in only:
            await self._naive(parts, ours)
        if "latency" in only:
            await self._latencies(parts)
        if "rerating" in only:
            await self._rerating(parts)

    async def _backlogs(self, parts: Parts, *, two: bool) -> list[backlog.Backlog]:
        # The embedded broker has no groups: a second worker would only stand by.
        counts = {1: self._sizes.repetitions, 2: self._sizes.repetitions_two if two and parts.real else 0}
        if self._sizes.warm_up:
            _say(f"a backlog of {self._sizes.warm_up} to warm up")
            await backlog.run(parts, self._name(), self._sizes.warm_up, 1)
        found: dict[int, list[backlog.Backlog]] = {}
        for workers, repetitions in counts.items():
            for _ in range(repetitions):
                _say(f"backlog of {self._sizes.scans} with {workers} worker(s)")
                run = await backlog.run(parts, self._name(), self._sizes.scans, workers)
                found.setdefault(workers, []).append(run)
        for workers, runs in found.items():
            self._show(f"{workers} worker{'s' * (workers > 1)}", runs)
        self._cpu = [10 * sum(run.cpu.values()) for run in found[1]]
        rss = [run.rss for run in found[1]]
        self._table.add(THROUGHPUT, "memory of the worker after as many receipts", "MiB", [before for before, _ in rss])
        self._table.add(THROUGHPUT, "memory of the worker after the backlog", "MiB", [after for _, after in rss])
        return found[1]

    def _show(self, who: str, runs: list[backlog.Backlog]) -> None:
        self._table.add(THROUGHPUT, f"{who}: committed", "scans/s", [run.committed for run in runs])
        self._table.add(THROUGHPUT, f"{who}: committed and published", "scans/s", [run.published for run in runs])
        for role in runs[0].cpu:
            self._table.add(CPU, f"{who}: {role}", "s", [run.cpu[role] for run in runs])

    async def _naive(self, parts: Parts, ours: list[backlog.Backlog]) -> None:
        runs = []
        for _ in range(self._sizes.naive_repetitions):
            _say(f"naive app: backlog of {self._sizes.naive_scans}")
            runs.append(await backlog.run_naive(parts, self._name(), self._sizes.naive_scans))
        self._show("naive app", runs)
        theirs = median(run.published for run in runs)
        ratio = self._table.add(
            THROUGHPUT, "1 worker, times the naive app", "", [run.published / theirs for run in ours]
        )
        self._table.aim("end to end, times the naive app", ratio.median, 50, least=True)

    async def _latencies(self, parts: Parts) -> None:
        for per_second in (100, 1_000):
            runs = []
            for _ in range(self._sizes.latency_repetitions):
                _say(f"latency at {per_second}/s")
                runs.append(await latency.run(parts, self._name(), per_second, self._sizes.latency_seconds))
            for what in ("commit", "billed"):
                where = "commit" if what == "commit" else "billing topic"
                lines = [
                    self._percentile(f"{per_second:,}/s: scan to {where}, p{percent}", runs, what, percent)
                    for percent in latency.PERCENTILES
                ]
                if per_second == 1_000 and what == "commit":
                    self._table.aim("p99 to commit at 1,000/s, ms", lines[-1].median, 50, least=False)

            if per_second == 100:
                for role in runs[0].idle:
                    self._table.add(
                        LATENCY, f"nothing comes in: CPU of {role}", "cores", [run.idle[role] for run in runs]
                    )
            for role in runs[0].cores:
                self._table.add(LATENCY, f"{per_second:,}/s: CPU of {role}", "cores", [run.cores[role] for run in runs])

    async def _rerating(self, parts: Parts) -> None:
        charges, runs = self._sizes.rerated, []
        for _ in range(self._sizes.latency_repetitions):
            _say(f"latency while {charges} charges are re-rated")
            name, seconds = self._name(), self._sizes.latency_seconds
            runs.append(await latency.with_a_late_price(parts, name, RERATING_SCANS, seconds, charges))
        p99 = [[latency.percentile(each.commit, 99) for each in run] for run in runs]
        times = [meanwhile / without for without, meanwhile in p99]
        self._table.add(RERATING, f"p99 to commit beside {charges:,} charges", "ms", [without for without, _ in p99])
        self._table.add(RERATING, "p99 to commit while they are re-rated", "ms", [meanwhile for _, meanwhile in p99])
        self._table.add(RERATING, "times that without", "", times)
        done = [float(meanwhile.rerated) for _, meanwhile in runs]
        self._table.add(RERATING, "re-rated when the last scan was published", "charges", done)
        aim = "p99 to commit while charges are re-rated, times that without"
        self._table.aim(aim, median(times), 2, least=False)

    def _percentile(self, name: str, runs: list[latency.Latency], what: str, percent: int) -> Line:
        values = [latency.percentile(getattr(run, what), percent) for run in runs]
        return self._table.add(LATENCY, name, "ms", values)

    def web(self, folder: Path) -> None:
        """Pages, terminal and gateway over the demo's books."""
        scans, months, in_books = self._sizes.pages
        _say(f"pages, terminal and gateway over a demo of {scans} scans")
        with installation(folder, scans, months) as installed:
            if in_books > scans:
                _say(f"its books multiplied to {in_books} scans")
                asyncio.run(multiply(address_of_books(folder), in_books))
            web_pages.run(self._table, installed, in_books)
            sending.run(self._table, installed, self._sizes.latency_repetitions)
            if find():
                bedside.run(self._table, installed)
            else:
                _say(MISSING)

    def reconcile(self) -> None:
        """The rules that compare with the HIS, without any books."""
        _say(f"{self._sizes.months} months of {reconciling.MONTH} uses reconciled")
        reconciling.show(self._table, reconciling.run(self._sizes.months))

    async def in_process(self, server_url: str, only: list[str]) -> None:
        """Everything that needs a database alone."""
        await migrate_template(server_url)
        steps.as_a_worker()
        if "steps" in only:
            await self._steps(server_url)
        if "oddities" in only:
            await self._odd(server_url)
        if "growth" in only:
            await self._growth(server_url)
        if "years" in only:
            await self._years(server_url)
        if "cases" in only:
            await self._cases(server_url)
        if "reconciling-books" in only:
            await self._reconcile_books(server_url)
        if "monitoring" in only:
            await self._watch(server_url)

    async def _cases(self, server_url: str) -> None:
        found: list[cases.Cases] = []
        for _ in range(self._sizes.latency_repetitions):
            _say("case proofs")
            async with books(server_url) as url:
                found.append(await cases.run(url, self._sizes.cases, CASE_SCANS, self._sizes.cases_seconds))
        for name in ("scans", "discharges"):
            what = f"{name.removesuffix('s')} to proof"
            for percent in (50, 99):
                values = [latency.percentile(getattr(run, name), percent) for run in found]
                line = self._table.add(CASES, f"{what}, p{percent}", "ms", values)
            self._table.aim(f"{what} at {cases.CASES} closed cases, p99, ms", line.median, 1_000, least=False)
        small, large = [run.proof_small for run in found], [run.proof_large for run in found]
        for size, values in zip(self._sizes.cases, (small, large), strict=True):
            self._table.add(CASES, f"one proof at {size:,} scans of others", "ms", values)
        self._table.aim("one proof, times that in the smaller books", median(large) / median(small), 1.5, least=False)

    async def _reconcile_books(self, server_url: str) -> None:
        month, sizes = min(self._sizes.cases[0], reconciling.MONTH), self._sizes.cases
        _say(f"books of {sizes[0]} and {sizes[1]} lines reconciled")
        async with books(server_url) as url:
            found = await reconciling_books.run(url, month, sizes)
        reconciling_books.show(self._table, [found], sizes)

    async def _watch(self, server_url: str) -> None:
        _say(f"a month closed over {self._sizes.watched} scans, {self._sizes.assessed} cases judged")
        async with books(server_url, facts=False) as url:
            found = await monitoring.run(url, self._sizes.watched)
        monitoring.show(
            self._table, self._sizes.watched, found, self._sizes.assessed, monitoring.assessment(self._sizes.assessed)
        )

    async def _steps(self, server_url: str) -> None:
        scans = self._sizes.steps_scans
        found: list[steps.Steps] = []
        copies: list[copying.Copied] = []
        for _ in range(self._sizes.steps_repetitions):
            _say(f"steps of {scans} scans, and COPY of their rows")
            async with books(server_url) as url:
                found.append(await steps.run(url, scans))
                dumped = await copying.dump(url)
            async with books(server_url, facts=False) as batched, books(server_url, facts=False) as whole:
                copies.append(await copying.run(batched, whole, dumped, scans // steps.BATCH))
        for name in found[0].steps:
            self._table.add(STEPS, name, "", [run.steps[name] for run in found])
        for name in sorted(found[0].statements, key=lambda name: -found[0].statements[name]):
            self._table.add(STATEMENTS, name, "", [run.statements.get(name, 0.0) for run in found])
        self._compare(found, copies)

    def _compare(self, found: list[steps.Steps], copies: list[copying.Copied]) -> None:
        per_scan = 1e6 / self._sizes.steps_scans
        batched = [one.batched * per_scan for one in copies]
        shares = [copied / run.record for copied, run in zip(batched, found, strict=True)]
        self._table.add(COPY, "the record step as its caller sees it", "µs per scan", [run.record for run in found])
        self._table.add(COPY, "COPY in batches", "µs per scan", batched)
        self._table.add(COPY, "COPY of whole tables", "µs per scan", [one.whole * per_scan for one in copies])
        copied = self._table.add(
            COPY, "COPY of whole tables, CPU", "µs per scan", [one.whole_cpu * per_scan for one in copies]
        )
        if self._cpu:
            budget = [cpu / copied.median for cpu in self._cpu]
            line = self._table.add(COPY, "CPU of all roles for a scan of the backlog, times that of COPY", "", budget)
            self._table.aim("CPU of all roles, times that of COPY", line.median, 6, least=False)
        share = self._table.add(COPY, "COPY in batches / record step", "", shares)
        self._table.aim("record step, share of COPY in batches", share.median, 0.7, least=True, digits=2)

    async def _odd(self, server_url: str) -> None:
        scans, endless = self._sizes.odd
        found = []
        for odd in ODD:
            _say(f"{odd.name}: {endless if odd.endless else scans} records")
            found.append(await oddities.run(server_url, odd, scans, endless))
        oddities.show(self._table, found)

    async def _growth(self, server_url: str) -> None:
        _say(f"growth to {self._sizes.growth[-1]} scans")
        small, large = await steps.grow(server_url, self._sizes.growth, self._sizes.growth_window)
        for growth in (small, large):
            self._table.add(GROWTH, f"batches from {growth.rows:,} scans on", "µs per scan", growth.batches)
        self._table.add(GROWTH, "memory of the process", "MiB", [small.rss, large.rss])
        ratio = median(large.batches) / median(small.batches)
        self._table.aim(
            f"memory at {large.rows:,} scans, times that at {small.rows:,}",
            large.rss / small.rss, 1.1, least=False, digits=2,
        )  # fmt: skip
        self._table.aim(
            f"cost at {large.rows:,} scans, times that at {small.rows:,}", ratio, 1.15, least=False, digits=2
        )

    async def _years(self, server_url: str) -> None:
        _say(f"books of {self._sizes.years[0]} and {self._sizes.years[1]} scans")
        years.show(self._table, await years.run(server_url, self._sizes.years, self._sizes.growth_window))


_STARTED = perf_counter()


def _say(what: str) -> None:
    print(f"{perf_counter() - _STARTED:6.1f} s  {what}", file=sys.stderr, flush=True)
