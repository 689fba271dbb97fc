"""What is parked for a fact or held for a person, who looks after it, and what was decided of a scan, in order."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_OPEN: Final = """
SELECT o.hospital, o.reason, o.action::text AS action, o.issuer, o.di, n.item_code, o.encounter, n.scanned_at, n.units,
       o.since
FROM udi.open_scan o JOIN udi.scan_now n USING (position_id, record_offset)
WHERE o.verdict::text = $1 ORDER BY o.since
"""
_HELD: Final = """
SELECT n.hospital, n.scan_id, o.reason, n.reasons, o.action::text AS action, n.item_code, n.issuer, n.di, n.lot,
       n.serial, n.encounter, coalesce(n.department, home.department) AS department, n.store, n.units, n.scanned_at,
       o.since, a.owner
FROM udi.open_scan o
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN udi.owner_now a ON (a.hospital, a.scan_id) = (n.hospital, n.scan_id)
LEFT JOIN LATERAL (
    SELECT e.department FROM udi.encounter e WHERE (e.hospital, e.encounter) = (n.hospital, n.encounter)
    ORDER BY e.version DESC LIMIT 1
) home ON true
WHERE o.verdict = 'held' AND ($1::text IS NULL OR o.reason = $1) AND ($3::text IS NULL OR a.owner = $3)
  AND ($2::text IS NULL OR coalesce(n.department, home.department) = $2)
ORDER BY o.since, n.scan_id
"""
_HISTORY: Final = """
SELECT at, by, what, detail FROM (
    SELECT d.decided_at AS at, NULL AS by, d.verdict::text AS what, array_to_string(d.reasons, ', ') AS detail,
           2 AS rank
    FROM udi.scan_claim c JOIN udi.decision d USING (position_id, record_offset)
    WHERE (c.hospital, c.scan_id) = ($1, $2)
    UNION ALL
    SELECT s.recorded_at, s.staff, s.verdict::text, array_to_string(s.reasons, ', '), 0
    FROM udi.scan_claim c JOIN udi.scan s USING (position_id, record_offset) WHERE (c.hospital, c.scan_id) = ($1, $2)
    UNION ALL
    SELECT a.at, a.by, 'given to ' || a.owner, '', 1 FROM udi.assignment a
    WHERE (a.hospital, a.scan_id) = ($1, $2)
    UNION ALL
    SELECT k.accepted_at, k.by,
           k.kind || CASE WHEN o.done THEN '' WHEN o.done IS NULL THEN ' (waits)' ELSE ' (not done)' END,
           k.reason || CASE WHEN o.done = false THEN ': ' || o.detail ELSE '' END, 1
    FROM udi.command k LEFT JOIN udi.command_outcome o USING (lane, seq) WHERE (k.hospital, k.scan_id) = ($1, $2)
) every_entry ORDER BY at, rank
"""
_READINGS: Final = """
SELECT reading, issuer, di, lot, serial, expiry, production FROM report.readings WHERE scan_id = $1 ORDER BY reading
"""
_ASSIGN: Final = "SELECT * FROM udi.assign($1, $2, $3, $4)"
_LANES_THAT_WAIT: Final = "SELECT DISTINCT lane FROM udi.open_scan WHERE verdict = 'waiting' ORDER BY lane"


@dataclass(frozen=True, slots=True)
class OpenScan:
    """A scan that is parked or held."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    reason: str
    """Reason that decided the verdict."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    issuer: str | None
    """Issuing agency of the identifier (`models.udi.Issuer`); `None` without a code."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    units: int | None
    """Units of use; `None` while the item or its package is unknown."""
    since: datetime
    """When it began to wait."""


@dataclass(frozen=True, slots=True)
class HeldScan:
    """A scan that a person decides."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    reason: str
    """Reason that decided the verdict."""
    reasons: list[str]
    """Why, in order of precedence; the first that decides gave the verdict."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    issuer: str | None
    """Issuing agency of the identifier (`models.udi.Issuer`); `None` without a code."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    department: str | None
    """The scan's, else the encounter's."""
    store: str | None
    """Id of the department store (二级库); `None` where none is concerned."""
    units: int | None
    """Units of use; `None` while the item is unknown."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    since: datetime
    """When it began to wait."""
    owner: str | None
    """Who looks after it; `None` for nobody."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to a scan."""

    at: datetime
    """When it happened."""
    by: str | None
    """The person; `None` where the product decided."""
    what: str
    """What happened, in a word."""
    detail: str
    """What it came to, and why."""


@dataclass(frozen=True, slots=True)
class PossibleReading:
    """One of the readings of an ambiguous label."""

    reading: int
    """1, 2 … in the order in which they are listed."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    production: date | None
    """Day of production; `None` when it is not known."""


async def open_scans(asked: Asked, verdict: str) -> list[OpenScan]:
    """What is `parked` or `held`, the oldest first."""
    return await fetch(asked, OpenScan, _OPEN, verdict)


async def held_scans(
    asked: Asked, reason: str | None = None, department: str | None = None, owner: str | None = None
) -> list[HeldScan]:
    """The queue, the oldest first; `None` is any reason, department or owner."""
    return await fetch(asked, HeldScan, _HELD, reason, department, owner)


async def history_of(asked: Asked, hospital: str, scan_id: UUID) -> list[HistoryEntry]:
    """What was decided of a scan, by whom and why, in order; empty for a scan that is not known."""
    return await fetch(asked, HistoryEntry, _HISTORY, hospital, scan_id)


async def readings_of(asked: Asked, scan_id: UUID) -> list[PossibleReading]:
    """The readings of a label that may have lost separators, numbered."""
    return await fetch(asked, PossibleReading, _READINGS, scan_id)


async def assign(asked: Asked, hospital: str, scan_ids: list[UUID], to: str, by: str) -> set[UUID]:
    """Give held scans to somebody; gives those that were held, the others are left alone."""
    rows: list[Any] = await asked.fetch(_ASSIGN, hospital, scan_ids, to, by)
    return {row[0] for row in rows}


async def lanes_that_wait(asked: Asked) -> list[int]:
    """Lanes in which half a label waits."""
    return [row["lane"] for row in await asked.fetch(_LANES_THAT_WAIT)]
