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


class Message(Answer):
    """One sentence for the person at the device."""

    en: str
    zh_cn: str = Field(alias="zh-CN")


class VerdictBody(Answer):
    """What became of a scan, as on the topic of verdicts."""

    schema_: Literal["udi.verdict/1"] = Field(alias="schema")
    scan_id: UUID
    hospital: str
    device_id: str
    verdict: Verdict
    reasons: list[Reason]
    billing_ids: list[UUID]
    amount: str | None
    """Yuan with two digits; `null` when nothing was charged or credited."""
    currency: str
    item_code: str | None
    item_name: str | None
    stock_left: int | None
    """Units of use in the store after it; `null` when no stock moved."""
    message: Message
    decided_at: datetime


class ScanAccepted(Answer):
    """What the gateway did with one event."""

    scan_id: str | None
    """As it came; `null` when it could not be read."""
    accepted: bool
    """The broker has it on all in-sync replicas."""
    error: EventError | None = None
    detail: str | None = None
    """What was expected and what came."""
    verdict: VerdictBody | None = None
    """When it came in the time to wait."""


class BatchAccepted(Answer):
    """What the gateway did with each event, in the order of the request."""

    scans: list[ScanAccepted]


class ScanState(Answer):
    """A recorded scan as it stands now."""

    scan_id: UUID
    hospital: str
    device_id: str
    scanned_at: datetime
    action: Action
    store: str
    encounter: str | None
    operation: str | None
    issuer: str | None
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    item_code: str | None
    item_name: str | None
    quantity: int | None
    """Units of use; `null` while nobody knows."""
    verdict: Verdict
    reasons: list[Reason]
    billing_ids: list[UUID]
    amount: str | None
    """Charges less credits of this scan in yuan; `null` when it has none."""
    currency: str
    decided_at: datetime
    message: Message


class FoundItem(Answer):
    """An item of the catalogue."""

    item_code: str
    name: str
    spec: str | None
    unit: str | None
    maker: str | None
    initials: str
    """Of the name in pinyin (拼音简码)."""
    chargeable: bool
    monitored: bool


class FoundItems(Answer):
    """Items that fit a search, the best first."""

    items: list[FoundItem]


class TokenWanted(WireModel):
    """A device proves itself with its key."""

    hospital: Hospital
    device_id: Identifier
    key: Annotated[str, Field(min_length=1, max_length=KEY_CHARACTERS_MAX)]


class Token(Answer):
    """A short-lived token of a device."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    """Seconds."""
    hospital: str
    device_id: str
    store: str | None
    """Where the device stands, when that was said as it was added."""
    department: str | None


class FoundCodes(Answer):
    """Barcodes in a frame."""

    codes: list[str]
    """Each with its symbology identifier, as a scanner sends it; at most four."""


class CaseGap(Answer):
    """Where a case does not tie."""

    kind: str
    item_code: str | None
    item_name: str | None
    what_to_do: Message


class CaseProof(Answer):
    """A case as it stands: whether scans, stock, charges and settlement tie."""

    encounter: str
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
    hash: str
    """Of what is proven, in hex."""


class ProblemBody(BaseModel):
    """A problem document; further members say more of some problems."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    type: str
    """`urn:udistream:problem:` and its name."""
    title: str
    status: int
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
