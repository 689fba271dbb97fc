"""From what stores need to what is ordered: one order a supplier, and by name what none is proposed for.

References:
    docs/store.md, "Replenishment and orders".
"""

from collections import defaultdict
from collections.abc import Iterable

from models.stock.order import Draft, LeftOut, Need, OrderLine

NO_SUPPLIER = "no-supplier"


def orders_of(needs: Iterable[Need]) -> tuple[list[Draft], list[LeftOut]]:
    """Orders by hospital and supplier, lines by store and item; and the needs that are stopped or have no supplier.

    A stopped item that is at or above its minimum is no need.
    """
    lines: dict[tuple[str, str], list[OrderLine]] = defaultdict(list)
    left_out = []
    for need in sorted(needs, key=lambda each: (each.hospital, each.store, each.item_code)):
        if need.on_hand + need.on_order >= need.minimum:
            continue
        if need.stopped or not need.supplier:
            left_out.append(LeftOut(need.hospital, need.store, need.item_code, need.stopped or NO_SUPPLIER))
        elif need.packages > 0:
            lines[need.hospital, need.supplier].append(_line(need))
    return [Draft(*key, tuple(ordered)) for key, ordered in sorted(lines.items())], left_out


def _line(need: Need) -> OrderLine:
    return OrderLine(
        need.store, need.item_code, need.issuer, need.di, need.packages, need.proposed, need.on_hand, need.on_order
    )
