"""How commands speak: tables for a person's terminal, JSON for machines, progress on standard error."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.columns import Columns
from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.status import Status
from rich.table import Table
from rich.text import Text

from models.calendar import ZONE_DEFAULT
from models.personal import masked
from streams.cli.arranging import RIGHT, arranged
from streams.cli.phrases import CODED, told, told_cell, told_heading, word
from streams.visible import plain

AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines, everything.")]
Limit = Annotated[int, typer.Option(min=0, help="Rows shown at most; 0 shows all.")]
LIMIT_DEFAULT = 50
ID_SHOWN = 8
"""Characters of an id that tell rows apart; a person may type as few."""
_UNSAFE = re.compile(
    r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\U000e0000-\U000e0fff]"
)
"""What JSON may hold as it is and a terminal should not: DEL, C1, characters of direction, without width, tags."""


_TAKER: ContextVar[Callable[[Any], None] | None] = ContextVar("taker", default=None)
_ZONE: ContextVar[ZoneInfo] = ContextVar("zone", default=ZONE_DEFAULT)


class Console(RichConsole):
    """Rich's console, in the language, for text of strangers: what can't be seen is shown before colours are added."""

    def __init__(self, *, stderr: bool = False, **options: Any) -> None:
        # Past our own stream to the terminal: while something moves on it, rich puts another one before ours.
        super().__init__(file=_past_ours(sys.stderr if stderr else sys.stdout), stderr=stderr, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print in the language, tables and panels before they are laid out."""
        super().print(*map(in_language, objects), **options)

    def print_as_given(self, *objects: Any, **options: Any) -> None:
        """Print what is in the language already, or nobody's to translate."""
        super().print(*objects, **options)

    def status(self, status: RenderableType, **options: Any) -> Status:
        """A spinner beside a text in the language."""
        return super().status(in_language(status), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of anything, safe for a terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(plain(segment.text, lines=True), segment.style)


def _past_ours(stream: Any) -> Any:
    """What a standard stream of ours writes to (`streams.visible.VisibleStream`); any other stream itself."""
    return getattr(stream, "rich_proxied_file", stream)


def in_language(shown_object: Any) -> Any:
    """A text, table, panel or row of them with its phrases in the language; anything else as it is."""
    if isinstance(shown_object, str):
        return told(shown_object)
    if isinstance(shown_object, Text):
        return _text(shown_object)
    if isinstance(shown_object, Table):
        shown_object.title = in_language(shown_object.title)
        for column in shown_object.columns:
            column.header = told_heading(str(column.header), RIGHT if column.justify == "right" else "")
            column._cells = [_in_table(cell) for cell in column._cells]  # noqa: SLF001 -- rich has no other way
    elif isinstance(shown_object, Panel):
        shown_object.title, shown_object.renderable = (
            in_language(shown_object.title),
            in_language(shown_object.renderable),
        )
    elif isinstance(shown_object, Columns):
        shown_object.renderables = [in_language(each) for each in shown_object.renderables]
    return shown_object


def _in_table(cell: Any) -> Any:
    """A cell of a rich table: a name of ours or a phrase, or what `in_language` makes of it."""
    if isinstance(cell, str) and (found := told_cell(cell)) != cell:
        return found
    return in_language(cell)


def _text(text: Text) -> Text:
    """A text with colours, part by part, each in the language."""
    edges = sorted({edge for span in text.spans for edge in (span.start, span.end)})
    parts = text.divide(edges) if edges else [text]
    return Text().join(Text(told_cell(part.plain), style=_style(part)) for part in parts) if parts else text


def _style(part: Text) -> Any:
    return part.spans[0].style if part.spans else part.style


@contextmanager
def given_to(taker: Callable[[Any], None]) -> Iterator[None]:
    """What is said to machines goes to a taker meanwhile: a file, in place of standard output."""
    before = _TAKER.set(taker)
    try:
        yield
    finally:
        _TAKER.reset(before)


def print_json(value: Any) -> None:
    """One JSON document, or what `given_to` makes of it; decimals and ids as text, invisible characters as escapes."""
    taker = _TAKER.get()
    if taker is not None:
        taker(value)
        return
    text = orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()
    # Past the stream that speaks a language: nothing in it is for people.
    _past_ours(sys.stdout).write(safe_json(masked(text)) + "\n")


def safe_json(text: str) -> str:
    """The same JSON document, with escapes for what a terminal should not get as it is."""
    return _UNSAFE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, limit: int = 0) -> None:
    """A table; a column whose name begins with `>` is set right, a cell that is a list has a line for each part.

    Title and names are said in the language, and the codes of columns that are named so (`streams.cli.phrases.CODED`).
    Every other cell is shown as it is given: it may be a person's own words.

    Says how many rows were left out.

    Where the terminal is too narrow for a line a row, the widest columns of text stand on a second line.
    """
    console = Console(highlight=False)
    kinds = [CODED.get(name) for name in columns]
    cells = [
        [_cell(value, kind) for value, kind in zip(row, kinds, strict=True)]
        for row in (rows[:limit] if limit else rows)
    ]
    marks = [RIGHT if name.startswith(RIGHT) else "" for name in columns]
    names = [mark + told_heading(name.removeprefix(mark), mark) for name, mark in zip(columns, marks, strict=True)]
    for each in arranged(told(title), names, cells, console.width):
        console.print_as_given(each)
    if limit and len(rows) > limit:
        console.print(f"… and {len(rows) - limit:,} more; --limit 0 or --json gives all.", style="dim")


def _cell(value: Any, kind: str | None) -> Text:
    """A cell, a code of the kind in the language; of a list each part has its line."""
    if isinstance(value, Text):
        return value
    parts = value if isinstance(value, list | tuple) else (value,)
    return Text("\n".join(plain(shown(part) if kind is None else word(shown(part), kind)) for part in parts))


def shown(value: Any) -> str:
    """A cell: nothing for `None`, figures with thousands, instants to the minute in the hospital's zone."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return told_cell("yes" if value else "no")
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value if value.tzinfo is None else value.astimezone(_ZONE.get()):%Y-%m-%d %H:%M}"
    return str(value)


def show_in(zone: ZoneInfo) -> None:
    """The hospital's zone, in which a command shows instants from here on."""
    _ZONE.set(zone)


def short(id_: UUID) -> str:
    """A scan's id as lists show it: its last 8 characters, for ids that begin alike are made within a minute."""
    return f"…{str(id_)[-ID_SHOWN:]}"


def yuan(amount_fen: int) -> str:
    """Fen as yuan with two digits and thousands."""
    return f"{Decimal(amount_fen) / 100:,.2f}"


def age(since: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits."""
    passed = max((now or datetime.now(UTC)) - since, timedelta())
    for seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if passed.total_seconds() >= seconds:
            return told_cell(f"{passed.total_seconds() // seconds:,.0f} {unit}")
    return told_cell("now")


def joined(parts: Iterable[str | None]) -> str:
    """The parts there are, in one cell."""
    return " / ".join(part for part in parts if part)


def progress() -> Progress:
    """On standard error and on a terminal only: a pipe gets no control sequences."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
