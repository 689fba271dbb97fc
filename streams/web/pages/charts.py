"""Bars as SVG: drawn here, coloured by the stylesheet, so that they follow the theme and stay readable in grey."""

from collections.abc import Sequence
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
    made = [
        Bar(
            place * ROW,
            label if len(label) <= LABEL_CHARACTERS_MAX else label[: LABEL_CHARACTERS_MAX - 1] + "…",
            label,
            round(float(max(figure, 0) / most) * ROOM, 1) if most > 0 else 0.0,
            f"{figure:,}",
            to,
        )
        for place, (label, figure, to) in enumerate(rows)
    ]
    label = round(max((_width(each.label) for each in made), default=0)) + GAP
    return Chart(title, label + ROOM + VALUE, max(1, len(rows)) * ROW, label, made)


def _width(text: str) -> float:
    return sum(LATIN if each < "\u2e80" else IDEOGRAPH for each in text)
