"""A lot that becomes known, or was another than was booked: the goods go back as they were, and move again under it.

References:
    docs/semantics/labels.md, "Lost separators".
"""

from dataclasses import replace
from datetime import datetime

from models.charging.books import LabelFacts, Prior, RecordedScan
from models.charging.decision import Decision
from models.charging.effects import StockEffects, StockMove
from models.reasons import Reason
from models.scan.event import Action
from models.stock.places import shelf
from rules.catalogue.joining import cost_on
from rules.view import View


def identified(
    subject: RecordedScan, prior: Prior, label: LabelFacts, at: datetime, view: View
) -> tuple[Decision, Decision] | None:
    """The two decisions by which a use that has moved goods gets its lot; verdict and charge stay as they are.

    Args:
        subject: The scan.
        prior: What it has done; it has moved goods.
        label: What its label really says.
        at: When it became known.
        view: The books.

    Returns:
        The way back under the old label and the move under the new one; `None` when something stands against it: it is
        no use, goods were partly returned, nobody knows the item any more, another use holds the serial.
    """
    event, old = subject.event, prior.label
    item = view.catalogue.item(event.hospital, prior.item_code) if prior.item_code else None
    if event.action is not Action.USE or item is None or old is None or prior.owner is None or prior.units is None:
        return None
    use, unit = view.use_of_scan(event.hospital, event.scan_id), label.unit(event.hospital)
    taken = unit is not None and view.holder(unit) not in {None, subject.ref}
    if use is None or use.ref != subject.ref or use.returned_units or taken:
        return None
    here, cost = shelf(event.store, event.place), cost_on(item, subject.day)
    back, freed = StockMove(prior.owner, prior.units, None, here), subject.ref if prior.holds_unit else None
    again = StockMove(prior.owner, prior.units, here, None)
    first = Decision(
        subject, prior.decisions, at, prior.verdict, prior.reasons, old, item, prior.units,
        use.department, stock=StockEffects(back, cost, frees_unit=freed, takes_back=True), claims=False,
    )  # fmt: skip
    known = tuple(reason for reason in prior.reasons if reason is not Reason.LOT_UNCERTAIN)
    second = Decision(
        subject, prior.decisions + 1, at, prior.verdict, known, label, item, prior.units,
        use.department, stock=StockEffects(again, cost, takes_unit=unit is not None), account=use, claims=False,
    )  # fmt: skip
    return first, second


def identified_prior(decision: Decision, prior: Prior) -> Prior:
    """What the scan has done when the second decision has followed."""
    return replace(
        prior,
        decisions=decision.n + 1,
        reasons=decision.reasons,
        label=decision.label,
        holds_unit=decision.stock.takes_unit,
    )
