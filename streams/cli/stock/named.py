"""A store or supplier that the books do not know is refused by name, as a hospital is by every command.

References:
    docs/store.md, "Names that the books do not know".
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import asyncpg

from sinks.postgres.stock.names import Named, names_of
from streams.cli.connection import bad, unknown
from streams.settings import Settings

T = TypeVar("T")


def of_known(
    work: Callable[[Settings, asyncpg.Pool], Awaitable[T]], *, hospital: str | None = None, store: str | None = None,
    supplier: str | None = None, option: str = "--{}",
) -> Callable[[Settings, asyncpg.Pool], Awaitable[T]]:  # fmt: skip
    """The work of a command, once the books know the names it is given; `None`: none was.

    Args:
        work: As `streams.cli.connection.run` takes it.
        hospital: Its stores and suppliers alone are looked at. `streams.cli.connection.run` has refused an unknown one.
        store: Or a place of one.
        supplier: Of goods or items.
        option: How store and supplier are called where they are no options.

    Raises:
        typer.Exit: with status 2, by the work, when a name is not known; it has been said.
    """

    async def checked(settings: Settings, pool: asyncpg.Pool) -> T:
        for named, name in ((Named.STORE, store), (Named.SUPPLIER, supplier)):
            if name is not None:
                known, listed = await names_of(pool, named, hospital)
                if name not in known:
                    bad(unknown(option.format(named.value), name, listed))
        return await work(settings, pool)

    return checked


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
