"""What a recall lists: who was exposed and what lies where, and what the books are asked for it.

References:
    docs/store.md, "Recall".
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class LineKind(StrEnum):
    """What a line is about."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    SHELF = "shelf"
    IN_TRANSIT = "in-transit"
    LENT = "lent"
    QUARANTINE = "quarantine"
    WASTE = "waste"
    SUPPLIER = "supplier"


class RecallLineStatus(StrEnum):
    """How a line stands."""

    OPEN = "open"
    """Somebody has to look after it."""
    CLOSED = "closed"
    """A person has ended it, with a reason."""
    GONE = "gone"
    """Its goods have moved on to a line of their own, or its use was taken back."""
    ENDED = "ended"
    """The goods were wasted or are back at the supplier."""


@dataclass(frozen=True, slots=True)
class ItemScan:
    """A scan of units that a notice names by their identifier."""

    scan_id: UUID
    """Id of the scan, made by its device."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    action: str
    """What was done with the goods."""
    store: str
    """Store it was scanned in."""
    to_store: str | None
    """Store the goods go to, or come back to; `None` when they stay."""
    department: str | None
    """The scan's, else the encounter's."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
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
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    units: int
    """Units of use; packages while the item is unknown."""
    verdict: str
    """Its newest verdict."""
    reasons: tuple[str, ...]
    """Why, in order of precedence; the first that decides gave the verdict."""
    moved: bool
    """Its goods have moved, and nothing took them back."""
    returned: int
    """Of a use: units that came back."""
    from_place: str | None
    """Place its goods left; `None` when it moves nothing."""
    to_place: str | None
    """Place its goods came to; `None` when it moves nothing."""
    place: str | None
    """Room, cabinet or cart inside the store; `None`: its shelf."""
    document: str | None
    """Number of the paper it belongs to, as of a count; `None` of none."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Units of an item that lie somewhere; more than none."""

    place: str
    """Store, `in-transit/…`, `lent/…`, `quarantine/…` or another place of moves."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    item_code: str
    """The item's code in the HIS catalogue."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    quantity: int
    """Units of use."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Units that a posted count missed, and that nobody has found or seen since."""

    scan_id: UUID
    """The scan that booked them."""
    store: str
    """Store they left."""
    since: datetime
    """When they were last seen there for sure."""
    until: datetime
    """When they were counted and not there."""
    units: int
    """Units of use, above 0."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Who may have got goods of a store."""

    encounter: str
    """Opaque id of the stay."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    from_at: datetime
    """When the stay began."""
    to_at: datetime | None
    """When it ended; `None` while it goes on."""


@dataclass(frozen=True, slots=True)
class ExposureLine:
    """A line of a recall: followed until it is closed or gone."""

    line_id: UUID
    """Follows from what it is about: the same in every version of the notice."""
    kind: LineKind
    """What the line is about."""
    encounter: str | None
    """Stay of the patient who was exposed; `None` of goods that lie somewhere."""
    store: str | None
    """Place the goods lie, or were used from."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
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
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    quantity: int
    """Units of use."""
    chance: Decimal | None
    """How likely the line is meant, 0 to 1 in four digits; `None`: it is certain."""
    reckoned: str | None
    """How the chance was reckoned."""
    scan_id: UUID | None
    """The use, or what booked goods as missing; `None` of goods that lie somewhere."""
    happened_at: datetime | None
    """When it was used, or missed in a count; `None` of goods that lie somewhere."""


@dataclass(frozen=True, slots=True)
class StandingLine(ExposureLine):
    """A line as it stands."""

    status: RecallLineStatus
    """Whether somebody has still to look after it."""
    closed_at: datetime | None
    """When a person closed it; `None` until then."""
    closed_by: str | None
    """Who closed it; `None` until then."""
    closing_reason: str | None
    """Why, in the person's words; `None` until then."""
    reopened: str | None = None
    """Why what a person has closed is open again: more `units`, a higher `chance`, now `certain`; `None`: it is not."""
    last_closed_at: datetime | None = None
    """When a person closed it last, whether that holds or not; `None`: nobody ever did."""
    last_closed_by: str | None = None
    """Who did."""
    last_closing_reason: str | None = None
    """Why, in the person's words."""
    last_closed_quantity: int | None = None
    """Units of use it had then."""
    last_closed_chance: Decimal | None = None
    """Its chance then, 0 to 1; `None`: it was certain, or closed by a version of ours that did not keep it."""


@dataclass(frozen=True, slots=True)
class ClosureProof:
    """Every line of a version has ended."""

    recall: str
    """Id of the notice."""
    version: int
    """Version of the notice that is proven."""
    level: str
    """`A`: every line was followed, not a sample."""
    lines: int
    """How many lines the version has."""
    units: int
    """Units of use on those that are not gone: the units of a line that is gone stand on another."""
    closed_by_persons: int
    """Lines that a person closed, with a reason."""
    gone: int
    """Lines whose goods have moved on to a line of their own, or whose use was taken back."""
    ended: int
    """Lines of goods that were wasted or are back at the supplier."""
    closed_at: datetime | None
    """When the last line ended; `None` when there was none."""
    hash: str
    """SHA-256, in hexadecimal, of the lines in the order of their ids: what an archived proof is compared with."""


@dataclass(frozen=True, slots=True)
class KeptProof(ClosureProof):
    """A proof as the books keep it; lines may be open again since."""

    n: int
    """1, 2, 3 … of the notice, whatever its version."""
    proven_at: datetime
    """When the books saw it, by the database's clock."""
