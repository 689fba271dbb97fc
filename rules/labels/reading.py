"""From a raw record of `udi.scans` to what the batch decides: an event with its label read, a tick, or a bad record."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from models.calendar import local_day, month_of
from models.charging.arrival import Arrival, TickRecord
from models.charging.books import BadRecord, LabelFacts, RecordedScan, Ref, code_facts, label_facts
from models.reasons import Reason
from models.scan.event import ScanEvent, Tick
from models.scan.reading import read_scan
from models.scan.scanners import NO_SCANNERS, Scanners
from models.scan.signatures import NO_SIGNERS, SIGNATURE_HEADER, Signers
from models.udi import DEFAULT_PROFILE, Issuer, parse, read_label
from models.wire.strict_json import Refusal, read_key
from models.wire.topics import RECORD_BYTES_MAX

UNKNOWN_HOSPITAL = "unknown"
"""The hospital of a record that names none (docs/contract.md, "Reasons")."""


_NAMING = frozenset({Reason.BAD_EVENT, Reason.KEY_MISMATCH, Reason.BAD_SIGNATURE, Reason.INTERNAL_ERROR})
"""Refusals of a record that may still name its scan and its device."""


def read_arrival(  # noqa: PLR0917 -- the parts of a record
    ref: Ref,
    lane: int,
    key: bytes | None,
    value: bytes | None,
    timestamp: datetime,
    zone: ZoneInfo,
    scanners: Scanners = NO_SCANNERS,
    signers: Signers = NO_SIGNERS,
    signature: bytes | None = None,
) -> Arrival:
    """What a record of `udi.scans` is. `timestamp` is the broker's; never raises for what is in the record.

    `signature` is the record's header as it came; it is asked of `signers` only.
    """
    read = read_scan(key, value, timestamp)
    if isinstance(read, Refusal):
        return bad_record(ref, lane, key, value, timestamp, read)
    if isinstance(read, Tick):
        return TickRecord(timestamp)
    event, body = read
    if signers and not signers.accept(event.hospital, event.device_id, timestamp, value or b"", signature):
        detail = (
            f"Expected {SIGNATURE_HEADER} of the device over the value, got {'another one' if signature else 'none'}."
        )
        return bad_record(ref, lane, key, value, timestamp, Refusal(Reason.BAD_SIGNATURE, detail))
    day = local_day(event.scanned_at, zone)
    label = _item_label(event.item_code) if event.codes is None else _label(event, day, scanners)
    return RecordedScan(ref, lane, event, label, body.fingerprint, timestamp, day, month_of(day))


def _label(event: ScanEvent, day: date, scanners: Scanners) -> LabelFacts:
    profile = DEFAULT_PROFILE
    if scanners:
        profile = scanners.profile(event.hospital, event.device_id, event.scanned_at)
    codes = event.codes or ()
    if len(codes) == 1:
        return code_facts(parse(codes[0], scanned_on=day, profile=profile))
    return label_facts(read_label(codes, scanned_on=day, profile=profile))


def _item_label(item_code: str | None) -> LabelFacts:
    return LabelFacts(Issuer.INTERNAL, item_code, None, None, None, None)


def bad_record(  # noqa: PLR0917 -- the parts of a record
    ref: Ref, lane: int, key: bytes | None, value: bytes | None, timestamp: datetime, refusal: Refusal
) -> BadRecord:
    """The record as one that is refused: with what can be read of whose it is."""
    parts = read_key(key)
    fields = _fields(value) if refusal.reason in _NAMING else {}
    return BadRecord(
        ref,
        lane,
        timestamp,
        refusal.reason,
        refusal.detail,
        _clean(parts[0]) if parts else UNKNOWN_HOSPITAL,
        _uuid(fields.get("scan_id")),
        _identifier(fields.get("device_id")),
    )


def _fields(value: bytes | None) -> dict[str, Any]:
    if value is None or len(value) > RECORD_BYTES_MAX:
        return {}
    try:
        fields = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _clean(text: str) -> str:
    return text if text.isprintable() and len(text) <= 64 else UNKNOWN_HOSPITAL


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _identifier(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 64 and value.isprintable() else None
