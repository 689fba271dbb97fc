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
    """Id of the scan, made by its device."""
    encounter: str
    """Opaque id of the patient's stay."""
    status: UseStatus
    """What the books have made of it."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    item_code: str | None
    """`None` while no item is known."""
    insurance_code: str | None
    """Of the charge that stands, else of the item; `None` when there is none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
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
    """Id of the scan, made by its device."""
    encounter: str
    """Opaque id of the patient's stay."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    item: Item | None
    """The newest version of the item; `None` while no item is known."""
    insurance_code: str | None
    """Of the charge that stands."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    units: int | None
    """Units of use as scanned; `None` while unknown."""
    returned: int
    """Units of use that came back."""
    verdict: Verdict
    """Its newest verdict."""
    reasons: tuple[Reason, ...]
    """Why, in order of precedence; the first that decides gave the verdict."""
    charged_price: int | None
    """1/10,000 yuan, of the charge that stands."""
    left_fen: int | None
    """Of the charge that stands, less its credits."""
    billing_id: UUID | None
    """The charge that stands; `None` without one."""
    earlier_billing_ids: tuple[UUID, ...]
    """Its charges that were credited: re-rated since."""


@dataclass(frozen=True, slots=True)
class Line:
    """A charge line of the HIS that counts: its newest version, not cancelled."""

    line_id: str
    """The HIS's id of the line."""
    encounter: str
    """Opaque id of the patient's stay."""
    item_code: str
    """The item's code in the HIS catalogue."""
    insurance_code: str | None
    """As the HIS charged it; `None` when it said none."""
    quantity: int
    """Units of use."""
    unit_price: int
    """1/10,000 yuan."""
    amount_fen: int
    """Fen, as the HIS charged it."""
    service_at: datetime
    """When the goods were used, as the HIS has it."""
    department: str | None = None
    """Id of the clinical department; `None` when nobody said."""
    billing_id: UUID | None = None
    """Record of `udi.billing` it was posted from; `None` when the HIS does not say."""
    lot: str | None = None
    """Lot, as the HIS has it; `None` when it does not say."""
    serial: str | None = None
    """Serial, as the HIS has it; `None` when it does not say."""


@dataclass(frozen=True, slots=True)
class GatheredSides:
    """What the books and the HIS have of an encounter."""

    scans: list[UsedScan] = field(default_factory=list)
    """Scans of uses, as the books have them."""
    lines: list[Line] = field(default_factory=list)
    """Lines of the HIS that count."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of an encounter, to be compared."""

    uses: list[Use]
    """Uses of which something is left."""
    gone: list[Use]
    """Uses of which nothing is left."""
    lines: list[Line]
    """Lines of the HIS that count."""


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
    """Id of the hospital; the first part of every record key."""
    encounter: str
    """Of the use, or of a line without one."""
    kind: DifferenceKind
    """Missed, wrong or extra."""
    aspects: tuple[Aspect, ...]
    """Of a wrong line: in what it differs, in the order of the enum; empty for the other kinds."""
    cause: LikelyCause
    """Why it is likely there."""
    fix: Fix
    """What would mend it."""
    at: datetime
    """When it was used; of a line without use, its service time."""
    item_code: str | None
    """Of the use, or of a line without one; `None` while unknown."""
    scan_id: UUID | None
    """Scan of the use; `None` of a line without one."""
    line_id: str | None
    """The HIS's id of the line; `None` of a missed charge."""
    billing_id: UUID | None
    """The charge that stands; `None` without one."""
    expected_fen: int
    """What should be on the HIS's books; 0 of an extra line."""
    found_fen: int
    """What is on them; 0 of a missed charge."""
    department: str | None = None
    """Of the use, or of a line without one; `None` when nobody said."""
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
    """What differs, in this version."""
    version: int
    """1, 2, 3 … of the difference, without gaps."""
    status: DifferenceStatus
    """Where it stands from this version on."""
    changed_at: datetime
    """The newest record that caused the comparison, or when a person decided."""
    across: bool = False
    """Between two encounters."""
    by: str | None = None
    """Who decided; `None` when the comparison did."""
    reason: str | None = None
    """Why, in the person's words; `None` when the comparison did."""
