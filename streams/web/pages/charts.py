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
    label: str
    full: str
    """The whole label, for who points at it or hears it."""
    width: float
    text: str
    to: str | None
    """What it opens to."""


class Chart(NamedTuple):
    """Bars below each other, with their figures beside them."""

    title: str
    width: int
    height: int
    label: int
    bars: Sequence[Bar]


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
