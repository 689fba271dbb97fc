"""Re-rating: a price that was changed late, or a cost that was told late.

What is left of a charge is credited and charged anew; what is left of a settlement line without a cost is reversed and
made anew at the cost. Each names its cause.

References:
    docs/semantics/charging.md, "Repricing", "A cost that comes later"; docs/contract.md, "Month, money, usage" (a late
    change re-rates).
"""

from collections.abc import Iterable
from datetime import datetime

from models.catalogue.item import Item
from models.charging.books import Prior, RecordedScan
from models.charging.decision import Decision, UseAccount
from models.charging.effects import ChargeEffects, SettlementStatus, Usage
from models.reasons import Reason, Verdict, in_precedence
from rules.catalogue.joining import cost_on, price_on
from rules.charging.charges import charge_anew, credit_of, settlement_anew
from rules.charging.fold import Result
from rules.view import View


def rerate(uses: Iterable[tuple[RecordedScan, Prior, datetime]], view: View) -> list[Result]:
    """Charge uses anew whose price of the day is another, settle those whose cost is known now; give those decisions.

    Each comes with the instant of the change. A use of which nothing is left, one that stands no more, and a day
    without exactly one price keep the charge they have; a line that has a cost keeps it.
    """
    decisions: list[Result] = []
    for subject, prior, at in uses:
        use = view.use_of_scan(subject.event.hospital, subject.event.scan_id)
        decision = _rerated(subject, prior, at, use, view) if use is not None else None
        if decision is not None:
            view.apply(decision)
            decisions.append(decision)
    return decisions


def _rerated(subject: RecordedScan, prior: Prior, at: datetime, use: UseAccount, view: View) -> Decision | None:
    owed = use.charge.item.item_code if use.charge is not None else use.settlement and use.settlement.item_code
    item = view.catalogue.item(use.hospital, owed) if owed else None
    if item is None or use.ref != subject.ref or use.left <= 0:
        return None
    price, cost = _late_price(prior, use, item), _late_cost(use, item)
    if price is None and cost is None:
        return None
    closed = view.open_month(use.hospital, subject.month) != subject.month
    flags = {Reason.RE_RATED} if price is not None else set()
    # These speak of the charge; the line's own period says in which month it is settled.
    flags |= {Reason.LATE, Reason.PERIOD_CLOSED} if price is not None and closed else set()
    flags |= {Reason.COST_TOLD} if cost is not None else set()
    decision = Decision(
        subject, prior.decisions, at, prior.verdict, in_precedence({*prior.reasons, *flags}),
        prior.label or subject.label, item, use.units, account=use,
        department=use.charge.department if use.charge is not None else use.department, claims=False,
    )  # fmt: skip
    if price is not None:
        decision.charging = _charged_anew(decision, prior, use, price, view)
    if cost is not None:
        decision.settlement = settlement_anew(subject, use, cost, view, prior.lines)
    return decision


def _late_price(prior: Prior, use: UseAccount, item: Item) -> int | None:
    """The price of its day, when the use is charged and not at that price."""
    if prior.verdict is not Verdict.BILLED or use.charge is None:
        return None
    price = price_on(item.prices, use.day)
    return None if isinstance(price, Reason) or price == use.charge.unit_price else price


def _late_cost(use: UseAccount, item: Item) -> int | None:
    """The cost of its day, when its goods are their supplier's still and are owed without one."""
    line = use.settlement
    if line is None or line.status is not SettlementStatus.COST_MISSING or line.supplier != use.owner:
        return None
    return cost_on(item, use.day)


def _charged_anew(decision: Decision, prior: Prior, use: UseAccount, price: int, view: View) -> ChargeEffects:
    subject, charge = decision.subject, use.charge
    assert charge is not None  # noqa: S101 -- only a charge has another price
    credit = credit_of(subject, use, use.left, decision.reasons, view, n=prior.entries)
    anew = charge_anew(decision, charge, use.left, price, view, n=prior.entries + 1)
    amount = anew.amount_fen - credit.amount_fen
    usage = Usage(use.hospital, charge.department, charge.item.item_code, subject.month, 0, amount)
    return ChargeEffects((credit, anew), (anew.billing_id,), (usage,))
