"""What still waits in a month, before it is closed: differences that stand, cases with gaps, units without a cost."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from models.calendar import Month
from sinks.postgres.named import Asked, fetch

_WAITS: Final = """
SELECT hospital, 'differences' AS kind, count(*)::integer AS number, coalesce(sum(abs(amount)), 0) AS amount
FROM report.differences, udi.installation i
WHERE status IN ('open', 'asked') AND to_char(at AT TIME ZONE i.zone, 'YYYY-MM') = udi.month_text($1)
  AND ($2::text[] IS NULL OR hospital = ANY ($2))
GROUP BY hospital
UNION ALL
SELECT p.hospital, 'cases with gaps', count(*)::integer, coalesce(sum(p.amount), 0)
FROM (
    SELECT DISTINCT ON (hospital, encounter, operation) * FROM report.cases
    WHERE $2::text[] IS NULL OR hospital = ANY ($2) ORDER BY hospital, encounter, operation, version DESC
) p, udi.installation i
WHERE p.verdict = 'gaps' AND to_char(p.proven_at AT TIME ZONE i.zone, 'YYYY-MM') = udi.month_text($1)
GROUP BY p.hospital
UNION ALL
SELECT hospital, 'units without a cost', sum(units)::integer, NULL
FROM (
    SELECT hospital, sum(CASE WHEN reverses IS NULL THEN quantity ELSE -quantity END) AS units
    FROM udi.settlement WHERE cost IS NULL AND ($2::text[] IS NULL OR hospital = ANY ($2))
    GROUP BY hospital, coalesce(reverses, line_id) HAVING bool_or(reverses IS NULL AND period = $1)
) line WHERE units > 0
GROUP BY hospital
ORDER BY hospital, kind
"""


@dataclass(frozen=True, slots=True)
class MonthWait:
    """What of one kind waits at a hospital."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    kind: str
    """`differences`, `cases with gaps` or `units without a cost`, of suppliers' goods that were used."""
    number: int
    """How many there are."""
    amount: Decimal | None
    """Yuan: of differences what they are about, of cases what they come to; `None`: nobody knows."""


async def month_waits(asked: Asked, month: Month, hospitals: list[str] | None) -> list[MonthWait]:
    """Differences of the month that stand, cases proven in it with gaps, what it owes without a cost; by hospital."""
    return await fetch(asked, MonthWait, _WAITS, month, hospitals)
