"""What a bedside terminal asks beside scans: codes in a camera's frame, and the proof of a case it closes."""

import asyncio
import io
import time
from typing import Annotated, Final

import zxingcpp
from fastapi import APIRouter, Path, Request
from PIL import Image, UnidentifiedImageError

from models.closing.case import CaseKey, Gap, Proof
from models.money import fen_text
from models.texts import LOCALES, gap_text
from models.web.gateway import BODY_BYTES_MAX, CaseGap, CaseProof, FoundCodes, Message
from rules.catalogue.joining import price_on
from rules.closing.proving import prove
from sinks.postgres.closing.cases import CaseBooks, CaseSnapshot
from streams.web.gateway.parts import Gateway, TokenDevice, limited_body
from streams.web.problems import DOCUMENTED, ProblemError

router = APIRouter(prefix="/v1", responses=DOCUMENTED)

PIXELS_MAX: Final = 20_000_000
"""Of a frame; a picture that unfolds to more is refused before it is unfolded."""
CODES_MAX: Final = 4
POLL_SECONDS: Final = 0.1
PROOF_SECONDS_MAX: Final = 10.0
Encounter = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
_FRAME = {
    "requestBody": {
        "required": True,
        "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in ("image/jpeg", "image/png")},
    }
}


@router.post("/frames", openapi_extra=_FRAME, summary="Read the barcodes in a camera's frame")
async def post_frame(request: Request, device: TokenDevice, parts: Gateway) -> FoundCodes:
    """The texts of the barcodes with their symbology identifiers, as a scanner sends them. The frame is not kept."""
    parts.limits.events(device.hospital, device.device_id, 1)
    body = await limited_body(request, BODY_BYTES_MAX)
    try:
        return FoundCodes(codes=await asyncio.to_thread(_codes, body))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError, SyntaxError):
        raise ProblemError(422, "no-picture", "Expected a JPEG or PNG picture, got something else.") from None


def _codes(body: bytes) -> list[str]:
    with Image.open(io.BytesIO(body), formats=("JPEG", "PNG")) as picture:
        if picture.width * picture.height > PIXELS_MAX:
            raise ValueError(f"Expected at most {PIXELS_MAX} pixels, got {picture.width}×{picture.height}.")
        found = zxingcpp.read_barcodes(picture.convert("L"))
    texts = [each.symbology_identifier + each.bytes.decode("utf-8", "replace") for each in found if each.valid]
    return list(dict.fromkeys(texts))[:CODES_MAX]


@router.post("/cases/{encounter}/close", summary="Close a case and get its proof")
async def close_case(encounter: Encounter, device: TokenDevice, parts: Gateway) -> CaseProof:
    """As `udi case --close` does: the close is recorded with the device's name, the proof is waited for."""
    books, key = CaseBooks(parts.pool, price_on), CaseKey(device.hospital, encounter, "")
    if not await books.knows(device.hospital, encounter):
        raise ProblemError(404, "not-recorded", "Expected an encounter of this hospital, found none of that name.")
    count = await books.close(key, f"device {device.device_id}")
    until = time.monotonic() + PROOF_SECONDS_MAX
    while True:
        found = await books.snapshot(key)
        proven = bool(found.history) and found.history[-1].closing.by_person >= count
        if proven or time.monotonic() >= until:
            return _proof(key, found)
        await asyncio.sleep(POLL_SECONDS)


@router.get("/cases/{encounter}", summary="A case as it stands")
async def get_case(encounter: Encounter, device: TokenDevice, parts: Gateway) -> CaseProof:
    """Whether scans, stock, charges and settlement tie, and what does not."""
    books = CaseBooks(parts.pool, price_on)
    if not await books.knows(device.hospital, encounter):
        raise ProblemError(404, "not-recorded", "Expected an encounter of this hospital, found none of that name.")
    key = CaseKey(device.hospital, encounter, "")
    return _proof(key, await books.snapshot(key))


def _proof(key: CaseKey, found: CaseSnapshot) -> CaseProof:
    proven = prove(key, found.scans)
    newest: Proof | None = found.history[-1] if found.history else None
    return CaseProof(
        encounter=key.encounter,
        verdict=proven.verdict.value,
        closed=found.closing.closed,
        published=newest is not None and proven.same_as(newest),
        units=proven.numbers.scans.units,
        amount=fen_text(proven.numbers.charges.amount_fen),
        gaps=[_gap(each, found) for each in proven.gaps],
        hash=proven.hash.hex(),
    )


def _gap(gap: Gap, found: CaseSnapshot) -> CaseGap:
    return CaseGap(
        kind=gap.kind.value,
        item_code=gap.item_code,
        item_name=found.names.get(gap.item_code or ""),
        what_to_do=Message.model_validate({locale: gap_text(locale, gap) for locale in LOCALES}),
    )
