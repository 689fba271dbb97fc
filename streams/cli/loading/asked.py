"""What a person has said of a file to load, and the question whether its headings were understood."""

import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from streams.cli.connection import bad
from streams.cli.loading.column_map import ColumnMap, Kind


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person has said of a file to load."""

    kind: Kind
    file: Path
    hospital: str | None
    given: ColumnMap | None
    yes: bool
    dry_run: bool
    as_json: bool

    def agree(self, found: ColumnMap | None) -> None:
        """Show a proposed map, and go on when it is taken."""
        if found is None or found.is_own or self.given is not None:
            return
        typer.echo("The headings are read so:", err=True)
        for heading, column in found.columns.items():
            typer.echo(f"  {heading} → {column}", err=True)
        if found.unread:
            typer.echo(f"Not read: {', '.join(found.unread)}", err=True)
        if self.yes or self.dry_run:
            return
        if not sys.stdin.isatty():
            bad(f"{self.file}: the columns above are proposed; --yes takes them, --save-map FILE keeps them to change.")
        if not typer.confirm("Load it so?", err=True):
            raise typer.Exit(1)
