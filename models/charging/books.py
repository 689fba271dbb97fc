"""Values of the books: recorded scans and what identifies them, their labels, and what waits for a partner."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from models.calendar import Month
from models.reasons import Reason, Verdict
from models.scan.event import ScanEvent
from models.udi import CodeError, Flag, Issuer, Label, ParsedCode
from models.udi.combine import of_several
from models.udi.values import SEPARATOR_ERRORS


class Ref(NamedTuple):
    """Where a scan stands: the input position (cluster, topic, partition) and the offset. Its identity in the books."""

    position: int
    """Number of the input position in the books: cluster, topic and partition."""
    offset: int
    """Offset of the record in its partition."""


class UnitKey(NamedTuple):
    """The identity of a serial-numbered unit. Two makers may use the same serial."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    issuer: str
    """Issuing agency of the device identifier."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    serial: str
    """Serial number as the maker printed it."""


class BalanceKey(NamedTuple):
    """A stock balance; lot and serial are `''` where the label gave none."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Store, or another place of which a balance is kept (docs/store.md, "Places")."""
    item_code: str
    """The item's code in the HIS catalogue."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    lot: str
    """Lot number as printed."""
    serial: str
    """Serial number as printed."""


class LabelFacts(Struct, frozen=True):
    """What the label of a subject says, as far as decisions need it."""

    issuer: str
    """Issuing agency; `internal` for goods without UDI."""
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
    link: str | None = None
    """HIBC: on the secondary symbol the check character of its primary; on the primary its own."""
    error: CodeError | None = None
    """Why the label cannot be used; `None` when it can."""
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
        belongs = self.lot or self.serial or self.expiry or self.production
        if (self.di is None) == (belongs is None):
            return False
        whole = self.issuer == Issuer.INTERNAL or self.error is not None or self.possible or self.identifier_alone
        return not whole

    @property
    def identifier_alone(self) -> bool:
        """Lot and serial are not certain: separators were lost, and nothing tells which reading is meant."""
        return bool(self.flags) and Flag.IDENTIFIER_ALONE in self.flags

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


def code_facts(code: ParsedCode) -> LabelFacts:
    """What decisions need of a label with this barcode alone: nearly every label. Without a detour if it is clean."""
    if code.error is not None or code.flags:
        return label_facts(of_several([code]))
    return LabelFacts(str(code.issuer), code.di, code.lot, code.serial, code.expiry, code.production, code.link)


class RecordedScan(Struct, frozen=True):
    """A scan to decide."""

    ref: Ref
    """Where its record lies: input position and offset."""
    lane: int
    """Partition of `udi.scans` it came in on; everything it causes goes out there."""
    event: ScanEvent
    """The scan event as the device sent it."""
    label: LabelFacts
    """What its barcodes say together."""
    fingerprint: bytes
    """16 bytes, equal exactly when the canonical JSON of the event is equal."""
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
    """What the newest decision came to."""
    reasons: tuple[Reason, ...]
    """Of the newest decision, in order of precedence."""
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
    """Item it was decided for; `None` while it was not known."""
    units: int | None = None
    """Units of use of the item; `None` while it is not known."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is no scan event: kept, dead-lettered, and its neighbours go through."""

    ref: Ref
    """Where its record lies: input position and offset."""
    lane: int
    """Partition of `udi.scans` that it came in on."""
    recorded_at: datetime
    """The broker's timestamp of the record."""
    reason: Reason
    """Why it is no scan event."""
    detail: str
    """What was expected and what came, in one line."""
    hospital: str
    """Of its key, else `unknown`."""
    scan_id: UUID | None
    """As far as it could be read; without it no verdict is published."""
    device_id: str | None
    """Id of the scanner or terminal; `None` when it could not be read."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another scan of the same device near in time: what may not lie between two halves."""

    ref: Ref
    """Record of the scan."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recorded half label that still waits."""

    subject: RecordedScan
    """The half, as recorded."""
    prior: Prior
    """What its first decision left."""
    neighbours: tuple[Neighbour, ...] = field(default=())
    """Scans of its device before and after it: no other may lie between two halves."""
