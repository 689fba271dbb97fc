"""One difference with the HIS, with what a person needs to decide it: both sides, both patients, every version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_VERSIONS: Final = """
SELECT hospital, difference_id, version, encounter, kind, aspects, cause, fix, item_code, scan_id, line_id, billing_id,
       department, quantity, at, expected, found, amount, status, changed_at, by, reason
FROM report.difference_history WHERE difference_id = $1 ORDER BY version
"""
_BEGIN: Final = """
SELECT DISTINCT difference_id FROM udi.difference WHERE difference_id BETWEEN $1 AND $2 ORDER BY 1 LIMIT 2
"""
_ENCOUNTERS: Final = """
SELECT named.encounter, e.admitted_at, e.discharged_at, e.department FROM (
    SELECT $2::text AS encounter
    UNION SELECT s.encounter FROM udi.scan_claim c JOIN udi.scan s USING (position_id, record_offset)
    WHERE (c.hospital, c.scan_id) = ($1, $3)
    UNION SELECT l.encounter FROM udi.his_line_now l WHERE (l.hospital, l.line_id) = ($1, $4)
) named
LEFT JOIN LATERAL (
    SELECT * FROM udi.encounter e WHERE (e.hospital, e.encounter) = ($1, named.encounter)
    ORDER BY e.version DESC LIMIT 1
) e ON true
WHERE named.encounter IS NOT NULL ORDER BY named.encounter
"""
_USES: Final = """
SELECT u.encounter, u.scan_id, u.scanned_at, s.device_id, s.staff, u.department, u.item_code, u.lot, u.serial, u.units,
       u.returned, u.verdict, u.reasons, udi.yuan(u.left_fen) AS charged
FROM udi.case_uses(ARRAY(SELECT $1::text FROM unnest($2::text[])), $2::text[]) u
JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (u.hospital, u.scan_id)
JOIN udi.scan s USING (position_id, record_offset)
WHERE u.item_code = $3 OR u.scan_id = $4 ORDER BY u.encounter, u.scanned_at, u.scan_id
"""
_LINES: Final = """
SELECT l.encounter, l.line_id, l.version, l.service_at, l.department, l.item_code, l.insurance_code, l.quantity,
       udi.yuan_price(l.unit_price) AS unit_price, udi.yuan(l.amount_fen) AS amount, l.cancelled, l.recorded_at
FROM udi.his_line_now l
WHERE l.hospital = $1 AND l.encounter = ANY ($2::text[]) AND (l.item_code = $3 OR l.line_id = $4)
ORDER BY l.encounter, l.service_at, l.line_id
"""


@dataclass(frozen=True, slots=True)
class DifferenceStep:
    """A version of a difference: a row of `report.difference_history`, amounts in yuan."""

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
    aspects: Sequence[str]
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
    quantity: int | None
    """Units of use; `None` while unknown."""
    at: datetime
    """When it was used; of a line without use, its service time."""
    expected: Decimal
    """What should be on the HIS's books; 0 of an extra line."""
    found: Decimal
    """What is on them; 0 of a missed charge."""
    amount: Decimal
    """Found less expected: above zero the patient was charged too much."""
    status: str
    """Where it stands from this version on (`DifferenceStatus`)."""
    changed_at: datetime
    """The newest record that caused the comparison, or when a person decided."""
    by: str | None
    """The person who asked or accepted; `None` where a comparison made the version."""
    reason: str | None
    """Why, in the person's words; `None` where a comparison made the version."""


@dataclass(frozen=True, slots=True)
class OneEncounter:
    """An encounter it is about; dates are `None` while the books do not know it or it goes on."""

    encounter: str
    """Opaque id of the patient's stay."""
    admitted_at: datetime | None
    """When the stay began."""
    discharged_at: datetime | None
    """When the patient left; `None` until then."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""


@dataclass(frozen=True, slots=True)
class OneUse:
    """A use in the books of what the difference is about."""

    encounter: str
    """Opaque id of the patient's stay."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    device_id: str | None
    """Id of the scanner or terminal; `None` when it could not be read."""
    staff: str | None
    """Who scanned, by an opaque id; `None` when nobody said."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    units: int | None
    """Units of use as scanned; `None` while unknown."""
    returned: int
    """Units of it that came back."""
    verdict: str
    """Its newest verdict."""
    reasons: Sequence[str]
    """Why, in order of precedence; the first that decides gave the verdict."""
    charged: Decimal | None
    """Yuan that stand; `None` of what is not charged."""


@dataclass(frozen=True, slots=True)
class OneLine:
    """A line of the HIS for what the difference is about; amounts in yuan."""

    encounter: str
    """Opaque id of the patient's stay."""
    line_id: str
    """The HIS's own id of the line."""
    version: int
    """Counts the versions; a higher one stands in place of a lower one."""
    service_at: datetime
    """When the goods were used, as the HIS has it."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    item_code: str
    """The item's code in the HIS catalogue."""
    insurance_code: str | None
    """As the HIS charged it; `None` when it does not say."""
    quantity: int
    """Units of use."""
    unit_price: Decimal
    """A unit of use."""
    amount: Decimal
    """Quantity × unit price, rounded half up."""
    cancelled: bool
    """It no longer counts."""
    recorded_at: datetime
    """When the books learned of this version."""


@dataclass(frozen=True, slots=True)
class ShownDifference:
    """A difference with both of its sides."""

    steps: list[DifferenceStep]
    """The newest last; at least one."""
    encounters: list[OneEncounter]
    """The patient it was used for and the one who was charged, where they are not the same."""
    uses: list[OneUse]
    """Of its item by its patients."""
    lines: list[OneLine]
    """Of its item for its patients."""


async def differences_that_begin(asked: Asked, start: str) -> list[UUID]:
    """Differences, gone ones too, whose id begins with 8 to 32 hexadecimal digits in lower case; two at most."""
    bounds = (UUID(start.ljust(32, fill)) for fill in "0f")
    return [row["difference_id"] for row in await asked.fetch(_BEGIN, *bounds)]


async def shown_difference(asked: Asked, difference_id: UUID) -> ShownDifference:
    """A difference that is there, as the snapshot of `asked` has it."""
    steps = await fetch(asked, DifferenceStep, _VERSIONS, difference_id)
    newest = steps[-1]
    encounters = await fetch(
        asked, OneEncounter, _ENCOUNTERS, newest.hospital, newest.encounter, newest.scan_id, newest.line_id
    )
    names = [each.encounter for each in encounters]
    return ShownDifference(
        steps,
        encounters,
        await fetch(asked, OneUse, _USES, newest.hospital, names, newest.item_code, newest.scan_id),
        await fetch(asked, OneLine, _LINES, newest.hospital, names, newest.item_code, newest.line_id),
    )
