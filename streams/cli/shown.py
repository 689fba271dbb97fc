"""How commands speak: tables for a person's terminal, JSON for machines, progress on standard error."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")]
Limit = Annotated[int, typer.Option(min=0, help="Rows shown at most; 0 shows all.")]
LIMIT_DEFAULT = 50


def print_json(value: Any) -> None:
    """One JSON document; decimals and ids as text."""
    sys.stdout.write(
        orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode() + "\n"
    )


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, limit: int = 0) -> None:
    """A table; a column whose name begins with `>` is set right. Says how many rows were left out."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for name in columns:
        right = name.startswith(">")
        table.add_column(name.removeprefix(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in rows[:limit] if limit else rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(shown(cell)) for cell in row))
    console = Console(highlight=False)
    console.print(table)
    if limit and len(rows) > limit:
        console.print(f"… and {len(rows) - limit:,} more; --limit 0 or --json gives all.", style="dim")


def shown(value: Any) -> str:
    """A cell: nothing for `None`, figures with thousands, instants to the minute."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def yuan(amount_fen: int) -> str:
    """Fen as yuan with two digits and thousands."""
    return f"{Decimal(amount_fen) / 100:,.2f}"


def age(since: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits."""
    passed = max((now or datetime.now(UTC)) - since, timedelta())
    for seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if passed.total_seconds() >= seconds:
            return f"{passed.total_seconds() // seconds:,.0f} {unit}"
    return "now"


def joined(parts: Iterable[str | None]) -> str:
    """The parts there are, in one cell."""
    return " / ".join(part for part in parts if part)


def progress() -> Progress:
    """On standard error and on a terminal only: a pipe gets no control sequences."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
