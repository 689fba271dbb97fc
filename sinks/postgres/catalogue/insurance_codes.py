"""The insurance codes of items, by days.

References:
    docs/semantics/catalogue.md, "Insurance codes".
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sinks.postgres.named import Asked, fetch

_CODES: Final = """
SELECT hospital, item_code, item_name, code, valid_from, valid_to, successor FROM report.insurance_codes
WHERE ($1::text IS NULL OR hospital = $1) AND ($2::text IS NULL OR item_code = $2)
  AND ($3::date IS NULL OR (coalesce(valid_from, '-infinity') <= $3 AND $3 < coalesce(valid_to, 'infinity')))
ORDER BY hospital, item_code, valid_from NULLS FIRST, code
"""


@dataclass(frozen=True, slots=True)
class InsuranceCode:
    """A code of an item, with its days."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    item_code: str
    """The item's code in the HIS catalogue."""
    item_name: str
    """As verdicts and bills show it."""
    code: str
    """The national insurance consumable code."""
    valid_from: date | None
    """First local day; `None` is open."""
    valid_to: date | None
    """The day after the last; `None` is open."""
    successor: str | None
    """The code that follows; `None` when none does."""


async def insurance_codes(
    asked: Asked, hospital: str | None = None, item_code: str | None = None, day: date | None = None
) -> list[InsuranceCode]:
    """The codes of items in force: of a hospital, of an item, valid on a day; all of them where nothing is said."""
    return await fetch(asked, InsuranceCode, _CODES, hospital, item_code, day)
