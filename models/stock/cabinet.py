"""What a cabinet with RFID sees, as it lies on `udi.cabinet-reads`: the set of its tags at an instant.

References:
    docs/contract.md, section "Cabinet read"; docs/store.md, "Cabinets".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from models.stock.places import misnamed
from models.wire.strict_json import Body, Hospital, Identifier, Instant, Refusal, WireModel, read_record

TAGS_MAX: Final = 5_000
"""Of one cabinet; more is another thing than a cabinet. No source: ours."""
Tag = Annotated[str, Field(max_length=512)]
"""The text of a tag, as a barcode of the same unit would give it."""


class CabinetRead(WireModel):
    """All that a cabinet holds at an instant. A tag that is not in it has gone."""

    schema_: Literal["udi.cabinet-read/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    store: Identifier
    """Id of the store the cabinet stands in."""
    place: Identifier
    """The cabinet, as scans name it in `place`."""
    read_at: Instant
    """When the tags were read; reads of a cabinet are put in the order of it."""
    session: Identifier | None = None
    """Id of the opening that ended with this read; `None`: nobody had opened it."""
    staff: Identifier | None = None
    """Badge that opened it; `None` when nobody said."""
    tags: Annotated[list[Tag], Field(max_length=TAGS_MAX)]
    """In any order; one that stands twice counts once. None at all: it is empty."""


def read_cabinet(key: bytes | None, value: bytes | None) -> tuple[CabinetRead, Body] | Refusal:
    """A record of `udi.cabinet-reads`, or why it is none. Its key is `hospital/store`."""
    read = read_record(CabinetRead, key, value, lambda read: (read.hospital, read.store))
    return read if isinstance(read, Refusal) else misnamed("store", read[0].store) or read


@dataclass(frozen=True, slots=True)
class SuspectedUse:
    """A unit that has left a cabinet between two of its reads."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store the cabinet stands in."""
    place: str
    """The cabinet."""
    session: str | None
    """Id of the opening; `None`: nobody had opened it."""
    staff: str | None
    """Badge that opened it; `None` when nobody said."""
    seen_at: datetime
    """The read that still had the unit."""
    missed_at: datetime
    """The next read, without it."""
    item_code: str | None
    """The item of its newest scan, else of its identifier; `None`: no item of the house has it."""
    issuer: str
    """Issuing agency of the identifier."""
    di: str
    """Device identifier on the tag."""
    serial: str
    """Serial number on the tag."""
    status: str
    """`suspected`; `scanned`: a scan says where it went; `came-back`: a later read of the cabinet, or a count, has it;
    `seen-elsewhere`: another cabinet saw it after this one had seen it last; `unknown-item`: a foreign tag, of no item
    of the house."""
    scan_id: str | None
    """The scan that says so; `None`: there is none."""
    seen_in: str | None
    """The other cabinet that saw it, with its store, like `OR-3/cab9`; `None` unless
    `seen-elsewhere`."""
    seen_in_at: datetime | None
    """The newest read of it that had the unit; `None` as above."""


@dataclass(frozen=True, slots=True)
class TagFinding:
    """A tag of the newest read of a cabinet that is not what the books have there."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store the cabinet stands in."""
    place: str
    """The cabinet."""
    read_at: datetime
    """When it was read."""
    tag: str | None
    """Its text, where it names no unit."""
    issuer: str | None
    """Issuing agency of the identifier; `None`: it names no unit."""
    di: str | None
    """Device identifier; `None` as above."""
    serial: str | None
    """Serial number; `None` as above."""
    item_code: str | None
    """Of the house; `None`: no item has the identifier."""
    finding: str
    """`unread`: it names no unit by a serial; `unknown-item`, `not-received`, `elsewhere`."""
    is_at: str | None
    """Where the books have the unit; `None`: nowhere."""
