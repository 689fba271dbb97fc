"""Bars as SVG: drawn here, coloured by the stylesheet, so that they follow the theme and stay readable in grey."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

WIDTH: Final = 720
ROW: Final = 26
LABEL: Final = 230
VALUE: Final = 120
LABEL_CHARACTERS_MAX: Final = 18


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
    room = WIDTH - LABEL - VALUE
    made = [
        Bar(
            place * ROW,
            label if len(label) <= LABEL_CHARACTERS_MAX else label[: LABEL_CHARACTERS_MAX - 1] + "…",
            label,
            round(float(max(figure, 0) / most) * room, 1) if most > 0 else 0.0,
            f"{figure:,}",
            to,
        )
        for place, (label, figure, to) in enumerate(rows)
    ]
    return Chart(title, WIDTH, max(1, len(rows)) * ROW, LABEL, made)
