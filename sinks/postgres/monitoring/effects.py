"""What an intervention has changed: the item's use before and after, beside the same type elsewhere in the hospital.

References:
    docs/reviews.md, "What the steps do".
"""

from collections.abc import Sequence
from typing import Final

import asyncpg

from models.calendar import Month, month_text, shift
from models.monitoring.finding import FindingKey
from models.monitoring.review import Effect

EFFECT_MONTHS: Final = 3
"""Months compared before and after. No source: ours."""
_DEPARTMENTS: Final = """
SELECT ARRAY(SELECT d ->> 0 FROM jsonb_array_elements(departments) d) AS named
FROM udi.watch_finding_now WHERE finding = $1
"""
_SPAN: Final = "SELECT min(month) AS oldest, max(month) AS newest FROM udi.usage_now WHERE hospital = $1"
_SUMS: Final = """
WITH its AS (
    SELECT coalesce(i.body ->> 'category', i.item_code) AS category FROM udi.item_now i
    WHERE (i.hospital, i.item_code) = ($1, $2)
), used AS (
    SELECT u.month, u.scope_type, u.scope, u.item_code = $2 AS own, u.amount_fen
    FROM udi.usage_now u
    LEFT JOIN udi.item_now i USING (hospital, item_code)
    WHERE u.hospital = $1 AND u.month = ANY ($3)
      AND (u.item_code = $2 OR coalesce(i.body ->> 'category', i.item_code) = (SELECT category FROM its))
), here AS (
    SELECT * FROM used WHERE scope_type = 'department' AND scope = ANY ($4)
    UNION ALL SELECT * FROM used WHERE scope_type = 'hospital' AND own AND cardinality($4::text[]) = 0
)
SELECT m.month,
       coalesce((SELECT sum(h.amount_fen) FROM here h WHERE h.month = m.month AND h.own), 0)::bigint AS own,
       coalesce((SELECT sum(w.amount_fen) FROM used w WHERE w.month = m.month AND w.scope_type = 'hospital'), 0)::bigint
       - coalesce((SELECT sum(h.amount_fen) FROM here h WHERE h.month = m.month), 0)::bigint AS elsewhere
FROM unnest($3::int[]) m (month)
"""
"""$4: the departments that make up the rise; where none is named, all of the hospital is here."""


async def effect_of(pool: asyncpg.Pool, key: FindingKey, acted_in: Month, since: Month | None) -> Effect | None:
    """Use a month before the finding and after the intervention; `None` when the books lack one of both.

    Here: the item in the departments that make up the rise. Elsewhere: goods of its category in all others.

    Args:
        pool: Of the books.
        key: The finding.
        acted_in: Month of the first intervention.
        since: First month after it; `None`: the one after `acted_in`. Where the books end before that, what was done
            was entered long after the month it is about: then the month after the finding's is the first.
    """
    span = await pool.fetchrow(_SPAN, key.hospital)
    assert span is not None  # noqa: S101 -- an aggregate gives one row
    oldest, newest = span["oldest"] or key.month, span["newest"] or 0
    first = since or (shift(acted_in, 1) if acted_in < newest else shift(key.month, 1))
    before = [month for month in (shift(key.month, -back) for back in range(1, EFFECT_MONTHS + 1)) if month >= oldest]
    after = [month for month in (shift(first, ahead) for ahead in range(EFFECT_MONTHS)) if month <= newest]
    if not before or not after:
        return None
    departments = await pool.fetchval(_DEPARTMENTS, key.finding_id) or []
    rows = await pool.fetch(_SUMS, key.hospital, key.item_code, [*before, *after], departments)
    own = {row["month"]: row["own"] for row in rows}
    elsewhere = {row["month"]: row["elsewhere"] for row in rows}
    return Effect(
        _mean(own, before), _mean(own, after), _mean(elsewhere, before), _mean(elsewhere, after), len(before),
        len(after), month_text(after[0]), tuple(departments),
    )  # fmt: skip


def _mean(sums: dict[Month, int], months: Sequence[Month]) -> int:
    return sum(sums[month] for month in months) // len(months)


__all__ = ["EFFECT_MONTHS", "effect_of"]
