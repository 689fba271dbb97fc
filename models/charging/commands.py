"""What a person commands of the books. A command is stored first; the lane of its scan carries it out, once.

References:
    docs/semantics/corrections.md, "Commands of persons".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from models.charging.books import LabelFacts, Prior, RecordedScan
from models.ids import made_id
from models.scan.event import QUANTITY_MAX
from models.wire.strict_json import Identifier, WireModel


class CommandKind(StrEnum):
    """What may be commanded."""

    UNDO_PAIR = "undo-pair"
    """Two halves were joined that do not belong together: take everything back and hold both."""
    RELEASE = "release"
    """A held use is charged in spite of what it was held for."""
    REJECT = "reject"
    """It was no use, or the scan is a mistake: whatever followed from it is taken back."""
    OVERRIDE = "override"
    """A use that the hospital's own decision holds goes on at once, with a badge and a reason (`Override`)."""
    IDENTIFY = "identify"
    """The goods get the lot of the reading that is right (`Identification`), or of another scan (`Identity`)."""
    CORRECT = "correct"
    """As `reject`; a scan with the right content, which names this one, takes its place (`Correction`)."""


class Identification(WireModel):
    """The reading that is right, by what it says."""

    model_config = ConfigDict(frozen=True, strict=False, extra="forbid")

    lot: str | None = None
    """Lot of that reading; `None` when it has none."""
    serial: str | None = None
    """Serial of that reading; `None` when it has none."""
    expiry: date | None = None
    """Last usable day of that reading; `None` when it has none."""
    production: date | None = None
    """Day of production of that reading; `None` when it has none."""


class Identity(WireModel):
    """What a scan with action `identify` says that the goods of another are."""

    model_config = ConfigDict(frozen=True, strict=False, extra="forbid")

    scan_id: UUID
    """The scan that says so."""
    issuer: str
    """Issuing agency of the identifier."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str | None = None
    """Lot number as printed; `None` when the label gives none."""
    serial: str | None = None
    """Serial number as printed; `None` when the label gives none."""
    expiry: date | None = None
    """Last usable day; `None` when the label gives none."""
    production: date | None = None
    """Day of production; `None` when the label gives none."""

    def label(self) -> LabelFacts:
        """As decisions take it."""
        return LabelFacts(self.issuer, self.di, self.lot, self.serial, self.expiry, self.production)


class Correction(WireModel):
    """What was wrong of a scan, with what is right; `None` leaves it as it was scanned. At least one is given."""

    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)] | None = None
    """Packages of the level scanned."""
    encounter: Identifier | None = None
    """Stay that the goods were really used for."""
    item_code: Identifier | None = None
    """Instead of what the label says."""
    codes: Annotated[list[str], Field(min_length=1, max_length=4)] | None = None
    """What the label really says: its barcodes, read rightly."""
    department: Identifier | None = None
    """Department that really used them."""
    document: Identifier | None = None
    """Set, note or other document that the scan really belongs to."""

    @model_validator(mode="after")
    def _check_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Expected a quantity, an encounter, an item, codes, a department or a document to correct")
        if self.codes is not None and self.item_code is not None:
            raise ValueError("Expected either codes or an item")
        return self


def correcting_scan_id(hospital: str, lane: int, seq: int) -> UUID:
    """The scan id of the scan that takes the place of a corrected one: of the command at that place."""
    return made_id("correction", hospital, lane, seq)


@dataclass(frozen=True, slots=True)
class Command:
    """A stored command."""

    lane: int
    """Lane of its scan, which carries it out."""
    seq: int
    """1, 2, 3 … of the lane, without gaps: the order in which they are carried out."""
    kind: CommandKind
    """What is commanded."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """The scan it is about."""
    by: str
    """Who commands it."""
    reason: str
    """Why, in the person's words."""
    accepted_at: datetime
    """When it was stored; what follows from it is decided then."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Of a correction: what is right (`Correction`)."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded scan, and what earlier decisions of it left."""

    subject: RecordedScan
    """The scan as recorded."""
    prior: Prior
    """What its decisions so far left."""


class Moved(NamedTuple):
    """How the goods of a scan went that stand moved."""

    from_store: str | None
    """Place they left; `None` where no balance is kept."""
    to_store: str | None
    """Place they reached; `None` where no balance is kept."""
    cost: int | None
    """1/10,000 yuan a unit; `None` when no cost was in force on the day."""
    cleared: int = 0
    """Of goods that were sent back: units that came out of quarantine to that place first."""


@dataclass(frozen=True, slots=True)
class Commanded:
    """A command with the scans it is about, as they stand."""

    command: Command
    """The command as stored."""
    scan: Recorded | None
    """Of a pair the half with the identifier; `None` when there is no such scan."""
    partner: Recorded | None
    """Of a pair the half without."""
    way: Moved | None = None
    """Of an identification: how the scan's goods went; `None` when they did not."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a command."""

    seq: int
    """Number of the command on its lane."""
    done: bool
    """`False`: something stood against it, and nothing changed."""
    detail: str
    """The verdicts that followed, or what stood against it."""
