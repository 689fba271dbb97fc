"""The scan that books a difference of a posted count: it says what the posted line says, or it is held."""

from typing import Any

import pytest

from models.charging.effects import StockMove
from models.reasons import Reason, Verdict
from models.stock.count import Adjustment
from tests.support.builders import DI, HOSPITAL, JUNE, Bench, item, scan_id

LINE = Adjustment("missing", "OR-2", "cab1", "SCREW", "S9", "GS1", DI, "L7", "S1", None, 3, 125_000)
SAID: dict[str, Any] = {
    "action": "missing", "store": "OR-2", "place": "cab1", "item_code": "SCREW", "quantity": 3, "encounter": None,
    "document": "C-1", "entry": "manual", "reason": "a count",
}  # fmt: skip


def bench(*lines: Adjustment) -> Bench:
    made = Bench(item())
    for number, line in enumerate(lines, 1):
        made.view.gathered.adjustments[HOSPITAL, scan_id(number)] = line
    return made


def test_lot_owner_and_cost_are_those_of_the_posted_line() -> None:
    decision = bench(LINE).decision(1, **SAID)

    assert (decision.verdict, decision.reasons) == (Verdict.RECORDED, ())
    assert decision.stock.move == StockMove("S9", 3, "OR-2/cab1", None)
    assert (decision.label.di, decision.label.lot, decision.label.serial) == (DI, "L7", "S1")
    assert (decision.stock.cost, decision.stock.left, decision.units) == (125_000, -3, 3)


def test_what_is_found_comes_to_the_shelf() -> None:
    line = Adjustment("found", "OR-2", None, "SCREW", "hospital", "GS1", DI, None, None, None, 2, None)
    decision = bench(line).decision(1, **SAID | {"action": "found", "place": None, "quantity": 2})

    assert decision.stock.move == StockMove("hospital", 2, None, "OR-2")
    assert (decision.label.lot, decision.stock.cost, decision.stock.left) == (None, None, 102)


@pytest.mark.parametrize(
    "other", [{"quantity": 4}, {"action": "found"}, {"store": "OR-3"}, {"place": None}, {"item_code": "PLATE"}]
)
def test_a_scan_that_says_something_else_than_the_line_is_held_and_moves_nothing(other: dict[str, Any]) -> None:
    decision = bench(LINE).decision(1, **SAID | other)

    assert (decision.verdict, decision.reasons) == (Verdict.HELD, (Reason.NOT_COUNTED,))
    assert decision.stock.move is None


def test_a_scan_that_no_posted_count_names_is_held() -> None:
    assert bench().decision(1, **SAID).reasons == (Reason.NOT_COUNTED,)


def test_in_a_month_that_is_closed_it_is_late() -> None:
    made = bench(LINE)
    made.view.gathered.closed[HOSPITAL] = JUNE

    assert made.decision(1, **SAID).reasons == (Reason.LATE,)
