"""The command `udi`. Each command is a few lines that call the part that does it.

Exit status: 0 done, 1 the answer is "no", 2 bad use or bad input (docs/contract.md, "Commands").
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from streams import logs, services
from streams.settings import Settings, SettingsError, resolve
from streams.simulator.plan import MONTHLY_SCANS, Plan

app = typer.Typer(
    name="udi",
    help="Every UDI scan becomes a charge, a stock move and, when it should, an alert: exactly once.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Config = Annotated[Path | None, typer.Option("--config", help="TOML file with settings.", envvar="UDI_CONFIG")]


@app.callback()
def _before(config: Config = None) -> None:
    """Read the configuration."""
    if config is not None:
        os.environ["UDI_CONFIG"] = str(config)


@app.command()
def init() -> None:
    """Migrate the database and make the topics; again changes nothing."""
    settings = resolve(Settings())
    made = asyncio.run(services.initialise(settings))
    typer.echo(f"Database ready. Topics made: {', '.join(made) or 'none, all were there'}.")


@app.command()
def run(names: Annotated[list[str] | None, typer.Argument(metavar="[worker|relay|scheduler]…")] = None) -> None:
    """Run services; all of them when none is named, over embedded parts when no addresses are set."""
    logs.configure()
    unknown = [name for name in names or () if name not in services.SERVICES]
    if unknown:
        raise SettingsError(f"Expected services out of {', '.join(services.SERVICES)}; got {', '.join(unknown)}.")
    settings = Settings()
    if names and len(names) == 1:
        services.run_one(names[0], resolve(settings))
    else:
        services.run_together(settings, names or services.SERVICES)


@app.command()
def demo(
    months: Annotated[int, typer.Option(min=1, max=60)] = 15,
    scans: Annotated[int | None, typer.Option(help="Scans in all; unset: the volumes of the studies.")] = None,
    seed: int = 1,
    departments: Annotated[int, typer.Option(min=2, max=99)] = 22,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything up, in the data folder.")] = False,
) -> None:
    """A simulated hospital over embedded parts, everything running, tied out against its ground truth."""
    from streams.demo import run_demo  # noqa: PLC0415 -- the simulator is not loaded by the services

    logs.configure(level="CRITICAL")
    plan = Plan(seed=seed, months=months, scans=scans or sum(MONTHLY_SCANS[:months]), departments=departments)
    raise typer.Exit(run_demo(Settings(), plan, keep=keep))


def main() -> None:
    """Entry point: what a person did wrong is one line and exit status 2."""
    try:
        app()
    except SettingsError as error:
        sys.stderr.write(f"udi: {error}\n")
        sys.exit(2)
