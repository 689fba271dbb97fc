"""Figures that are kept, because they read much: ratios every use of three months, sums and counts every balance."""

from collections.abc import Mapping, Sequence
from typing import Any

from sinks.postgres.web.board import BoardBooks, Filters
from sinks.postgres.web.lists import LISTS
from streams.web.gateway.parts import Parts
from streams.web.kept import WAIT_SECONDS, Figures


async def ratios_of(parts: Parts, hospital: str, month: str, wait: float = WAIT_SECONDS) -> Figures | None:
    """Rows of the list of ratios of a month (2022-06); `None` while they are worked out for the first time."""
    return await whole_of(parts, "ratios", hospital, month, wait)


async def whole_of(
    parts: Parts, name: str, hospital: str, month: str | None, wait: float = WAIT_SECONDS
) -> Figures | None:
    """All rows of a list, of a month if it is one of a month; `None` while they are worked out for the first time."""

    async def work() -> list[Sequence[Any]]:
        return await BoardBooks(parts.pool).whole(name, hospital, month)

    return await parts.kept.get((name, hospital, month), work, wait)


async def first_of(  # noqa: PLR0917 -- as rows are asked for
    parts: Parts, name: str, hospital: str, filters: Filters, limit: int, wait: float = WAIT_SECONDS
) -> Figures | None:
    """The first rows of a list that reads a whole table; `None` while they are worked out for the first time."""

    async def work() -> list[Sequence[Any]]:
        _, rows = await BoardBooks(parts.pool).rows(name, hospital, filters, limit)
        return rows

    return await parts.kept.get(("first", name, hospital, _key(filters), limit), work, wait)


def of_sums(name: str, filters: Filters) -> bool:
    """Whether nothing narrows a list but the column that it is summed by: a sum has opened it."""
    return set(filters) <= {LISTS[name].summed}


def _key(filters: Filters) -> frozenset[tuple[str, tuple[str, ...]]]:
    return frozenset((name, tuple(values)) for name, values in filters.items())


async def sums_of(parts: Parts, name: str, hospital: str) -> list[dict[str, Any]] | None:
    """Sums of a list that is not kept whole; `None` while they are worked out for the first time."""

    async def work() -> list[dict[str, Any]]:
        return await BoardBooks(parts.pool).sums(name, hospital)

    figures = await parts.kept.get(("sums", name, hospital), work)
    return None if figures is None else figures.value


async def stock_of(parts: Parts, hospital: str) -> dict[str, int] | None:
    """Sums of the stock now; `None` while they are worked out for the first time."""

    async def work() -> dict[str, int]:
        return await BoardBooks(parts.pool).stock(hospital)

    figures = await parts.kept.get(("stock", hospital), work)
    return None if figures is None else figures.value


async def suspected_of(parts: Parts, hospital: str) -> int | None:
    """Units that left a cabinet unscanned; `None` in a house without cabinets, and while they are worked out."""
    figures = await whole_of(parts, "suspected-uses", hospital, None)
    if figures is None or not figures.value:
        return None
    columns = await BoardBooks(parts.pool).columns("suspected-uses")
    return len(narrowed(columns, figures.value, {"status": ["suspected"]}))


async def count_of(parts: Parts, name: str, hospital: str, filters: Filters) -> int | None:
    """How many rows of a list fit all filters; `None` when nobody has counted them."""

    async def work() -> int | None:
        return await BoardBooks(parts.pool).count(name, hospital, filters)

    if not of_sums(name, filters) or not LISTS[name].read_whole:
        return await work()
    figures = await parts.kept.get(("count", name, hospital, _key(filters)), work)
    return None if figures is None else figures.value


def narrowed(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], filters: Mapping[str, Sequence[str]]
) -> list[Sequence[Any]]:
    """Rows whose columns have one of the values of each filter; filters of other columns are none.

    A column that holds several values, as the suppliers of a set, fits by any of them.
    """
    places = {name: place for place, name in enumerate(columns)}
    wanted = [(places[name], frozenset(values)) for name, values in filters.items() if name in places]
    return [row for row in rows if all(_has(row[place], values) for place, values in wanted)]


def _has(value: Any, wanted: frozenset[str]) -> bool:
    return any(str(each) in wanted for each in value) if isinstance(value, list) else str(value) in wanted
