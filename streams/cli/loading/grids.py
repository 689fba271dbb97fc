"""What every form of table is read into first: a grid of cells, before anybody has said which row is the heading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

Cell = str | float | bool | date | datetime | None


class SheetError(Exception):
    """The file as a whole can't be read; the text says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a file before anybody has said which row is the heading."""

    rows: Sequence[tuple[int, Sequence[Cell]]]
    """Number, as a spreadsheet counts, and cells."""
    formulas: set[tuple[int, int]]
    """(row, place) of the cells that are formulas; places begin with 0."""
    merged: dict[int, str]
    """Rows that merged cells lie in, each with one of them."""
    wrong: dict[int, str]
    """What is wrong with rows."""
    remarks: list[str]
    """What a person should know of how it was read."""
