"""`udi simulate`: a seeded hospital into files, or into the broker."""

import asyncio
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.calendar import month_text
from models.wire.topics import SCANS
from sinks.postgres.database import open_pool
from streams.proofs.player import WINDOW_AFTER, Player, after
from streams.settings import Settings
from streams.simulator.command import simulate_command
from streams.simulator.hospital.run import Hospital
from streams.simulator.plan import Plan
from streams.topics import cluster_id


def simulate_files(plan: Plan, out: Path) -> None:
    """Write the run and its truth into the folder."""
    simulate_command(plan, out)


def simulate_into_broker(settings: Settings, plan: Plan) -> None:
    """Publish the run, stage by stage, while a worker records it; months are left open."""
    asyncio.run(_publish(settings, plan))


async def _publish(settings: Settings, plan: Plan) -> None:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    pool = await open_pool(settings.database(), 2)
    try:
        async with Player(settings, pool, await cluster_id(settings)) as player:
            with Progress(*columns, console=console) as progress:
                task = progress.add_task("Publishing", total=plan.scans)
                for stage in Hospital(plan).stages():
                    progress.update(task, description=f"{month_text(stage.month)} {stage.name}")
                    await player.publish(stage.records)
                    tick_at = after(stage.records, WINDOW_AFTER) if stage.name == "scans" else None
                    if tick_at is not None:
                        await player.tick(tick_at)
                    await player.recorded()
                    progress.update(task, advance=sum(record.topic == SCANS for record in stage.records))
    finally:
        pool.terminate()
