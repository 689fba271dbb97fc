"""What the gateway takes and gives over HTTP; the OpenAPI document and the JSON Schemas are made of these.

References:
    docs/contract.md, section "HTTP"; RFC 9457 (problem documents).
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from models.reasons import Reason, Verdict
from models.scan.event import Action, ScanEvent
from models.scan.scanners import Affix, Key, Separator
from models.wire.strict_json import Hospital, Identifier, WireModel

BODY_BYTES_MAX = 1024 * 1024
"""Of one request."""
EVENTS_MAX = 100
"""Of one request."""
DEPTH_MAX = 8
"""Objects and arrays inside each other in one request."""
WAIT_SECONDS_MAX = 10.0
"""How long a request may wait for verdicts."""
KEY_CHARACTERS_MAX = 200
"""Of a device's key; ours have 43."""


class Answer(BaseModel):
    """What the gateway writes: nothing that is not documented."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EventError(StrEnum):
    """Why the gateway does not accept an event. Names on the wire; never renamed."""

    BAD_EVENT = "bad-event"
    TOO_LARGE = "too-large"
    WRONG_HOSPITAL = "wrong-hospital"
    WRONG_DEVICE = "wrong-device"


class ScanBatch(WireModel):
    """Several scan events in one request."""

    scans: Annotated[list[ScanEvent], Field(min_length=1, max_length=EVENTS_MAX)]
    """1 to 100 events, answered in this order."""


class Message(Answer):
    """One sentence for the person at the device."""

    en: str
    """In English."""
    zh_cn: str = Field(alias="zh-CN")
    """In Chinese."""


class VerdictBody(Answer):
    """What became of a scan, as on the topic of verdicts."""

    schema_: Literal["udi.verdict/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    hospital: str
    """Id of the hospital."""
    device_id: str
    """Id of the scanner or terminal."""
    verdict: Verdict
    """What became of the scan."""
    reasons: list[Reason]
    """Why, in order of precedence; the first that decides gave the verdict."""
    billing_ids: list[UUID]
    """Ledger entries it caused; empty when none."""
    amount: str | None
    """Yuan with two digits; `null` when nothing was charged or credited."""
    currency: str
    """Always `CNY`."""
    item_code: str | None
    """The item's code in the HIS catalogue; `null` while unknown."""
    item_name: str | None
    """The item's name in the catalogue; `null` while unknown."""
    lot: str | None
    """Of the label; `null` when it has none."""
    serial: str | None
    """Of the label; `null` when it has none."""
    expiry: date | None
    """Last day of use, of the label; `null` when it has none."""
    stock_left: int | None
    """Units of use in the store after it; `null` when no stock moved."""
    message: Message
    """What happened, for the person who scanned."""
    decided_at: datetime
    """The broker's timestamp of the record that caused the decision."""


class ScanAccepted(Answer):
    """What the gateway did with one event."""

    scan_id: str | None
    """As it came; `null` when it could not be read."""
    accepted: bool
    """The broker has it on all in-sync replicas."""
    error: EventError | None = None
    """Why it was not accepted; `null` when it was."""
    detail: str | None = None
    """What was expected and what came."""
    verdict: VerdictBody | None = None
    """When it came in the time to wait."""


class BatchAccepted(Answer):
    """What the gateway did with each event, in the order of the request."""

    scans: list[ScanAccepted]
    """One answer for each event."""


class ScanState(Answer):
    """A recorded scan as it stands now."""

    scan_id: UUID
    """Id of the scan, made by its device."""
    hospital: str
    """Id of the hospital."""
    device_id: str
    """Id of the scanner or terminal."""
    scanned_at: datetime | None
    """When it was scanned, by the device's clock; `null` when the record was no scan event."""
    action: Action | None
    """What was done with the goods (`models.scan.event.Action`); `null` when the record was no scan event."""
    store: str | None
    """Id of the department store (二级库); `null` when the record was no scan event."""
    encounter: str | None
    """Opaque id of the patient's stay; `null` without one."""
    operation: str | None
    """Id of the operation within the stay; `null` outside one."""
    issuer: str | None
    """Issuing agency of the identifier; `null` when no code was read."""
    di: str | None
    """Device identifier in its canonical form; `null` when the label gives none."""
    lot: str | None
    """Lot number as printed; `null` when the label gives none."""
    serial: str | None
    """Serial number as printed; `null` when the label gives none."""
    expiry: date | None
    """Last usable day; `null` when the label gives none."""
    item_code: str | None
    """The item's code in the HIS catalogue; `null` while unknown."""
    item_name: str | None
    """The item's name in the catalogue; `null` while unknown."""
    quantity: int | None
    """Units of use; `null` while nobody knows."""
    verdict: Verdict
    """Its newest verdict."""
    reasons: list[Reason]
    """Why, in order of precedence; the first that decides gave the verdict."""
    billing_ids: list[UUID]
    """Ledger entries it caused; empty when none."""
    amount: str | None
    """Charges less credits of this scan in yuan; `null` when it has none."""
    currency: str
    """Always `CNY`."""
    decided_at: datetime
    """The broker's timestamp of the record that caused the decision."""
    message: Message
    """What happened, for the person who scanned."""


class FoundItem(Answer):
    """An item of the catalogue."""

    item_code: str
    """The item's code in the HIS catalogue."""
    name: str
    """As verdicts and bills show it."""
    spec: str | None
    """Specification and model; `null` when the catalogue has none."""
    unit: str | None
    """Name of the unit of use; `null` when the catalogue has none."""
    maker: str | None
    """Name of the maker; `null` when the catalogue has none."""
    initials: str
    """Of the name in pinyin (拼音简码)."""
    chargeable: bool
    """`false`: uses are recorded and not charged."""
    monitored: bool
    """Monitoring rules judge it."""


class FoundItems(Answer):
    """Items that fit a search, the best first."""

    items: list[FoundItem]
    """The best first."""


class TokenWanted(WireModel):
    """A device proves itself with its key."""

    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    device_id: Identifier
    """Id of the scanner or terminal."""
    key: Annotated[str, Field(min_length=1, max_length=KEY_CHARACTERS_MAX)]
    """The device's key, as it was given out."""


class Token(Answer):
    """A short-lived token of a device."""

    access_token: str
    """For the header `Authorization: Bearer`."""
    token_type: Literal["Bearer"]
    """How the token is sent."""
    expires_in: int
    """Seconds."""
    hospital: str
    """Id of the hospital."""
    device_id: str
    """Id of the scanner or terminal."""
    store: str | None
    """Where the device stands, when that was said as it was added."""
    department: str | None
    """Department of the device; `null` when none was said as it was added."""


class FoundSetUp(WireModel):
    """What test symbols have shown of a device's scanner; `models.scan.scanners.Scanner` says what each is."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    separators: Annotated[list[Separator], Field(max_length=8)] = []
    """Texts it sends for FNC1, besides the known substitutes."""
    prefix: Affix = ""
    """Text it puts before every code."""
    suffix: Affix = ""
    """Text it puts behind every code."""
    key_map: Annotated[dict[Key, Key], Field(max_length=128)] = {}
    """Characters that a wrong keyboard layout types, and what they were."""
    sends_separators: bool
    """The test symbols came with their separators."""
    drops_separators: bool
    """The test symbols came without their separators."""


class StoredSetUp(Answer):
    """From when on scans of the device are read by its new profile."""

    known_from: datetime
    """First instant of a scan that is read by it."""


class FoundCodes(Answer):
    """Barcodes in a frame."""

    codes: list[str]
    """Each with its symbology identifier, as a scanner sends it; at most four."""


class CaseGap(Answer):
    """Where a case does not tie."""

    kind: str
    """What does not tie (`models.closing.case.GapKind`)."""
    item_code: str | None
    """Item it is about; `null` while unknown."""
    item_name: str | None
    """The item's name in the catalogue; `null` while unknown."""
    what_to_do: Message
    """What closes the gap, for the person at the device."""


class CaseProof(Answer):
    """A case as it stands: whether scans, stock, charges and settlement tie."""

    encounter: str
    """Opaque id of the patient's stay."""
    verdict: str
    """`closed` when all ties."""
    closed: bool
    """Somebody or the patient's leaving has closed it."""
    published: bool
    """The newest published proof says the same."""
    units: int
    """Units of use."""
    amount: str
    """Yuan charged."""
    gaps: list[CaseGap]
    """Where it does not tie; empty when all does."""
    hash: str
    """Of what is proven, in hex."""


class ProblemBody(BaseModel):
    """A problem document; further members say more of some problems."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    type: str
    """`urn:udistream:problem:` and its name."""
    title: str
    """The problem in a few words, the same for all of its type."""
    status: int
    """HTTP status code."""
    detail: str
    """What was expected and what came."""


def depth_of(value: Any) -> int:
    """How many objects and arrays are inside each other; 0 for a plain value. Stops one above `DEPTH_MAX`."""
    depth, level = 0, [value]
    while depth <= DEPTH_MAX:
        inner = [each for each in level if isinstance(each, dict | list)]
        if not inner:
            break
        depth += 1
        level = [child for each in inner for child in (each.values() if isinstance(each, dict) else each)]
    return depth
