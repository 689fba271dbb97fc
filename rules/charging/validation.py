"""Which reasons a label, an encounter and an item give. One check each; precedence is the reason table's."""

from models.catalogue.item import Item, LabelPart, Tracking
from models.charging.books import LabelFacts, RecordedScan
from models.charging.snapshot import EncounterFacts
from models.reasons import Reason
from models.scan.event import ScanEvent
from models.stock.places import PATIENT
from models.udi import CodeError
from rules.catalogue.joining import carried_by, insurance_code_on
from rules.charging.controls import approved
from rules.stock.usable import unusable
from rules.view import View

_CHECK_DIGIT = frozenset({CodeError.BAD_CHECK_DIGIT, CodeError.BAD_CHECK_CHARACTER, CodeError.MA_CHECK_MISMATCH})
_NO_UDI = frozenset({CodeError.NOT_UDI, CodeError.UNSUPPORTED_ISSUER})


def code_reason(label: LabelFacts) -> Reason | None:
    """Why the label can't be read at all; `None` when it can."""
    if label.error is None:
        return None
    if label.error in _CHECK_DIGIT:
        return Reason.BAD_CHECK_DIGIT
    return Reason.NOT_A_UDI if label.error in _NO_UDI else Reason.UNREADABLE_CODE


def encounter_reasons(event: ScanEvent, encounter: EncounterFacts | None) -> set[Reason]:
    """What stands against charging the use to its encounter.

    References:
        docs/contract.md, "Verdicts": after discharge billed with a flag, after settlement or before admission held.
    """
    if event.encounter is None:
        return {Reason.ENCOUNTER_MISSING}
    if encounter is None:
        return {Reason.ENCOUNTER_UNKNOWN}
    if event.scanned_at < encounter.admitted_at:
        return {Reason.BEFORE_ADMISSION}
    if encounter.settled_at is not None and event.scanned_at > encounter.settled_at:
        return {Reason.AFTER_SETTLEMENT}
    if encounter.discharged_at is not None and event.scanned_at > encounter.discharged_at:
        return {Reason.AFTER_DISCHARGE}
    return set()


def item_reasons(
    subject: RecordedScan, item: Item, units: int, encounter: EncounterFacts | None, view: View
) -> set[Reason]:
    """What the item's own data says about charging so many units of it to the encounter.

    References:
        docs/semantics/catalogue.md, "Limits".
    """
    reasons = set()
    charged = item.chargeable and item.bundled_into is None
    if charged and insurance_code_on(item, subject.day) is Reason.INSURANCE_CODE_ENDED:
        reasons.add(Reason.INSURANCE_CODE_ENDED)
    limits, event = item.limits, subject.event
    if limits is None or not charged:
        return reasons
    if limits.needs_approval and not approved(event, item, encounter, view):
        reasons.add(Reason.NEEDS_APPROVAL)
    if encounter is not None and encounter.drg_group in limits.excluded_drg_groups:
        reasons.add(Reason.EXCLUDED_GROUP)
    if limits.per_stay is not None and event.encounter is not None:
        before = view.charged_units(event.hospital, event.encounter, item.item_code)
        if before + units > limits.per_stay:
            reasons.add(Reason.OVER_LIMIT)
    return reasons


def identity_reasons(label: LabelFacts, item: Item, units: int) -> set[Reason]:
    """What the label says of which units these are: too little for a tracked item, or one serial for several units.

    References:
        docs/contract.md, "Reasons": charged and flagged, for a recall will ask; one serial is one unit.
    """
    reasons = set()
    if label.serial is not None and units > 1:
        reasons.add(Reason.SERIAL_QUANTITY)
    if item.tracking is Tracking.SERIAL and label.serial is None:
        reasons.add(Reason.SERIAL_MISSING)
    if item.tracking is Tracking.LOT and label.lot is None and not label.identifier_alone:
        reasons.add(Reason.LOT_MISSING)
    return reasons


def label_reasons(label: LabelFacts, item: Item) -> set[Reason]:
    """What the label does not say and has to by the national database: it is damaged, or was read in part.

    References:
        docs/semantics/labels.md, "What a label has to say".
    """
    parts = carried_by(item, label) if item.labels and not label.identifier_alone else None
    if not parts:
        return set()
    said = {
        LabelPart.LOT: label.lot, LabelPart.SERIAL: label.serial,
        LabelPart.PRODUCTION: label.production, LabelPart.EXPIRY: label.expiry,
    }  # fmt: skip
    return {Reason.LABEL_INCOMPLETE} if any(said[part] is None for part in parts) else set()


def receipt_reasons(subject: RecordedScan, label: LabelFacts, view: View) -> set[Reason]:
    """What stands against receiving this very unit: it is in the house, or it was used and its receipt is in the books.

    References:
        docs/store.md, "Units with a serial". A receipt that comes after the use it belongs to is booked.
    """
    unit = label.unit(subject.event.hospital)
    if unit is None:
        return set()
    if view.booked(unit) > 0:
        return {Reason.SERIAL_PRESENT}
    return {Reason.SERIAL_USED} if view.booked(unit) == 0 and view.holder(unit) is not None else set()


def unit_reasons(subject: RecordedScan, label: LabelFacts, item: Item | None, view: View) -> set[Reason]:
    """What stands against using this very unit: it may not be used, or its serial is in use.

    References:
        docs/contract.md, "Verdicts": usable through the local expiry day; two makers may share a serial.
    """
    reasons = unusable(subject.event.hospital, label, item, PATIENT, subject.day, view.catalogue, view.told)
    unit = label.unit(subject.event.hospital)
    holder = view.holder(unit) if unit is not None else None
    if holder is not None and holder != subject.ref:
        reasons.add(Reason.SERIAL_USED)
    return reasons
