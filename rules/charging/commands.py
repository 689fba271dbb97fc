"""What a person's command does: decisions like any other, or one sentence that says what stands against it.

References:
    docs/semantics/corrections.md, "Commands of persons".
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from models.calendar import local_day
from models.charging.books import LabelFacts
from models.charging.commands import Carried, Commanded, CommandKind, Correction, Identification, Recorded
from models.charging.decision import Decision, StockMove, Usage, UseAccount
from models.reasons import REASON_ROW, RELEASABLE, TAKEN_BACK, Reason, Verdict, in_precedence
from models.scan.event import Action, Override
from models.stock.places import shelf
from rules.catalogue.joining import Resolution, cost_on, resolve
from rules.charging.charges import credit_of, settlement_reversal
from rules.charging.controls import OVERRIDABLE, STOPPED
from rules.charging.correcting import objection
from rules.charging.deciding import decide
from rules.charging.identifying import identified
from rules.charging.returns import usage_fen_of
from rules.labels.rescue import readings_of
from rules.labels.separator_recovery import taken_as
from rules.view import View


class RefusedError(Exception):
    """The command does not fit the books; its text says what was expected."""


def carry_out(commanded: Commanded, view: View) -> tuple[list[Decision], Carried]:
    """Decide a command. A command that can't be carried out makes no decision and is done with."""
    command = commanded.command
    try:
        decisions = KINDS[command.kind](commanded, view)
    except RefusedError as refusal:
        return [], Carried(command.seq, done=False, detail=str(refusal))
    for decision in decisions:
        view.apply(decision)
    return decisions, Carried(command.seq, done=True, detail=", ".join(str(each.verdict) for each in decisions))


def undo_pair(commanded: Commanded, view: View) -> list[Decision]:
    """Take back what followed from joining two halves, and hold both of them.

    The use is credited, its goods go back, its settlement line is reversed, its unit is free; then each half stands
    alone again, and held: a person has looked, so no window lets them go.
    """
    one, rest = commanded.scan, commanded.partner
    if one is None or rest is None:
        raise RefusedError("Expected a scan that was joined with the other half of its label.")
    if rest.prior.verdict is not Verdict.RECORDED or rest.prior.reasons != (Reason.HALF_LABEL,):
        raise RefusedError("Expected a pair that stands; this one was undone before.")
    event = one.subject.event
    if event.action is not Action.USE:
        raise RefusedError(f"Expected a pair that was used, got {event.action}.")
    use = view.use_of_scan(event.hospital, event.scan_id)
    if use is None or use.ref != one.subject.ref:
        raise RefusedError("Expected a pair whose use is in the books.")
    if use.returned_units:
        raise RefusedError(f"Expected a use of which nothing was returned, got {use.returned_units} returned.")
    at = commanded.command.accepted_at
    return [_taken_back(one, use, at, view), _identifier_held(one, at), _rest_held(rest, at)]


def release(commanded: Commanded, view: View) -> list[Decision]:
    """Decide a held use or transfer again, without what a person may let pass (`models.reasons.RELEASABLE`)."""
    one = _named(commanded)
    event, prior = one.subject.event, one.prior
    if event.action not in {Action.USE, *STOPPED} or prior.verdict is not Verdict.HELD:
        raise RefusedError(f"Expected a held use, got a {event.action} that is {prior.verdict}.")
    waits_for = [str(reason) for reason in prior.reasons if reason not in RELEASABLE and _decides(reason)]
    if waits_for:
        raise RefusedError(f"Expected a use whose unit and item are known; this one is held for {waits_for[0]}.")
    reasons = in_precedence({*prior.reasons, Reason.RELEASED})
    at = commanded.command.accepted_at
    return [decide(one.subject, view, at, replace(prior, reasons=reasons), released=True)]


def _decides(reason: Reason) -> bool:
    return REASON_ROW[reason].verdict in {Verdict.HELD, Verdict.WAITING}


def override(commanded: Commanded, view: View) -> list[Decision]:
    """Decide a held use again with a badge and a reason, as if they had been on the scan (docs/controls.md)."""
    one = _named(commanded)
    event, prior = one.subject.event, one.prior
    if event.action is not Action.USE or prior.verdict is not Verdict.HELD:
        raise RefusedError(f"Expected a held use, got a {event.action} that is {prior.verdict}.")
    if not OVERRIDABLE.intersection(prior.reasons):
        raise RefusedError(f"Expected a use that the hospital's decision holds, got one held for {prior.reasons[0]}.")
    try:
        given = Override.model_validate(dict(commanded.command.body))
    except ValueError as error:
        raise RefusedError(f"Expected a badge and a reason, got something else: {error}") from None
    subject = replace(one.subject, event=event.model_copy(update={"override": given}))
    return [decide(subject, view, commanded.command.accepted_at, prior, released=True)]


def reject(commanded: Commanded, view: View) -> list[Decision]:
    """It was no use: it is credited and goes back, and the scan counts for nothing any more."""
    return [_counts_no_more(commanded, Reason.REJECTED, view)]


def identify(commanded: Commanded, view: View) -> list[Decision]:
    """The goods of a label that may have lost separators get the lot of the reading that a person found right.

    A use that has moved its goods moves them again under that lot, and nothing is charged anew.
    What is held is decided.
    """
    one, at = _named(commanded), commanded.command.accepted_at
    label, prior = one.prior.label or one.subject.label, one.prior
    try:
        meant = Identification.model_validate(dict(commanded.command.body))
    except ValueError as error:
        raise RefusedError(f"Expected a reading, got {dict(commanded.command.body)}: {error}") from None
    readings = readings_of(label.suspect) if label.suspect is not None else ()
    chosen = next(
        (each for each in readings if Identification.model_validate(each, from_attributes=True) == meant), None
    )
    if chosen is None or TAKEN_BACK.intersection(prior.reasons):
        raise RefusedError("Expected one of the readings of a scan that counts.")
    known = taken_as(label, chosen)
    if (known.lot, known.serial, known.expiry) == (label.lot, label.serial, label.expiry):
        raise RefusedError("Expected another reading than the one that stands.")
    if not prior.moved:
        return [decide(one.subject, view, at, replace(prior, label=known), released=True)]
    pair = identified(one.subject, prior, known, at, view)
    if pair is None:
        raise RefusedError("Expected a use of which nothing was returned, and a serial that no other use holds.")
    return list(pair)


def correct(commanded: Commanded, view: View) -> list[Decision]:
    """Take the scan back whole; the scan that takes its place is published by `streams.services.corrector`."""
    body = dict(commanded.command.body)
    try:
        correction = Correction.model_validate(body)
    except ValueError as error:
        raise RefusedError(f"Expected a correction, got {body}: {error}") from None
    event = _named(commanded).subject.event
    refusal = objection(correction, local_day(commanded.command.accepted_at))
    if refusal is not None:
        raise RefusedError(refusal)
    if all(getattr(event, name) == getattr(correction, name) for name in correction.model_fields_set):
        raise RefusedError("Expected something else than what was scanned.")
    return [_counts_no_more(commanded, Reason.CORRECTED, view)]


def _named(commanded: Commanded) -> Recorded:
    if commanded.scan is None:
        raise RefusedError("Expected a recorded scan.")
    return commanded.scan


def _counts_no_more(commanded: Commanded, why: Reason, view: View) -> Decision:
    one, at = _named(commanded), commanded.command.accepted_at
    event, prior = one.subject.event, one.prior
    if TAKEN_BACK.intersection(prior.reasons):
        raise RefusedError(f"Expected a scan that counts, got one that is {prior.reasons[0]}.")
    if prior.verdict is Verdict.WAITING:
        raise RefusedError("Expected a scan that is decided; this half waits a minute for the other one.")
    if event.action is not Action.USE:
        if prior.verdict not in _OPEN:
            raise RefusedError(f"Expected a use, or a scan that waits; got a {event.action} that is {prior.verdict}.")
        return _nothing_moved(one, at, why, view)
    use = view.use_of_scan(event.hospital, event.scan_id)
    if use is None or use.ref != one.subject.ref:
        raise RefusedError(f"Expected a use in the books, got one that is {prior.verdict}.")
    if use.returned_units:
        raise RefusedError(f"Expected a use of which nothing was returned, got {use.returned_units} returned.")
    decision = _taken_back(one, use, at, view)
    flags = decision.reasons if decision.charges else ()
    decision.verdict, decision.reasons = Verdict.RECORDED, in_precedence({why, *flags})
    return decision


def _nothing_moved(one: Recorded, at: datetime, why: Reason, view: View) -> Decision:
    event, label = one.subject.event, one.prior.label or one.subject.label
    named = label.di is not None or event.item_code is not None
    found = resolve(event, label, view.catalogue) if named else Resolution()
    units = event.quantity * found.units_per_package if found.item and found.reason is None else None
    return Decision(
        one.subject, one.prior.decisions, at, Verdict.RECORDED, (why,), label, found.item, units, claims=False
    )


def _taken_back(one: Recorded, use: UseAccount, at: datetime, view: View) -> Decision:
    """The use is credited, goes back to its store, is no longer owed, and frees its unit."""
    subject, prior = one.subject, one.prior
    hospital, units, item = subject.event.hospital, use.units or 0, use.item
    open_month = view.open_month(hospital, subject.month)
    flags: tuple[Reason, ...] = (Reason.LATE, Reason.PERIOD_CLOSED) if open_month != subject.month else ()
    charged = use.charge is not None and use.verdict is Verdict.BILLED
    credit = (credit_of(subject, use, units, flags, view, n=prior.entries),) if charged else ()
    usage: tuple[Usage, ...] = ()
    if item is not None and use.verdict in {Verdict.BILLED, Verdict.RECORDED}:
        fen = credit[0].amount_fen if credit else usage_fen_of(use, item, units)
        usage = (Usage(hospital, use.department, item.item_code, use.month, -units, -fen),)
    return Decision(
        subject,
        prior.decisions,
        at,
        Verdict.CREDITED if credit else Verdict.RECORDED,
        flags if credit else (),
        prior.label or subject.label,
        item,
        units or None,
        move=StockMove(use.owner, units, None, shelf(subject.event.store, subject.event.place))
        if use.owner is not None and units
        else None,
        cost=cost_on(item, use.day) if use.owner is not None and item is not None else None,
        frees_unit=use.ref if use.holds_unit else None,
        charges=credit,
        settlement=settlement_reversal(subject, use, units, view, n=prior.lines) if units else (),
        usage=usage,
        department=use.department,
        billing_ids=tuple(each.billing_id for each in credit),
        account=use,
        claims=False,
        takes_back=True,
    )


def _identifier_held(one: Recorded, at: datetime) -> Decision:
    """The half with the identifier as it was scanned: lot, serial and dates were the other half's."""
    joined = one.prior.label or one.subject.label
    label = replace(joined, lot=None, serial=None, expiry=None, production=None, ambiguous=False, suspect=None)
    return _held(one, one.prior.decisions + 1, (Reason.HALF_LABEL,), label, at)


def _rest_held(rest: Recorded, at: datetime) -> Decision:
    reasons = (Reason.HALF_LABEL, Reason.NO_DEVICE_IDENTIFIER)
    return _held(rest, rest.prior.decisions, reasons, rest.prior.label or rest.subject.label, at)


def _held(scan: Recorded, n: int, reasons: tuple[Reason, ...], label: LabelFacts, at: datetime) -> Decision:
    return Decision(scan.subject, n, at, Verdict.HELD, reasons, label, claims=False)


_OPEN = frozenset({Verdict.PARKED, Verdict.HELD})
KINDS: Final[dict[CommandKind, Callable[[Commanded, View], list[Decision]]]] = {
    CommandKind.UNDO_PAIR: undo_pair,
    CommandKind.RELEASE: release,
    CommandKind.OVERRIDE: override,
    CommandKind.REJECT: reject,
    CommandKind.IDENTIFY: identify,
    CommandKind.CORRECT: correct,
}
