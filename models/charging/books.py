"""Values of the books: what is decided, what is moved, charged and owed, and what the books already know.

A *subject* is a recorded scan that is decided, at once or later. A *decision* is everything that follows from it; a
batch is a fold of decisions over a `View` (see `rules.view`), and the sinks store decisions as they are.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from models.calendar import Month
from models.catalogue.item import Item
from models.reasons import Reason, Verdict
from models.scan.event import ScanEvent
from models.udi import CodeError, Flag, Issuer, Label
from models.udi.values import SEPARATOR_ERRORS


class Ref(NamedTuple):
    """Where a scan stands: the input position (cluster, topic, partition) and the offset. Its identity in the books."""

    position: int
    offset: int


class UnitKey(NamedTuple):
    """The identity of a serial-numbered unit. Two makers may use the same serial."""

    hospital: str
    issuer: str
    di: str
    serial: str


class BalanceKey(NamedTuple):
    """A stock balance; lot and serial are `''` where the label gave none."""

    hospital: str
    store: str
    item_code: str
    owner: str
    lot: str
    serial: str


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What the label of a subject says, as far as decisions need it."""

    issuer: str
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    production: date | None
    link: str | None = None
    """HIBC: on the secondary symbol the check character of its primary; on the primary its own."""
    error: CodeError | None = None
    ambiguous: bool = False
    """Two barcodes contradict each other, or two readings fit and no identifier is certain."""
    text: str | None = None
    """The text of the only code, for goods whose code is no UDI."""
    flags: tuple[str, ...] = ()
    """What was noticed while reading (`models.udi.Flag`)."""
    suspect: Label | None = None
    """The label as read, with its other readings, when a separator may be lost and nothing has told which is meant."""
    possible: tuple[Label, ...] = ()
    """Of the readings of a label that has lost separators, those that what is known leaves possible."""

    @property
    def half(self) -> bool:
        """Has only the identifier, or only what belongs to one: the other half is on another barcode."""
        if self.issuer == Issuer.INTERNAL or self.error is not None or self.possible or self.identifier_alone:
            return False
        belongs = self.lot or self.serial or self.expiry or self.production
        return (self.di is None) != (belongs is None)

    @property
    def identifier_alone(self) -> bool:
        """Lot and serial are not certain: separators were lost, and nothing tells which reading is meant."""
        return Flag.IDENTIFIER_ALONE in self.flags

    def unit(self, hospital: str) -> UnitKey | None:
        """The identity of the unit, when the label has a serial."""
        if self.di is None or self.serial is None:
            return None
        return UnitKey(hospital, self.issuer, self.di, self.serial)


def label_facts(label: Label) -> LabelFacts:
    """What decisions need of a label as it was read."""
    suspected = Flag.SUSPECT_MISSING_SEPARATOR in label.flags
    suspect = (suspected or label.error in SEPARATOR_ERRORS) and not label.conflict
    only_text = label.error is CodeError.NOT_UDI and len(label.codes) == 1 and Flag.PERSONAL_NUMBER not in label.flags
    return LabelFacts(
        str(label.issuer),
        label.di,
        label.lot,
        label.serial,
        label.expiry,
        label.production,
        label.link,
        label.error,
        label.conflict,
        label.codes[0].raw.strip() if only_text else None,
        label.flags,
        label if suspect else None,
    )


@dataclass(frozen=True, slots=True)
class RecordedScan:
    """A scan to decide."""

    ref: Ref
    lane: int
    event: ScanEvent
    label: LabelFacts
    fingerprint: bytes
    recorded_at: datetime
    """The broker's timestamp of its record."""
    day: date
    """The hospital's day of `scanned_at`."""
    month: Month
    """The service month."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What earlier decisions of the same scan left."""

    decisions: int
    """How many there were; the next one is number `decisions`."""
    verdict: Verdict
    reasons: tuple[Reason, ...]
    moved: bool
    """The stock was moved."""
    holds_unit: bool
    """It holds the claim on its unit."""
    label: LabelFacts | None = None
    """The label as a partner completed it."""
    entries: int = 0
    """Its ledger entries so far; the next one is number `entries`."""
    lines: int = 0
    """Its settlement lines so far."""
    owner: str | None = None
    """Whose goods it moved; `None` when it moved none, or they went back."""
    item_code: str | None = None
    units: int | None = None
    """Units of use of the item; `None` while it is not known."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A ledger entry: a charge, or a credit that names the charge it reverses."""

    ref: Ref
    n: int
    billing_id: UUID
    encounter: str
    department: str | None
    team: str | None
    item: Item
    quantity: int
    """Units of use."""
    unit_price: int
    """1/10,000 yuan."""
    amount_fen: int
    period: Month
    flags: tuple[Reason, ...]
    reverses: "Charge | None" = None
    credit_number: int | None = None
    """1, 2, 3 … among the credits of one charge."""


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """What the supplier may invoice for a use, or its reversal by a return."""

    n: int
    line_id: UUID
    supplier: str
    item_code: str
    quantity: int
    cost: int | None
    """1/10,000 yuan a unit; `None` when no cost was in force on the day."""
    amount_fen: int | None
    period: Month
    status: str
    """`payable`, `cost-missing` or `reversal`."""
    reverses: UUID | None = None


@dataclass(frozen=True, slots=True)
class WasteCost:
    """What goods that were opened and not used, or thrown away, have cost the department."""

    department: str | None
    units: int
    cost: int | None
    """1/10,000 yuan a unit; `None` when no cost was in force on the day."""
    amount_fen: int | None
    period: Month


class StockMove(NamedTuple):
    """Goods that changed place, `units` > 0. A place is `None` where no balance is kept (`models.stock.places`)."""

    owner: str
    units: int
    from_store: str | None
    to_store: str | None


class Usage(NamedTuple):
    """A change of the usage of an item in a month, for the hospital and one department."""

    hospital: str
    department: str | None
    item_code: str
    month: Month
    quantity: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class UseAccount:
    """A use as a return finds it: what was used, charged and taken back so far."""

    ref: Ref
    hospital: str
    scan_id: UUID
    scanned_at: datetime
    day: date
    month: Month
    encounter: str | None
    unit: tuple[str, str | None, str | None, str | None]
    """(issuer, di, lot, serial)."""
    verdict: Verdict
    reasons: tuple[Reason, ...]
    department: str | None
    """Whose usage it counts in."""
    item: Item | None
    units: int | None
    owner: str | None
    """Whose goods it moved; `None` when none moved."""
    holds_unit: bool
    charge: Charge | None
    settlement: SettlementLine | None
    returned_units: int = 0
    changes: int = 0
    """How often it was changed so far: returns, re-ratings, what persons took back."""
    credited_units: int = 0
    """Of the newest charge: units credited so far, in `credits` entries."""
    credited_fen: int = 0
    credits: int = 0

    @property
    def left(self) -> int:
        """Units not yet taken back."""
        return (self.units or 0) - self.returned_units


@dataclass(slots=True)
class Decision:
    """What follows from deciding one subject once; `rules.charging.deciding` fills it in, nobody changes it later."""

    subject: RecordedScan
    n: int
    """0 for the first decision, 1, 2 … for later ones."""
    decided_at: datetime
    verdict: Verdict
    reasons: tuple[Reason, ...]
    label: LabelFacts
    item: Item | None = None
    units: int | None = None
    move: StockMove | None = None
    takes_unit: bool = False
    frees_unit: Ref | None = None
    """The use whose claim on the unit ends with this return."""
    charges: tuple[Charge, ...] = ()
    settlement: tuple[SettlementLine, ...] = ()
    usage: tuple[Usage, ...] = ()
    account: UseAccount | None = None
    """The use whose account it changes, as it was before: a return's, or its own (re-rated, taken back)."""
    waste: WasteCost | None = None
    cost: int | None = None
    """What a unit that moved cost on the day, in 1/10,000 yuan; `None` when nothing moved or no cost was in force."""
    department: str | None = None
    stock_left: int | None = None
    billing_ids: tuple[UUID, ...] = ()
    partner: Ref | None = None
    claims: bool = True
    """Its scan id is new and is claimed by the first decision."""
    takes_back: bool = False
    """Its move is the way back of what an earlier decision of the scan moved."""
    offers: tuple[tuple[str, int], ...] = ()
    """Goods of the same type in the same store, with the units left of each, when a breaker holds the item."""

    @property
    def open(self) -> bool:
        """It waits for something."""
        return self.verdict in _OPEN

    def balance_key(self, store: str) -> BalanceKey:
        """The balance in the store that goods of this label belong to; only of a decision that moves goods."""
        item, move, label = self.item, self.move, self.label
        owner = move.owner if move else item.owner if item else ""
        code = item.item_code if item else ""
        return BalanceKey(self.subject.event.hospital, store, code, owner, label.lot or "", label.serial or "")


_OPEN = frozenset({Verdict.WAITING, Verdict.PARKED, Verdict.HELD})


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is no scan event: kept, dead-lettered, and its neighbours go through."""

    ref: Ref
    lane: int
    recorded_at: datetime
    reason: Reason
    detail: str
    hospital: str
    """Of its key, else `unknown`."""
    scan_id: UUID | None
    device_id: str | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another scan of the same device near in time: what may not lie between two halves."""

    ref: Ref
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recorded half label that still waits."""

    subject: RecordedScan
    prior: Prior
    neighbours: tuple[Neighbour, ...] = field(default=())
