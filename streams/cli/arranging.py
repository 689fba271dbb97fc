"""Tables for terminals of any width: a line a row where it fits, else the widest columns of text on a second one."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GAP: Final = 2
"""Characters between two columns."""
FIRST_MIN: Final = 24
"""Characters to which the first column folds before figures go to the second line."""
RIGHT: Final = ">"
"""A column whose name begins so is set right: figures."""
BETWEEN: Final = " · "
_PAIR: Final = 2
"""A name and a text."""


def arranged(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Text]], width: int
) -> Iterator[RenderableType]:
    """A table as what is to be printed, one below the other, at most `width` characters wide.

    The first column stays on a row's first line, those of figures while they fit.
    Of names and texts the text folds.
    """
    if title:
        yield Text(title, "bold")
    widths = [_width(name, [row[place] for row in rows]) for place, name in enumerate(columns)]
    below = below_of(columns, widths, width)
    if not below:
        yield _table(columns, rows, [None] * len(columns), headed=True)
        return
    if len(columns) == _PAIR and widths[0] <= width // 3:
        yield _table(columns, rows, [widths[0], width - widths[0] - GAP], headed=True)
        return
    above = [place for place in range(len(columns)) if place not in below]
    kept, fixed = [columns[place] for place in above], [widths[place] for place in above]
    fixed[0] = min(fixed[0], width - sum(each + GAP for each in fixed[1:]))
    yield _table(kept, (), fixed, headed=True)
    names = BETWEEN.join(columns[place].removeprefix(RIGHT) for place in below if columns[place])
    if names:
        yield Padding(Text(names, "bold"), (0, 0, 0, GAP))
    for row in rows:
        yield _table(kept, [[row[place] for place in above]], fixed)
        yield Padding(_second([row[place] for place in below]), (0, 0, 0, GAP))


def below_of(columns: Sequence[str], widths: Sequence[int], width: int) -> list[int]:
    """The places of the columns that go to the second line, in their order, until the others fit.

    First the widest ones of text, then figures from the right; never the first column, which rather folds.
    """
    below: set[int] = set()
    while True:
        left = [place for place in range(1, len(columns)) if place not in below]
        texts = [place for place in left if not columns[place].startswith(RIGHT)]
        first = widths[0] if texts else min(widths[0], FIRST_MIN)
        if not left or first + sum(widths[place] + GAP for place in left) <= width:
            break
        below.add(max(texts, key=lambda place: (widths[place], place)) if texts else left[-1])
    return sorted(below)


def _width(name: str, cells: Sequence[Text]) -> int:
    lines = (line.cell_len for cell in cells for line in cell.split("\n", allow_blank=True))
    return max((Text(name.removeprefix(RIGHT)).cell_len, *lines))


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[Text]], widths: Sequence[int | None], *, headed: bool = False
) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False, show_header=headed and any(columns))
    for name, width in zip(columns, widths, strict=True):
        right = name.startswith(RIGHT)
        table.add_column(
            name.removeprefix(RIGHT), justify="right" if right else "left", no_wrap=right, overflow="fold", width=width
        )
    for row in rows:
        table.add_row(*row)
    return table


def _second(cells: Sequence[Text]) -> Text:
    parts = [Text("; ").join(cell.split("\n")) if cell.plain.strip() else Text("–") for cell in cells]
    return Text(BETWEEN).join(parts)
