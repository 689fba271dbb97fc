"""Values of reports: figures by month and period, and a day's ledgers side by side. Amounts in fen.

References:
    docs/semantics.md, "Periods and known time" and "Daily tie-out".
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
    service_month: Month
    """Of the use, of a credit too."""
    period: Month
    """The month whose books hold them."""
    credit: bool
    cause: EntryCause
    entries: int
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
    charges_fen: int
    credits_fen: int

    @property
    def net_fen(self) -> int:
        """Charges less credits."""
        return self.charges_fen - self.credits_fen


@dataclass(frozen=True, slots=True)
class DepartmentSums:
    """What a department was charged and credited."""

    department: str | None
    sums: EntrySums


@dataclass(frozen=True, slots=True)
class BridgeLine:
    """Entries that one of the two reports counts in this month and the other does not."""

    service_month: Month
    period: Month
    sums: EntrySums


@dataclass(frozen=True, slots=True)
class MonthReport:
    """A month by month of use and by month of posting, and what lies between the two."""

    month: Month
    by_service: tuple[DepartmentSums, ...]
    """What was used in the month, whenever it was posted; by department, those without one last."""
    by_period: tuple[DepartmentSums, ...]
    """What was posted in the month, whenever it was used."""
    posted_here: tuple[BridgeLine, ...]
    """Used in other months, posted in this one."""
    posted_elsewhere: tuple[BridgeLine, ...]
    """Used in this month, posted in others."""
    service: EntrySums
    period: EntrySums


@dataclass(frozen=True, slots=True)
class Change:
    """What has come to a month's uses since a report of it."""

    cause: EntryCause
    period: Month
    """Where it was posted."""
    sums: EntrySums


@dataclass(frozen=True, slots=True)
class TiedUse:
    """A scan of a use with what each ledger has of it, net of what was taken back."""

    scan_id: UUID
    scanned_at: datetime
    department: str | None
    encounter: str | None
    item_code: str | None
    verdict: str
    reasons: tuple[str, ...]
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
    charged_fen: int
    topic_units: int
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
    lines: int
    units: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Due:
    """What the other ledgers must have of a scan."""

    units: int
    """Units used that are left."""
    units_out: int
    chargeable_units: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class TieLine:
    """A department's day: scans = stock out = charges = topic = HIS, or not."""

    department: str | None
    scans: int
    """Uses that stand and of which something is left."""
    waiting: int
    due: Due
    units_out: int
    charged_units: int
    charged_fen: int
    topic_units: int
    topic_fen: int
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
