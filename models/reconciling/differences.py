"""Values of the reconciliation with the HIS (对冲): what was used, what the HIS charges, and how they differ.

References:
    docs/reconciliation.md.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.catalogue.item import Item
from models.ids import made_id
from models.reasons import Reason, Verdict


class UseStatus(StrEnum):
    """What the books have made of a use."""

    CHARGED = "charged"
    """It stands on the ledger with something left after credits."""
    FREE = "free"
    """Recorded, and nothing is charged for it: not chargeable, bundled."""
    OPEN = "open"
    """Parked, held or waiting: used, and not charged yet."""


@dataclass(frozen=True, slots=True)
class Use:
    """A use of an encounter as the books have it, net of returns. Uses of which nothing is left are no uses."""

    scan_id: UUID
    encounter: str
    status: UseStatus
    scanned_at: datetime
    department: str | None
    item_code: str | None
    """`None` while no item is known."""
    insurance_code: str | None
    lot: str | None
    serial: str | None
    quantity: int | None
    """Units of use left; `None` while unknown."""
    unit_price: int | None
    """1/10,000 yuan: of the charge that stands, else the catalogue's on the day; `None` while unknown."""
    amount_fen: int | None
    """Of the charge that stands, less its credits; of an open use estimated; `None` while unknown, 0 of a free one."""
    billing_id: UUID | None = None
    """The charge that stands."""
    earlier_billing_ids: tuple[UUID, ...] = ()
    """Its charges that were credited: re-rated since."""
    reason: str | None = None
    """Of a use that is free or open: its first reason."""


@dataclass(frozen=True, slots=True)
class UsedScan:
    """A scan of a use as the books have it, before anybody judges what it is worth."""

    scan_id: UUID
    encounter: str
    scanned_at: datetime
    department: str | None
    item_code: str | None
    item: Item | None
    """The newest version of the item; `None` while no item is known."""
    insurance_code: str | None
    """Of the charge that stands."""
    lot: str | None
    serial: str | None
    units: int | None
    """Units of use as scanned; `None` while unknown."""
    returned: int
    verdict: Verdict
    reasons: tuple[Reason, ...]
    charged_price: int | None
    """1/10,000 yuan, of the charge that stands."""
    left_fen: int | None
    """Of the charge that stands, less its credits."""
    billing_id: UUID | None
    earlier_billing_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A charge line of the HIS that counts: its newest version, not cancelled."""

    line_id: str
    encounter: str
    item_code: str
    insurance_code: str | None
    quantity: int
    unit_price: int
    """1/10,000 yuan."""
    amount_fen: int
    service_at: datetime
    department: str | None = None
    billing_id: UUID | None = None
    lot: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class GatheredSides:
    """What the books and the HIS have of an encounter."""

    scans: list[UsedScan] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of an encounter, to be compared."""

    uses: list[Use]
    gone: list[Use]
    """Uses of which nothing is left."""
    lines: list[Line]


class DifferenceKind(StrEnum):
    """The three kinds of charge error (docs/contract.md, `report.differences`)."""

    MISSED = "missed"
    """Used, and the HIS has no line for it."""
    WRONG = "wrong"
    """The HIS's line for it differs in what `Aspect` names."""
    EXTRA = "extra"
    """The HIS has a line for which nothing was scanned, or for more than was used."""


class Aspect(StrEnum):
    """In what a line differs from the use it is for."""

    CODE = "code"
    PRICE = "price"
    QUANTITY = "quantity"
    PATIENT = "patient"


class LikelyCause(StrEnum):
    """Why a difference is likely there, as far as it can be told from the two sides."""

    NOT_POSTED = "not-posted"
    """The charge went out, and the HIS has no line."""
    NOT_CHARGED_YET = "not-charged-yet"
    """The scan is parked, held or waiting here: what frees it mends the difference."""
    OTHER_ITEM = "other-item"
    """Chosen beside the right row of the catalogue."""
    OTHER_INSURANCE_CODE = "other-insurance-code"
    OTHER_PRICE = "other-price"
    """Mostly the price of another day."""
    MORE_THAN_USED = "more-than-used"
    LESS_THAN_USED = "less-than-used"
    OTHER_PATIENT = "other-patient"
    CHARGED_TWICE = "charged-twice"
    """Another line of the encounter is the same and is for the use."""
    NOT_CHARGEABLE = "not-chargeable"
    """Used, but its item is free or part of another charge."""
    RETURNED = "returned"
    """Used and taken back; the HIS's line still stands."""
    NOT_SCANNED = "not-scanned"
    """Nothing like it was scanned: charged by hand, or the scan is missing."""
    UNKNOWN_ENCOUNTER = "unknown-encounter"


class Fix(StrEnum):
    """The one step that mends a difference."""

    POST = "post"
    """The HIS posts the line that is missing."""
    CANCEL = "cancel"
    """The HIS cancels the line."""
    REPLACE = "replace"
    """The HIS cancels the line and posts the right one."""
    FREE_SCAN = "free-scan"
    """What the scan waits for is given here (`udi parked`, `udi held`); the charge then goes out by itself."""


def difference_id(hospital: str, scan_id: UUID | None, line_id: str | None) -> UUID:
    """The id of the difference between a use and a line, or of one of them that is alone."""
    return made_id("difference", hospital, scan_id, line_id)


@dataclass(frozen=True, slots=True)
class Difference:
    """A charge error found. Amounts in fen."""

    hospital: str
    encounter: str
    """Of the use, or of a line without one."""
    kind: DifferenceKind
    aspects: tuple[Aspect, ...]
    """Of a wrong line: in what it differs, in the order of the enum; empty for the other kinds."""
    cause: LikelyCause
    fix: Fix
    at: datetime
    """When it was used; of a line without use, its service time."""
    item_code: str | None
    scan_id: UUID | None
    line_id: str | None
    billing_id: UUID | None
    expected_fen: int
    """What should be on the HIS's books; 0 of an extra line."""
    found_fen: int
    """What is on them; 0 of a missed charge."""
    department: str | None = None
    quantity: int | None = None
    """Units the use or line is for."""

    @property
    def amount_fen(self) -> int:
        """What the patient is charged too much (> 0) or too little (< 0)."""
        return self.found_fen - self.expected_fen

    @property
    def difference_id(self) -> UUID:
        """The same for the same use and line, whatever else changes."""
        return difference_id(self.hospital, self.scan_id, self.line_id)


class DifferenceStatus(StrEnum):
    """Where a difference stands."""

    OPEN = "open"
    ASKED = "asked"
    """A person has asked the HIS to mend it."""
    ACCEPTED = "accepted"
    """A person lets it stand."""
    MENDED = "mended"
    """Gone after it was asked for, or after the scan it waited for was freed."""
    VANISHED = "vanished"
    """Gone by itself: a late line, a line cancelled and entered again."""


@dataclass(frozen=True, slots=True)
class DifferenceVersion:
    """A version of a difference."""

    difference: Difference
    version: int
    status: DifferenceStatus
    changed_at: datetime
    across: bool = False
    """Between two encounters."""
    by: str | None = None
    reason: str | None = None
