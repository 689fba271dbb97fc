"""The decision: one subject, the view of the books, and everything that follows. Nothing is written before all is decided."""

from dataclasses import replace
from datetime import datetime

from models.books import Decision, LabelFacts, Prior, StockMove, Subject, Usage, takes_from_store
from models.catalogue import Item
from models.money import line_amount_fen
from models.reasons import REASON_ROW, Reason, Verdict, When, deciding, in_precedence
from models.scan import Action
from models.udi import CodeError, Issuer
from rules.catalogue import Resolution, price_on, resolve
from rules.charging import charge_of, settlement_of
from rules.returning import decide_return
from rules.validation import code_reason, encounter_reasons, unit_reasons
from rules.view import View

_NOTHING = Resolution()


def decide(subject: Subject, view: View, at: datetime, prior: Prior | None = None, *, released: bool = False) -> Decision:
    """What follows from a scan: at once (`prior` is `None`) or again, when something freed it.

    `released`: the window in which half a label waits for its other half has closed. `at` becomes `decided_at`.
    """
    label = _listed(subject, prior.label if prior and prior.label else subject.label, view)
    reason = code_reason(label)
    if reason is not None:
        return Decision(subject, prior.decisions if prior else 0, at, Verdict.REFUSED, (reason,), label, claims=False)
    if label.half and not released:
        decision = _plain(subject, label, {Reason.HALF_LABEL}, prior)
    elif label.ambiguous:
        decision = _plain(subject, label, {Reason.AMBIGUOUS_CODE}, prior)
    elif label.di is None and subject.event.item_code is None:
        half = {Reason.HALF_LABEL} if label.half else set()
        decision = _plain(subject, label, half | {Reason.NO_DEVICE_IDENTIFIER}, prior)
    else:
        decision = _decide_unit(subject, label, view, prior)
    if decision.verdict is Verdict.WAITING and released:
        decision = replace(decision, verdict=Verdict.HELD)
    return replace(decision, decided_at=at)


def _listed(subject: Subject, label: LabelFacts, view: View) -> LabelFacts:
    """A text that is no UDI is the hospital's own code when the catalogue lists it (docs/semantics.md)."""
    if label.error is not CodeError.NOT_UDI or label.text is None:
        return label
    hospital, catalogue = subject.event.hospital, view.catalogue
    if catalogue.claims(hospital, Issuer.INTERNAL, label.text) or catalogue.item(hospital, label.text):
        return _internal(label.text)
    return label


def _plain(subject: Subject, label: LabelFacts, reasons: set[Reason], prior: Prior | None) -> Decision:
    ordered = in_precedence(reasons)
    verdict = deciding(ordered)
    assert verdict is not None  # noqa: S101 -- only called with reasons that decide
    return Decision(subject, prior.decisions if prior else 0, subject.recorded_at, verdict, ordered, label)


def _decide_unit(subject: Subject, label: LabelFacts, view: View, prior: Prior | None) -> Decision:
    found = resolve(subject.event, label, view.catalogue)
    if subject.event.item_code is not None:
        label = _internal(subject.event.item_code)
    if label.half and (found.item is None or found.item.tracking.value != "none"):
        reasons = {Reason.HALF_LABEL} | ({found.reason} if found.reason else set())
        return replace(_plain(subject, label, reasons, prior), item=found.item)
    if subject.event.action is Action.RETURN:
        return decide_return(subject, label, found, view, prior)
    if subject.event.action is Action.USE:
        return _decide_use(subject, label, found, view, prior)
    return _decide_stock_action(subject, label, found, view, prior)


def _internal(item_code: str) -> LabelFacts:
    """Goods without UDI: issuer `internal`, identifier the item code (docs/contract.md, "Shapes")."""
    return LabelFacts(Issuer.INTERNAL, item_code, None, None, None, None)


def _decide_stock_action(
    subject: Subject, label: LabelFacts, found: Resolution, view: View, prior: Prior | None
) -> Decision:
    """Receive, transfer, waste, opened, count: recorded as soon as the item is known."""
    event, n = subject.event, prior.decisions if prior else 0
    if found.reason is not None or found.item is None:
        return replace(_plain(subject, label, {found.reason or Reason.UNKNOWN_ITEM}, prior), item=found.item)
    units = event.quantity * found.units_per_package
    late = {Reason.LATE} if view.open_month(event.hospital, subject.month) != subject.month else set()
    decision = Decision(subject, n, subject.recorded_at, Verdict.RECORDED, in_precedence(late), label, found.item, units)
    if event.action is Action.COUNT:
        return decision
    return _moved(decision, view, late)


def _decide_use(  # noqa: PLR0914 -- one place where all of a use is seen together
    subject: Subject, label: LabelFacts, found: Resolution, view: View, prior: Prior | None
) -> Decision:
    event, item = subject.event, found.item
    known = found.reason is None and item is not None
    reasons = encounter_reasons(event, view) | unit_reasons(subject, label, item, view)
    if found.reason is not None:
        reasons.add(found.reason)
    price: int | Reason = 0
    if known and item is not None:
        price = price_on(item.prices, subject.day)
        reasons |= _item_reasons(item, price)
    units = event.quantity * found.units_per_package if known else None
    month = view.open_month(event.hospital, subject.month)
    encounter = view.encounter(event.hospital, event.encounter) if event.encounter else None
    moved, holds = (prior.moved, prior.holds_unit) if prior else (False, False)
    decision = Decision(
        subject, prior.decisions if prior else 0, subject.recorded_at, Verdict.BILLED, (), label, item, units,
        department=event.department or (encounter.department if encounter else None),
    )  # fmt: skip
    if label.unit(event.hospital) is not None and not holds and _keeps_unit(reasons):
        decision = replace(decision, takes_unit=True)
    stock = all(REASON_ROW[reason].stock is When.NOW for reason in reasons)
    if known and item is not None and units is not None and stock and not moved:
        decision = _moved(decision, view, reasons)
        decision = replace(decision, settlement=settlement_of(subject, item, units, view))
    verdict = deciding(in_precedence(reasons)) or Verdict.BILLED
    closed = month != subject.month
    if closed and verdict in (Verdict.BILLED, Verdict.RECORDED):
        reasons |= {Reason.LATE, Reason.PERIOD_CLOSED} if verdict is Verdict.BILLED else {Reason.LATE}
    ordered = in_precedence(reasons)
    decision = replace(decision, verdict=verdict, reasons=ordered)
    if verdict is Verdict.BILLED and item is not None and units is not None and isinstance(price, int):
        flags = tuple(each for each in ordered if REASON_ROW[each].verdict is None)
        return _charged(decision, item, units, price, flags, view)
    if verdict is Verdict.RECORDED and item is not None and units is not None:
        amount = line_amount_fen(units, price) if isinstance(price, int) else 0
        usage = Usage(event.hospital, decision.department, item.item_code, subject.month, units, amount)
        return replace(decision, usage=(usage,))
    return decision


def _item_reasons(item: Item, price: int | Reason) -> set[Reason]:
    if not item.chargeable:
        return {Reason.NOT_CHARGEABLE}
    if item.bundled_into is not None:
        return {Reason.BUNDLED}
    return {price} if isinstance(price, Reason) else set()


def _keeps_unit(reasons: set[Reason]) -> bool:
    """The unit is in use from now on: nothing forbids its stock move for good."""
    return all(REASON_ROW[reason].stock is not When.NEVER for reason in reasons)


def _charged(  # noqa: PLR0917 -- the parts of a charge
    decision: Decision, item: Item, units: int, price: int, flags: tuple[Reason, ...], view: View
) -> Decision:
    subject = decision.subject
    charge = charge_of(subject, item, units, price, flags, view)
    usage = Usage(
        subject.event.hospital, charge.department, item.item_code, subject.month, units, charge.amount_fen
    )
    return replace(
        decision, charges=(charge,), usage=(usage,), billing_ids=(charge.billing_id,), department=charge.department
    )


def _moved(decision: Decision, view: View, reasons: set[Reason]) -> Decision:
    """The decision with its stock move; `reasons` gains `stock-negative` when the balance falls below zero."""
    event, item, units = decision.subject.event, decision.item, decision.units
    assert item is not None and units is not None  # noqa: PT018, S101 -- goods that move are known goods
    out = takes_from_store(event.action)
    into = event.to_store if event.action is Action.TRANSFER else event.store if event.action is Action.RECEIVE else None
    decision = replace(decision, move=StockMove(item.owner, units, event.store if out else None, into))
    if out and view.balance(decision.balance_key(event.store)) < units:
        reasons.add(Reason.STOCK_NEGATIVE)
    left = view.left(event.hospital, event.store, item) + (-units if out else units)
    return replace(decision, stock_left=left, reasons=in_precedence(reasons))
