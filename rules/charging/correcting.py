"""The scan that takes the place of a corrected one: the same event with what is right.

References:
    docs/semantics/corrections.md, "Commands of persons".
"""

from datetime import date
from typing import Any
from uuid import UUID

from models.charging.books import label_facts
from models.charging.commands import Correction
from models.charging.refusals import CommandRefusal, Refused
from models.personal import masked
from models.scan.event import Action, ScanEvent
from models.udi import read_label
from rules.charging.validation import code_reason

_OF_THE_ENCOUNTER = ("department", "team", "operation")


def objection(correction: Correction, today: date) -> Refused | None:
    """Why a scan with this content could not be recorded; `None` when it can.

    A scan that nobody can record must not take the place of one that stands: its codes are read before. A text that is
    no UDI is refused too; goods with a code of the hospital's own are named by their item.

    Args:
        correction: What is said to be right.
        today: The hospital's day; years of two digits are read by it.
    """
    if correction.codes is None:
        return None
    reason = code_reason(label_facts(read_label(tuple(correction.codes), scanned_on=today)))
    if reason is None:
        return None
    shown = ", ".join(repr(masked(code)) for code in correction.codes)
    return Refused(CommandRefusal.BAD_CODES, {"codes": shown, "reason": reason})


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
