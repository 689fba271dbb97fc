"""A label that may have lost separators, settled by what is known when its scan is decided.

References:
    docs/codes.md, section "Lost separators"; `rules.labels.rescue` decides.
"""

from collections.abc import Iterator
from dataclasses import replace

from models.charging.books import LabelFacts, label_facts
from models.charging.snapshot import Catalogue
from models.udi import Label
from rules.labels.rescue import Device, Knowledge, Outcome, certain_device, readings_of, rescue
from rules.view import View


class _Listed:
    """The identifiers the catalogue of one hospital holds."""

    def __init__(self, hospital: str, catalogue: Catalogue) -> None:
        self._hospital = hospital
        self._catalogue = catalogue

    def __contains__(self, device: object) -> bool:
        return isinstance(device, tuple) and bool(self._catalogue.claims(self._hospital, str(device[0]), device[1]))


def settled(label: LabelFacts, hospital: str, view: View) -> LabelFacts:
    """The label as it is decided on: repaired, taken as read, ambiguous, or its identifier alone.

    Pure: it follows from the label, the catalogue and the shapes that were gathered. Half a label without identifier
    stays as it is: which maker printed it is known when its other half comes.
    """
    if label.suspect is None or (label.half and label.di is None):
        return label
    device = certain_device(label.suspect)
    knowledge = _knowledge(device, hospital, view)
    decision = rescue(label.suspect, knowledge)
    if decision.outcome is Outcome.AMBIGUOUS:
        if label.error is not None and (device not in knowledge.identifiers or not knowledge.lots):
            # Nothing speaks for any reading: unreadable is unreadable, and is scanned again while it is at hand.
            return label
        return _ambiguous(label, device, decision.readings)
    if decision.outcome is Outcome.UNTOUCHED:
        return label
    facts = label_facts(decision.label)
    flags = tuple(dict.fromkeys((*label.flags, *facts.flags)))
    facts = replace(facts, ambiguous=False, suspect=None, flags=flags, link=label.link)
    if decision.outcome is Outcome.IDENTIFIER_ALONE:
        # Kept, for a person to see and for the day on which more is known.
        return replace(facts, suspect=label.suspect)
    return facts


def _knowledge(device: Device | None, hospital: str, view: View) -> Knowledge:
    listed = _Listed(hospital, view.catalogue)
    shapes = None if device is None else view.gathered.shapes.get((str(device[0]), device[1]))
    if device is None or shapes is None:
        return Knowledge(listed)
    return Knowledge(listed, {device: shapes.lots}, {device: shapes.serials})


def _ambiguous(label: LabelFacts, device: Device | None, possible: tuple[Label, ...]) -> LabelFacts:
    """Held: nothing of it may be used, but its identifier says whose it is."""
    issuer, di = device or (label.issuer, label.di)
    return replace(label, issuer=str(issuer), di=di, error=None, ambiguous=True, possible=possible)


def may_be(label: LabelFacts) -> Iterator[LabelFacts]:
    """Every label that `settled` may make of one."""
    suspect = label.suspect
    if suspect is None:
        return
    for reading in readings_of(suspect):
        yield replace(label_facts(reading), ambiguous=False, suspect=None)
    device = certain_device(suspect)
    if device is not None:
        yield LabelFacts(str(device[0]), device[1], None, None, None, None)
