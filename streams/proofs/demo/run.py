"""`udi demo`: the main job from end to end on embedded parts, watched, and tied out to the cent."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from models.calendar import Month, month_text
from models.wire.topics import SCANS, VERDICTS
from sinks.postgres.database import open_pool
from sinks.postgres.proofs.progress import BilledRecord, newest_billed
from streams.embedded.folder import Purpose
from streams.language import say
from streams.proofs.counts import play_counts
from streams.proofs.demo import assessing, controls, summary
from streams.proofs.demo.ending import INTERRUPTED, Ending, ending, stopped
from streams.proofs.demo.outcome import Run
from streams.proofs.demo.pages import open_pages, with_free_port
from streams.proofs.demo.store import store_lines
from streams.proofs.demo.supply import supply_lines
from streams.proofs.demo.tie_out import tie_out
from streams.proofs.player import WINDOW_AFTER, Player, after
from streams.running import Supervisor, embedded_parts
from streams.services.learner import Learner
from streams.services.leased import nobody
from streams.services.monitoring.evaluator import Evaluator
from streams.services.month_close import close_month
from streams.services.prover import Prover
from streams.services.reconciler import Reconciler
from streams.services.scheduler import jobs, kept_up
from streams.settings import Settings
from streams.simulator.plan import Plan, Record, Stage
from streams.simulator.run import Hospital
from streams.topics import cluster_id

CLOSE_SECONDS_MAX = 300.0
POOL_SIZE: Final = 8
END_SECONDS_MAX = 0.5
"""How long a service has to end in order: what it does is done exactly once, whenever it is killed."""
ENCOUNTERS_MAX = 50_000
DELTAS_MAX = 100_000
"""Compared with the HIS, and proven, at once: a month. Its lines come at the end, before them all would be missed."""
THROUGHOUT: Final = ("evaluator", "corrector", "recall-lister", "sealer", "purger")
AFTERWARDS: Final = ("reconciler", "prover", "learner", "forecaster")
"""The scheduler's jobs of a demo. Its ticks are left out: they carry today's time, the records that of years ago, so
the player ticks in theirs. Reconciler, prover and learner are asked once a month before: the HIS's lines come at its
end, and what is learned while labels come depends on how fast this machine is. The monthly work is done once, and
what stores will use is forecast when all is in the books."""
PROBES = 60
"""Scans sent again, one at a time, to see how long their verdicts take."""


def run_demo(console: Console, settings: Settings, plan: Plan, *, keep: bool) -> int:
    """Run it and give the exit status: 0 when everything ties out, 1 when not, 130 when it was stopped.

    Raises:
        FolderError: with `keep`, the data folder can't be used.
    """
    with ending() as end:
        try:
            return asyncio.run(_until_asked(console, settings, plan, end, keep=keep))
        except KeyboardInterrupt:
            end.in_order()
            console.print(f"\n{stopped(keep)}")
            return INTERRUPTED


async def _until_asked(console: Console, settings: Settings, plan: Plan, end: Ending, *, keep: bool) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(_demo(console, settings, plan, end, keep=keep))

    def cancel() -> None:
        loop.call_soon_threadsafe(task.cancel)

    end.ask = cancel
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _demo(console: Console, settings: Settings, plan: Plan, end: Ending, *, keep: bool) -> int:
    async with AsyncExitStack() as stack:
        folder = settings.data_dir if keep else Path(tempfile.mkdtemp(prefix="udistream-demo-"))
        if not keep:
            end.folder = folder
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        settings = settings.model_copy(update={"data_dir": folder, "bootstrap_servers": None, "database_url": None})
        summary.header(console, plan)
        with console.status("Starting broker, database and services …"):
            resolved = await stack.enter_async_context(embedded_parts(settings, Purpose.DEMO))
            pool = await stack.enter_async_context(_pool(resolved))
            services = Supervisor(resolved, ("worker", "relay"), folder, end_seconds_max=END_SECONDS_MAX)
            await stack.enter_async_context(services)
            work = jobs(resolved, pool, nobody, os.environ)
            for name in THROUGHOUT:
                await stack.enter_async_context(_running(kept_up(name, work[name])))
            evaluator = Evaluator(pool, resolved.zone)
            reconciler, prover = Reconciler(pool, resolved.zone, ENCOUNTERS_MAX), Prover(pool, DELTAS_MAX)
            cluster = await cluster_id(resolved)
            player = await stack.enter_async_context(Player(resolved, pool, cluster))
        closing = Closing(pool, cluster, player, Learner(pool), evaluator, reconciler, prover, resolved, plan.hospital)
        hospital = Hospital(plan)
        run = await _play(console, player, closing, hospital, plan)
        with console.status("Comparing with the HIS …"):
            await reconciler.until_idle()
            await prover.until_idle()
        with console.status("Sending scans again, to see how long a verdict takes …"):
            run.lines = await tie_out(hospital.truth, pool)
            run.latencies = await _probe(resolved, pool)
            run.lines.append(await assessing.findings_line(hospital.truth, pool))
        with console.status("Counting up the store, and listing a recall …"):
            run.lines += await store_lines(hospital.truth, pool)
            run.lines += await supply_lines(hospital.truth, pool)
        with console.status("Opening a circuit breaker …"):
            # Its two uses are in no truth: what they change is compared before. What is printed afterwards has them, so
            # that it says the same as whoever asks again.
            run.quotas = await controls.quotas(pool)
            run.breaker = await controls.breaker(pool, player)
            await evaluator.until_idle()
        with console.status("Assessing the newest month, and drawing its meeting pack …"):
            run.monthly = await assessing.monthly_work(resolved, hospital.truth, folder / "packs")
            run.lines += run.monthly.lines if run.monthly is not None else []
        await summary.show(console, pool, run)
        differences = sum(len(line.differences) for line in run.lines)
        if keep:
            served = with_free_port(resolved)
            opened = await open_pages(served, pool, plan.hospital)
            gateway = Supervisor(served, ("gateway",), folder, end_seconds_max=END_SECONDS_MAX)
            await stack.enter_async_context(gateway)
            summary.addresses(console, served, opened)
            for name in AFTERWARDS:
                await stack.enter_async_context(_running(kept_up(name, work[name])))
            await asyncio.Event().wait()
        return 1 if differences else 0


@asynccontextmanager
async def _pool(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(settings.database(), POOL_SIZE)
    try:
        yield pool
    finally:
        pool.terminate()


async def _prepared(hospital: Hospital) -> AsyncIterator[Stage]:
    """The stages; the next one is made in a thread while this one is published and recorded."""
    stages = hospital.stages()
    coming = asyncio.create_task(asyncio.to_thread(next, stages, None))
    try:
        while (stage := await coming) is not None:
            coming = asyncio.create_task(asyncio.to_thread(next, stages, None))
            yield stage
    finally:
        coming.cancel()


async def _play(console: Console, player: Player, closing: "Closing", hospital: Hospital, plan: Plan) -> Run:
    run = Run()
    columns = (
        TextColumn("[bold]{task.description:<38}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=plan.scans, rate="")
        async for stage in _prepared(hospital):
            progress.update(task, description=f"{month_text(stage.month)}  {say('desk', 'demo-stage', stage.name)}")
            if stage.name == "scans":
                before = time.monotonic()
                scans = sum(record.topic == SCANS for record in stage.records)
                await _watched(player, stage, scans, lambda done: progress.update(task, completed=run.shown + done))
                await closing.learn()
                run.published += scans
                run.seconds += time.monotonic() - before
                progress.update(task, completed=run.shown, rate=f"{run.published / run.seconds:,.0f}/s")
            elif stage.name == "count":
                await closing.count(stage)
                run.counted += len(stage.records)
                progress.update(task, completed=run.shown)
            elif stage.name == "close":
                await closing.close(stage.month)
            else:
                await player.publish(stage.records)
                await player.recorded()
        progress.update(task, description=say("desk", "demo-stage", "all-closed"))
    return run


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Closing:
    """Closes months as `udi month close` does, with ticks in the time of the records."""

    pool: asyncpg.Pool
    """Connections to the books."""
    cluster: str
    """Id of the broker's cluster."""
    player: Player
    """Publishes the plan's records."""
    learner: Learner
    """Learns makers' lots before a month goes on."""
    evaluator: Evaluator
    """Judges alerts after a close."""
    reconciler: Reconciler
    """Compares with the HIS before a close."""
    prover: Prover
    """Proves cases before a close."""
    settings: Settings
    """Of the installation."""
    hospital: str
    """Id of the hospital."""

    async def learn(self) -> None:
        """Have the month's labels learned from, and what becomes certain by that decided again."""
        await self.learner.until_idle()
        await self.player.recorded()

    async def count(self, stage: Stage) -> None:
        """Have the store counted, as `udi count` does."""
        await play_counts(stage, self.hospital, self.player, self.pool, self.settings)

    async def close(self, month: Month) -> None:
        """Compare the month with the HIS, prove its cases, close it, and have its alerts judged."""
        await self.reconciler.until_idle()
        await self.prover.until_idle()
        await close_month(
            month, hospitals=None, pool=self.pool, cluster_id=self.cluster, publish_ticks=self.player.tick_again,
            timeout_seconds=CLOSE_SECONDS_MAX, evaluate=self.evaluator.step,
        )  # fmt: skip


async def _watched(player: Player, stage: Stage, scans: int, progress: Callable[[int], None]) -> None:
    """Publish a month's scans, and what cabinets read meanwhile, while the bar follows what is recorded."""
    before = await player.scans_recorded()
    publishing = asyncio.ensure_future(_publish(player, stage.records))
    while not publishing.done():
        await asyncio.wait({publishing}, timeout=0.2)
        progress(min(scans, await player.scans_recorded() - before))
    await publishing


async def _publish(player: Player, records: Sequence[Record]) -> None:
    await player.publish(records)
    tick_at = after(records, WINDOW_AFTER)
    if tick_at is not None:
        await player.tick(tick_at)
    await player.recorded()


async def _probe(settings: Settings, pool: asyncpg.Pool) -> list[float]:
    """Send recorded scans again and time their verdicts (`duplicate`) on the topic."""
    probes = await newest_billed(pool, PROBES)
    consumer = AIOKafkaConsumer(
        **settings.kafka(), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=10
    )
    await consumer.start()
    try:
        return await _timed(settings, pool, consumer, probes)
    finally:
        await consumer.stop()


async def _timed(
    settings: Settings, pool: asyncpg.Pool, consumer: AIOKafkaConsumer, probes: Sequence[BilledRecord]
) -> list[float]:
    partitions = [TopicPartition(settings.topic(VERDICTS), lane) for lane in range(settings.lanes)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    while await consumer.getmany(timeout_ms=1000, max_records=50_000):
        pass
    seconds = []
    async with Player(settings, pool, "") as player:
        for key, raw, lane in probes:
            began = time.monotonic()
            await player.send_once(key, raw, lane)
            while not await consumer.getmany(timeout_ms=2000):
                pass
            seconds.append(time.monotonic() - began)
    return seconds
