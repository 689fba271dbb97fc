"""`POST /v1/scans/{scan_id}/override`: a held use goes on with a badge and a reason."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter

from models.charging.commands import CommandKind
from models.reasons import Verdict
from models.scan.event import Override
from models.web.gateway import ScanAccepted
from rules.charging.controls import OVERRIDABLE
from sinks.postgres.charging.commands import CommandBooks
from streams.web.gateway.parts import Gateway, TokenDevice
from streams.web.problems import DOCUMENTED, ProblemError

router = APIRouter(prefix="/v1", responses=DOCUMENTED)

_NAMES: Final = frozenset(map(str, OVERRIDABLE))


@router.post("/scans/{scan_id}/override", status_code=202, summary="Let a held use go on, with a badge and a reason")
async def post_override(scan_id: UUID, given: Override, parts: Gateway, device: TokenDevice) -> ScanAccepted:
    """Of a use that a breaker, a quota, a price ceiling or a missing approval holds. It is listed for review.

    The verdict that follows comes as every verdict does.
    """
    found = await parts.scans.find(device.hospital, scan_id)
    if found is None:
        raise ProblemError(404, "not-recorded", "Expected a recorded scan of this hospital, found none of that id.")
    if found["verdict"] != Verdict.HELD or not _NAMES.intersection(found["reasons"]):
        raise ProblemError(409, "not-overridable", "Expected a use that a decision of the hospital holds, got another.")
    await CommandBooks(parts.pool).accept(
        CommandKind.OVERRIDE, device.hospital, scan_id, f"device {device.device_id}", given.reason, given.model_dump()
    )
    return ScanAccepted(scan_id=str(scan_id), accepted=True)
