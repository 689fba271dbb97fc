"""Goods that are sent back and lie partly in quarantine: those come out of it first, then all leave together.

References:
    docs/store.md, "Places".
"""

from msgspec import structs

from models.charging.decision import Decision
from models.charging.effects import StockEffects, StockMove
from models.stock.places import quarantine


def parts_of(decision: Decision) -> list[Decision]:
    """The decision by itself; or before it the one that clears what lies in quarantine, each with its own move.

    The later of the two has the units of the scan, so that what the scan says of itself stays whole.
    """
    stock, move = decision.stock, decision.stock.move
    if not stock.cleared or move is None:
        return [decision]
    out = StockMove(move.owner, stock.cleared, quarantine(decision.subject.event.store), move.from_store)
    cleared = structs.replace(decision, units=stock.cleared, stock=StockEffects(out, stock.cost))
    sent = structs.replace(decision, n=decision.n + 1, stock=structs.replace(stock, cleared=0), partner=None)
    return [cleared, sent]
