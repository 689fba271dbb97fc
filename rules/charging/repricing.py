"""Re-rating: a price that was changed late. What is left of a charge is credited and charged anew, naming the cause.

References:
    docs/semantics/charging.md, "Repricing"; docs/contract.md, "Month, money, usage" (a late change re-rates).
"""

from collections.abc import Iterable
from datetime import datetime

from models.charging.books import Prior, RecordedScan
from models.charging.decision import Decision, UseAccount
from models.charging.effects import ChargeEffects, Usage
from models.reasons import Reason, Verdict, in_precedence
from rules.catalogue.joining import price_on
from rules.charging.charges import charge_anew, credit_of
from rules.charging.fold import Result
from rules.view import View


def rerate(uses: Iterable[tuple[RecordedScan, Prior, datetime]], view: View) -> list[Result]:
    """Charge uses anew whose price of the day is another than they were charged at, and give those decisions.

    Each comes with the instant of the change. A use of which nothing is left, one that stands no more, and a day
    without exactly one price keep the charge they have.
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
    charge, hospital = use.charge, subject.event.hospital
    if use.ref != subject.ref or prior.verdict is not Verdict.BILLED or charge is None or use.left <= 0:
        return None
    item = view.catalogue.item(hospital, charge.item.item_code)
    price = price_on(item.prices, subject.day) if item is not None else Reason.NO_PRICE
    if item is None or isinstance(price, Reason) or price == charge.unit_price:
        return None
    closed = view.open_month(hospital, subject.month) != subject.month
    flags = {Reason.LATE, Reason.PERIOD_CLOSED} if closed else set()
    reasons = in_precedence({*prior.reasons, *flags, Reason.RE_RATED})
    decision = Decision(
        subject, prior.decisions, at, Verdict.BILLED, reasons, prior.label or subject.label, item, use.units,
        account=use, department=charge.department, claims=False,
    )  # fmt: skip
    credit = credit_of(subject, use, use.left, reasons, view, n=prior.entries)
    anew = charge_anew(decision, charge, use.left, price, view, n=prior.entries + 1)
    amount = anew.amount_fen - credit.amount_fen
    usage = Usage(hospital, charge.department, item.item_code, subject.month, 0, amount)
    decision.charging = ChargeEffects((credit, anew), (anew.billing_id,), (usage,))
    return decision
