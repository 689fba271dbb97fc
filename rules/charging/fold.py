"""A batch of one lane, folded: each record is decided in order and sees what came before it."""

from dataclasses import replace
from datetime import datetime

from models.charging.arrival import Arrival
from models.charging.books import BadRecord, Decision, Prior, RecordedScan, Waiting
from models.policy import Policy
from models.reasons import Reason, Verdict
from rules.charging.deciding import decide
from rules.labels.pairing import joined, partner_of, released_by_scan, released_by_tick
from rules.labels.separator_recovery import settled
from rules.view import View

Result = Decision | BadRecord


def fold(arrivals: list[Arrival], view: View, policy: Policy) -> list[Result]:
    """Decide every arrival, in order. `view` is changed: it ends as the books will be."""
    results: list[Result] = []
    for arrival in arrivals:
        if isinstance(arrival, RecordedScan):
            results.extend(_scan(arrival, view, policy))
        elif isinstance(arrival, BadRecord):
            results.append(arrival)
        else:
            results.extend(_release(half, arrival.at, view) for half in released_by_tick(arrival.at, view, policy))
    return results


def _scan(subject: RecordedScan, view: View, policy: Policy) -> list[Decision]:
    known = view.fingerprint(subject)
    if known is not None:
        return [_repeated(subject, known)]
    if subject.label.suspect is not None:
        subject = replace(subject, label=settled(subject.label, subject.event.hospital, view))
    decisions = [_release(half, subject.recorded_at, view) for half in released_by_scan(subject, view, policy)]
    if subject.label.half:
        decisions.extend(_half(subject, view, policy))
    else:
        decisions.append(_apply(decide(subject, view, subject.recorded_at), view))
    view.passed_by(subject)
    return decisions


def _repeated(subject: RecordedScan, known: bytes) -> Decision:
    """A scan id that came before: counted, and nothing of the scan it repeats is touched."""
    same = known == subject.fingerprint
    verdict, reason = (Verdict.DUPLICATE, Reason.DUPLICATE) if same else (Verdict.CONFLICT, Reason.CONFLICT)
    return Decision(subject, 0, subject.recorded_at, verdict, (reason,), subject.label, claims=False)


def _half(subject: RecordedScan, view: View, policy: Policy) -> list[Decision]:
    """Half a label: joined with the half that waits for it, or waiting itself."""
    partner = partner_of(subject, view, policy)
    if partner is None:
        decision = _apply(decide(subject, view, subject.recorded_at), view)
        if decision.verdict is Verdict.WAITING:
            prior = Prior(1, Verdict.WAITING, decision.reasons, moved=False, holds_unit=False)
            view.wait(Waiting(subject, prior))
        return [decision]
    view.stop_waiting(partner)
    if subject.label.di is None:
        label = settled(joined(partner.subject.label, subject.label), subject.event.hospital, view)
        whole = decide(partner.subject, view, subject.recorded_at, replace(partner.prior, label=label))
        whole.partner = subject.ref
        return [_apply(whole, view), _apply(_carried(subject, whole, n=0), view)]
    label = settled(joined(subject.label, partner.subject.label), subject.event.hospital, view)
    whole = decide(replace(subject, label=label), view, subject.recorded_at)
    whole.partner = partner.subject.ref
    return [_apply(whole, view), _apply(_carried(partner.subject, whole, n=partner.prior.decisions), view)]


def _carried(subject: RecordedScan, whole: Decision, n: int) -> Decision:
    """The half without identifier: its partner carries charge and stock."""
    return Decision(
        subject,
        n,
        whole.decided_at,
        Verdict.RECORDED,
        (Reason.HALF_LABEL,),
        subject.label,
        item=whole.item,
        units=None,
        billing_ids=whole.billing_ids,
        partner=whole.subject.ref,
    )


def _release(half: Waiting, at: datetime, view: View) -> Decision:
    """The window has closed: the half is decided by itself."""
    view.stop_waiting(half)
    return _apply(decide(half.subject, view, at, half.prior, released=True), view)


def _apply(decision: Decision, view: View) -> Decision:
    view.apply(decision)
    return decision


def redecide(subjects: list[tuple[RecordedScan, Prior, datetime]], view: View) -> list[Result]:
    """Decide scans that wait once more, in their order, and give those whose verdict or reasons changed.

    Each comes with the instant of what may have freed it.
    """
    results: list[Result] = []
    for subject, prior, at in subjects:
        label = settled(subject.label, subject.event.hospital, view) if subject.label.suspect else prior.label
        # What is parked or held waits for no partner any more: its window is long closed.
        decision = decide(subject, view, at, replace(prior, label=label), released=True)
        if (decision.verdict, decision.reasons) != (prior.verdict, prior.reasons):
            results.append(_apply(decision, view))
    return results
