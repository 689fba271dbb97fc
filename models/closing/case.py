"""Values of the case close proof: what the four ledgers hold of a case, whether they tie, and what was published of it.

A case is an encounter, or one operation of it.

References:
    docs/semantics/closing.md, "Case close proof".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.catalogue.item import OWNER_HOSPITAL
from models.charging.effects import SettlementStatus
from models.ids import made_id
from models.reasons import TAKEN_BACK, Reason, Verdict
from models.scan.event import Action

PATIENT = "patient"
"""The place that goods used go to (`report.stock_moves`)."""


class CaseKey(NamedTuple):
    """Which case: `operation` is empty for the whole encounter."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    encounter: str
    """Opaque id of the patient's stay."""
    operation: str = ""
    """Id of the operation; empty for the whole encounter."""


@dataclass(frozen=True, slots=True)
class Move:
    """Goods a scan of the case moved."""

    from_place: str
    """Place the goods left (`report.stock_moves`)."""
    to_place: str
    """Place the goods reached."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    item_code: str
    """The item's code in the HIS catalogue."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    units: int
    """Units of use."""

    @property
    def to_patient(self) -> int:
        """Units that went to the patient; below 0 those that came back."""
        if self.to_place == PATIENT:
            return self.units
        return -self.units if self.from_place == PATIENT else 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A charge, or a credit (`reverses` names its charge), that a scan of the case has on the ledger."""

    billing_id: UUID
    """Id of the ledger entry, the same after any replay."""
    reverses: UUID | None
    """Charge that a credit takes back; `None` of a charge."""
    item_code: str
    """The item's code in the HIS catalogue."""
    units: int
    """Units of use."""
    unit_price: int
    """1/10,000 yuan, as it stands on the ledger."""
    amount_fen: int
    """Fen, ≥ 0, of credits too."""
    catalogue_price: int | None
    """1/10,000 yuan: what the catalogue, as known at the decision, gives for the day of use; `None` when it gives no
    single price."""

    @property
    def sign(self) -> int:
        """1 of a charge, -1 of a credit."""
        return 1 if self.reverses is None else -1


@dataclass(frozen=True, slots=True)
class OwedLine:
    """A settlement line, or the reversal of one (`reverses`), that a scan of the case has made."""

    line_id: UUID
    """Id of the settlement line."""
    reverses: UUID | None
    """Line that a reversal takes back; `None` of a line of a use."""
    supplier: str
    """Id of the supplier."""
    item_code: str
    """The item's code in the HIS catalogue."""
    units: int
    """Units of use."""
    amount_fen: int | None
    """Fen at cost; `None` when no cost was known on the day."""
    status: SettlementStatus
    """What the line is."""

    @property
    def sign(self) -> int:
        """1 of a line, -1 of a reversal."""
        return 1 if self.reverses is None else -1


@dataclass(frozen=True, slots=True)
class CaseScan:
    """A scan of a case as it stands, with all it did to the other three ledgers."""

    scan_id: UUID
    """Id of the scan, made by its device."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    action: Action
    """What was done with the goods (`models.scan.event.Action`)."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    operation: str | None
    """Id of the operation within the stay; `None` outside one."""
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
    units: int | None
    """Units of use; `None` while the item is not known."""
    verdict: Verdict
    """Its newest verdict."""
    reasons: tuple[Reason, ...]
    """Why, in order of precedence; the first that decides gave the verdict."""
    takes_back: UUID | None = None
    """Of a return: the use it took back."""
    moves: tuple[Move, ...] = ()
    """Goods it moved, in the order of its decisions."""
    entries: tuple[Entry, ...] = ()
    """What it has on the ledger."""
    lines: tuple[OwedLine, ...] = ()
    """What its supplier is owed for it."""

    @property
    def open(self) -> bool:
        """It waits for something."""
        return self.verdict in _OPEN

    @property
    def stands(self) -> bool:
        """It counts: neither open, nor taken back by a person, nor the half of a label without identifier."""
        return self.verdict in _COUNTED and not _COUNTS_FOR_NOTHING.intersection(self.reasons)


_OPEN = frozenset({Verdict.WAITING, Verdict.PARKED, Verdict.HELD})
_COUNTED = frozenset({Verdict.BILLED, Verdict.RECORDED, Verdict.CREDITED})
_COUNTS_FOR_NOTHING = TAKEN_BACK | {Reason.HALF_LABEL}


class LedgerSums(NamedTuple):
    """Units of use, and what they come to in fen."""

    units: int
    """Units of use, net."""
    amount_fen: int
    """Fen, net."""

    def plus(self, units: int, amount_fen: int) -> "LedgerSums":
        """Both added to."""
        return LedgerSums(self.units + units, self.amount_fen + amount_fen)


NOTHING = LedgerSums(0, 0)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The four ledgers of a case, and how much of the scans each of the last two must have."""

    scans: LedgerSums = NOTHING
    """Uses that stand, net of returns, at the price each was charged at."""
    stock_out: LedgerSums = NOTHING
    """Goods out to the patient less those back, valued at the same prices."""
    charges: LedgerSums = NOTHING
    """Charges less credits."""
    settlement: LedgerSums = NOTHING
    """Owed to suppliers less reversals, at cost."""
    chargeable_units: int = 0
    """Of the scans: units that are charged by themselves; the others are free or part of another charge."""
    supplied_units: int = 0
    """Of the scans: units of suppliers' goods."""


class GapKind(StrEnum):
    """What does not tie. Names on the wire; never renamed."""

    WAITING = "waiting"
    """A scan that waits for the other half of its label."""
    PARKED = "parked"
    """A scan that waits for a fact."""
    HELD = "held"
    """A scan that waits for a person."""
    STOCK_MISSING = "stock-missing"
    """Used, and not all of it left the stock."""
    STOCK_SURPLUS = "stock-surplus"
    """More left the stock than was used."""
    CHARGE_MISSING = "charge-missing"
    CHARGE_SURPLUS = "charge-surplus"
    CHARGE_AMOUNT = "charge-amount"
    """The units tie and the money does not."""
    SETTLEMENT_MISSING = "settlement-missing"
    SETTLEMENT_SURPLUS = "settlement-surplus"
    COST_MISSING = "cost-missing"
    """Owed, and no cost was known on the day of use."""


OPEN_GAPS = frozenset({GapKind.WAITING, GapKind.PARKED, GapKind.HELD})
"""Gaps that are scans which are not decided yet."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that does not tie, of one item and lot or serial."""

    kind: GapKind
    """What does not tie."""
    reason: Reason | None
    """Of an open scan: its first reason."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    units: int | None
    """Units of use that lack or are too many; `None` where none are known."""
    amount_fen: int | None
    """Fen that lack (> 0) or are too many (< 0), of gaps in money."""
    scan_ids: tuple[UUID, ...]
    """Scans it is about, as far as they can be told."""


@dataclass(frozen=True, slots=True)
class UseLine:
    """A use of the case, tied: what must be and what is."""

    scan: CaseScan
    """The scan of the use."""
    used: int
    """Units that stand, net of returns."""
    out: int
    """Units out to the patient, less those back."""
    charged: int
    """Units charged, less credited."""
    charged_fen: int
    """Fen charged, less credited."""
    due_fen: int
    """Fen that should be charged: units × price of the catalogue, each returned part rounded for itself."""
    owed: int
    """Units owed to the supplier, less reversed."""
    owed_fen: int
    """Fen owed to the supplier at cost, less reversed."""
    uncosted: int = 0
    """Units owed of which nobody has told the cost, less reversed."""


class CaseVerdict(StrEnum):
    """Whether the ledgers of a case tie."""

    CLOSED = "closed"
    GAPS = "gaps"


@dataclass(frozen=True, slots=True)
class Proven:
    """What the four ledgers of a case come to at one moment."""

    key: CaseKey
    """Which case."""
    verdict: CaseVerdict
    """Whether everything ties."""
    numbers: Numbers
    """What each ledger holds of it."""
    gaps: tuple[Gap, ...]
    """What does not tie; empty when all does."""
    uses: tuple[UseLine, ...]
    """Its uses, each tied by itself."""
    hash: bytes
    """SHA-256 of the canonical listing."""

    def same_as(self, proof: "Proof") -> bool:
        """Nothing has changed since that proof."""
        return (self.verdict, self.numbers, self.hash) == (proof.verdict, proof.numbers, proof.hash)


@dataclass(frozen=True, slots=True)
class Closing:
    """What has closed a case so far; nothing of it has when all are empty."""

    discharged_at: datetime | None = None
    """By the newest version of the encounter; `None`: not discharged."""
    settled_at: datetime | None = None
    """By the newest version of the encounter; `None`: not settled."""
    by_person: int = 0
    """How often a person has closed it."""

    @property
    def closed(self) -> bool:
        """Something has closed it."""
        return self.discharged_at is not None or self.settled_at is not None or self.by_person > 0


class Trigger(StrEnum):
    """Why a proof was made."""

    DISCHARGED = "discharged"
    SETTLED = "settled"
    CLOSED_BY_PERSON = "closed-by-person"
    CHANGED = "changed"
    """Something of a closed case changed."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One version of a case's proof, as it is stored and published."""

    key: CaseKey
    """Which case."""
    version: int
    """1, 2, 3 … of the case, without gaps."""
    trigger: Trigger
    """Why it was made."""
    closing: Closing
    """What had closed the case by then."""
    verdict: CaseVerdict
    """Whether everything tied."""
    numbers: Numbers
    """What each ledger held of it."""
    gaps: tuple[Gap, ...]
    """What did not tie; empty when all did."""
    scans: int
    """Scans of uses that stand."""
    differences_open: int
    """Open differences with the HIS at that moment; shown beside, they decide nothing."""
    hash: bytes
    """SHA-256 of the canonical listing."""
    proven_at: datetime
    """The broker's timestamp of what caused it."""

    @property
    def id(self) -> UUID:
        """The same after any replay."""
        return made_id("case", *self.key, self.version)

    @property
    def supersedes(self) -> int | None:
        """The version before."""
        return self.version - 1 if self.version > 1 else None

    @property
    def notice(self) -> bool:
        """Somebody must know now: the case was closed and its ledgers do not tie."""
        return self.trigger is not Trigger.CHANGED and self.verdict is CaseVerdict.GAPS


def owned_by_supplier(owner: str) -> bool:
    """Goods of that owner are paid for when they are used."""
    return owner != OWNER_HOSPITAL
