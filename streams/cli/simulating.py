"""`udi simulate` and `udi demo`: a seeded hospital into files, into the broker, or through the whole product."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.calendar import month_text
from models.wire.topics import SCANS
from sinks.postgres.database import open_pool
from streams import logs
from streams.cli.shown import Console
from streams.settings import Settings, SettingsError, resolve

if TYPE_CHECKING:
    from streams.simulator.plan import Plan

DEMO_SCANS = 12_000
"""A smaller hospital, shown in a minute or two; all 15 months, so that every rule and season shows. No source: ours."""


def simulate_files(plan: "Plan", out: Path) -> None:
    """Write the run and its truth into the folder."""
    from streams.simulator.command import simulate_command  # noqa: PLC0415 -- `--help` needs no simulator

    simulate_command(Console(stderr=True), plan, out)


def simulate_into_broker(settings: Settings, plan: "Plan") -> None:
    """Publish the run, stage by stage, while a worker records it; months are left open."""
    asyncio.run(_publish(settings, plan))


async def _publish(settings: Settings, plan: "Plan") -> None:
    from streams.proofs.player import WINDOW_AFTER, Player, after  # noqa: PLC0415 -- as above
    from streams.simulator.run import Hospital  # noqa: PLC0415 -- as above
    from streams.topics import cluster_id  # noqa: PLC0415 -- as above

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


def demo(  # noqa: PLR0917 -- the options of a command
    months: Annotated[int, typer.Option(min=1, max=60)] = 15,
    scans: Annotated[int, typer.Option(help="Scans in all.")] = DEMO_SCANS,
    seed: int = 1,
    departments: Annotated[int, typer.Option(min=2, max=99)] = 22,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything up, in the data folder.")] = False,
    full: Annotated[bool, typer.Option("--full", help="As many scans as the hospital of the studies has.")] = False,
    losses: Annotated[float, typer.Option(min=0, max=0.5, help="Share of the store's uses that nobody scans.")] = 0.08,
) -> None:
    """A simulated hospital over embedded parts, everything running, tied out against its ground truth."""
    from streams.proofs.demo.run import run_demo  # noqa: PLC0415 -- the simulator is not loaded by the services

    logs.configure(level="CRITICAL")
    plan = _plan(months, None if full else scans, seed, departments, 1200, losses)
    raise typer.Exit(run_demo(Console(), Settings(), plan, keep=keep))


def simulate(  # noqa: PLR0917 -- the options of a command
    out: Annotated[Path | None, typer.Option(help="Folder for the files; made when absent.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish to the broker instead of writing files.")] = False,
    months: Annotated[int, typer.Option(min=1, max=60)] = 15,
    scans: Annotated[int | None, typer.Option(help="Scans in all; unset: the volumes of the studies.")] = None,
    seed: int = 1,
    departments: Annotated[int, typer.Option(min=2, max=99)] = 22,
    items: Annotated[int, typer.Option(min=200)] = 1200,
    losses: Annotated[float, typer.Option(min=0, max=0.5, help="Share of the store's uses that nobody scans.")] = 0.08,
) -> None:
    """A seeded hospital: scans, catalogue, encounters, and the ground truth of what must come out."""
    plan = _plan(months, scans, seed, departments, items, losses)
    if publish == (out is not None):
        raise SettingsError("Expected either --out DIR or --publish.")
    if out is not None:
        simulate_files(plan, out)
    else:
        simulate_into_broker(resolve(Settings()), plan)


def _plan(  # noqa: PLR0917 -- the figures of a plan
    months: int, scans: int | None, seed: int, departments: int, items: int, losses: float
) -> "Plan":
    from streams.simulator.plan import MONTHLY_SCANS, Plan  # noqa: PLC0415 -- as above

    volumes = [MONTHLY_SCANS[each % len(MONTHLY_SCANS)] for each in range(months)]
    try:
        return Plan(
            seed=seed, months=months, scans=scans or sum(volumes), departments=departments, items=items, losses=losses
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None
