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
    """`missed`, `wrong` or `extra`."""
    encounter: str | None = None
    """Opaque id of a patient's stay."""
    department: str | None = None
    """Id of a clinical department."""
    hospital: str | None = None
    """Id of a hospital."""


@dataclass(frozen=True, slots=True)
class ListedDifference:
    """The newest version of a difference: a row of `report.differences`, amounts in yuan."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    difference_id: UUID
    """The same for the same use and line, whatever else changes."""
    version: int
    """Counts the versions; a higher one stands in place of a lower one."""
    encounter: str
    """Opaque id of the patient's stay."""
    kind: str
    """`missed`, `wrong` or `extra`."""
    aspects: list[str]
    """Of a wrong line: in what it differs (`Aspect`)."""
    cause: str
    """Why it is likely there (`LikelyCause`)."""
    fix: str
    """What would mend it (`Fix`)."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    scan_id: UUID | None
    """Scan of the use; `None` of a line without one."""
    line_id: str | None
    """The HIS's id of the line; `None` of a missed charge."""
    billing_id: UUID | None
    """Id of the ledger entry; `None` without one."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    quantity: int
    """Units the use or line is for."""
    at: datetime
    """When it was used; of a line without use, its service time."""
    expected: Decimal
    """What should be on the HIS's books; 0 of an extra line."""
    found: Decimal
    """What is on them; 0 of a missed charge."""
    amount: Decimal
    """Found less expected: above zero the patient was charged too much."""
    status: str
    """Where it stands (`DifferenceStatus`)."""
    changed_at: datetime
    """The newest record that caused the comparison, or when a person decided."""
    by: str | None
    """Who decided; `None` when the comparison did."""
    reason: str | None
    """Why, in the person's words; `None` when the comparison did."""
    found_at: datetime
    """When it was first found."""


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
