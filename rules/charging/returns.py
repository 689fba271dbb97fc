"""Returns: which use a return takes back, and what follows."""

from collections.abc import Sequence

from msgspec import structs

from models.catalogue.item import Item
from models.charging.books import LabelFacts, Prior, RecordedScan
from models.charging.decision import Decision, UseAccount
from models.charging.effects import Charge, ChargeEffects, StockEffects, StockMove, Usage
from models.money import line_amount_fen
from models.reasons import TAKEN_BACK, Reason, Verdict
from models.scan.event import ScanEvent
from rules.catalogue.joining import Resolution, levels_of, price_on
from rules.charging.charges import credit_of, settlement_reversal
from rules.charging.taking import comes_back_to
from rules.stock.costing import cost_of
from rules.stock.moving import of_unnamed_set
from rules.view import View

_OPEN = (Verdict.WAITING, Verdict.PARKED, Verdict.HELD)


def find_use(
    subject: RecordedScan, label: LabelFacts, found: Resolution, units: int | None, view: View
) -> UseAccount | Reason:
    """The use a return takes back: the one it names, else the last of that unit in that encounter with enough left.

    Where none of that very unit has enough left, a use of the same item and lot that was scanned on another level
    serves: of a box that was used, single units may come back. Only a use at or before the return's own `scanned_at`
    counts, within the tolerance of two devices' clocks, however late either arrives: goods can't come back before
    they were used. Last of all a use of the same goods serves whose lot is not certain.

    References:
        docs/contract.md, "Verdicts", and docs/semantics/returns.md, "Return".
    """
    event = subject.event
    latest = event.scanned_at + view.return_clock_tolerance(event.hospital, event.scanned_at)
    groups = _uses_of_goods(event, label, found.item, view)
    groups = [[use for use in group if use.scanned_at <= latest and _counts(use)] for group in groups]
    # A use that still waits gives way to one that stands: of two scans of one unit the held one is no use yet.
    for group in groups:
        for waits in (False, True):
            for use in reversed(group):
                enough = use.units is None or units is None or use.left >= units
                if enough and (use.verdict in _OPEN) is waits:
                    return use
    return Reason.OVER_RETURN if any(groups) else Reason.RETURN_WITHOUT_USE


def _uses_of_goods(event: ScanEvent, label: LabelFacts, item: Item | None, view: View) -> list[list[UseAccount]]:
    """What a return may mean, oldest first: that very unit; the same goods on another level; those without a lot."""
    very = (label.issuer, label.di, label.lot, label.serial)
    levels = [(issuer, di) for issuer, di in levels_of(item) if (issuer, di) != very[:2]]
    others = [(*level, label.lot, label.serial) for level in levels]
    without = [(*level, None, None) for level in (very[:2], *levels)]
    if event.corrects is not None:
        named = view.use_of_scan(event.hospital, event.corrects)
        meant = named is not None and (
            named.unit in (very, *others) or (named.unit in without and _is_without_lot(named))
        )
        return [[named] if named is not None and meant else []]
    if event.encounter is None:
        return []
    doubtful = [use for use in _uses_of(event, without, view) if _is_without_lot(use)]
    return [_uses_of(event, [very], view), _uses_of(event, others, view), doubtful]


def _uses_of(
    event: ScanEvent, units: Sequence[tuple[str, str | None, str | None, str | None]], view: View
) -> list[UseAccount]:
    found = [use for unit in units for use in view.uses_of_unit((event.hospital, event.encounter or "", *unit))]
    return sorted(found, key=lambda use: (use.scanned_at, use.ref))


def _is_without_lot(use: UseAccount) -> bool:
    """A use whose goods moved without a lot because it is not certain."""
    return Reason.LOT_UNCERTAIN in use.reasons


def _counts(use: UseAccount) -> bool:
    return use.verdict is not Verdict.REFUSED and not TAKEN_BACK.intersection(use.reasons)


def decide_return(
    subject: RecordedScan, label: LabelFacts, found: Resolution, view: View, prior: Prior | None
) -> Decision:
    """A return whose label is read: credited, recorded (its use cost nothing), waiting with its use, or held whole."""
    units = subject.event.quantity * found.units_per_package if found.reason is None else None
    use = find_use(subject, label, found, units, view)
    n = prior.decisions if prior else 0
    if of_unnamed_set(subject.event):
        # Where the goods come to lie, and whose they are, is not known.
        return _open(subject, label, n, Verdict.HELD, (Reason.DOCUMENT_MISSING,), found.item, units)
    if isinstance(use, Reason):
        return _open(subject, label, n, Verdict.HELD, (use,), found.item, units)
    if use.verdict in _OPEN or units is None or use.item is None:
        verdict = use.verdict if use.verdict in (Verdict.PARKED, Verdict.HELD) else Verdict.PARKED
        reasons = use.reasons if use.verdict in _OPEN else tuple(filter(None, (found.reason,)))
        return _open(subject, label, n, verdict, reasons, found.item, units)
    if _is_without_lot(use):
        # What went out without a lot comes back without one: no lot has more or less than lies there.
        label = structs.replace(label, lot=None, serial=None)
    return _taken_back(subject, label, n, use, use.item, units, view)


def _open(  # noqa: PLR0917 -- the parts of a decision
    subject: RecordedScan,
    label: LabelFacts,
    n: int,
    verdict: Verdict,
    reasons: tuple[Reason, ...],
    item: Item | None,
    units: int | None,
) -> Decision:
    return Decision(subject, n, subject.recorded_at, verdict, reasons, label, item, units)


def _taken_back(  # noqa: PLR0917 -- the parts of a decision
    subject: RecordedScan, label: LabelFacts, n: int, use: UseAccount, item: Item, units: int, view: View
) -> Decision:
    event = subject.event
    open_month = view.open_month(event.hospital, subject.month)
    flags: tuple[Reason, ...] = (Reason.LATE, Reason.PERIOD_CLOSED) if open_month != subject.month else ()
    doubt = (Reason.LOT_UNCERTAIN,) if _is_without_lot(use) else ()
    credit: tuple[Charge, ...] = (credit_of(subject, use, units, flags, view),) if use.charge is not None else ()
    usage_fen = credit[0].amount_fen if credit else usage_fen_of(use, item, units)
    usage = Usage(event.hospital, use.department, item.item_code, use.month, -units, -usage_fen)
    move = StockMove(use.owner, units, None, comes_back_to(use, event)) if use.owner is not None else None
    cost = cost_of(event, item, label, use.owner, use.day, view) if use.owner is not None else None
    whole = use.left == units
    frees = whole and use.holds_unit and label.unit(event.hospital) is not None
    return Decision(
        subject,
        n,
        subject.recorded_at,
        Verdict.CREDITED if credit else Verdict.RECORDED,
        (*doubt, *(flags if credit else flags[:1])),
        label,
        item,
        units,
        use.department,
        stock=StockEffects(move, cost, frees_unit=use.ref if frees else None),
        charging=ChargeEffects(credit, tuple(each.billing_id for each in credit), (usage,)),
        settlement=settlement_reversal(subject, use, units, view),
        account=use,
    )


def usage_fen_of(use: UseAccount, item: Item, units: int) -> int:
    """What units of a use that cost the patient nothing counted for: the catalogue price of its day, in fen.

    It is the difference of the rounded running totals, so all parts together are what the use counted for.
    """
    price = price_on(item.prices, use.day)
    if isinstance(price, Reason):
        return 0
    return line_amount_fen(use.returned_units + units, price) - line_amount_fen(use.returned_units, price)
