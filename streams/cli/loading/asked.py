"""What a person has said of a file to load, and the question whether its headings were understood."""

import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from streams.cli.connection import bad
from streams.cli.loading.column_map import ColumnMap, Kind, why_unread
from streams.language import language


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person has said of a file to load."""

    kind: Kind
    """What kind of records the file holds."""
    file: Path
    """Path of the file."""
    hospital: str | None
    """For rows that name none; `None`: each row must."""
    given: ColumnMap | None
    """Map of headings that the person gave; `None`: known headings are proposed."""
    yes: bool
    """Proposed headings are taken without asking."""
    dry_run: bool
    """Nothing is published."""
    as_json: bool
    """The outcome is printed as JSON."""

    def agree(self, found: ColumnMap | None) -> None:
        """Show a proposed map, and go on when it is taken."""
        if found is None or found.is_own or self.given is not None:
            return
        typer.echo("The headings are read so:", err=True)
        for heading, column in found.columns.items():
            typer.echo(f"  {heading} → {column}", err=True)
        if found.unread:
            typer.echo(f"Not read: {', '.join(found.unread)}", err=True)
        for heading in found.unread:
            if (why := why_unread(heading, language())) is not None:
                typer.echo(f"  {heading}: {why}", err=True)
        if self.yes or self.dry_run:
            return
        if not sys.stdin.isatty():
            bad(f"{self.file}: the columns above are proposed; --yes takes them, --save-map FILE keeps them to change.")
        if not typer.confirm("Load it so?", err=True):
            raise typer.Exit(1)
