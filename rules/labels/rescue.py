"""Lost separators: doubted only where something speaks against the text, put back only where one reading fits.

Most lots that could be cut are whole: what the standard reads stands until there is evidence of a loss. With evidence
a reading is taken when it is the only one that fits what is known and no other is even possible; all else is shown.

References:
    docs/codes.md, section "Lost separators". No standard covers it: GS1 General Specifications 7.8.5 forbids the loss.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from models.udi import Flag, Issuer, Label
from models.udi.lot_pattern import CONFIRMED_MIN, NO_PATTERN, LotPattern, fits, is_ordinary, is_possible, learn
from models.udi.values import SEPARATOR_ERRORS

__all__ = ["Device", "Knowledge", "LotPattern", "Outcome", "Rescue", "certain_device", "learn", "readings_of", "rescue"]

_SEEN: Final = 3
"""Confirmed labels of one form that speak against another form: enough to doubt it, not to repair it."""
Device = tuple[Issuer, str]
"""Issuer and device identifier."""


class Outcome(StrEnum):
    """What became of the label."""

    UNTOUCHED = "untouched"
    """Nothing is suspected, or nothing can be rescued: the label is as it was read."""
    ACCEPTED = "accepted"
    """Suspected, but only the reading without a lost separator fits."""
    REPAIRED = "repaired"
    """Exactly one reading with restored separators fits."""
    AMBIGUOUS = "ambiguous"
    """A separator was lost and two readings may be meant, or nothing is known: `readings` says which."""
    IDENTIFIER_ALONE = "identifier-alone"
    """No reading fits; the identifier is certain, lot and serial are given up."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the hospital knows about devices."""

    identifiers: Container[Device] = frozenset()
    """Identifiers the catalogue holds."""
    lots: Mapping[Device, LotPattern] = field(default_factory=dict)
    """Pattern of the lots of a device, learned from confirmed scans (also from those without a lot)."""
    serials: Mapping[Device, LotPattern] = field(default_factory=dict)
    """The same for serials."""

    def knows(self, device: Device) -> bool:
        """The catalogue holds it, and labels of it were confirmed."""
        known = (self.lots.get(device, NO_PATTERN), self.serials.get(device, NO_PATTERN))
        return device in self.identifiers and any(each.confirmed for each in known)


@dataclass(frozen=True, slots=True)
class Rescue:
    """The decision."""

    outcome: Outcome
    """Whether the text was taken as read, repaired, or is not certain."""
    label: Label
    """The label to go on with; for `ambiguous` as it was read, and then its lot and serial are not certain."""
    readings: tuple[Label, ...] = ()
    """What a person may choose from, when ambiguous."""


def rescue(label: Label, knowledge: Knowledge, *, losing: bool = False) -> Rescue:
    """Decides what a label says that may have lost separators.

    What the standard reads stands unless something speaks against it: the scanner is known to lose separators, the text
    cannot be read as it stands, or the patterns learned of the device rule the reading out and fit another.

    Args:
        label: A label as read. One that is not suspected comes back untouched.
        knowledge: Known identifiers and learned patterns.
        losing: The scanner is known to lose separators.

    Returns:
        The decision; it is pure and the same for the same arguments.
    """
    unreadable = label.error in SEPARATOR_ERRORS
    if label.conflict or not (unreadable or (label.error is None and _is_suspected(label))):
        return Rescue(Outcome.UNTOUCHED, label)
    readings, device = readings_of(label), certain_device(label)
    if device is None or not knowledge.knows(device):
        return _undecided(label, readings, doubted=unreadable or losing)
    lots, serials = knowledge.lots.get(device, NO_PATTERN), knowledge.serials.get(device, NO_PATTERN)
    dated = [reading for reading in readings if reading.expiry is not None or not lots.always_dated]
    seen = [reading for reading in dated if _fits(lots, reading.lot, _SEEN) and _fits(serials, reading.serial, _SEEN)]
    fitting = [reading for reading in seen if _fits(lots, reading.lot) and _fits(serials, reading.serial)]
    possible = [reading for reading in dated if is_possible(lots, reading.lot) and is_possible(serials, reading.serial)]
    if not (unreadable or losing) and (label in possible or not seen or _was_seen(label, lots, serials)):
        return Rescue(Outcome.UNTOUCHED, label)
    if len(fitting) == 1 and possible == fitting:
        return _taken(label, fitting[0])
    if possible:
        return Rescue(Outcome.AMBIGUOUS, label, tuple(possible))
    return Rescue(Outcome.IDENTIFIER_ALONE, _identifier_alone(label, device))


def _was_seen(label: Label, lots: LotPattern, serials: LotPattern) -> bool:
    """Labels like this one, suspected themselves, have been taken as they were read."""
    dated = label.expiry is not None or not lots.always_dated
    return dated and is_ordinary(lots, label.lot) and is_ordinary(serials, label.serial)


def _fits(pattern: LotPattern, value: str | None, confirmed_min: int = CONFIRMED_MIN) -> bool:
    """A device of which no serial was ever learned has none, as far as `fits` goes; one is still possible."""
    return fits(pattern, value, confirmed_min) if pattern.confirmed else value is None


def _is_suspected(label: Label) -> bool:
    return Flag.SUSPECT_MISSING_SEPARATOR in label.flags


def _is_consistent(reading: Label) -> bool:
    """Nothing expires before it is made."""
    return (
        reading.error is None
        and not reading.conflict
        and not (reading.expiry is not None and reading.production is not None and reading.production > reading.expiry)
    )


def readings_of(label: Label) -> tuple[Label, ...]:
    """Everything the label may say, consistent in itself: as it was read first, when that is without error."""
    own = () if label.error is not None else (label,)
    return tuple(reading for reading in (*own, *label.alternatives) if _is_consistent(reading))


def certain_device(label: Label) -> Device | None:
    """The device all readings agree on, or the one read in front of the error; `None` when there is none."""
    if label.di is not None:
        return (label.issuer, label.di)
    devices = {(reading.issuer, reading.di) for reading in readings_of(label) if reading.di is not None}
    devices |= {
        (code.issuer, value) for code in label.codes for name, value in code.before_error if name in {"01", "03"}
    }
    return devices.pop() if len(devices) == 1 else None


def _undecided(label: Label, readings: tuple[Label, ...], *, doubted: bool) -> Rescue:
    """Without knowledge: as read, unless it is doubted; one that cannot be read any way stays what it was."""
    if not readings or not doubted:
        return Rescue(Outcome.UNTOUCHED, label)
    return Rescue(Outcome.AMBIGUOUS, label, readings)


def _taken(label: Label, reading: Label) -> Rescue:
    if reading is label:
        return Rescue(Outcome.ACCEPTED, label)
    flags = dict.fromkeys((*label.flags, Flag.SUSPECT_MISSING_SEPARATOR, Flag.SEPARATOR_RESTORED, *reading.flags))
    kept = tuple(flag for flag in flags if flag is not Flag.PI_ONLY or reading.di is None)
    repaired = replace(reading, flags=kept, codes=label.codes, alternatives=label.alternatives)
    return Rescue(Outcome.REPAIRED, repaired)


def _identifier_alone(label: Label, device: Device) -> Label:
    """The label with what stood in front of the first value of variable length; the rest may be wrong."""
    issuer, di = device
    flags = dict.fromkeys((*label.flags, Flag.SUSPECT_MISSING_SEPARATOR, Flag.IDENTIFIER_ALONE))
    return replace(label, issuer=issuer, di=di, lot=None, serial=None, error=None, flags=tuple(flags), alternatives=())
