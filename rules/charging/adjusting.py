"""The scan that books a difference of a posted count.

References:
    docs/store.md, "Counts"; docs/adr/0016-counts-are-scans.md.
"""

from models.charging.books import LabelFacts, Prior, RecordedScan
from models.charging.decision import Decision
from models.charging.effects import StockEffects, StockMove
from models.reasons import Reason, Verdict
from models.stock.places import kept, shelf
from rules.stock.moving import way_of
from rules.view import View


def adjusted(subject: RecordedScan, view: View, prior: Prior | None) -> Decision:
    """Goods go to `adjustment`, or come from there, as the posted count says; held when none says just this.

    Lot, serial, owner and cost are those of the count's line, for the scan can't say them.
    """
    event, n = subject.event, prior.decisions if prior else 0
    item = view.catalogue.item(event.hospital, event.item_code or "")
    line = view.adjustment(event)
    said = (event.action, event.store, event.place, event.item_code, event.quantity)
    if item is None or line is None or said != (line.action, line.store, line.place, line.item_code, line.units):
        reasons = (Reason.NOT_COUNTED,)
        return Decision(subject, n, subject.recorded_at, Verdict.HELD, reasons, subject.label, item)
    way, here = way_of(event), shelf(event.store, event.place)
    move = StockMove(line.owner, line.units, kept(way.from_place), kept(way.to_place))
    left = view.left(event.hospital, here, item) + line.units * ((way.to_place == here) - (way.from_place == here))
    label = LabelFacts(line.issuer, line.di, line.lot, line.serial, line.expiry, None)
    late = view.open_month(event.hospital, subject.month) != subject.month
    return Decision(
        subject, n, subject.recorded_at, Verdict.RECORDED, (Reason.LATE,) if late else (), label, item, line.units,
        stock=StockEffects(move, line.cost, left),
    )  # fmt: skip
