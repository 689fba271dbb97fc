"""Counts (盘点) of a shelf: what was scanned, what the books had there, and how the difference is booked.

References:
    docs/store.md, "Counts"; docs/adr/0016-counts-are-scans.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from models.ids import made_id
from models.money import line_amount_fen
from models.reasons import Verdict
from models.stock.places import shelf

DEVICE: Final = "udi-count"
"""`device_id` of the scans by which a count's differences are booked."""


class LineFinding(StrEnum):
    """What a person should know of a line of a count."""

    COUNTED_TWICE = "counted-twice"
    """One serial was scanned more than once, or with a quantity above one: it counts once."""
    SPELLED_OTHERWISE = "spelled-otherwise"
    """The label's lot or serial differs from the books' by case or blanks, or the lot of a known serial is another."""
    MOVED_MEANWHILE = "moved-meanwhile"
    """Goods of it moved between its first and its last scan: count it again when that matters."""
    ELSEWHERE = "elsewhere"
    """By the books the unit lies elsewhere, is with a patient or was thrown away. Nothing is booked."""
    UNREAD = "unread"
    """Some of the item was counted without the lot or serial it is tracked by. Nothing of the item is booked."""
    TOO_MANY = "too-many"
    """The difference is larger than one scan can be. Nothing is booked."""
    NO_COST = "no-cost"
    """A difference whose item had no cost, or the cost zero, on the day."""


UNBOOKED: Final = frozenset({LineFinding.ELSEWHERE, LineFinding.UNREAD, LineFinding.TOO_MANY})
"""A line with one of these is not booked: a person settles it first, and counts again."""


class ScanFinding(StrEnum):
    """Why a scan of a count counts in none."""

    NO_DOCUMENT = "no-document"
    UNKNOWN_DOCUMENT = "unknown-document"
    OTHER_PLACE = "other-place"
    """It was scanned in another store or place than the count is of."""
    AFTER_POST = "after-post"
    """The count had ended when it came, or it waited until then."""
    WAITS = "waits"
    """It waits for the catalogue or a person."""


@dataclass(frozen=True, slots=True)
class Count:
    """A count of one shelf: a store's, or of one of its rooms, cabinets or carts."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    document: str
    """Its number: what scans of it carry."""
    store: str
    """Id of the store."""
    place: str | None
    """Room, cabinet or cart inside the store; `None`: the store's own shelf."""
    started_at: datetime
    """When it was started."""
    started_by: str
    """Who started it."""
    ended_at: datetime | None = None
    """When it was posted or cancelled; `None` while it is open."""
    posted: bool | None = None
    """`False`: it was cancelled, and nothing was booked."""
    ended_by: str | None = None
    """Who posted or cancelled it."""
    approved_by: str | None = None
    """Another person, where the differences were above the limit."""
    reason: str | None = None
    """Why, in the person's words."""

    @property
    def shelf(self) -> str:
        """The place that is counted (`models.stock.places`)."""
        return shelf(self.store, self.place)


@dataclass(frozen=True, slots=True)
class CountScan:
    """A scan with action `count`, as it stands."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    document: str | None
    """The count it says it belongs to."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    device_id: str
    """Id of the scanner or terminal."""
    staff: str | None
    """Who scanned; `None` when nobody said."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    store: str
    """Store it was scanned in."""
    place: str | None
    """Room, cabinet or cart inside the store."""
    verdict: Verdict
    """What became of it."""
    reasons: Sequence[str]
    """Why, in order of precedence."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is not known."""
    issuer: str | None
    """Issuing agency of the identifier."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    quantity: int | None
    """Units of use; `None` while the item is not known."""
    finding: ScanFinding | None = None
    """Why it counts in no count; `None` when it counts, or a person took it back."""


class Goods(NamedTuple):
    """What a line of a count is about; lot and serial are `''` where the label gave none."""

    item_code: str
    """The item's code in the HIS catalogue."""
    lot: str
    """Lot number."""
    serial: str
    """Serial number."""


@dataclass(frozen=True, slots=True)
class Lying:
    """What by the books lies on the counted shelf now, of one lot or serial and owner."""

    item_code: str
    """The item's code in the HIS catalogue."""
    lot: str
    """Lot number as printed; `''` when it is not known."""
    serial: str
    """Serial number as printed; `''` when it is not known."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    issuer: str
    """Issuing agency of the item's unit of use."""
    di: str
    """Device identifier of the item's unit of use."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    quantity: int
    """Units of use; below zero when more was used than received."""

    @property
    def goods(self) -> Goods:
        """What it is."""
        return Goods(self.item_code, self.lot, self.serial)


@dataclass(frozen=True, slots=True)
class ShelfMove:
    """What came onto the counted shelf, or left it, since the count's first scan."""

    item_code: str
    """The item's code in the HIS catalogue."""
    lot: str
    """Lot number as printed; `''` when it is not known."""
    serial: str
    """Serial number as printed; `''` when it is not known."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    units: int
    """Units of use; below zero when they left."""
    moved_at: datetime
    """When it was scanned."""

    @property
    def goods(self) -> Goods:
        """What moved."""
        return Goods(self.item_code, self.lot, self.serial)


@dataclass(frozen=True, slots=True)
class CountLine:
    """One lot or serial of one owner: counted, and expected at the instant it was counted."""

    item_code: str
    """The item's code in the HIS catalogue."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    issuer: str
    """Issuing agency of the identifier."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str
    """Lot number as the books spell it; `''` when it is not known."""
    serial: str
    """Serial number as the books spell it; `''` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    expected: int
    """Units of use that lay there by the books at `counted_at`."""
    counted: int
    """Units of use that were counted."""
    counted_at: datetime
    """When its last scan was made; of what nobody scanned when the count's last scan was made."""
    cost: int | None
    """1/10,000 yuan a unit on that day; `None` when no cost was in force."""
    weight: int | None
    """The same for the limit above which another person approves: the price where there is no cost."""
    findings: tuple[LineFinding, ...] = ()
    """What a person should know of it."""
    elsewhere: str | None = None
    """Where the unit is by the books, when that is elsewhere."""
    scans: tuple[UUID, ...] = ()
    """The scans that counted it."""

    @property
    def goods(self) -> Goods:
        """What it is about."""
        return Goods(self.item_code, self.lot, self.serial)

    @property
    def difference(self) -> int:
        """Units counted less units expected."""
        return self.counted - self.expected

    @property
    def booked(self) -> bool:
        """Its difference becomes a move when the count is posted."""
        return self.difference != 0 and not UNBOOKED.intersection(self.findings)

    @property
    def value_fen(self) -> int | None:
        """The difference at cost, below zero when goods are missing; `None` when no cost was in force."""
        return None if self.cost is None else signed_fen(self.difference, self.cost)

    @property
    def weight_fen(self) -> int:
        """What the difference weighs for the limit, ≥ 0."""
        return abs(signed_fen(self.difference, self.weight or 0))


def signed_fen(units: int, unit_price: int) -> int:
    """Units, which may be below zero, at 1/10,000 yuan each, rounded half away from zero to the fen."""
    fen = line_amount_fen(abs(units), unit_price)
    return fen if units >= 0 else -fen


@dataclass(frozen=True, slots=True)
class Tally:
    """The lines of a count together."""

    lines: int
    """How many."""
    exact: int
    """Those without a difference."""
    differing: int
    """Those whose difference is to be booked, or was."""
    weight_fen: int
    """What these differences weigh, missing and surplus goods added up."""

    @property
    def accuracy_percent(self) -> Decimal | None:
        """Lines without a difference in per cent of all, two digits; `None` of a count without lines."""
        return (Decimal(100 * self.exact) / self.lines).quantize(Decimal("0.01")) if self.lines else None


@dataclass(frozen=True, slots=True)
class CountLimit:
    """Above what the differences of a count need another person."""

    value_fen: int
    """What they may weigh together, in fen; as much passes."""
    lines_percent: int
    """Per cent of the count's lines that may differ; as many pass."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A difference of a posted count, as the lane that books it finds it."""

    action: str
    """`missing` or `found`."""
    store: str
    """Id of the store."""
    place: str | None
    """Room, cabinet or cart inside the store."""
    item_code: str
    """The item's code in the HIS catalogue."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    issuer: str
    """Issuing agency of the identifier."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str | None
    """Lot number as the books spell it; `None` when it is not known."""
    serial: str | None
    """Serial number as the books spell it; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    units: int
    """Units of use, > 0."""
    cost: int | None
    """1/10,000 yuan a unit; `None` when no cost was in force."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A difference of a posted count that is not recorded: what its scan says."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    document: str
    """Number of the count."""
    scan_id: UUID
    """Id of the scan that books it (`adjusting_scan_id`)."""
    counted_at: datetime
    """When the goods were counted: the move is dated then."""
    action: str
    """`missing` or `found`."""
    item_code: str
    """The item's code in the HIS catalogue."""
    units: int
    """Units of use, > 0."""
    store: str
    """Id of the store."""
    place: str | None
    """Room, cabinet or cart inside the store."""
    by: str
    """Who posted the count."""
    reason: str
    """Why, in that person's words."""


def adjusting_scan_id(hospital: str, document: str, line: int) -> UUID:
    """The scan id of the scan that books a line of a count: the same however often it is published."""
    return made_id("count", hospital, document, line)
