"""Half labels: which two belong together, and when one has waited long enough.

References:
    docs/semantics/labels.md, "Half labels".
"""

from dataclasses import replace
from datetime import datetime

from msgspec import structs

from models.charging.books import LabelFacts, RecordedScan, Waiting
from models.policy import Policy
from models.udi import Label
from models.udi.check import hibc_check_character
from rules.view import View


def partner_of(subject: RecordedScan, view: View, policy: Policy) -> Waiting | None:
    """The waiting half that completes this half; `None` when none does, or more than one could."""
    found: Waiting | None = None
    for half in view.near(subject):
        if _same_label(half.subject, subject, policy) and _adjacent(half.subject, subject, view):
            if found is not None:
                return None
            found = half
    return found


def _same_label(one: RecordedScan, other: RecordedScan, policy: Policy) -> bool:
    a, b = one.event, other.event
    apart = abs(a.scanned_at - b.scanned_at)
    return (
        (a.key_rest, a.action, a.quantity, a.store, a.encounter, a.corrects)
        == (b.key_rest, b.action, b.quantity, b.store, b.encounter, b.corrects)
        and apart <= policy.half_label_window
        and complementary(one.label, other.label)
    )


def complementary(one: LabelFacts, other: LabelFacts) -> bool:
    """One has the identifier, the other what belongs to it; of one issuer; HIBC's link names its primary."""
    identifier, rest = (one, other) if one.di is not None else (other, one)
    if identifier.issuer != rest.issuer or identifier.di is None or rest.di is not None:
        return False
    return rest.link is None or rest.link == hibc_check_character(f"+{identifier.di}")


def counted(one: RecordedScan, other: RecordedScan) -> bool:
    """The device counted both since it was started, so that its numbers tell whether it scanned anything between."""
    a, b = one.event, other.event
    return a.sequence is not None and b.sequence is not None and a.boot == b.boot


def _adjacent(one: RecordedScan, other: RecordedScan, view: View) -> bool:
    """The device scanned nothing between them: by its own count, else by the times of its other scans."""
    a, b = one.event, other.event
    if a.sequence is not None and b.sequence is not None and counted(one, other):
        return abs(a.sequence - b.sequence) == 1
    first, last = sorted((a.scanned_at, b.scanned_at))
    return not view.scanned_between(a.hospital, a.device_id, first, last)


def joined(identifier: LabelFacts, rest: LabelFacts) -> LabelFacts:
    """The whole label of two halves."""
    return structs.replace(
        identifier,
        lot=rest.lot,
        serial=rest.serial,
        expiry=rest.expiry,
        production=rest.production,
        ambiguous=identifier.ambiguous or rest.ambiguous,
        flags=tuple(dict.fromkeys((*identifier.flags, *rest.flags))),
        suspect=rest.suspect and _with_identifier(rest.suspect, identifier),
    )


def _with_identifier(suspect: Label, identifier: LabelFacts) -> Label:
    others = tuple(replace(other, di=identifier.di) for other in suspect.alternatives)
    return replace(suspect, di=identifier.di, alternatives=others)


def released_by_scan(subject: RecordedScan, view: View, policy: Policy) -> list[Waiting]:
    """Halves of the same device that this scan shows to have waited longer than the window."""
    if not view.waiting:
        return []
    event = subject.event
    return view.waiting_before(event.hospital, event.device_id, event.scanned_at - policy.half_label_window)


def released_by_tick(at: datetime, view: View, policy: Policy) -> list[Waiting]:
    """Halves of the lane whose records are older than the window at the broker's time of a tick."""
    found = [half for half in view.waiting.values() if half.subject.recorded_at + policy.half_label_window < at]
    return sorted(found, key=lambda half: half.subject.ref)
