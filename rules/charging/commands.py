"""What a person's command does: decisions like any other, or what stands against it, as a value.

References:
    docs/semantics/corrections.md, "Commands of persons".
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from msgspec import structs
from pydantic import ValidationError

from models.calendar import local_day
from models.charging.books import LabelFacts, RecordedScan
from models.charging.commands import (
    Carried,
    Command,
    Commanded,
    CommandKind,
    Correction,
    Identification,
    Identity,
    Recorded,
)
from models.charging.decision import Decision, UseAccount
from models.charging.effects import ChargeEffects, StockEffects, StockMove, Usage
from models.charging.refusals import CommandRefusal, Refused
from models.reasons import REASON_ROW, RELEASABLE, TAKEN_BACK, Reason, Verdict, in_precedence
from models.scan.event import Action, Override
from models.stock.places import kept
from models.udi import Issuer
from models.wire.complaints import complaint
from rules.catalogue.joining import Resolution, resolve
from rules.charging.charges import credit_of, settlement_reversal
from rules.charging.controls import OVERRIDABLE, STOPPED
from rules.charging.correcting import objection
from rules.charging.deciding import decide
from rules.charging.identifying import identified, identified_prior, identity, says_less
from rules.charging.returns import usage_fen_of
from rules.labels.rescue import readings_of
from rules.labels.separator_recovery import taken_as
from rules.stock.clearing import parts_of
from rules.stock.costing import cost_of
from rules.stock.moving import lies_at
from rules.view import View


def carry_out(commanded: Commanded, view: View) -> tuple[list[Decision], Carried]:
    """Decide a command. A command that can't be carried out makes no decision and is done with."""
    command = commanded.command
    decisions = _decided(commanded, view)
    if isinstance(decisions, Refused):
        return [], Carried(command.seq, done=False, detail=decisions.text)
    for decision in decisions:
        view.apply(decision)
    return decisions, Carried(command.seq, done=True, detail=", ".join(str(each.verdict) for each in decisions))


def _decided(commanded: Commanded, view: View) -> list[Decision] | Refused:
    command, one = commanded.command, commanded.scan
    if command.kind is CommandKind.UNDO_PAIR:
        return undo_pair(commanded, view)
    if one is None:
        return Refused(CommandRefusal.UNKNOWN_SCAN)
    scanned = identity(command)
    return identify_as(commanded, one, scanned, view) if scanned else KINDS[command.kind](one, command, view)


def undo_pair(commanded: Commanded, view: View) -> list[Decision] | Refused:
    """Take back what followed from joining two halves, and hold both of them.

    The use is credited, its goods go back, its settlement line is reversed, its unit is free; then each half stands
    alone again, and held: a person has looked, so no window lets them go.
    """
    one, rest = commanded.scan, commanded.partner
    if one is None or rest is None:
        return Refused(CommandRefusal.NO_PAIR)
    if rest.prior.verdict is not Verdict.RECORDED or rest.prior.reasons != (Reason.HALF_LABEL,):
        return Refused(CommandRefusal.PAIR_UNDONE)
    event = one.subject.event
    if event.action is not Action.USE:
        return Refused(CommandRefusal.PAIR_NOT_USED, {"action": event.action})
    use = view.use_of_scan(event.hospital, event.scan_id)
    if use is None or use.ref != one.subject.ref:
        return Refused(CommandRefusal.PAIR_NOT_IN_BOOKS)
    if use.returned_units:
        return Refused(CommandRefusal.PARTLY_RETURNED, {"units": use.returned_units})
    at = commanded.command.accepted_at
    return [_taken_back(one, use, at, view), _identifier_held(one, at), _rest_held(rest, at)]


def release(one: Recorded, command: Command, view: View) -> list[Decision] | Refused:
    """Decide a held use or transfer again, without what a person may let pass (`models.reasons.RELEASABLE`)."""
    event, prior = one.subject.event, one.prior
    if event.action not in {Action.USE, *STOPPED} or prior.verdict is not Verdict.HELD:
        return Refused(CommandRefusal.NOT_HELD, {"action": event.action, "verdict": prior.verdict})
    waits_for = [str(reason) for reason in prior.reasons if reason not in RELEASABLE and _decides(reason)]
    if waits_for:
        return Refused(CommandRefusal.HELD_FOR_GOODS, {"reason": waits_for[0]})
    reasons = in_precedence({*prior.reasons, Reason.RELEASED})
    at = command.accepted_at
    return [decide(one.subject, view, at, replace(prior, reasons=reasons), released=True)]


def _decides(reason: Reason) -> bool:
    return REASON_ROW[reason].verdict in {Verdict.HELD, Verdict.WAITING}


def override(one: Recorded, command: Command, view: View) -> list[Decision] | Refused:
    """Decide a held use again with a badge and a reason, as if they had been on the scan (docs/controls.md)."""
    event, prior = one.subject.event, one.prior
    if event.action is not Action.USE or prior.verdict is not Verdict.HELD:
        return Refused(CommandRefusal.NOT_HELD, {"action": event.action, "verdict": prior.verdict})
    if not OVERRIDABLE.intersection(prior.reasons):
        return Refused(CommandRefusal.NOT_OVERRIDABLE, {"reason": prior.reasons[0]})
    try:
        given = Override.model_validate(dict(command.body))
    except ValidationError as error:
        return Refused(CommandRefusal.BAD_OVERRIDE, {"error": complaint(error)})
    subject = structs.replace(one.subject, event=event.model_copy(update={"override": given}))
    return [decide(subject, view, command.accepted_at, prior, released=True)]


def reject(one: Recorded, command: Command, view: View) -> list[Decision] | Refused:
    """It was no use: it is credited and goes back, and the scan counts for nothing any more."""
    return _counts_no_more(one, command.accepted_at, Reason.REJECTED, view)


def identify(one: Recorded, command: Command, view: View) -> list[Decision] | Refused:
    """The goods of a label that may have lost separators get the lot of the reading that a person found right.

    A use that has moved its goods moves them again under that lot, and nothing is charged anew.
    What is held is decided.
    """
    at, label, prior = command.accepted_at, one.prior.label or one.subject.label, one.prior
    try:
        meant = Identification.model_validate(dict(command.body))
    except ValidationError as error:
        return Refused(CommandRefusal.BAD_READING, {"given": dict(command.body), "error": complaint(error)})
    readings = readings_of(label.suspect) if label.suspect is not None else ()
    chosen = next(
        (each for each in readings if Identification.model_validate(each, from_attributes=True) == meant), None
    )
    if chosen is None or TAKEN_BACK.intersection(prior.reasons):
        return Refused(CommandRefusal.NO_SUCH_READING)
    known = taken_as(label, chosen)
    if (known.lot, known.serial, known.expiry) == (label.lot, label.serial, label.expiry):
        return Refused(CommandRefusal.SAME_READING)
    if not prior.moved:
        return parts_of(decide(one.subject, view, at, replace(prior, label=known), released=True))
    pair = identified(one.subject, prior, known, at, view)
    if pair is None:
        return Refused(CommandRefusal.NOT_IDENTIFIABLE)
    return list(pair)


def identify_as(commanded: Commanded, one: Recorded, scanned: Identity, view: View) -> list[Decision] | Refused:
    """The goods are what another scan says: of the same item, and as many.

    Goods that have moved go back as they were, and move again. What waits is decided by what is known now. Whether the
    scan says less than is known is asked here again: another may have said more since its own lane looked.
    """
    at, prior, label = commanded.command.accepted_at, one.prior, scanned.label()
    old = prior.label or one.subject.label
    if TAKEN_BACK.intersection(prior.reasons):
        return Refused(CommandRefusal.COUNTS_NO_MORE, {"reason": prior.reasons[0]})
    if (label.issuer, label.di, label.lot, label.serial) == (old.issuer, old.di, old.lot, old.serial):
        return Refused(CommandRefusal.SAME_READING)
    found = resolve(one.subject.event, label, view.catalogue)
    units = one.subject.event.quantity * found.units_per_package
    if (
        old.issuer == Issuer.INTERNAL
        or says_less(label, old.lot, old.serial)
        or found.item is None
        or found.item.item_code != prior.item_code
        or (prior.units is not None and prior.units != units)
        or (prior.units is None and (label.issuer, label.di) != (old.issuer, old.di))
    ):
        return Refused(CommandRefusal.NOT_IDENTIFIABLE)
    decisions: list[Decision] = []
    if prior.moved:
        pair = identified(one.subject, prior, label, at, view, commanded.way)
        if pair is None:
            return Refused(CommandRefusal.NOT_IDENTIFIABLE)
        decisions, prior = list(pair), identified_prior(pair[-1], prior)
    if prior.verdict in _OPEN:
        again = decide(one.subject, view, at, replace(prior, label=label), released=True)
        if not decisions or (again.verdict, again.reasons) != (prior.verdict, prior.reasons):
            decisions.extend(parts_of(again))
    return decisions or Refused(CommandRefusal.NOT_IDENTIFIABLE)


def correct(one: Recorded, command: Command, view: View) -> list[Decision] | Refused:
    """Take the scan back whole; the scan that takes its place is published by `streams.services.corrector`."""
    body = dict(command.body)
    try:
        correction = Correction.model_validate(body)
    except ValidationError as error:
        return Refused(CommandRefusal.BAD_CORRECTION, {"given": body, "error": complaint(error)})
    event = one.subject.event
    refusal = objection(correction, local_day(command.accepted_at))
    if refusal is not None:
        return refusal
    if not any((event.codes, event.item_code, correction.codes, correction.item_code)):
        return Refused(CommandRefusal.LABEL_TEXT_GONE)
    if all(getattr(event, name) == getattr(correction, name) for name in correction.model_fields_set):
        return Refused(CommandRefusal.NOTHING_CORRECTED)
    return _counts_no_more(one, command.accepted_at, Reason.CORRECTED, view)


def _counts_no_more(one: Recorded, at: datetime, why: Reason, view: View) -> list[Decision] | Refused:
    event = one.subject.event
    use = view.use_of_scan(event.hospital, event.scan_id)
    refused = _against_taking_back(one, use)
    if refused is not None:
        return refused
    if event.action is not Action.USE or use is None:
        return [_nothing_moved(one, at, why, view)]
    decision = _taken_back(one, use, at, view)
    flags = decision.reasons if decision.charging.entries else ()
    decision.verdict, decision.reasons = Verdict.RECORDED, in_precedence({why, *flags})
    return [decision]


def _against_taking_back(one: Recorded, use: UseAccount | None) -> Refused | None:
    action, prior = one.subject.event.action, one.prior
    if TAKEN_BACK.intersection(prior.reasons):
        return Refused(CommandRefusal.COUNTS_NO_MORE, {"reason": prior.reasons[0]})
    if prior.verdict is Verdict.WAITING:
        return Refused(CommandRefusal.HALF_WAITS)
    if action is not Action.USE:
        values = {"action": action, "verdict": prior.verdict}
        # A count moves nothing by itself: one that was mistaken is taken back before its count is posted.
        counted = action is Action.COUNT and prior.verdict is Verdict.RECORDED
        return None if counted or prior.verdict in _OPEN else Refused(CommandRefusal.NOTHING_TO_TAKE_BACK, values)
    if use is None or use.ref != one.subject.ref:
        return Refused(CommandRefusal.USE_NOT_IN_BOOKS, {"verdict": prior.verdict})
    return Refused(CommandRefusal.PARTLY_RETURNED, {"units": use.returned_units}) if use.returned_units else None


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
        use.department,
        stock=_back(use, subject, prior.label or subject.label, units, view),
        charging=ChargeEffects(credit, tuple(each.billing_id for each in credit), usage),
        settlement=settlement_reversal(subject, use, units, view, n=prior.lines) if units else (),
        account=use,
        claims=False,
    )


def _back(use: UseAccount, subject: RecordedScan, label: LabelFacts, units: int, view: View) -> StockEffects:
    """The goods of a use go back to the shelf they came from; where none moved, only its unit is free."""
    event = subject.event
    place, cost = use.source or kept(lies_at(event)), None
    if use.owner is not None and use.item is not None:
        cost = cost_of(event, use.item, label, use.owner, use.day, view)
    return StockEffects(
        move=StockMove(use.owner, units, None, place) if use.owner is not None and units else None,
        cost=cost,
        frees_unit=use.ref if use.holds_unit else None,
        takes_back=True,
    )


def _identifier_held(one: Recorded, at: datetime) -> Decision:
    """The half with the identifier as it was scanned: lot, serial and dates were the other half's."""
    joined = one.prior.label or one.subject.label
    label = structs.replace(joined, lot=None, serial=None, expiry=None, production=None, ambiguous=False, suspect=None)
    return _held(one, one.prior.decisions + 1, (Reason.HALF_LABEL,), label, at)


def _rest_held(rest: Recorded, at: datetime) -> Decision:
    reasons = (Reason.HALF_LABEL, Reason.NO_DEVICE_IDENTIFIER)
    return _held(rest, rest.prior.decisions, reasons, rest.prior.label or rest.subject.label, at)


def _held(scan: Recorded, n: int, reasons: tuple[Reason, ...], label: LabelFacts, at: datetime) -> Decision:
    return Decision(scan.subject, n, at, Verdict.HELD, reasons, label, claims=False)


_OPEN = frozenset({Verdict.PARKED, Verdict.HELD})
KINDS: Final[dict[CommandKind, Callable[[Recorded, Command, View], list[Decision] | Refused]]] = {
    CommandKind.RELEASE: release,
    CommandKind.OVERRIDE: override,
    CommandKind.REJECT: reject,
    CommandKind.IDENTIFY: identify,
    CommandKind.CORRECT: correct,
}
"""What is commanded of one scan; `undo_pair` is about two."""
