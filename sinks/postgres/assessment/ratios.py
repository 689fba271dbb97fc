"""Consumption ratios as the view `report.ratios` gives them."""

from dataclasses import dataclass, fields
from decimal import Decimal

import asyncpg

_COLUMNS = """hospital, scope_type, scope, month, formula, numerator, denominator, ratio_percent, year_on_year_points,
    year_on_year_percent, year_on_year_flat, month_on_month_points, month_on_month_percent, month_on_month_flat,
    numerator_from, left_out"""
_RATIOS = f"""
SELECT {_COLUMNS} FROM report.ratios WHERE month = $1 AND ($2::text[] IS NULL OR hospital = ANY ($2))
ORDER BY hospital, array_position(ARRAY['hospital', 'department', 'disease', 'drg-group'], scope_type), scope, formula
"""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A row of `report.ratios`. Amounts in yuan, ratios and changes with two digits."""

    hospital: str
    scope_type: str
    """`hospital`, `department`, `disease` or `drg-group`."""
    scope: str
    month: str
    formula: str
    """`consumption-ratio`, `consumption-ratio-without-drugs` or `per-100-yuan`."""
    numerator: Decimal | None
    denominator: Decimal | None
    ratio_percent: Decimal | None
    """Per cent; for `per-100-yuan` yuan. `None` when there is nothing to divide by, or it is left out."""
    year_on_year_points: Decimal | None
    """`None` without a base."""
    year_on_year_percent: Decimal | None
    year_on_year_flat: bool | None
    month_on_month_points: Decimal | None
    month_on_month_percent: Decimal | None
    month_on_month_flat: bool | None
    numerator_from: str | None
    """`record`, `books` (our own), or `both` in a sum."""
    left_out: str | None
    """Why it stands in no sum; `None`: it does."""


async def ratios_of(pool: asyncpg.Pool, month: str, hospitals: list[str] | None) -> list[Ratio]:
    """The ratios of a month like 2022-06, of all hospitals or of these."""
    rows = await pool.fetch(_RATIOS, month, hospitals)
    return [Ratio(*(row[each.name] for each in fields(Ratio))) for row in rows]
