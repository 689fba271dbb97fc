"""What still waits in a month, before it is closed: differences that stand, and cases with gaps."""

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
ORDER BY hospital, kind
"""


@dataclass(frozen=True, slots=True)
class MonthWait:
    """What of one kind waits at a hospital."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    kind: str
    """What waits: differences by their kind, or `cases with gaps`."""
    number: int
    """How many there are."""
    amount: Decimal
    """Yuan: of differences what they are about, of cases what they come to."""


async def month_waits(asked: Asked, month: Month, hospitals: list[str] | None) -> list[MonthWait]:
    """Differences of the month that stand, and cases proven in it that have gaps, by hospital."""
    return await fetch(asked, MonthWait, _WAITS, month, hospitals)
