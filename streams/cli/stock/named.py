"""A hospital, store or supplier that the books do not know is refused by name: of it there is nothing to be said.

An all-clear for a name that is a slip would hide what is open under the right one.

References:
    docs/store.md, "Names that the books do not know".
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, Protocol, TypeVar

import asyncpg

from sinks.postgres.stock.names import Named, names_of
from streams.cli.connection import bad
from streams.settings import Settings

T = TypeVar("T")
SHOWN_MAX: Final = 10
"""So many names are shown; of more the nearest. Ours."""


def of_known(
    work: Callable[[Settings, asyncpg.Pool], Awaitable[T]], *, hospital: str | None = None, store: str | None = None,
    supplier: str | None = None, option: str = "--{}",
) -> Callable[[Settings, asyncpg.Pool], Awaitable[T]]:  # fmt: skip
    """The work of a command, once the books know the names it is given; `None`: none was.

    Args:
        work: As `streams.cli.connection.run` takes it.
        hospital: Its stores and suppliers alone are looked at, too.
        store: Or a place of one.
        supplier: Of goods or items.
        option: How store and supplier are called where they are no options.

    Raises:
        typer.Exit: with status 2, by the work, when a name is not known; it has been said.
    """

    async def checked(settings: Settings, pool: asyncpg.Pool) -> T:
        for named, name in ((Named.HOSPITAL, hospital), (Named.STORE, store), (Named.SUPPLIER, supplier)):
            if name is not None:
                known, listed = await names_of(pool, named, None if named is Named.HOSPITAL else hospital)
                if name not in known:
                    form = "--{}" if named is Named.HOSPITAL else option
                    bad(unknown(form.format(named.value), name, listed))
        return await work(settings, pool)

    return checked


def unknown(what: str, name: str, known: Sequence[str]) -> str:
    """What is said of a name that is none of those: all of them, or of many the nearest."""
    if not known:
        return f"{what}: expected a name that the books know, they know none yet, got {name!r}."
    if len(known) <= SHOWN_MAX:
        return f"{what}: expected one of {', '.join(known)}, got {name!r}."
    plain = name.casefold()
    nearest = sorted(known, key=lambda each: (-SequenceMatcher(None, plain, each.casefold()).ratio(), each))
    return f"{what}: expected one of {len(known):,} names, like {', '.join(nearest[:SHOWN_MAX])}, got {name!r}."


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
