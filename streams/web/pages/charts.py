"""Charts as SVG: drawn here, coloured by the stylesheet, so that they follow the theme and stay readable in grey.

What was is filled; what may be is an outline of dashes, with a thick line where it is expected.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

ROOM: Final = 370
"""Of the longest bar, in pixels, as are the others."""
ROW: Final = 26
GAP: Final = 16
VALUE: Final = 120
LATIN, IDEOGRAPH = 8.0, 13.5
"""Widths of characters at 13 pixels, on the safe side."""
LABEL_CHARACTERS_MAX: Final = 26


class Bar(NamedTuple):
    """One bar, ready to be drawn."""

    y: int
    """Top edge, in pixels."""
    label: str
    """As it is shown, cut to the room there is."""
    full: str
    """The whole label, for who points at it or hears it."""
    width: float
    """Length in pixels."""
    text: str
    """The figure beside it."""
    to: str | None
    """What it opens to."""
    x: float = 0.0
    """Left edge beyond the labels: a span does not begin at 0."""
    mark: float | None = None
    """Where a span's expected value stands beyond the labels; `None`: it is a bar."""


class Range(NamedTuple):
    """A value with its bounds, to be drawn."""

    label: str
    """Of what."""
    low: int
    """Lower bound, at least 0."""
    middle: Decimal
    """What is expected; of a skewed distribution it may lie outside the bounds."""
    high: int
    """Upper bound."""
    to: str
    """What it opens to."""


class Chart(NamedTuple):
    """Bars below each other, with their figures beside them."""

    title: str
    """Read by who can't see it."""
    width: int
    """Of the whole drawing, in pixels."""
    height: int
    """Of the whole drawing, in pixels."""
    label: int
    """Room for the labels, in pixels."""
    bars: Sequence[Bar]
    """From top to bottom."""


def bars(title: str, rows: Sequence[tuple[str, Decimal | int, str | None]]) -> Chart:
    """A bar for each (label, figure, what it opens to); figures below zero have none."""
    most = max((figure for _, figure, _ in rows), default=Decimal(0))
    return _chart(title, [
        Bar(
            place * ROW, _cut(label), label, round(float(max(figure, 0) / most) * ROOM, 1) if most > 0 else 0.0,
            f"{figure:,}", to,
        )
        for place, (label, figure, to) in enumerate(rows)
    ])  # fmt: skip


def ranges(title: str, rows: Sequence[Range]) -> Chart:
    """A span from the lower to the upper bound for each, with a mark where its value is expected."""
    most = max((max(Decimal(each.high), each.middle) for each in rows), default=Decimal(0))

    def along(figure: Decimal | int) -> float:
        return round(float(figure / most) * ROOM, 1) if most > 0 else 0.0

    return _chart(title, [
        Bar(
            place * ROW, _cut(each.label), each.label, along(each.high - each.low),
            f"{each.low:,} – {each.middle:,} – {each.high:,}", each.to, along(each.low), along(each.middle),
        )
        for place, each in enumerate(rows)
    ])  # fmt: skip


def _chart(title: str, made: Sequence[Bar]) -> Chart:
    label = round(max((_width(each.label) for each in made), default=0)) + GAP
    return Chart(title, label + ROOM + VALUE, max(1, len(made)) * ROW, label, made)


class Column(NamedTuple):
    """One column, ready to be drawn."""

    x: float
    """Left edge, in pixels."""
    y: float
    """Top edge, in pixels."""
    height: float
    """In pixels."""
    full: str
    """What it is of and its figure, for who points at it or hears it."""
    to: str
    """What it opens to."""


class Columns(NamedTuple):
    """Columns side by side, the last of them expected only."""

    title: str
    """Read by who can't see it."""
    width: int
    """Of the whole drawing, in pixels."""
    height: int
    """Of the whole drawing, in pixels."""
    left: int
    """Where the columns begin, in pixels."""
    bottom: int
    """Where they stand, in pixels."""
    column: float
    """Width of one, in pixels."""
    past: Sequence[Column]
    """What was, the oldest first."""
    ahead: Column
    """From the lower to the upper bound of what is expected."""
    expected: float
    """Height of what is expected, in pixels from the top."""
    lines: Sequence[tuple[float, str]]
    """Heights with their figures."""
    days: Sequence[tuple[float, str]]
    """Places with the days that begin there."""


HEIGHT, TOP, BOTTOM = 200, 12, 28
WIDE: Final = 640
DAYS_NAMED_MAX: Final = 6


def columns(
    title: str, past: Sequence[tuple[date, int, str]], ahead: tuple[int, Decimal, int], day: date
) -> Columns:  # fmt: skip
    """A column for each (day it begins, figure, what it opens to), then the bounds of what is expected from `day` on.

    Figures below zero have no column.
    """
    low, middle, high = ahead
    most = max(1, high, int(middle) + 1, *(figure for _, figure, _ in past))
    left = round(_width(f"{most:,}")) + GAP
    step = WIDE / (len(past) + 1)

    def at(figure: Decimal | int) -> float:
        return round(TOP + HEIGHT * (1 - float(max(figure, 0)) / most), 1)

    places = [round(left + step * place, 1) for place in range(len(past) + 1)]
    named = max(1, -(-len(past) // DAYS_NAMED_MAX))
    return Columns(
        title, left + WIDE + GAP, TOP + HEIGHT + BOTTOM, left, TOP + HEIGHT, round(step * 0.8, 1),
        [Column(x, at(figure), round(TOP + HEIGHT - at(figure), 1), f"{began.isoformat()}: {figure:,}", to)
         for x, (began, figure, to) in zip(places, past, strict=False)],
        Column(
            places[-1], at(high), round(at(low) - at(high), 1),
            f"{day.isoformat()}: {low:,} – {middle:,} – {high:,}", "",
        ),
        at(middle), [(at(figure), f"{figure:,}") for figure in sorted({0, most // 2, most})],
        [(x, began.isoformat()[2:]) for x, (began, _, _) in list(zip(places, past, strict=False))[::named]],
    )  # fmt: skip


def _cut(label: str) -> str:
    return label if len(label) <= LABEL_CHARACTERS_MAX else label[: LABEL_CHARACTERS_MAX - 1] + "…"


def _width(text: str) -> float:
    return sum(LATIN if each < "\u2e80" else IDEOGRAPH for each in text)
