"""What a person has said of a file to load, whether its headings were understood, and what became of its rows."""

import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import typer

from models.wire.strict_json import Refusal
from streams.cli.connection import bad
from streams.cli.loading.column_map import ColumnMap, Kind, why_unread
from streams.cli.loading.flat_rows import BadRow
from streams.cli.phrases import told, told_cell
from streams.cli.shown import print_json, print_table
from streams.language import language

T = TypeVar("T")


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


@dataclass(slots=True)
class FileRows(Generic[T]):
    """What a file holds of records that go into the books, not onto a topic."""

    good: list[T] = field(default_factory=list)
    """What can be loaded."""
    bad: list[BadRow] = field(default_factory=list)
    """Rows that can't, each with its reason."""
    columns: ColumnMap | None = None
    """Which heading was read as which column; `None` when there was no heading."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know of how the file was read."""

    def take(self, number: int, read: T | Refusal) -> None:
        """What a row is, or where and why it is none."""
        if isinstance(read, Refusal):
            place, colon, reason = read.detail.partition(": ")
            self.bad.append(BadRow(number, place if colon else "", reason or place))
        else:
            self.good.append(read)

    def tell(self, asked: Asked, line: str) -> int:
        """Say what became of the rows, the last line in the kind's own words; gives the exit status."""
        if asked.as_json:
            loaded = 0 if asked.dry_run else len(self.good)
            print_json({"good": len(self.good), "loaded": loaded, "bad": [asdict(row) for row in self.bad]})
            return int(bool(self.bad))
        if self.bad:
            rows = [(row.row, row.column or told_cell("the row"), told(row.reason)) for row in self.bad]
            print_table("Bad rows: nothing of them is loaded", (">row", "column", "reason"), rows)
        for remark in self.remarks:
            typer.echo(remark, err=True)
        typer.echo(line)
        return int(bool(self.bad))
