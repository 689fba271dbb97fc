"""Consumption ratios as the view `report.ratios` gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

import asyncpg

from models.calendar import Month

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
    """Id of the hospital; the first part of every record key."""
    scope_type: str
    """`hospital`, `department`, `disease` or `drg-group`."""
    scope: str
    """Id of the department, disease or DRG group; of the hospital its own."""
    month: str
    """Like 2022-06."""
    formula: str
    """`consumption-ratio`, `consumption-ratio-without-drugs` or `per-100-yuan`."""
    numerator: Decimal | None
    """Yuan; `None` when it is left out."""
    denominator: Decimal | None
    """Yuan; `None` when it is left out."""
    ratio_percent: Decimal | None
    """Per cent; for `per-100-yuan` yuan. `None` when there is nothing to divide by, or it is left out."""
    year_on_year_points: Decimal | None
    """`None` without a base."""
    year_on_year_percent: Decimal | None
    """Change in per cent of the base (同比); `None` without a base."""
    year_on_year_flat: bool | None
    """The rounded points are zero (持平); `None` without a base."""
    month_on_month_points: Decimal | None
    """Percentage points against the month before (环比); `None` without a base."""
    month_on_month_percent: Decimal | None
    """Change in per cent of the base; `None` without a base."""
    month_on_month_flat: bool | None
    """The rounded points are zero (持平); `None` without a base."""
    numerator_from: str | None
    """`record`, `books` (our own), or `both` in a sum."""
    left_out: str | None
    """Why it stands in no sum; `None`: it does."""


async def ratios_of(pool: asyncpg.Pool, month: str, hospitals: list[str] | None) -> list[Ratio]:
    """The ratios of a month like 2022-06, of all hospitals or of these."""
    rows = await pool.fetch(_RATIOS, month, hospitals)
    return [Ratio(*(row[each.name] for each in fields(Ratio))) for row in rows]


_SHARES = """
SELECT hospital, scope_type, scope, month, share, numerator, denominator, share_percent, year_on_year_points,
    month_on_month_points
FROM report.shares WHERE month = $1 AND ($2::text[] IS NULL OR hospital = ANY ($2))
ORDER BY hospital, scope_type = 'department', scope, share DESC
"""
_SHARE_TREND = """
SELECT udi.month_text(m.month) AS month, r.share, round(r.numerator * 100.0 / nullif(r.denominator, 0), 2) AS percent
FROM unnest($2::integer[]) m (month) CROSS JOIN LATERAL udi.share_rows($1, m.month) r
WHERE r.scope_type = 'hospital' ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Share:
    """A row of `report.shares`. Amounts in yuan, shares in per cent and changes in points, with two digits."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scope_type: str
    """`hospital` or `department`."""
    scope: str
    """Id of the department; of the hospital its own."""
    month: str
    """Like 2022-06."""
    share: str
    """`national-kinds` or `auxiliary`."""
    numerator: Decimal
    """Charged for goods of the share."""
    denominator: Decimal
    """Charged for all consumables."""
    share_percent: Decimal | None
    """Numerator ÷ denominator × 100; `None` when nothing was charged."""
    year_on_year_points: Decimal | None
    """Against the same month a year before (同比); `None` without a base."""
    month_on_month_points: Decimal | None
    """Against the month before (环比); `None` without a base."""


async def shares_of(pool: asyncpg.Pool, month: str, hospitals: list[str] | None) -> list[Share]:
    """The shares of a month like 2022-06, of all hospitals or of these."""
    return [Share(*row) for row in await pool.fetch(_SHARES, month, hospitals)]


async def share_trend(pool: asyncpg.Pool, hospital: str, months: Sequence[Month]) -> list[Mapping[str, Any]]:
    """`month`, `share` and `percent` of the hospital as a whole."""
    return [dict(row) for row in await pool.fetch(_SHARE_TREND, hospital, list(months))]
