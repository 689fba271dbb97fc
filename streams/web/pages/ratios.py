"""Ratios of a month, for the board and for their list: they read every use of three months, so they are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from sinks.postgres.web.board import BoardBooks
from streams.web.gateway.parts import Parts
from streams.web.kept import WAIT_SECONDS, Figures


async def ratios_of(parts: Parts, hospital: str, month: str, wait: float = WAIT_SECONDS) -> Figures | None:
    """Rows of the list of ratios of a month (2022-06); `None` while they are worked out for the first time."""

    async def work() -> list[Sequence[Any]]:
        return await BoardBooks(parts.pool).ratios(hospital, month)

    return await parts.kept.get(("ratios", hospital, month), work, wait)


def narrowed(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], filters: Mapping[str, Sequence[str]]
) -> list[Sequence[Any]]:
    """Rows whose columns have one of the values of each filter; filters of other columns are none."""
    places = {name: place for place, name in enumerate(columns)}
    wanted = [(places[name], frozenset(values)) for name, values in filters.items() if name in places]
    return [row for row in rows if all(str(row[place]) in values for place, values in wanted)]
