"""The command `udi`. Each command is a few lines that call the part that does it.

Exit status: 0 done, 1 the answer is "no", 2 bad use or bad input (docs/contract.md, "Commands").
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from models.charging.commands import CommandKind
from streams import logs, running
from streams.cli.assessment.commands import assess_command
from streams.cli.catalogue.bind import bind
from streams.cli.catalogue.check import catalogue_app
from streams.cli.charging.correct import correct
from streams.cli.charging.held import held_app
from streams.cli.charging.parked import parked
from streams.cli.charging.persons import command
from streams.cli.codes.commands import label_command, parse_command, rescue_proof_command
from streams.cli.faults import sentence
from streams.cli.loading.load import load
from streams.cli.monitoring.alerts import alerts
from streams.cli.monitoring.findings import findings
from streams.cli.monitoring.rules import rules_app
from streams.cli.operating.doctor import doctor
from streams.cli.operating.replay import replay
from streams.cli.reconciling.differences import differences_app
from streams.cli.shown import guard_streams
from streams.cli.stock.balances import stock
from streams.cli.stock.devices import devices
from streams.cli.stock.trace import trace
from streams.cli.verifying.verify import verify
from streams.proofs.pairing_proof import pairing_proof_command
from streams.proofs.reconciliation_proof import reconciliation_proof_command
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
    guard_streams()
    if config is not None:
        os.environ["UDI_CONFIG"] = str(config)


@app.command()
def init() -> None:
    """Migrate the database and make the topics; again changes nothing."""
    settings = resolve(Settings())
    try:
        made = asyncio.run(running.initialise(settings))
    except ValueError as error:
        raise SettingsError(str(error)) from None
    typer.echo(f"Database ready. Topics made: {', '.join(made) or 'none, all were there'}.")


@app.command()
def run(names: Annotated[list[str] | None, typer.Argument(metavar="[worker|relay|scheduler]…")] = None) -> None:
    """Run services; all of them when none is named, over embedded parts when no addresses are set."""
    logs.configure()
    unknown = [name for name in names or () if name not in running.SERVICES]
    if unknown:
        raise SettingsError(f"Expected services out of {', '.join(running.SERVICES)}; got {', '.join(unknown)}.")
    settings = Settings()
    if names and len(names) == 1:
        running.run_one(names[0], resolve(settings))
    else:
        running.run_together(settings, names or running.SERVICES)


@app.command()
def demo(
    months: Annotated[int, typer.Option(min=1, max=60)] = 15,
    scans: Annotated[int | None, typer.Option(help="Scans in all; unset: the volumes of the studies.")] = None,
    seed: int = 1,
    departments: Annotated[int, typer.Option(min=2, max=99)] = 22,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything up, in the data folder.")] = False,
) -> None:
    """A simulated hospital over embedded parts, everything running, tied out against its ground truth."""
    from streams.proofs.demo.run import run_demo  # noqa: PLC0415 -- the simulator is not loaded by the services

    logs.configure(level="CRITICAL")
    raise typer.Exit(run_demo(Settings(), _plan(months, scans, seed, departments, 1200), keep=keep))


month = typer.Typer(help="The monthly work.", no_args_is_help=True)
app.add_typer(month, name="month")


@month.command("close")
def close(
    name: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    hospital: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for what was published before.")] = 120.0,
) -> None:
    """Close a month: its figures stand, alerts become final, late scans post to the next."""
    from streams.cli.closing.month_close import close_command  # noqa: PLC0415 -- loaded when it is needed

    raise typer.Exit(close_command(resolve(Settings()), name, hospital, timeout))


@month.command("report")
def report(
    name: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    known: Annotated[
        str | None,
        typer.Option(help="As known at this instant or day; unset: when the month was closed, or now."),
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Only what had happened to the end of this day.")] = None,
    hospital: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")] = False,
) -> None:
    """Charges and credits by month of use and by month of posting, and the bridge between; prints the same again."""
    from streams.cli.closing.month_report import report_command  # noqa: PLC0415 -- as above

    raise typer.Exit(report_command(name, known, as_of, hospital, as_json=as_json))


@app.command()
def figures(
    name: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    hospital: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")] = False,
) -> None:
    """How much is charged by scan, how late, what the HIS got wrong and what was mended, what was wasted."""
    from streams.cli.closing.figures import figures_command  # noqa: PLC0415 -- as above

    raise typer.Exit(figures_command(name, hospital, as_json=as_json))


@app.command("tie-out")
def tie_out(
    day: Annotated[str, typer.Argument(metavar="DAY", help="Like 2022-06-03.")],
    hospital: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    department: Annotated[str | None, typer.Option(help="This one alone, opened to its scans.")] = None,
    *,
    scans: Annotated[bool, typer.Option("--scans", help="Every line opened to its scans.")] = False,
    topic: Annotated[bool, typer.Option("--topic", help="Read the topic at the broker, not the outbox.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")] = False,
) -> None:
    """A day's scans = stock out = charges = topic = HIS, a line for each department. Exit 1 when one does not tie."""
    from streams.cli.closing.tie_out import tie_out_command  # noqa: PLC0415 -- as above

    raise typer.Exit(tie_out_command(day, hospital, department, scans=scans, topic=topic, as_json=as_json))


pair = typer.Typer(help="Half labels that were joined.", no_args_is_help=True)
app.add_typer(pair, name="pair")


@pair.command("undo")
def undo(
    scan_id: Annotated[str, typer.Argument(metavar="SCAN_ID", help="Either of the two scans.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    by: Annotated[str | None, typer.Option(help="Who; unset: the name you are logged in with.")] = None,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have the scan id.")] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the lane; 0 only stores it.")] = 30.0,
) -> None:
    """Undo a pair: credit, stock back, settlement reversed; both halves are held. Exit 1 when it can't be done."""
    raise typer.Exit(command(CommandKind.UNDO_PAIR, [scan_id], reason, by, hospital, timeout))


@app.command()
def case(  # noqa: PLR0917 -- the options of a command
    encounter: Annotated[str, typer.Argument(metavar="ENCOUNTER")],
    operation: Annotated[str | None, typer.Option(help="Only this operation of it.")] = None,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have the encounter.")] = None,
    close: Annotated[bool, typer.Option("--close", help="Close it: its proof is made and published.")] = False,
    by: Annotated[str | None, typer.Option(help="Who closes it; unset: the name you are logged in with.")] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the proof of a close.")] = 10.0,
    history: Annotated[bool, typer.Option("--history", help="Every version of its proof.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")] = False,
) -> None:
    """A case on one page: uses, the four ledgers side by side, gaps with what to do. Exit 1 when there are any."""
    from streams.cli.closing.case import case_command  # noqa: PLC0415 -- as above

    raise typer.Exit(
        case_command(encounter, operation, hospital, by, timeout, close=close, history=history, as_json=as_json)
    )


@app.command()
def scanners(
    *, as_json: Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")] = False
) -> None:
    """Scanners that keep dropping separators, what would mend each, and all profiles. Exit 1 when there are any."""
    from streams.cli.codes.scanners import scanners_command  # noqa: PLC0415 -- as above

    raise typer.Exit(scanners_command(as_json=as_json))


@app.command()
def simulate(  # noqa: PLR0917 -- the options of a command
    out: Annotated[Path | None, typer.Option(help="Folder for the files; made when absent.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish to the broker instead of writing files.")] = False,
    months: Annotated[int, typer.Option(min=1, max=60)] = 15,
    scans: Annotated[int | None, typer.Option(help="Scans in all; unset: the volumes of the studies.")] = None,
    seed: int = 1,
    departments: Annotated[int, typer.Option(min=2, max=99)] = 22,
    items: Annotated[int, typer.Option(min=200)] = 1200,
) -> None:
    """A seeded hospital: scans, catalogue, encounters, and the ground truth of what must come out."""
    from streams.cli.simulating import simulate_files, simulate_into_broker  # noqa: PLC0415 -- as above

    plan = _plan(months, scans, seed, departments, items)
    if publish == (out is not None):
        raise SettingsError("Expected either --out DIR or --publish.")
    if out is not None:
        simulate_files(plan, out)
    else:
        simulate_into_broker(resolve(Settings()), plan)


def _plan(months: int, scans: int | None, seed: int, departments: int, items: int) -> Plan:
    volumes = [MONTHLY_SCANS[each % len(MONTHLY_SCANS)] for each in range(months)]
    try:
        return Plan(seed=seed, months=months, scans=scans or sum(volumes), departments=departments, items=items)
    except ValueError as error:
        raise SettingsError(str(error)) from None


app.add_typer(differences_app, name="differences")
app.add_typer(held_app, name="held")
app.add_typer(catalogue_app, name="catalogue")
app.add_typer(rules_app, name="rules")
app.command()(bind)
app.command()(correct)
app.command()(load)
app.command()(parked)
app.command()(stock)
app.command()(trace)
app.command()(devices)
app.command()(alerts)
app.command()(findings)
app.command()(verify)
app.command()(doctor)
app.command()(replay)
app.command("assess")(assess_command)
app.command("parse")(parse_command)
app.command("label")(label_command)
app.command("rescue-proof")(rescue_proof_command)
app.command("pairing-proof")(pairing_proof_command)
app.command("reconciliation-proof")(reconciliation_proof_command)


def main() -> None:
    """Entry point: what a person did wrong, and what is away, is one line and exit status 2."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough (`udi held | head`); the interpreter must not complain on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        line = sentence(error)
        if line is None:
            raise
        sys.stderr.write(f"udi: {line}\n")
        sys.exit(2)
