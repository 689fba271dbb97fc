"""Values of reports: figures by month and period, and a day's ledgers side by side. Amounts in fen.

References:
    docs/semantics/closing.md, "Periods and known time" and "Daily tie-out".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.calendar import Month


class EntryCause(StrEnum):
    """Why an entry is on the ledger."""

    USE = "use"
    """A use was charged."""
    RETURN = "return"
    """A return was credited."""
    RE_RATED = "re-rated"
    """A price was changed late: what was left of a charge was credited, and charged anew."""
    TAKEN_BACK = "taken-back"
    """A person took the use back: rejected, corrected, a pair undone."""


@dataclass(frozen=True, slots=True)
class EntryGroup:
    """Ledger entries of one department, service month, period, kind and cause, added up."""

    department: str | None
    """Id of the clinical department; `None` where neither scan nor encounter names one."""
    service_month: Month
    """Of the use, of a credit too."""
    period: Month
    """The month whose books hold them."""
    credit: bool
    """Credits; else charges."""
    cause: EntryCause
    """Why they are on the ledger."""
    entries: int
    """How many were added up."""
    amount_fen: int
    """≥ 0, of credits too."""

    @property
    def net_fen(self) -> int:
        """What they add to the account."""
        return -self.amount_fen if self.credit else self.amount_fen


@dataclass(frozen=True, slots=True)
class EntrySums:
    """Charges and credits added up."""

    entries: int
    """How many were added up, charges and credits."""
    charges_fen: int
    """Charges, in fen."""
    credits_fen: int
    """Credits, in fen, ≥ 0."""

    @property
    def net_fen(self) -> int:
        """Charges less credits."""
        return self.charges_fen - self.credits_fen


@dataclass(frozen=True, slots=True)
class DepartmentSums:
    """What a department was charged and credited."""

    department: str | None
    """Id of the clinical department; `None`: entries without one."""
    sums: EntrySums
    """Its charges and credits."""


@dataclass(frozen=True, slots=True)
class BridgeLine:
    """Entries that one of the two reports counts in this month and the other does not."""

    service_month: Month
    """Month of the use."""
    period: Month
    """Month whose books hold the entries."""
    sums: EntrySums
    """Their charges and credits."""


@dataclass(frozen=True, slots=True)
class MonthReport:
    """A month by month of use and by month of posting, and what lies between the two."""

    month: Month
    """The month reported."""
    by_service: tuple[DepartmentSums, ...]
    """What was used in the month, whenever it was posted; by department, those without one last."""
    by_period: tuple[DepartmentSums, ...]
    """What was posted in the month, whenever it was used."""
    posted_here: tuple[BridgeLine, ...]
    """Used in other months, posted in this one."""
    posted_elsewhere: tuple[BridgeLine, ...]
    """Used in this month, posted in others."""
    service: EntrySums
    """Sum of `by_service`."""
    period: EntrySums
    """Sum of `by_period`."""


@dataclass(frozen=True, slots=True)
class Change:
    """What has come to a month's uses since a report of it."""

    cause: EntryCause
    """Why the entries were made."""
    period: Month
    """Where it was posted."""
    sums: EntrySums
    """Their charges and credits."""


@dataclass(frozen=True, slots=True)
class TiedUse:
    """A scan of a use with what each ledger has of it, net of what was taken back."""

    scan_id: UUID
    """Id of the scan, made by its device."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    verdict: str
    """Its newest verdict."""
    reasons: tuple[str, ...]
    """Why, in order of precedence; the first that decides gave the verdict."""
    stands: bool
    """`False` while it waits, and of what a person took back."""
    units: int | None
    """Units of use scanned; `None` while unknown."""
    parts: tuple[int, ...]
    """Its changes in order: units of each return; 0 where it was charged anew for what was left, or taken back."""
    unit_price: int | None
    """1/10,000 yuan: the catalogue's on the day, in the version it was charged by; `None` without a charge."""
    units_out: int
    """Units out of stock, less those that came back."""
    charged_units: int
    """Units charged on the ledger, less credited."""
    charged_fen: int
    """Fen charged on the ledger, less credited."""
    topic_units: int
    """Units charged by records on the topic of billing, less credited."""
    topic_fen: int
    """Of the records on the topic of billing."""

    @property
    def waits(self) -> bool:
        """A fact, a partner or a person is missing."""
        return self.verdict in {"waiting", "parked", "held"}


@dataclass(frozen=True, slots=True)
class HisSums:
    """What the HIS has charged: its lines of a day, in their newest version, without cancelled ones."""

    department: str | None
    """Id of the clinical department; `None`: lines without one."""
    lines: int
    """How many lines it is."""
    units: int
    """Units of use on them."""
    amount_fen: int
    """Fen on them."""


@dataclass(frozen=True, slots=True)
class Due:
    """What the other ledgers must have of a scan."""

    units: int
    """Units used that are left."""
    units_out: int
    """Units that must be out of stock."""
    chargeable_units: int
    """Units that must be charged."""
    amount_fen: int
    """Fen that must be charged."""


@dataclass(frozen=True, slots=True)
class TieLine:
    """A department's day: scans = stock out = charges = topic = HIS, or not."""

    department: str | None
    """Id of the clinical department; `None`: uses without one."""
    scans: int
    """Uses that stand and of which something is left."""
    waiting: int
    """Scans that wait for a fact, a partner or a person."""
    due: Due
    """What the other ledgers must have."""
    units_out: int
    """Units out of stock, less those that came back."""
    charged_units: int
    """Units charged on the ledger, less credited."""
    charged_fen: int
    """Fen charged on the ledger, less credited."""
    topic_units: int
    """Units charged on the topic, less credited."""
    topic_fen: int
    """Fen charged on the topic, less credited."""
    his: HisSums | None
    """`None` where the HIS has sent no lines at all."""
    differing: int
    """Scans that do not tie by themselves."""

    @property
    def his_difference_fen(self) -> int | None:
        """What the HIS has charged too much (> 0) or too little (< 0)."""
        return None if self.his is None else self.his.amount_fen - self.due.amount_fen

    @property
    def ties(self) -> bool:
        """Every ledger says the same, for each scan, and the HIS for all of them together."""
        his = self.his is None or (self.his.units, self.his.amount_fen) == (
            self.due.chargeable_units,
            self.due.amount_fen,
        )
        return not self.differing and his
