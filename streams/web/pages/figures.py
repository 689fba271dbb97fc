"""Figures that are kept, because they read much: ratios every use of three months, sums and counts every balance."""

from collections.abc import Mapping, Sequence
from typing import Any

from sinks.postgres.web.board import BoardBooks, Filters
from sinks.postgres.web.lists import LISTS
from streams.web.gateway.parts import Parts
from streams.web.kept import WAIT_SECONDS, Figures


async def ratios_of(parts: Parts, hospital: str, month: str, wait: float = WAIT_SECONDS) -> Figures | None:
    """Rows of the list of ratios of a month (2022-06); `None` while they are worked out for the first time."""

    async def work() -> list[Sequence[Any]]:
        return await BoardBooks(parts.pool).ratios(hospital, month)

    return await parts.kept.get(("ratios", hospital, month), work, wait)


async def first_of(parts: Parts, name: str, hospital: str, limit: int, wait: float = WAIT_SECONDS) -> Figures | None:
    """The first rows of a list that reads a whole table; `None` while they are worked out for the first time."""

    async def work() -> list[Sequence[Any]]:
        _, rows = await BoardBooks(parts.pool).rows(name, hospital, {}, limit)
        return rows

    return await parts.kept.get(("first", name, hospital, limit), work, wait)


async def stock_of(parts: Parts, hospital: str) -> dict[str, int] | None:
    """Sums of the stock now; `None` while they are worked out for the first time."""

    async def work() -> dict[str, int]:
        return await BoardBooks(parts.pool).stock(hospital)

    figures = await parts.kept.get(("stock", hospital), work)
    return None if figures is None else figures.value


async def count_of(parts: Parts, name: str, hospital: str, filters: Filters) -> int | None:
    """How many rows of a list fit all filters; `None` when nobody has counted them."""

    async def work() -> int | None:
        return await BoardBooks(parts.pool).count(name, hospital, filters)

    if filters or not LISTS[name].read_whole:
        return await work()
    figures = await parts.kept.get(("count", name, hospital), work)
    return None if figures is None else figures.value


def narrowed(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], filters: Mapping[str, Sequence[str]]
) -> list[Sequence[Any]]:
    """Rows whose columns have one of the values of each filter; filters of other columns are none."""
    places = {name: place for place, name in enumerate(columns)}
    wanted = [(places[name], frozenset(values)) for name, values in filters.items() if name in places]
    return [row for row in rows if all(str(row[place]) in values for place, values in wanted)]
