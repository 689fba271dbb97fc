"""`PUT /v1/devices/profile`: what the set-up page has found of a device's scanner."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import ValidationError

from models.scan.scanners import Scanner
from models.web.gateway import FoundSetUp, StoredSetUp
from models.wire.complaints import complaint
from sinks.postgres.labels.scanners import ScannerBooks
from streams.web.gateway.parts import Gateway, TokenDevice
from streams.web.problems import DOCUMENTED, ProblemError

router = APIRouter(prefix="/v1", responses=DOCUMENTED)


@router.put("/devices/profile", summary="Store how the device's scanner is set up")
async def put_profile(found: FoundSetUp, parts: Gateway, device: TokenDevice) -> StoredSetUp:
    """Scans made from now on are read by it; `udi scanners` shows it."""
    now = datetime.now(UTC)
    named = {"hospital": device.hospital, "device_id": device.device_id, "known_from": now}
    try:
        scanner = Scanner.model_validate(named | found.model_dump())
    except ValidationError as error:
        raise ProblemError(422, "bad-parameter", complaint(error).expected) from None
    await ScannerBooks(parts.pool).record([scanner], now)
    return StoredSetUp(known_from=now)
