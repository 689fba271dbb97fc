"""The scan event and the tick, as they lie on `udi.scans`.

References:
    docs/contract.md, section "Scan event".
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from models.stock.places import misnamed
from models.wire.strict_json import (
    Hospital,
    Identifier,
    Instant,
    Refusal,
    Text,
    WireModel,
)

SCHEMA = "udi.scan/1"
TICK_SCHEMA = "udi.tick/1"
QUANTITY_MAX = 100_000
"""Packages in one scan; more is a typing error. No source: ours."""
SCANNED_YEAR_MIN: Final = 2000
"""In the record's own offset; before it a device's clock is wrong: docs/contract.md, section "Scan event"."""
SCANNED_AHEAD_MAX = timedelta(hours=24)
"""How far a device's clock may run ahead of the broker's: docs/contract.md, section "Scan event"."""


class Action(StrEnum):
    """What was done with the unit."""

    USE = "use"
    RETURN = "return"
    OPENED = "opened"
    WASTE = "waste"
    RECEIVE = "receive"
    TRANSFER = "transfer"
    COUNT = "count"
    ACCEPT = "accept"
    """Goods that were sent here have arrived."""
    LEND = "lend"
    GIVE_BACK = "give-back"
    QUARANTINE = "quarantine"
    CLEAR = "clear"
    """Out of quarantine."""
    MISSING = "missing"
    """A posted count found fewer than the books have. Like `found` it is published by `udi count post` alone."""
    FOUND = "found"
    """A posted count found more than the books have."""
    SEND_BACK = "send-back"
    """To the supplier: what he has called back, or what was not accepted."""
    IDENTIFY = "identify"
    """Goods of another scan (`corrects`, or the one of `document`) are of this lot or serial."""


class Entry(StrEnum):
    """How the codes got into the terminal."""

    SCAN = "scan"
    CAMERA = "camera"
    RFID = "rfid"
    MANUAL = "manual"


class Override(WireModel):
    """Who lets pass at once what the hospital has set against a charge, and why; it is listed for review."""

    badge: Identifier
    """Badge of the person who lets it pass."""
    reason: Text
    """Why, in that person's words."""


def _or_absent(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """A hint; one that cannot be read is as if it were not there. The raw bytes keep what came."""
    try:
        return read(value)
    except ValidationError:
        return None


_Boot = Annotated[Identifier | None, WrapValidator(_or_absent)]
_Sequence = Annotated[Annotated[int, Field(ge=0, lt=2**63)] | None, WrapValidator(_or_absent)]


class ScanEvent(WireModel):
    """One scan: who, where, for whom, what, how many, when, and what was done."""

    schema_: Literal["udi.scan/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    scan_id: UUID
    """Made by the device before the first send; the same at every resend."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    device_id: Identifier
    """Id of the scanner or terminal."""
    sequence: _Sequence = None
    """Counts the scans of one boot; a hint for gaps and pairing, never a reason to refuse: unreadable, it is absent."""
    boot: _Boot = None
    """Changes when the device restarts; `sequence` counts within it; a hint like it."""
    scanned_at: Instant
    """When it was scanned, by the device's clock; decides day, month and price."""
    action: Annotated[Action, Field(strict=False)]
    """What was done with the goods."""
    codes: Annotated[list[str], Field(min_length=1, max_length=4)] | None = None
    """The raw texts of one label's barcodes in the order read."""
    item_code: Identifier | None = None
    """Instead of codes, for goods without UDI."""
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
    """Packages of the level scanned."""
    store: Identifier
    """Department store (二级库) in which the goods lay, or into which they come."""
    department: Identifier | None = None
    """Department that used them; `None`: that of the encounter."""
    encounter: Identifier | None = None
    """Opaque id of the patient's stay; a use without one is parked."""
    operation: Identifier | None = None
    """Id of the operation within the stay; `None` outside one."""
    team: Identifier | None = None
    """Id of the medical team; `None` when nobody said."""
    staff: Identifier | None = None
    """Who scanned, by an opaque id; `None` when nobody said."""
    to_store: Identifier | None = None
    """Of a transfer or loan: who gets the goods; of a give-back: whose they are."""
    document: Identifier | None = None
    """The delivery note, transfer, count or order the scan belongs to."""
    place: Identifier | None = None
    """A room, cabinet or cart inside the store."""
    corrects: UUID | None = None
    """Of a return: the use it takes back; of an `identify`: whose goods. Of any other: the refused scan it replaces."""
    reason: Text | None = None
    """Why, in the person's words; needed when the codes were typed."""
    override: Override | None = None
    """Only of a use: docs/controls.md."""
    entry: Annotated[Entry, Field(strict=False)] = Entry.SCAN
    """How the codes got into the terminal."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        check_together(self)
        return self

    @property
    def key_rest(self) -> str:
        """The second part of the record key: the encounter, or the store without one."""
        return self.encounter or self.store


ADJUSTING: Final = frozenset({Action.MISSING, Action.FOUND})
"""By them a posted count's differences are booked."""
IDENTIFIED: Final = frozenset(Action) - ADJUSTING - {Action.RETURN, Action.COUNT, Action.IDENTIFY}
"""Whose goods may be said to be of another lot or serial. A return's are those of its use, an adjustment's those of its
count."""
MOVED_ON: Final = frozenset(
    {Action.TRANSFER, Action.ACCEPT, Action.LEND, Action.GIVE_BACK, Action.QUARANTINE, Action.CLEAR, Action.SEND_BACK}
)
"""By them a store moves what it has."""
_LOANS = frozenset({Action.LEND, Action.GIVE_BACK})
_TWO_STORES = _LOANS | {Action.TRANSFER}


def check_together(event: ScanEvent) -> None:
    """See that fields which are right by themselves go together.

    Raises:
        ValueError: they do not; the text says what was expected.
    """
    if (event.codes is None) == (event.item_code is None):
        raise ValueError("Expected either codes or item_code")
    if event.action in _TWO_STORES and event.to_store is None:
        raise ValueError(f"Expected to_store in a {event.action}")
    if event.action in _LOANS and event.to_store == event.store:
        raise ValueError(f"Expected another store in to_store of a {event.action}")
    if event.entry is Entry.MANUAL and not event.reason:
        raise ValueError("Expected a reason for a manual entry")
    if event.action in ADJUSTING and (event.document is None or event.item_code is None):
        raise ValueError(f"Expected document and item_code in a {event.action}")
    if event.action is Action.IDENTIFY and (event.codes is None or (event.corrects or event.document) is None):
        raise ValueError(f"Expected codes, and corrects or document, in a {event.action}")


_OF_PATIENT: Final = frozenset({Action.USE, Action.RETURN})
"""What a patient got is recorded, charged and given back, whatever its store is called."""


def misplaced(event: ScanEvent) -> Refusal | None:
    """Why a scan that moves or counts goods is none: it names a place of the books as its store."""
    if event.action in _OF_PATIENT:
        return None
    return misnamed("store", event.store) or misnamed("to_store", event.to_store)


class Tick(WireModel):
    """A record that only lets time pass on its partition: what waits for a window is decided by it."""

    schema_: Literal["udi.tick/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    at: Instant
    """When the scheduler published it; decisions take the broker's timestamp instead."""
