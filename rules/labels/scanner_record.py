"""Which scanners lose separators, by their own record: what each label shows, summed until it is past doubt.

A label with a separator proves that the scanner sends them. Only a label that can hardly have come about but by a loss
counts against it; one that could merely be cut counts nothing, for whole wards have lots that can be cut. The sum is a
cumulative sum chart: it never falls below zero, so a scanner that fails on a day is noticed whatever it did.

References:
    E. S. Page, Continuous Inspection Schemes, Biometrika 41 (1954). The points are ours, measured by
    `udi rescue-proof`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from models.scan.scanners import ScannerRecord
from models.udi import Flag, Label
from models.udi.values import SEPARATOR_ERRORS

NOTICED_AT: Final = 12
"""Points from which a scanner counts as one that loses separators."""
_DEVICES_MAX: Final = 64


class Shown(StrEnum):
    """What one label shows of its scanner."""

    SENT = "sent"
    """It holds a separator."""
    LOST = "lost"
    """It cannot be read as it stands, or the maker's pattern rules that out and fits another reading."""
    WHOLE = "whole"
    """It ends in a lot or serial that cannot be cut."""
    NOTHING = "nothing"
    """It needed no separator, or could be cut, as many faultless labels can."""


_POINTS: Final = {Shown.LOST: (6, 3, 12), Shown.WHOLE: (-1, 0, -1)}
"""Points of the first label of an identifier, of each further one, and at most of one identifier."""


class Seen(NamedTuple):
    """One label of a scanner."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    device_id: str
    """Id of the scanner or terminal."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    shown: Shown
    """What it says of the scanner."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the record of one scanner stands."""

    losing: bool = False
    """It counts as one that loses separators."""
    sent_at: datetime | None = None
    """The newest label with a separator."""
    first_at: datetime | None = None
    """The first label since then that counted against the scanner."""
    newest_at: datetime | None = None
    """The newest one."""
    score: int = 0
    """Points since the newest label with a separator; `NOTICED_AT` makes it a losing one."""
    devices: tuple[tuple[str, int], ...] = ()
    """Points that each identifier gave since then."""


def shown_by(label: Label, *, sent: bool, restored: bool = False) -> Shown:
    """What a label as read shows of its scanner.

    Args:
        label: As read, without what anybody knows of its maker.
        sent: It came with a separator.
        restored: Exactly one reading with restored separators fitted its maker's pattern. Without a pattern a label
            that the standard reads counts nothing, whatever stands in its lot: plates without an expiry, with lots like
            `A17250110`, are read as what they are.
    """
    if sent:
        return Shown.SENT
    if restored or (label.error in SEPARATOR_ERRORS and label.alternatives):
        return Shown.LOST
    if label.error is not None or (label.lot is None and label.serial is None) or Flag.HRI in label.flags:
        return Shown.NOTHING
    could_be_cut = Flag.SUSPECT_MISSING_SEPARATOR in label.flags and label.alternatives
    return Shown.NOTHING if could_be_cut else Shown.WHOLE


def watched(watch: Watch, seen: Seen) -> tuple[Watch, ScannerRecord | None]:
    """The record after one more label, and its new version when the scanner was noticed or has been mended.

    Labels may come late: a separator older than what counts against the scanner clears nothing, and what is older than
    the newest separator does not count.
    """
    at = seen.scanned_at
    if seen.shown is Shown.SENT:
        if watch.newest_at is not None and at <= watch.newest_at:
            return watch, None
        record = _record(seen, at, losing=False, since=None) if watch.losing else None
        return Watch(sent_at=max(at, watch.sent_at or at)), record
    points = _points(watch, seen)
    if points is None or (watch.sent_at is not None and at <= watch.sent_at):
        return watch, None
    score = max(0, watch.score + points)
    given = dict(watch.devices)
    given[seen.di or ""] = given.get(seen.di or "", 0) + points
    counts = points > 0
    changed = replace(
        watch,
        score=score,
        devices=tuple(given.items())[-_DEVICES_MAX:],
        first_at=min(at, watch.first_at or at) if counts else watch.first_at,
        newest_at=max(at, watch.newest_at or at) if counts else watch.newest_at,
    )
    if watch.losing or score < NOTICED_AT:
        return changed, None
    return replace(changed, losing=True), _record(seen, changed.first_at or at, losing=True, since=watch.sent_at)


def _points(watch: Watch, seen: Seen) -> int | None:
    """What the label adds; `None` when it says nothing new."""
    if seen.shown not in _POINTS or watch.losing:
        return None
    first, again, most = _POINTS[seen.shown]
    given = dict(watch.devices).get(seen.di or "")
    if given is None:
        return first
    # What shows more than the labels before brings the identifier to the same points as if it had come first.
    points = first - given if given < first else min(again, most - given)
    return points if points > 0 else None


def _record(seen: Seen, known_from: datetime, *, losing: bool, since: datetime | None) -> ScannerRecord:
    return ScannerRecord(
        hospital=seen.hospital, device_id=seen.device_id, known_from=known_from, losing=losing, since=since
    )
