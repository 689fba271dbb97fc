"""The command `udi simulate --out`: a run as files, told on stderr while it is written."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.calendar import month_text
from streams.simulator.files import TRUTH_FILE, write
from streams.simulator.plan import Plan, Stage
from streams.simulator.truth.books import Truth


def simulate_command(console: Console, plan: Plan, out: Path) -> Truth:
    """Write a run and its truth into the folder `out`, which is made; files of an earlier run are overwritten.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("Simulating", total=plan.months)

        def told(stage: Stage) -> None:
            if stage.name == "close":
                progress.update(task, advance=1, description=f"Simulated {month_text(stage.month)}")

        truth = write(plan, out, told)
    verdicts = ", ".join(f"{count:,} {name}" for name, count in truth.verdicts().most_common())
    console.print(f"{truth.records.total():,} scan records: {verdicts}. Truth in {out / TRUTH_FILE}.", highlight=False)
    return truth
