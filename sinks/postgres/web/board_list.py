"""What a list of the board is: its query, and how much of it is read when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NEWEST: Final = 2_000
"""Offsets of each partition that a big list begins with when nothing narrows it."""


@dataclass(frozen=True, slots=True)
class BoardList:
    """A list as SQL: `$1` is the hospital; `{rows}` stands for the offsets it is about.

    While nothing narrows it, it begins with no more rows than are asked for: `{cut}` limits them, `{newest}` is how
    many of each partition are taken.
    """

    sql: str
    """Gives the rows, newest first."""
    newest: str = ""
    """Those offsets when nothing narrows the list."""
    by: Mapping[str, str] = field(default_factory=dict)
    """Those offsets by a filter or by two together, the best first; `{name}` stands for a filter's values."""
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Values for which a filter names offsets; one that is not here does for any."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """Filters that are no column; `{name}` as above."""
    order: str = ""
    """What stands for `{order}`."""
    orders: Mapping[str, str] = field(default_factory=dict)
    """The same by the filter whose offsets it begins with: a month comes in the order of its scans."""
    counted: str | None = None
    """How many rows it has when nothing narrows it; `None`: as many as its SQL gives."""
    read_whole: bool = False
    """Whoever counts its rows reads a whole table: the number may be a minute old."""
    kept: bool = False
    """Its first rows can't be had without reading a whole table: while nothing narrows it they may be a minute old."""
    endless: bool = False
    """It grows with every scan: nobody counts its rows."""
    of_a_month: bool = False
    """It is asked for one month always; without one for the newest month of use."""
    whole: bool = False
    """All its rows are few and take long: they are read at once, kept, narrowed in memory, and may be a minute old."""
    summed: str = ""
    """The column whose values are summed up above the list; empty: none is."""
    sums: str = ""
    """Gives each of its values with rows, units, value in yuan and rows without a known one (`unpriced`); empty of a
    `whole` list, whose rows say."""
