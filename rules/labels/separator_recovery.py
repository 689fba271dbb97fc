"""A label that may have lost separators, settled by what is known when its scan is decided.

References:
    docs/codes.md, section "Lost separators"; `rules.labels.rescue` decides.
"""

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from models.charging.books import LabelFacts, label_facts
from models.charging.snapshot import Catalogue
from models.scan.event import Action, Entry, ScanEvent
from models.udi import Flag, Label
from rules.labels.rescue import Device, Knowledge, Outcome, certain_device, readings_of, rescue
from rules.view import View


class _Listed:
    """The identifiers the catalogue of one hospital holds."""

    def __init__(self, hospital: str, catalogue: Catalogue) -> None:
        self._hospital = hospital
        self._catalogue = catalogue

    def __contains__(self, device: object) -> bool:
        return isinstance(device, tuple) and bool(self._catalogue.claims(self._hospital, str(device[0]), device[1]))


def settled(label: LabelFacts, event: ScanEvent, view: View) -> LabelFacts:
    """The label as it is decided on: as read, repaired, or with its identifier alone, and then its lot is not certain.

    Pure: it follows from the label, the catalogue, the scanner's record and the patterns that were gathered. Half a
    label without identifier stays as it is: which maker printed it is known when its other half comes.
    """
    if label.suspect is None or (label.half and label.di is None):
        return label
    device = certain_device(label.suspect)
    losing = event.entry is not Entry.MANUAL and view.catalogue.scanners.loses_separators(
        event.hospital, event.device_id, event.scanned_at
    )
    decision = rescue(label.suspect, _knowledge(device, event.hospital, view), losing=losing)
    if decision.outcome is Outcome.UNTOUCHED:
        return label
    if decision.outcome in {Outcome.AMBIGUOUS, Outcome.IDENTIFIER_ALONE}:
        return _uncertain(label, device, decision.readings, event, view)
    return taken_as(label, decision.label)


def taken_as(label: LabelFacts, reading: Label) -> LabelFacts:
    """The reading that is meant, with what was noticed of the label."""
    facts = label_facts(reading)
    flags = tuple(dict.fromkeys((*label.flags, *facts.flags)))
    flags = tuple(flag for flag in flags if flag != Flag.IDENTIFIER_ALONE)
    return replace(facts, suspect=None, flags=flags, link=label.link)


def _uncertain(
    label: LabelFacts, device: Device | None, possible: tuple[Label, ...], event: ScanEvent, view: View
) -> LabelFacts:
    """Its identifier, and what all readings say alike; without a certain identifier nothing of it may be used."""
    if device is None:
        # Unreadable is unreadable, and is scanned again while it is at hand.
        return label if label.error is not None else replace(label, ambiguous=True, possible=possible)
    every = readings_of(label.suspect or Label(device[0]))
    if event.action is Action.RETURN:
        # What was used there goes before what the maker's labels look like.
        meant = _returned(possible, event, view) or _returned(every, event, view)
        if meant is not None:
            return taken_as(label, meant)
    readings = possible or every
    flags = tuple(dict.fromkeys((*label.flags, Flag.SUSPECT_MISSING_SEPARATOR, Flag.IDENTIFIER_ALONE)))
    return replace(
        label,
        issuer=str(device[0]),
        di=device[1],
        lot=None,
        serial=None,
        expiry=_alike({reading.expiry for reading in readings}),
        production=_alike({reading.production for reading in readings}),
        error=None,
        flags=flags,
        possible=possible,
    )


def _alike(days: set[date | None]) -> date | None:
    return days.pop() if len(days) == 1 else None


def _returned(possible: tuple[Label, ...], event: ScanEvent, view: View) -> Label | None:
    """Of the readings of a return, the one whose unit was used: the books tell what the label cannot."""
    found = [reading for reading in possible if _was_used(reading, event, view)]
    return found[0] if len(found) == 1 else None


def _was_used(reading: Label, event: ScanEvent, view: View) -> bool:
    unit = (str(reading.issuer), reading.di, reading.lot, reading.serial)
    if event.corrects is not None:
        use = view.use_of_scan(event.hospital, event.corrects)
        return use is not None and use.unit == unit
    return event.encounter is not None and bool(view.uses_of_unit((event.hospital, event.encounter, *unit)))


def _knowledge(device: Device | None, hospital: str, view: View) -> Knowledge:
    listed = _Listed(hospital, view.catalogue)
    patterns = None if device is None else view.gathered.patterns.get((str(device[0]), device[1]))
    if device is None or patterns is None:
        return Knowledge(listed)
    return Knowledge(listed, {device: patterns.lots}, {device: patterns.serials})


def may_be(label: LabelFacts) -> Iterator[LabelFacts]:
    """Every label that `settled` may make of one."""
    suspect = label.suspect
    if suspect is None:
        return
    for reading in readings_of(suspect):
        yield replace(label_facts(reading), suspect=None)
    device = certain_device(suspect)
    if device is not None:
        yield LabelFacts(str(device[0]), device[1], None, None, None, None)
