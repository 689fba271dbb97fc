"""What a person's command does: decisions like any other, or one sentence that says what stands against it.

References:
    docs/semantics.md, "Commands of persons".
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from models.books import Decision, LabelFacts, StockMove, Usage, UseAccount
from models.commands import Carried, Commanded, CommandKind, Recorded
from models.reasons import Reason, Verdict
from models.scan import Action
from rules.charging import credit_of, settlement_reversal
from rules.returning import usage_fen_of
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


def _taken_back(one: Recorded, use: UseAccount, at: datetime, view: View) -> Decision:
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
        move=StockMove(use.owner, units, None, subject.event.store) if use.owner is not None and units else None,
        frees_unit=use.ref if use.holds_unit else None,
        charges=credit,
        settlement=settlement_reversal(subject, use, units, view, n=prior.lines),
        usage=usage,
        department=use.department,
        billing_ids=tuple(each.billing_id for each in credit),
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


KINDS: Final[dict[CommandKind, Callable[[Commanded, View], list[Decision]]]] = {CommandKind.UNDO_PAIR: undo_pair}
