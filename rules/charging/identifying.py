"""A lot or serial that becomes known, or was another than was booked: the goods go back as they were, and move again.

References:
    docs/semantics/labels.md, "Lost separators"; docs/store.md, "Identify".
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from msgspec import structs
from pydantic import ValidationError

from models.charging.books import LabelFacts, Prior, RecordedScan
from models.charging.commands import Command, CommandKind, Identity, Moved
from models.charging.decision import Decision
from models.charging.effects import StockEffects, StockMove
from models.charging.goods import Goods, GoodsKey
from models.reasons import REASON_ROW, Reason, Verdict, in_precedence
from models.scan.event import Action, ScanEvent
from models.stock.places import kept, quarantine
from models.udi import Issuer
from rules.catalogue.joining import Resolution
from rules.charging.charges import settlement_of, settlement_reversal
from rules.charging.taking import taken_again
from rules.charging.validation import identity_reasons, label_reasons, receipt_reasons
from rules.stock.costing import brought_again, cost_of, noted
from rules.stock.moving import lies_at
from rules.stock.owning import whose_it_was
from rules.stock.recall_matching import recalled
from rules.view import View


def named_goods(event: ScanEvent) -> GoodsKey:
    """Of which goods an `identify` speaks."""
    return GoodsKey(event.hospital, event.corrects, None if event.corrects else event.document)


def identity(command: Command) -> Identity | None:
    """What a scan says that the goods of another are; `None` of a command that no scan gave."""
    if command.kind is not CommandKind.IDENTIFY or "scan_id" not in command.body:
        return None
    try:
        return Identity.model_validate(dict(command.body))
    except ValidationError:
        return None


def decide_identify(
    subject: RecordedScan, label: LabelFacts, found: Resolution, view: View, prior: Prior | None
) -> Decision:
    """The scan is recorded, and the lane of the goods moves them; held when there are none that it could mean.

    Goods that are of this lot and serial already stay as they are; so do those of which more is known than it says.
    """
    event, item = subject.event, found.item
    assert item is not None  # noqa: S101 -- the caller has looked
    units = event.quantity * found.units_per_package
    late = view.open_month(event.hospital, subject.month) != subject.month
    flags = {Reason.LATE} if late else set()
    if recalled(event.hospital, label, item, subject.day, view.catalogue.recalls, view.told):
        flags.add(Reason.RECALLED)
    several = Reason.SERIAL_QUANTITY in identity_reasons(label, item, units)
    meant = Reason.SERIAL_QUANTITY if several else _meant(event, label, item.item_code, units, view)
    decision = Decision(
        subject, prior.decisions if prior else 0, subject.recorded_at, Verdict.RECORDED, (), label, item, units
    )
    if isinstance(meant, Reason):
        named = {meant} if REASON_ROW[meant].verdict is Verdict.HELD else {Reason.NO_SUCH_GOODS, meant}
        decision.verdict, decision.reasons = Verdict.HELD, in_precedence({*named, *flags})
        return decision
    decision.reasons = in_precedence(flags)
    if meant.label != _said(label):
        decision.identifies = meant.scan_id
    return decision


def _meant(event: ScanEvent, label: LabelFacts, item_code: str, units: int, view: View) -> Goods | Reason:
    """The one scan whose goods these are; of several under a document the one that differs and is as large."""
    goods = [each for each in view.goods(named_goods(event)) if each.stands and each.label[0] != Issuer.INTERNAL]
    if event.corrects is None:
        goods = [each for each in goods if each.item_code == item_code]
        other = [each for each in goods if each.label != _said(label) and _as_many(event, label, each, units)]
        goods = other if len(goods) > 1 else goods
    if len(goods) != 1:
        return Reason.NO_SUCH_GOODS
    (one,) = goods
    if one.item_code is None:
        # They wait for their item themselves: what they are is asked again when that has come.
        return Reason.NO_SUCH_GOODS
    if one.item_code != item_code:
        return Reason.OTHER_ITEM
    if not _as_many(event, label, one, units):
        return Reason.OTHER_QUANTITY
    if says_less(label, one.label[2], one.label[3]):
        return Reason.LABEL_INCOMPLETE
    return _against_unit(event, one, label, view) or one


def _as_many(event: ScanEvent, label: LabelFacts, one: Goods, units: int) -> bool:
    """Of half a label that is held no units are recorded: as many packages of the same identifier are as many."""
    if one.units is not None:
        return one.units == units
    return one.label[:2] == (label.issuer, label.di) and one.quantity == event.quantity


def says_less(label: LabelFacts, lot: str | None, serial: str | None) -> bool:
    """The label names no lot or no serial of goods of which that is known: it can't say that they are of another."""
    return (label.lot is None and lot is not None) or (label.serial is None and serial is not None)


def _against_unit(event: ScanEvent, one: Goods, label: LabelFacts, view: View) -> Reason | None:
    """Another use holds the unit; or it was received before."""
    unit = label.unit(event.hospital)
    if unit is None or one.label == _said(label):
        return None
    if one.action is Action.USE:
        return Reason.SERIAL_USED if view.holder(unit) not in {None, one.ref} else None
    if one.action is Action.RECEIVE and view.booked(unit) > 0:
        return Reason.SERIAL_PRESENT
    return None


def _said(label: LabelFacts) -> tuple[str, str | None, str | None, str | None]:
    return label.issuer, label.di, label.lot, label.serial


def identified(  # noqa: PLR0917 -- what is known of the scan
    subject: RecordedScan, prior: Prior, label: LabelFacts, at: datetime, view: View, way: Moved | None = None
) -> tuple[Decision, ...] | None:
    """The decisions by which a scan that has moved goods gets its lot; verdict and charge stay as they are.

    Where goods of that lot are another owner's he is owed the use in place of the one before.

    Args:
        subject: The scan.
        prior: What it has done; it has moved goods.
        label: What its label really says.
        at: When it became known.
        view: The books.
        way: How its goods went, and at which cost; `None` of a use whose own label tells.

    Returns:
        The way back under the old label and the move under the new one, each in two parts of goods that were sent back
        and lay partly in quarantine; `None` when something stands against it: nobody
        knows how goods that were not used went, goods were partly returned, nobody knows the item any more, another use
        holds the serial, or the unit that came in is in the house.
    """
    event, old = subject.event, prior.label
    item = view.catalogue.item(event.hospital, prior.item_code) if prior.item_code else None
    if item is None or old is None or prior.owner is None or prior.units is None:
        return None
    use, unit = view.use_of_scan(event.hospital, event.scan_id), label.unit(event.hospital)
    if event.action is Action.USE:
        taken = unit is not None and view.holder(unit) not in {None, subject.ref}
        if use is None or use.ref != subject.ref or use.returned_units or taken:
            return None
    elif way is None or (event.action is Action.RECEIVE and receipt_reasons(subject, label, view)):
        return None
    source = use.source if use is not None else None
    cost = cost_of(event, item, old, prior.owner, subject.day, view)
    went = way or Moved(source or kept(lies_at(event)), None, cost)
    back = StockMove(prior.owner, prior.units, went.to_store, went.from_store)
    owner = prior.owner
    if went.from_store is not None and not went.cleared:
        first_place = (kept(lies_at(event)) if event.action is Action.USE else None) or went.from_store
        owner = whose_it_was(event, item, label, first_place, prior.owner, prior.units, view)
    again = StockMove(owner, prior.units, went.from_store, went.to_store)
    freed, department = subject.ref if prior.holds_unit else None, use.department if use else None
    first = Decision(
        subject, prior.decisions, at, prior.verdict, prior.reasons, old, item, prior.units,
        department, stock=StockEffects(back, went.cost, frees_unit=freed, takes_back=True), claims=False,
    )  # fmt: skip
    takes = unit is not None and event.action is Action.USE
    second = Decision(
        subject, prior.decisions + 1, at, prior.verdict, (), label, item, prior.units,
        department, stock=StockEffects(again, went.cost, takes_unit=takes), account=use, claims=False,
    )  # fmt: skip
    if event.action is Action.RECEIVE:
        second.stock = structs.replace(second.stock, brought=brought_again(subject, item, old, prior.owner, view))
    else:
        known = noted(event, item, old, prior.owner, view) or noted(event, item, label, owner, view)
        cost = cost_of(event, item, label, owner, subject.day, view) if known else went.cost
        second.stock = structs.replace(second.stock, cost=cost)
    if way is not None and went.from_store is not None and event.action is Action.USE:
        # Under its right label it may have been on loan, or not.
        source = taken_again(second, kept(lies_at(event)) or went.from_store, view)
        second.stock = structs.replace(second.stock, move=structs.replace(again, from_store=source))
        went = went._replace(from_store=source)
    if use is not None and owner != prior.owner:
        # The lot is another's: he is owed the use.
        first.settlement = settlement_reversal(subject, use, prior.units, view, n=prior.lines)
        second.settlement = settlement_of(second, view, n=prior.lines + len(first.settlement))
    still = identity_reasons(label, item, prior.units) | label_reasons(label, item)
    reasons = {reason for reason in prior.reasons if reason not in _OF_THE_LABEL or reason in still}
    if way is not None and went.from_store is not None:
        below = view.balance(second.balance_key(went.from_store)) + went.cleared < prior.units
        below = below or view.balance(second.balance_key(quarantine(event.store))) < went.cleared
        reasons = reasons - {Reason.STOCK_NEGATIVE} | ({Reason.STOCK_NEGATIVE} if below else set())
    second.reasons = in_precedence(reasons)
    return (first, *_cleared_anew(first, second, went)) if went.cleared else (first, second)


def _cleared_anew(first: Decision, second: Decision, went: Moved) -> tuple[Decision, Decision, Decision]:
    """Of goods that were sent back: what came out of quarantine goes back there, and comes out under the new label."""
    locked = quarantine(first.subject.event.store)
    owner = first.stock.move.owner if first.stock.move else ""
    in_again, out = (
        StockMove(owner, went.cleared, *ends) for ends in ((went.from_store, locked), (locked, went.from_store))
    )
    locked_again = StockEffects(in_again, went.cost, takes_back=True)
    back = structs.replace(first, n=first.n + 1, units=went.cleared, stock=locked_again)
    again = structs.replace(second, n=first.n + 2, units=went.cleared, stock=StockEffects(out, second.stock.cost))
    return back, again, structs.replace(second, n=first.n + 3)


def identified_prior(decision: Decision, prior: Prior) -> Prior:
    """What the scan has done when the second decision has followed."""
    return replace(
        prior,
        decisions=decision.n + 1,
        reasons=decision.reasons,
        label=decision.label,
        holds_unit=decision.stock.takes_unit,
        owner=decision.stock.move.owner if decision.stock.move else prior.owner,
    )


_OF_THE_LABEL: Final = frozenset(
    {Reason.LOT_UNCERTAIN, Reason.SERIAL_MISSING, Reason.LOT_MISSING, Reason.LABEL_INCOMPLETE}
)
"""Flags that say what the label did not; a label that says it ends them."""
