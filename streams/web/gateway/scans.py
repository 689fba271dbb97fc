"""`POST /v1/scans` and `GET /v1/scans/{scan_id}`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from models.money import CURRENCY, fen_text
from models.reasons import Reason, Verdict
from models.scan.event import SCANNED_AHEAD_MAX, SCANNED_YEAR_MIN, ScanEvent, misplaced
from models.scan.signatures import SIGNATURE_HEADER, signature_of
from models.texts import told
from models.web.gateway import (
    BODY_BYTES_MAX,
    DEPTH_MAX,
    EVENTS_MAX,
    WAIT_SECONDS_MAX,
    BatchAccepted,
    EventError,
    ScanAccepted,
    ScanState,
    depth_of,
)
from models.wire.strict_json import Refusal, read_object, validate
from models.wire.topics import RECORD_BYTES_MAX
from sinks.postgres.web.devices import Device
from streams.web.gateway.parts import Gateway, Parts, TokenDevice, limited_body
from streams.web.gateway.publisher import Outgoing
from streams.web.problems import DOCUMENTED, ProblemError

router = APIRouter(prefix="/v1", responses=DOCUMENTED)

_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [{"$ref": "#/components/schemas/ScanEvent"}, {"$ref": "#/components/schemas/ScanBatch"}]
                }
            }
        },
    },
    "parameters": [{
        "name": SIGNATURE_HEADER, "in": "header", "required": False, "schema": {"type": "string"},
        "description": "`v1=` and the hex HMAC-SHA256 of the whole body with the device's key; instead of a token.",
    }],
    "security": [{"token": []}, {"signature": []}],
}  # fmt: skip
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a request: what is published of it, or why it is not."""

    scan_id: str | None
    """As it came; `None` when it could not be read."""
    event: ScanEvent | None
    """What it says; `None` when it is none."""
    value: bytes
    """Its bytes, as they are published."""
    error: EventError | None = None
    """Why it is not published; `None` when it is."""
    detail: str | None = None
    """What was expected and what came; `None` when it is published."""


@router.post(
    "/scans",
    status_code=202,
    response_model=ScanAccepted | BatchAccepted,
    openapi_extra=_REQUEST,
    summary="Send one scan event, or up to 100",
)
async def post_scans(
    request: Request,
    parts: Gateway,
    wait: Annotated[float, Query(ge=0, le=WAIT_SECONDS_MAX, description="Seconds to wait for verdicts.")] = 0.0,
) -> Response:
    """202 once the broker has what is accepted on all in-sync replicas. The same scan id again is accepted again."""
    began = time.perf_counter()
    # Who has a token proves himself before anything is read; a signature is over the body.
    known = None if SIGNATURE_HEADER in request.headers else await parts.device_of_token(request)
    body = await limited_body(request, BODY_BYTES_MAX)
    fields = _object(body)
    values = fields.get("scans")
    several = isinstance(values, list) and "schema" not in fields
    bodies: list[Any] = values if isinstance(values, list) and several else [fields]
    device = known or await _signer(request, parts, body, bodies[0] if bodies else None)
    count = len(bodies)
    if not 1 <= count <= EVENTS_MAX:
        raise ProblemError(422, "too-many-events", f"Expected 1 to {EVENTS_MAX} events, got {count}.")
    parts.limit(device, count)
    if several:
        events = [_event(each, orjson.dumps(each), device) for each in bodies]
    else:
        events = [_event(fields, body, device)]
    accepted = [each for each in events if each.event is not None]
    for each in events:
        parts.metrics.received_scan(str(each.error or "accepted"))
    if not accepted:
        raise _none_accepted(events, several=several)
    verdicts = await _publish(parts, device, accepted, wait)
    parts.metrics.accepted_seconds(time.perf_counter() - began)
    answers = [_answer(each, verdicts) for each in events]
    return Response(orjson.dumps({"scans": answers} if several else answers[0]), 202, media_type=_JSON)


@router.get("/scans/{scan_id}", response_model=ScanState, summary="A recorded scan as it stands")
async def get_scan(scan_id: UUID, parts: Gateway, device: TokenDevice) -> Response:
    """404 while it is not recorded: a scan that was accepted a moment ago may still be on its way."""
    found = await parts.scans.find(device.hospital, scan_id)
    if found is None:
        raise ProblemError(404, "not-recorded", "Expected a recorded scan of this hospital, found none of that id.")
    amount = found.pop("amount_fen")
    reasons, verdict = tuple(map(Reason, found["reasons"])), Verdict(found["verdict"])
    money = None if amount is None else fen_text(amount)
    name = found["item_name"] or ""
    state = found | {
        "quantity": found.pop("units"),
        "billing_ids": found["billing_ids"] or [],
        "amount": money,
        "currency": CURRENCY,
        "message": told(verdict, reasons, name, money or "", ()),
    }
    return Response(orjson.dumps(state, default=str), media_type=_JSON)


def _object(body: bytes) -> dict[str, Any]:
    read = read_object(body, BODY_BYTES_MAX)
    if isinstance(read, Refusal):
        raise ProblemError(400, str(read.reason), read.detail)
    if depth_of(read.fields) > DEPTH_MAX:
        raise ProblemError(
            400, "too-deep", f"Expected at most {DEPTH_MAX} objects and arrays inside each other, got more."
        )
    return read.fields


async def _signer(request: Request, parts: Parts, body: bytes, first: Any) -> Device:
    """Who has signed the body."""
    signature = request.headers.get(SIGNATURE_HEADER, "")
    named = first if isinstance(first, dict) else {}
    hospital, device_id = named.get("hospital"), named.get("device_id")
    with parts.proving(request):
        return await parts.devices.by_signature(_name(hospital), _name(device_id), body, signature)


def _name(value: Any) -> str:
    """A name that may be looked up: the database knows no NUL."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 64 else ""


def _event(fields: Any, value: bytes, device: Device) -> Event:
    """One event, checked as the worker will: what it would refuse is refused here, where the device hears of it."""
    scan_id = fields.get("scan_id") if isinstance(fields, dict) else None
    shown = scan_id[:64] if isinstance(scan_id, str) else None
    if len(value) > RECORD_BYTES_MAX:
        return _refused(shown, EventError.TOO_LARGE, f"Expected at most {RECORD_BYTES_MAX} bytes, got {len(value)}.")
    event = validate(ScanEvent, value)
    if isinstance(event, Refusal):
        return _refused(shown, EventError.BAD_EVENT, event.detail)
    against = _against(event)
    if against is not None:
        return _refused(shown, EventError.BAD_EVENT, against)
    if event.hospital != device.hospital:
        return _refused(shown, EventError.WRONG_HOSPITAL, f"Expected a scan of {device.hospital}, got another one's.")
    if event.device_id != device.device_id:
        return _refused(shown, EventError.WRONG_DEVICE, f"Expected a scan of {device.device_id}, got another one's.")
    return Event(shown, event, value)


def _against(event: ScanEvent) -> str | None:
    """What the worker would refuse although every field is as it should be."""
    if event.scanned_at.year < SCANNED_YEAR_MIN or event.scanned_at > datetime.now(UTC) + SCANNED_AHEAD_MAX:
        return f"Expected scanned_at from 2000 to 24 hours ahead of our clock, got {event.scanned_at.isoformat()}."
    wrong = misplaced(event)
    return wrong.detail if wrong is not None else None


def _refused(scan_id: str | None, error: EventError, detail: str) -> Event:
    return Event(scan_id, None, b"", error, detail)


def _none_accepted(events: Sequence[Event], *, several: bool) -> ProblemError:
    """422, or 403 when it is another's; with the same fields as an answer."""
    first = events[0]
    foreign = first.error in {EventError.WRONG_HOSPITAL, EventError.WRONG_DEVICE}
    answers = [_answer(each, {}) for each in events]
    more = {"scans": answers} if several else answers[0]
    more.pop("detail", None)
    return ProblemError(403 if foreign else 422, str(first.error), first.detail or "", None, **more)


async def _publish(parts: Parts, device: Device, events: Sequence[Event], wait: float) -> dict[str, bytes]:
    """Publish, and wait so long for verdicts; gives those that came, by scan id."""
    outgoing = [_outgoing(each, device) for each in events]
    if not wait:
        await parts.publisher.publish(outgoing)
        return {}
    with parts.tail.waiting({each.event.scan_id for each in events if each.event}) as waiting:
        await parts.tail.begin()
        await parts.publisher.publish(outgoing)
        return await waiting.verdicts(wait)


def _outgoing(each: Event, device: Device) -> Outgoing:
    event = each.event
    assert event is not None  # noqa: S101 -- only accepted events are published
    key = f"{event.hospital}/{event.key_rest}".encode()
    # The worker checks again; of several events each record is signed for the device that has proven itself here.
    signature = None if device.signing_key is None else signature_of(each.value, device.signing_key)
    return Outgoing(key, each.value, signature)


def _answer(each: Event, verdicts: dict[str, bytes]) -> dict[str, Any]:
    answer: dict[str, Any] = {"scan_id": each.scan_id, "accepted": each.error is None, "error": each.error}
    if each.detail is not None:
        answer["detail"] = each.detail
    if each.event is not None and (body := verdicts.get(str(each.event.scan_id))):
        answer["verdict"] = orjson.Fragment(body)
    return answer
