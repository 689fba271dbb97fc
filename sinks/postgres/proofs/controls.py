"""Uses to show breakers and quotas with, and what became of a scan."""

from typing import Final, NamedTuple
from uuid import UUID

from models.calendar import Month
from sinks.postgres.named import Asked, fetch

_USE: Final = """
SELECT s.hospital, s.item_code, s.record_key, b.raw, s.lane FROM udi.scan s
JOIN udi.raw_bytes b USING (position_id, record_offset)
WHERE b.raw IS NOT NULL AND s.verdict = 'billed' AND s.action = 'use' AND s.serial IS NULL AND s.item_code IN (
    SELECT f.item_code FROM udi.watch_finding_now f WHERE f.status = 'open' ORDER BY f.certain_fen DESC LIMIT 20
) ORDER BY s.position_id, s.record_offset DESC LIMIT 1
"""
_CONTROLLED: Final = """
SELECT u.hospital, u.scope AS department, i.body ->> 'controlled_category' AS category, u.month,
       sum(u.quantity)::bigint AS used
FROM udi.usage_now u JOIN udi.item_now i USING (hospital, item_code)
WHERE u.scope_type = 'department' AND i.body ->> 'controlled_category' IS NOT NULL
  AND u.month = (SELECT max(month) FROM udi.usage_now)
GROUP BY 1, 2, 3, 4
"""
_VERDICT: Final = "SELECT verdict, reasons FROM report.scans WHERE (hospital, scan_id) = ($1, $2)"


class UseOfFinding(NamedTuple):
    """A billed use, without a serial, of an item that an open finding is about."""

    hospital: str
    """Whose it is."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    record_key: bytes
    """The record's key."""
    raw: bytes
    """The record's bytes."""
    lane: int
    """Its lane."""


class ControlledUse(NamedTuple):
    """What a department used of a controlled category in a month."""

    hospital: str
    """Whose it is."""
    department: str
    """Department whose quota it draws on."""
    category: str
    """The category, as the catalogue names it."""
    month: Month
    """The month, as 202206."""
    used: int
    """Units of use."""


class VerdictNow(NamedTuple):
    """What was decided of a scan."""

    verdict: str
    """As `models.reasons.Verdict`."""
    reasons: list[str]
    """As `models.reasons.Reason`."""


async def use_of_finding(asked: Asked) -> UseOfFinding | None:
    """One such use; `None` where there is none."""
    found = await fetch(asked, UseOfFinding, _USE)
    return found[0] if found else None


async def controlled_uses(asked: Asked) -> list[ControlledUse]:
    """Those of the newest month."""
    return await fetch(asked, ControlledUse, _CONTROLLED)


async def verdict_now(asked: Asked, hospital: str, scan_id: UUID) -> VerdictNow | None:
    """As it stands; `None` while it is not recorded."""
    found = await fetch(asked, VerdictNow, _VERDICT, hospital, scan_id)
    return found[0] if found else None
