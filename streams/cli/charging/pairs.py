"""`udi pair`: half labels that were joined."""

from typing import Annotated

import typer

from models.charging.commands import CommandKind
from streams.cli.charging.persons import command
from streams.cli.connection import By, Why

pair_app = typer.Typer(no_args_is_help=True)


@pair_app.callback()
def _half_labels() -> None:
    """Half labels that were joined."""


@pair_app.command("undo")
def undo(
    scan_id: Annotated[str, typer.Argument(metavar="SCAN_ID", help="Either of the two scans.")],
    reason: Why,
    by: By = None,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have the scan id.")] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the lane; 0 only stores it.")] = 30.0,
) -> None:
    """Undo a pair: credit, stock back, settlement reversed; both halves are held. Exit 1 when it can't be done."""
    raise typer.Exit(command(CommandKind.UNDO_PAIR, [scan_id], reason, by, hospital, timeout))
