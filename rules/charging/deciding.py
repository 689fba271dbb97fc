"""The decision: one subject, the view of the books, and all that follows. Nothing is written before all is decided."""

from datetime import datetime
from typing import Final

from msgspec import structs

from models.catalogue.item import Item, Tracking
from models.charging.books import LabelFacts, Prior, RecordedScan
from models.charging.decision import Decision
from models.charging.effects import NO_STOCK, ChargeEffects, StockEffects, StockMove, Usage
from models.charging.snapshot import EncounterFacts
from models.money import line_amount_fen
from models.reasons import MOVES_NEVER, MOVES_NOW, RELEASABLE, Reason, Verdict, deciding, in_precedence
from models.scan.event import ADJUSTING, MOVED_ON, Action
from models.stock.places import kept, quarantine
from models.udi import CodeError, Issuer
from rules.catalogue.joining import Resolution, carried_by, price_on, resolve
from rules.charging.adjusting import adjusted
from rules.charging.charges import charge_of, settlement_of, waste_of
from rules.charging.controls import control_reasons, move_reasons, offers, overridden
from rules.charging.identifying import decide_identify
from rules.charging.returns import decide_return
from rules.charging.taking import taken_of
from rules.charging.validation import (
    code_reason,
    encounter_reasons,
    identity_reasons,
    item_reasons,
    label_reasons,
    receipt_reasons,
    unit_reasons,
)
from rules.stock.costing import cost_of, received
from rules.stock.moving import lies_at, of_set, of_unnamed_set, way_of
from rules.stock.owning import balance_of, sent_back_of
from rules.stock.usable import unusable
from rules.view import View


def decide(
    subject: RecordedScan, view: View, at: datetime, prior: Prior | None = None, *, released: bool = False
) -> Decision:
    """What follows from a scan: at once (`prior` is `None`) or again, when something freed it.

    `released`: the window in which half a label waits for its other half has closed. `at` becomes `decided_at`.
    """
    label = _listed(subject, prior.label if prior and prior.label else subject.label, view)
    reason = code_reason(label)
    if reason is not None:
        return Decision(subject, prior.decisions if prior else 0, at, Verdict.REFUSED, (reason,), label, claims=False)
    if not released and _is_half(subject, label, view):
        decision = _plain(subject, label, {Reason.HALF_LABEL}, prior)
    elif label.ambiguous:
        decision = _plain(subject, label, {Reason.AMBIGUOUS_CODE}, prior)
    elif label.di is None and subject.event.item_code is None:
        half = {Reason.HALF_LABEL} if label.half else set()
        decision = _plain(subject, label, half | {Reason.NO_DEVICE_IDENTIFIER}, prior)
    else:
        decision = _decide_unit(subject, label, view, prior)
    if decision.verdict is Verdict.WAITING and released:
        decision.verdict = Verdict.HELD
    decision.decided_at = at
    return decision


def _is_half(subject: RecordedScan, label: LabelFacts, view: View) -> bool:
    """Whether the label has another half: not one that says nothing but its identifier, by the national database."""
    if not label.half or label.di is None:
        return label.half
    claims = view.catalogue.claims(subject.event.hospital, label.issuer, label.di)
    return all(carried_by(item, label) != () for item, _ in claims)


def _listed(subject: RecordedScan, label: LabelFacts, view: View) -> LabelFacts:
    """A text that is no UDI is the hospital's own code when the catalogue lists it (docs/semantics/scans.md)."""
    if label.error is not CodeError.NOT_UDI or label.text is None:
        return label
    hospital, catalogue = subject.event.hospital, view.catalogue
    if catalogue.claims(hospital, Issuer.INTERNAL, label.text) or catalogue.item(hospital, label.text):
        return _internal(label.text)
    return label


def _plain(subject: RecordedScan, label: LabelFacts, reasons: set[Reason], prior: Prior | None) -> Decision:
    ordered = in_precedence(reasons)
    verdict = deciding(ordered)
    assert verdict is not None  # noqa: S101 -- only called with reasons that decide
    return Decision(subject, prior.decisions if prior else 0, subject.recorded_at, verdict, ordered, label)


def _decide_unit(subject: RecordedScan, label: LabelFacts, view: View, prior: Prior | None) -> Decision:
    if subject.event.action in ADJUSTING:
        return adjusted(subject, view, prior)
    found = resolve(subject.event, label, view.catalogue)
    if subject.event.item_code is not None:
        label = _internal(subject.event.item_code)
    missing = _missing(label, found.item)
    if missing is not None:
        reasons = {missing} | ({found.reason} if found.reason else set())
        decision = _plain(subject, label, reasons, prior)
        decision.item = found.item
        return decision
    if subject.event.action is Action.RETURN:
        decision = decide_return(subject, label, found, view, prior)
        decision.reasons = in_precedence({*decision.reasons, *_doubts(label)})
        return decision
    if subject.event.action is Action.USE:
        return _decide_use(subject, label, found, view, prior)
    if subject.event.action is Action.IDENTIFY and found.item is not None and found.reason is None:
        return decide_identify(subject, label, found, view, prior)
    return _decide_stock_action(subject, label, found, view, prior)


def _missing(label: LabelFacts, item: Item | None) -> Reason | None:
    """What the label does not say and the item needs: its other half, or of a serial-tracked unit which it is."""
    tracking = item.tracking if item is not None else None
    if label.half and tracking is not Tracking.NONE and (item is None or carried_by(item, label) != ()):
        return Reason.HALF_LABEL
    return Reason.AMBIGUOUS_CODE if label.identifier_alone and tracking is Tracking.SERIAL else None


def _doubts(label: LabelFacts) -> set[Reason]:
    """Item, price and patient are certain, so the charge does not wait for the lot."""
    return {Reason.LOT_UNCERTAIN} if label.identifier_alone else set()


def _internal(item_code: str) -> LabelFacts:
    """Goods without UDI: issuer `internal`, identifier the item code (docs/contract.md, "Shapes")."""
    return LabelFacts(Issuer.INTERNAL, item_code, None, None, None, None)


def _decide_stock_action(
    subject: RecordedScan, label: LabelFacts, found: Resolution, view: View, prior: Prior | None
) -> Decision:
    """What the store does with goods, and waste: recorded as soon as the item is known."""
    event, n = subject.event, prior.decisions if prior else 0
    if found.reason is not None or found.item is None:
        decision = _plain(subject, label, {found.reason or Reason.UNKNOWN_ITEM} | _doubts(label), prior)
        decision.item = found.item
        return decision
    units = event.quantity * found.units_per_package
    flags = {Reason.LATE} if view.open_month(event.hospital, subject.month) != subject.month else set()
    if event.action is not Action.COUNT:
        # Recorded, for the goods are there; the desk proposes to lock them away.
        place = way_of(event).to_place
        flags |= unusable(event.hospital, label, found.item, place, subject.day, view.catalogue, view.told)
    flags |= _doubts(label) | label_reasons(label, found.item)
    flags |= _against(subject, label, units, view)
    flags |= overridden(event, move_reasons(event, found.item, view), prior.reasons if prior else ())
    if prior and Reason.RELEASED in prior.reasons:
        flags = flags - RELEASABLE | {Reason.RELEASED}
    decision = Decision(
        subject, n, subject.recorded_at, Verdict.RECORDED, in_precedence(flags), label, found.item, units
    )
    if flags & _NOTHING_MOVES:
        # Nothing is booked until a person has looked at it.
        decision.verdict = Verdict.HELD
        return decision
    if Reason.BREAKER_OPEN in flags:
        # Nothing moves until a person lets it pass.
        decision.verdict, decision.offers = Verdict.HELD, offers(event, found.item, view)
        return decision
    if event.action is not Action.COUNT:
        _move(decision, view, flags)
        decision.reasons = in_precedence(flags)
    if event.action in _WASTED:
        encounter = view.encounter(event.hospital, event.encounter) if event.encounter else None
        decision.stock = structs.replace(decision.stock, waste=waste_of(decision, encounter, view))
    return decision


def _against(subject: RecordedScan, label: LabelFacts, units: int, view: View) -> set[Reason]:
    """What stands against moving goods so.

    A set whose number is not said; a way that ends where it begins; one serial for several units; a unit that is here
    already or was used.
    """
    event = subject.event
    if of_unnamed_set(event):
        return {Reason.DOCUMENT_MISSING}
    if event.action not in _COUNTS and label.serial is not None and units > 1:
        # One serial is one unit, whoever moves it. A count says so of its line; what it books mends the books.
        return {Reason.SERIAL_QUANTITY}
    if event.action is Action.RECEIVE:
        return receipt_reasons(subject, label, view)
    # Within a store goods may be moved from one of its rooms to its shelf. A loan to oneself is no scan event at all.
    own = event.action is Action.TRANSFER and event.place is None and event.to_store == event.store
    return {Reason.SAME_PLACE} if own else set()


def _decide_use(
    subject: RecordedScan, label: LabelFacts, found: Resolution, view: View, prior: Prior | None
) -> Decision:
    event, item = subject.event, found.item
    encounter = view.encounter(event.hospital, event.encounter) if event.encounter else None
    reasons = encounter_reasons(event, encounter) | unit_reasons(subject, label, item, view) | _doubts(label)
    if of_unnamed_set(event):
        reasons.add(Reason.DOCUMENT_MISSING)
    decision = Decision(
        subject, prior.decisions if prior else 0, subject.recorded_at, Verdict.BILLED, (), label, item,
        department=event.department or (encounter.department if encounter else None),
    )  # fmt: skip
    price: int | Reason = Reason.NO_PRICE
    if found.reason is not None or item is None:
        reasons.add(found.reason or Reason.UNKNOWN_ITEM)
    else:
        decision.units = event.quantity * found.units_per_package
        price = price_on(item.prices, subject.day)
        reasons |= _price_reasons(item, price) | item_reasons(subject, item, decision.units, encounter, view)
        reasons |= label_reasons(label, item)
        reasons |= control_reasons(subject, item, decision.units, price, decision.department, encounter, view)
        reasons = overridden(
            event, reasons | identity_reasons(label, item, decision.units), prior.reasons if prior else ()
        )
    held_by_another = Reason.SERIAL_USED in reasons
    if prior and Reason.RELEASED in prior.reasons:
        # A person has let it pass, once and for all; a unit that another use holds stays with that one.
        reasons = reasons - RELEASABLE | {Reason.RELEASED}
    takes = label.serial is not None and not (prior and prior.holds_unit)
    # It is in use from now on, unless something forbids its move for good.
    takes_unit = takes and not held_by_another and reasons.isdisjoint(MOVES_NEVER)
    decision.stock = _UNIT_TAKEN if takes_unit else NO_STOCK
    if prior and prior.moved:
        # Its stock has moved; what was noticed then stays noticed.
        reasons |= {Reason.STOCK_NEGATIVE} & set(prior.reasons)
    elif reasons <= MOVES_NOW:
        _move(decision, view, reasons)
        decision.settlement = settlement_of(decision, view, prior.lines if prior else 0)
    verdict = (deciding(in_precedence(reasons)) if reasons else None) or Verdict.BILLED
    decision.verdict = verdict
    if verdict in _ACCOUNTED and view.open_month(event.hospital, subject.month) != subject.month:
        reasons |= {Reason.LATE, Reason.PERIOD_CLOSED} if verdict is Verdict.BILLED else {Reason.LATE}
    decision.reasons = in_precedence(reasons)
    if Reason.BREAKER_OPEN in reasons and item is not None:
        decision.offers = offers(event, item, view)
    if verdict in _ACCOUNTED:
        _account(decision, price, encounter, view, prior.entries if prior else 0)
    return decision


def _account(
    decision: Decision, price: int | Reason, encounter: EncounterFacts | None, view: View, entries: int
) -> None:
    """The charge of a use, and its usage; a use that costs the patient nothing counts at the catalogue price."""
    item, units = decision.item, decision.units
    assert item is not None and units is not None  # noqa: PT018, S101 -- what is accounted for is known goods
    unit_price = price if not isinstance(price, Reason) else 0
    if decision.verdict is Verdict.BILLED:
        charge = charge_of(decision, unit_price, encounter, view, entries)
        usage = _usage(decision, item, units, charge.amount_fen)
        decision.charging = ChargeEffects((charge,), (charge.billing_id,), (usage,))
    else:
        usage = _usage(decision, item, units, line_amount_fen(units, unit_price))
        decision.charging = ChargeEffects(usage=(usage,))


def _usage(decision: Decision, item: Item, units: int, amount_fen: int) -> Usage:
    subject = decision.subject
    return Usage(subject.event.hospital, decision.department, item.item_code, subject.month, units, amount_fen)


def _price_reasons(item: Item, price: int | Reason) -> set[Reason]:
    if not item.chargeable:
        return {Reason.NOT_CHARGEABLE}
    if item.bundled_into is not None:
        return {Reason.BUNDLED}
    return {price} if isinstance(price, Reason) else set()


def _move(decision: Decision, view: View, reasons: set[Reason]) -> None:
    """Give the decision its stock move; `reasons` gains `stock-negative` when a balance falls below zero."""
    subject, event, item, units = decision.subject, decision.subject.event, decision.item, decision.units
    assert item is not None and units is not None  # noqa: PT018, S101 -- goods that move are known goods
    expired = (
        event.action is Action.RECEIVE and decision.label.expiry is not None and subject.day > decision.label.expiry
    )
    if expired:
        # Goods that came in expired are in the house; they are locked away.
        reasons.add(Reason.EXPIRED)
    confirms = event.action is Action.TRANSFER and view.catalogue.stores.confirms(event.hospital, event.to_store or "")
    sent_back = event.action is Action.SEND_BACK and not of_set(event)
    owner, locked_away, brings = None, 0, None
    if event.action is Action.RECEIVE:
        brings = received(event, item, decision.label, subject.day, view)
        owner = brings.owner
    elif sent_back:
        owner = sent_back_of(event, item, decision.label, units, view)
        locked_away = view.balance(balance_of(event, item, decision.label, quarantine(event.store), owner))
    locked = sent_back and locked_away >= units
    cleared = locked_away if 0 < locked_away < units else 0
    # What is brought for one operation stays together: it goes back to its supplier.
    way = way_of(event, confirms=confirms, locks=(expired and not of_set(event)) or locked)
    source, here = kept(way.from_place), lies_at(event)
    if owner is None:
        source, owner = taken_of(event, item, decision.label, source, units, view)
    move = StockMove(owner, units, source, kept(way.to_place))
    left = view.left(event.hospital, here, item) + units * ((way.to_place == here) - (source == here)) + cleared
    if _elsewhere(decision, source or way.from_place, view):
        reasons.add(Reason.SERIAL_ELSEWHERE)
    cost = brings.cost if brings else cost_of(event, item, decision.label, owner, subject.day, view)
    decision.stock = StockEffects(
        move, cost, left, decision.stock.takes_unit, cleared=cleared, brought=brings and brings.brought
    )
    nowhere = source is None and event.action is Action.USE
    if nowhere or (source is not None and view.balance(decision.balance_key(source)) + cleared < units):
        # Of a use that names no store but a place outside nothing can be taken: somebody has to look where it lay.
        reasons.add(Reason.STOCK_NEGATIVE)


def _elsewhere(decision: Decision, source: str, view: View) -> bool:
    """Whether the books have the unit that a store moves in another place, by all they know up to its scan."""
    event = decision.subject.event
    unit = decision.label.unit(event.hospital) if event.action in MOVED_ON else None
    seen = view.sight(unit) if unit is not None else None
    return seen is not None and seen.place != source and seen.moved_at <= event.scanned_at


_UNIT_TAKEN: Final = StockEffects(takes_unit=True)
_COUNTS = frozenset({Action.COUNT, Action.MISSING, Action.FOUND})
_NOTHING_MOVES = frozenset({
    Reason.SERIAL_PRESENT, Reason.SERIAL_USED, Reason.SERIAL_QUANTITY, Reason.SAME_PLACE, Reason.DOCUMENT_MISSING,
})  # fmt: skip
_WASTED = frozenset({Action.OPENED, Action.WASTE})
_ACCOUNTED = frozenset({Verdict.BILLED, Verdict.RECORDED})
