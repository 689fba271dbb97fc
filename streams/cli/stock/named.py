"""The hospitals that the rows of a list are of."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol


class OfHospital(Protocol):
    """A row of a list."""

    @property
    def hospital(self) -> str:
        """Id of the hospital it is of."""


def of_several(
    rows: Collection[OfHospital], columns: Sequence[str], cells: Iterable[Sequence[Any]]
) -> tuple[Sequence[str], list[Sequence[Any]]]:
    """The columns and cells of a list, with the hospital before them when its rows are of more than one."""
    shown = list(cells)
    if len(hospitals_of(rows)) <= 1:
        return columns, shown
    return ("hospital", *columns), [(row.hospital, *each) for row, each in zip(rows, shown, strict=True)]


def hospitals_of(rows: Iterable[OfHospital]) -> list[str]:
    """The hospitals that rows are of, by their ids."""
    return sorted({row.hospital for row in rows})
