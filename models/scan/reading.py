"""A record of `udi.scans`, read: the usual event quickly by msgspec, everything else by the model.

Both give the same event: whatever the quick reader does not take, or might take otherwise, is read by the model
(docs/adr/0020-two-readers-of-a-scan.md; tests/unit/models/scan/test_reading.py holds both alike).
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from models.reasons import Reason
from models.scan.event import (
    QUANTITY_MAX,
    SCANNED_AHEAD_MAX,
    SCANNED_YEAR_MIN,
    TICK_SCHEMA,
    Action,
    Entry,
    ScanEvent,
    Tick,
    check_together,
    misplaced,
)
from models.wire.strict_json import INSTANT_END, INSTANT_MIN, Body, Refusal, check_key, read_object, validate


def read_scan(key: bytes | None, value: bytes | None, timestamp: datetime) -> tuple[ScanEvent, Body] | Tick | Refusal:
    """A record of `udi.scans`, or why it is none. `timestamp` is the broker's."""
    body = read_object(value)
    if isinstance(body, Refusal):
        return body
    assert value is not None  # noqa: S101 -- read_object refuses a record without value
    if body.fields.get("schema") == TICK_SCHEMA:
        return validate(Tick, value)
    event = usual_event(value, body.fields) or validate(ScanEvent, value)
    if isinstance(event, Refusal):
        return event
    if event.scanned_at.year < SCANNED_YEAR_MIN or event.scanned_at > timestamp + SCANNED_AHEAD_MAX:
        expected = f"Expected scanned_at from 2000 to 24 hours after the broker's {timestamp.isoformat()}"
        return Refusal(Reason.BAD_EVENT, f"{expected}, got {event.scanned_at.isoformat()}.")
    return misplaced(event) or check_key(key, event.hospital, event.key_rest) or (event, body)


_Id = Annotated[str, Meta(min_length=1, max_length=64)]


class _Usual(msgspec.Struct, kw_only=True, gc=False):
    """A `ScanEvent` without a person's words: field by field as there, but for characters in texts."""

    schema_: Literal["udi.scan/1"] = msgspec.field(name="schema")
    scan_id: UUID
    hospital: _Id
    device_id: _Id
    sequence: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    boot: _Id | None = None
    scanned_at: Annotated[datetime, Meta(tz=True)]
    action: Action
    codes: Annotated[list[str], Meta(min_length=1, max_length=4)] | None = None
    item_code: _Id | None = None
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
    store: _Id
    department: _Id | None = None
    encounter: _Id | None = None
    operation: _Id | None = None
    team: _Id | None = None
    staff: _Id | None = None
    to_store: _Id | None = None
    document: _Id | None = None
    place: _Id | None = None
    corrects: UUID | None = None
    reason: None = None
    override: None = None
    entry: Entry = Entry.SCAN


QUICK_FIELDS: Final = _Usual.__struct_fields__
"""The fields that the quick reader knows: those of `ScanEvent`, in their order."""
_SEVENTH_DIGIT: Final = re.compile(r"\.[0-9]{7}")
"""Of a second: msgspec rounds it, the model cuts it off."""


def usual_event(value: bytes, fields: dict[str, Any]) -> ScanEvent | None:
    """The event of a usual record; `None` sends all others to the model, which takes them or says what is wrong."""
    try:
        said = msgspec.convert(fields, _Usual)
        if (
            _has_controls(value, said.codes)
            or "/" in said.hospital
            or not INSTANT_MIN <= said.scanned_at < INSTANT_END
            or _SEVENTH_DIGIT.search(fields["scanned_at"]) is not None
        ):
            return None
        event = _made(said)
        check_together(event)
    except (msgspec.ValidationError, ValueError):
        return None
    return event


def _has_controls(value: bytes, codes: list[str] | None) -> bool:
    """Whether a control character may stand in a text that is no code.

    JSON writes each with a backslash, but DEL. The separator (GS) within codes is one backslash; any more is not usual.
    """
    separators = "".join(codes).count("\x1d") if codes else 0
    return value.count(b"\\") != separators or b"\x7f" in value


_FIELDS: Final = set(ScanEvent.model_fields)
_set: Final = object.__setattr__


def _made(said: _Usual) -> ScanEvent:
    """The event of checked fields, as `ScanEvent.model_construct` makes it, which looks at each field by itself."""
    event = ScanEvent.__new__(ScanEvent)
    _set(event, "__dict__", msgspec.structs.asdict(said))
    _set(event, "__pydantic_fields_set__", _FIELDS)
    _set(event, "__pydantic_extra__", None)
    _set(event, "__pydantic_private__", None)
    return event
