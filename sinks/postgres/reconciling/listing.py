"""Differences as people list and name them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from models.reconciling.differences import Difference, DifferenceStatus
from sinks.postgres.named import Asked, fetch
from sinks.postgres.reconciling.difference_rows import difference_of

_SELECT: Final = """
SELECT hospital, difference_id, version, encounter, kind, aspects, cause, fix, item_code, scan_id, line_id, billing_id,
       department, quantity, at, expected, found, amount, status, changed_at, by, reason, found_at
FROM report.differences
WHERE status = ANY ($1::text[]) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR encounter = $3)
  AND ($4::text IS NULL OR department = $4) AND ($5::text IS NULL OR hospital = $5)
"""
_STANDING: Final = """
  AND difference_id = ANY (ARRAY(
      SELECT s.difference_id FROM udi.difference_standing s WHERE s.status = ANY ($1::text[])
  ))
"""
"""What stands is found by its own list, whatever the number of differences that are gone."""
_ORDER: Final = "ORDER BY abs(amount) DESC, at, difference_id"
_GONE: Final = frozenset({DifferenceStatus.MENDED.value, DifferenceStatus.VANISHED.value})
_NAMED: Final = """
SELECT k.start, s.difference_id FROM unnest($1::text[]) k (start)
JOIN udi.difference_standing s ON starts_with(s.difference_id::text, k.start)
"""
_COMPARED: Final = """
SELECT h.hospital, e.encounter
FROM (SELECT DISTINCT hospital FROM udi.his_line) h
CROSS JOIN LATERAL (
    SELECT s.encounter FROM udi.scan s
    WHERE s.hospital = h.hospital AND s.encounter IS NOT NULL AND s.action IN ('use', 'return') AND s.action = 'use'
    UNION
    SELECT l.encounter FROM udi.his_line l WHERE l.hospital = h.hospital
) e
"""
_ALL_STANDING: Final = """
SELECT d.* FROM udi.difference_standing s
JOIN udi.difference d ON (d.difference_id, d.version) = (s.difference_id, s.version)
"""


class Chosen(NamedTuple):
    """Which differences are meant; `None` is any."""

    kind: str | None = None
    encounter: str | None = None
    department: str | None = None
    hospital: str | None = None


@dataclass(frozen=True, slots=True)
class ListedDifference:
    """The newest version of a difference: a row of `report.differences`, amounts in yuan."""

    hospital: str
    difference_id: UUID
    version: int
    encounter: str
    kind: str
    aspects: list[str]
    cause: str
    fix: str
    item_code: str | None
    scan_id: UUID | None
    line_id: str | None
    billing_id: UUID | None
    department: str | None
    quantity: int
    at: datetime
    expected: Decimal
    found: Decimal
    amount: Decimal
    """Found less expected: above zero the patient was charged too much."""
    status: str
    changed_at: datetime
    by: str | None
    reason: str | None
    found_at: datetime


async def differences(asked: Asked, statuses: Sequence[str], chosen: Chosen) -> list[ListedDifference]:
    """Those of a status that fit, the dearest first."""
    standing = "" if set(statuses) & _GONE else _STANDING
    return await fetch(asked, ListedDifference, f"{_SELECT}{standing}{_ORDER}", list(statuses), *chosen)


async def standing_that_begin(asked: Asked, starts: Sequence[str]) -> dict[str, list[UUID]]:
    """The differences that stand whose id begins so, by the beginning; none of it when there is none."""
    found: dict[str, list[UUID]] = defaultdict(list)
    for row in await asked.fetch(_NAMED, list(dict.fromkeys(starts))):
        found[row["start"]].append(row["difference_id"])
    return dict(found)


async def compared_encounters(asked: Asked) -> list[tuple[str, str]]:
    """(hospital, encounter) of every use and every line of the HIS, in hospitals that have lines."""
    return [(row["hospital"], row["encounter"]) for row in await asked.fetch(_COMPARED)]


async def all_standing(asked: Asked) -> list[Difference]:
    """Every difference that stands."""
    return [difference_of(dict(row)) for row in await asked.fetch(_ALL_STANDING)]
