"""The commands of the monthly work and of a case. What does each is loaded when it is asked for."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.connection import in_words
from streams.cli.lists import listing, listing_of, listing_parts

month_app = typer.Typer(help="The monthly work.", no_args_is_help=True)


@month_app.command("close")
def close(
    name: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    hospital: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for what was published before.")] = 120.0,
    *,
    force: Annotated[bool, typer.Option("--force", help="Though it is not over; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why it is forced; it is kept.", callback=in_words)] = None,
    by: Annotated[
        str | None, typer.Option(help="Who forces it; unset: the name you are logged in with.", callback=in_words)
    ] = None,
) -> None:
    """Close a month: its figures stand, alerts become final, late scans post to the next. Says what still waits."""
    from streams.cli.closing.month_close import close_command  # noqa: PLC0415 -- loaded when it is needed

    raise typer.Exit(close_command(name, hospital, timeout, force=force, reason=reason, by=by))


@month_app.command("run")
def run(
    name: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    out: Annotated[Path, typer.Option(help="Folder for the pack; made when absent.")] = Path("packs"),
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for what was published before.")] = 120.0,
) -> None:
    """Close, assess and pack a month; again does only what is not done."""
    from streams.cli.assessment.pack_commands import month_run_command  # noqa: PLC0415 -- as above
    from streams.cli.closing.month_close import close_command  # noqa: PLC0415 -- as above

    def shut() -> int:
        return close_command(name, None if hospital is None else [hospital], timeout)

    raise typer.Exit(month_run_command(name, out, hospital, shut))


@month_app.command("report")
@listing_parts
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


@listing_parts
def figures(
    name: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    hospital: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")] = False,
) -> None:
    """How much is charged by scan, how late, what the HIS got wrong and what was mended, what was wasted."""
    from streams.cli.closing.figures import figures_command  # noqa: PLC0415 -- as above

    raise typer.Exit(figures_command(name, hospital, as_json=as_json))


@listing_of("departments")
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


@listing
def case(  # noqa: PLR0917 -- the options of a command
    encounter: Annotated[str, typer.Argument(metavar="ENCOUNTER")],
    operation: Annotated[str | None, typer.Option(help="Only this operation of it.")] = None,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have the encounter.")] = None,
    close: Annotated[bool, typer.Option("--close", help="Close it: its proof is made and published.")] = False,
    by: Annotated[
        str | None, typer.Option(help="Who closes it; unset: the name you are logged in with.", callback=in_words)
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the proof of a close.")] = 10.0,
    history: Annotated[bool, typer.Option("--history", help="Every version of its proof.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")] = False,
) -> None:
    """A case on one page: uses, the four ledgers side by side, gaps with what to do. Exit 1 when there are any."""
    from streams.cli.closing.case import case_command  # noqa: PLC0415 -- as above

    raise typer.Exit(
        case_command(encounter, operation, hospital, by, timeout, close=close, history=history, as_json=as_json)
    )
