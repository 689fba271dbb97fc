"""Tokens, verdicts as events, items."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse

from models.web.gateway import FoundItem, FoundItems, Token, TokenWanted
from streams.web.gateway.parts import Gateway, TokenDevice
from streams.web.gateway.verdicts import seen_of
from streams.web.problems import DOCUMENTED, ProblemError

router = APIRouter(prefix="/v1", responses=DOCUMENTED)
RETRY_MS = 1000
"""After which a device takes its verdicts up again."""


@router.post("/devices/token", summary="A short-lived token for a device's key")
async def post_token(wanted: TokenWanted, request: Request, parts: Gateway) -> Token:
    """The key is proven once in a while, the token with every request."""
    with parts.proving(request):
        device = await parts.devices.by_key(wanted.hospital, wanted.device_id, wanted.key)
    return Token(
        access_token=parts.tokens.make(device),
        token_type="Bearer",  # noqa: S106 -- its kind, no secret
        expires_in=parts.tokens.seconds,
        hospital=device.hospital,
        device_id=device.device_id,
        store=device.store,
        department=device.department,
    )


@router.get(
    "/verdicts",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}},
                     "description": "Events `verdict`; data: `VerdictBody`; id: to be sent back as `Last-Event-ID`."}},
    summary="Verdicts of a device as events",
)  # fmt: skip
async def get_verdicts(
    device: TokenDevice,
    parts: Gateway,
    device_id: Annotated[str, Query(min_length=1, max_length=64)],
    last_event_id: Annotated[str | None, Header(max_length=8000)] = None,
) -> StreamingResponse:
    """From now on, or from the last event a device has seen; a later verdict of a scan supersedes the earlier."""
    if device_id != device.device_id:
        parts.metrics.refused_request("wrong-device")
        raise ProblemError(403, "wrong-device", f"Expected device_id {device.device_id}, the token's; got another one.")
    try:
        last = None if not last_event_id else seen_of(last_event_id)
    except ValueError as error:
        raise ProblemError(400, "bad-event-id", str(error)) from None
    key = f"{device.hospital}/{device.device_id}".encode()
    await parts.tail.begin()

    async def events() -> AsyncIterator[bytes]:
        async for told in parts.tail.events(key, last):
            if told:
                yield b"".join(_event(*each) for each in told)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), headers=headers, media_type="text/event-stream")


def _event(id_: str, body: bytes | None) -> bytes:
    if body is None:
        return format_sse_event(id=id_, retry=RETRY_MS)
    return format_sse_event(data_str=body.decode(), event="verdict", id=id_)


@router.get("/items", summary="Items by code, name or pinyin initials")
async def get_items(
    device: TokenDevice,
    parts: Gateway,
    q: Annotated[str, Query(min_length=1, max_length=64)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> FoundItems:
    """Of the device's hospital, the best first."""
    found = await parts.search.find(device.hospital, q, limit)
    return FoundItems(
        items=[
            FoundItem(
                item_code=each.item_code,
                name=each.name,
                spec=each.fields.get("spec"),
                unit=each.fields.get("unit"),
                maker=each.fields.get("maker"),
                initials=each.initials,
                chargeable=each.fields.get("chargeable", True),
                monitored=each.fields.get("monitored", False),
            )
            for each in found
        ]
    )
