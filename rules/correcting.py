"""The scan that takes the place of a corrected one: the same event with what is right.

References:
    docs/semantics.md, "Commands of persons".
"""

from typing import Any
from uuid import UUID

from models.commands import Correction
from models.scan import Action, ScanEvent

_OF_THE_ENCOUNTER = ("department", "team", "operation")


def correcting_event(
    event: ScanEvent, rest: ScanEvent | None, correction: Correction, scan_id: UUID, reason: str
) -> dict[str, Any]:
    """The event to publish, as JSON can hold it.

    Args:
        event: What was scanned and is corrected.
        rest: The other half of its label, when it was scanned in two halves.
        correction: What is right.
        scan_id: Of the new scan.
        reason: The person's; the entry is manual.
    """
    made = event.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"sequence", "boot"})
    if rest is not None and event.codes is not None:
        made["codes"] = [*event.codes, *(rest.codes or ())]
    if correction.encounter is not None and correction.encounter != event.encounter:
        # Whose it is follows from the right encounter.
        for name in _OF_THE_ENCOUNTER:
            made.pop(name, None)
    made |= correction.model_dump(exclude_none=True)
    if correction.item_code is not None:
        made.pop("codes", None)
    if correction.codes is not None:
        made.pop("item_code", None)
    if event.action is not Action.RETURN:
        # A return names the use it takes back.
        made["corrects"] = str(event.scan_id)
    return made | {"scan_id": str(scan_id), "entry": "manual", "reason": reason}
