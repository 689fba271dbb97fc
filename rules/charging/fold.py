"""A batch of one lane, folded: each record is decided in order and sees what came before it."""

from dataclasses import replace
from datetime import datetime

from msgspec import structs

from models.charging.arrival import Arrival
from models.charging.books import BadRecord, LabelFacts, Prior, RecordedScan, Waiting
from models.charging.decision import Decision
from models.charging.effects import ChargeEffects
from models.policy import Policy
from models.reasons import Reason, Verdict
from rules.charging.deciding import decide
from rules.charging.identifying import identified, identified_prior
from rules.labels.pairing import joined, partner_of, released_by_scan, released_by_tick
from rules.labels.separator_recovery import settled
from rules.stock.clearing import parts_of
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
            for half in released_by_tick(arrival.at, view, policy):
                results.extend(_release(half, arrival.at, view))
    return results


def _scan(subject: RecordedScan, view: View, policy: Policy) -> list[Decision]:
    known = view.fingerprint(subject)
    if known is not None:
        return [_repeated(subject, known)]
    if subject.label.suspect is not None:
        subject = structs.replace(subject, label=settled(subject.label, subject.event, view))
    decisions: list[Decision] = []
    for half in released_by_scan(subject, view, policy):
        decisions.extend(_release(half, subject.recorded_at, view))
    if subject.label.half:
        decisions.extend(_half(subject, view, policy))
    else:
        decisions.extend(_apply(decide(subject, view, subject.recorded_at), view))
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
        decisions = _apply(decide(subject, view, subject.recorded_at), view)
        if decisions[0].verdict is Verdict.WAITING:
            prior = Prior(1, Verdict.WAITING, decisions[0].reasons, moved=False, holds_unit=False)
            view.wait(Waiting(subject, prior))
        return decisions
    view.stop_waiting(partner)
    if subject.label.di is None:
        label = settled(joined(partner.subject.label, subject.label), subject.event, view)
        whole = decide(partner.subject, view, subject.recorded_at, replace(partner.prior, label=label))
        whole.partner = subject.ref
        return [*_apply(whole, view), *_apply(_carried(subject, whole, n=0), view)]
    label = settled(joined(subject.label, partner.subject.label), subject.event, view)
    whole = decide(structs.replace(subject, label=label), view, subject.recorded_at)
    whole.partner = partner.subject.ref
    return [*_apply(whole, view), *_apply(_carried(partner.subject, whole, n=partner.prior.decisions), view)]


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
        charging=ChargeEffects(billing_ids=whole.charging.billing_ids),
        partner=whole.subject.ref,
    )


def _release(half: Waiting, at: datetime, view: View) -> list[Decision]:
    """The window has closed: the half is decided by itself."""
    view.stop_waiting(half)
    return _apply(decide(half.subject, view, at, half.prior, released=True), view)


def _apply(decision: Decision, view: View) -> list[Decision]:
    parts = parts_of(decision)
    for each in parts:
        view.apply(each)
    return parts


def redecide(subjects: list[tuple[RecordedScan, Prior, datetime]], view: View) -> list[Result]:
    """Decide scans once more, in their order: those that wait, and those whose lot is not certain.

    Each comes with the instant of what may have freed it. Gives the decisions that change something: a verdict,
    reasons, or the lot of goods that moved without one.
    """
    results: list[Result] = []
    for subject, before, at in subjects:
        label, prior = _settled_again(subject, before, view), before
        if prior.moved and label is not None and label is not prior.label:
            pair = identified(subject, prior, label, at, view)
            for each in pair or ():
                results.extend(_apply(each, view))
            prior = identified_prior(pair[-1], prior) if pair else prior
            label = prior.label
        if prior.verdict not in _OPEN:
            continue
        # What is parked or held waits for no partner any more: its window is long closed.
        decision = decide(subject, view, at, replace(prior, label=label), released=True)
        if (decision.verdict, decision.reasons) != (prior.verdict, prior.reasons):
            results.extend(_apply(decision, view))
    return results


def _settled_again(subject: RecordedScan, prior: Prior, view: View) -> LabelFacts | None:
    """What the label says by what is known now. What has moved goods under a lot keeps it: only a person changes it."""
    if subject.label.suspect is None or (prior.moved and not subject.label.identifier_alone):
        return prior.label
    label = settled(subject.label, subject.event, view)
    return prior.label if prior.moved and label.identifier_alone else label


_OPEN = frozenset({Verdict.WAITING, Verdict.PARKED, Verdict.HELD})
