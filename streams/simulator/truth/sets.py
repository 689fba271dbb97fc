"""What must stand in the books of suppliers' sets: what was brought, used and given back, what lacks, what is owed."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from models.calendar import Month, month_text
from streams.simulator.account.entries import fen
from streams.simulator.clock import day_start, month_at
from streams.simulator.store.sets import Brought, Kept, Piece, Sets


def set_rows(sets: Sets) -> Iterator[dict[str, Any]]:
    """The goods of every set by lot or serial. Units of use."""
    for one in sets.brought:
        for piece in one.pieces:
            yield {
                "document": one.document, "item_code": piece.unit.goods.code, "lot": piece.unit.lot,
                "serial": piece.unit.serial, "supplier": one.supplier, "store": one.store,
                "encounter": min(each.code for each in one.stays), "operation": one.operation,
                "brought": piece.brought, "used": piece.used, "wasted": piece.wasted, "returned": piece.returned,
                "lacking": piece.lacking, "status": _status(piece), "findings": sorted(_findings(one, piece)),
            }  # fmt: skip


def lost_pieces(sets: Sets) -> dict[Kept, int]:
    """Pieces that were not given back, by mistake or because nobody scanned it, with units."""
    return {
        (one.document, piece.unit.goods.code, piece.unit.lot, piece.unit.serial): units
        for one in sets.brought for piece, units in one.lost
    }  # fmt: skip


def owed_for_sets(sets: Sets) -> dict[tuple[str, str, Month], tuple[int, int]]:
    """(units, fen) that are owed by (supplier, item, month), by what was used of each set."""
    units: Counter[tuple[str, str, Month]] = Counter()
    costs = {each.code: each.cost or 0 for each in sets.goods()}
    for one in sets.brought:
        for piece in one.pieces:
            if piece.used:
                units[one.supplier, piece.unit.goods.code, month_at(day_start(one.day))] += piece.used
    return {key: (many, fen(many, costs[key[1]])) for key, many in units.items()}


def owed_rows(sets: Sets) -> Iterator[dict[str, Any]]:
    """The same as JSON."""
    for (supplier, item, month), (units, amount) in sorted(owed_for_sets(sets).items()):
        yield {"supplier": supplier, "item_code": item, "period": month_text(month), "quantity": units,
               "amount_fen": amount}  # fmt: skip


def _status(piece: Piece) -> str:
    return "over" if piece.lacking < 0 else "lacking" if piece.lacking else "settled"


def _findings(one: Brought, piece: Piece) -> Iterator[str]:
    if piece.used + piece.wasted > piece.brought:
        yield "not-brought"
    if piece.lacking > 0:
        yield "not-returned"
    if piece.lacking < 0 and piece.returned:
        yield "returned-more"
    if len(one.stays) > 1:
        yield "several-encounters"
