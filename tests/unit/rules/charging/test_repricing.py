"""A price that was changed late and a cost that was told late: what one decision of the use does to charge and line."""

from typing import Any

import pytest

from models.charging.decision import Decision
from models.money import fen_text
from models.reasons import Reason
from rules.charging.repricing import rerate
from tests.support.builders import NOON, Bench, item, outcome, price, prior_of, scan_id

COST = [{"cost": "10.0050"}]


def supplied(**changes: Any) -> dict[str, Any]:
    return item(owner="supplier", supplier="S9") | changes


def late(bench: Bench, used: Decision, *facts: dict[str, Any], **prior: Any) -> Decision | None:
    """The decision that follows when the facts come."""
    bench.learn(*facts)
    before = prior_of(used, **{"entries": len(used.charging.entries), "lines": len(used.settlement)} | prior)
    decided = rerate([(used.subject, before, NOON)], bench.view)
    assert all(isinstance(each, Decision) for each in decided)
    return decided[0] if decided else None  # type: ignore[return-value]


def back(bench: Bench, number: int, units: int) -> tuple[Any, ...]:
    """The lines of a return of the first use, as they are read."""
    return bench.scan(number, action="return", corrects=str(scan_id(1)), quantity=units).settlement


def test_the_line_without_a_cost_is_reversed_and_its_units_are_payable() -> None:
    bench = Bench(supplied())
    used = bench.decision(1, quantity=3)
    told = late(bench, used, supplied(cost=COST))

    assert told is not None
    assert outcome(told)._asdict() == {
        "verdict": "billed", "reasons": ("cost-told",), "charge": None, "move": None, "usage": (),
        "settlement": (("reversal", 3, None, 202206), ("payable", 3, "30.02", 202206)),
    }  # fmt: skip
    reversal, payable = told.settlement
    (line,) = used.settlement
    assert (reversal.n, reversal.reverses, payable.n, payable.reverses) == (1, line.line_id, 2, None)
    assert (payable.supplier, payable.item_code, payable.cost) == ("S9", "SCREW", 100_050)
    assert len({line.line_id, reversal.line_id, payable.line_id}) == 3


def test_a_line_made_after_a_part_came_back_is_taken_back_to_its_end() -> None:
    """Of five at 0.3350 yuan two come back before the cost is told: the line is of three, and 1.01 yuan."""
    bench = Bench(supplied())
    used = bench.decision(1, quantity=5)
    assert back(bench, 2, 2) == (("reversal", 2, None, 202206),)
    told = late(bench, used, supplied(cost=[{"cost": "0.3350"}]))

    assert told is not None
    assert outcome(told).settlement == (("reversal", 3, None, 202206), ("payable", 3, "1.01", 202206))
    assert [back(bench, number, 1)[0][2] for number in (3, 4, 5)] == ["0.34", "0.33", "0.34"]


@pytest.mark.parametrize(
    "cost",
    [
        [],
        [{"cost": "1.00", "from": "2022-06-04"}],
        [{"cost": "1.00", "to": "2022-06-03"}],
        [{"cost": "1.00"}, {"cost": "2.00"}],
    ],
)
def test_a_day_without_one_cost_leaves_the_line(cost: list[dict[str, Any]]) -> None:
    bench = Bench(supplied())
    assert late(bench, bench.decision(1), supplied(cost=cost)) is None


def test_what_came_back_whole_has_nothing_to_settle() -> None:
    bench = Bench(supplied())
    used = bench.decision(1)
    back(bench, 2, 1)
    assert late(bench, used, supplied(cost=COST)) is None


def test_it_is_done_once_and_a_later_cost_changes_nothing() -> None:
    bench = Bench(supplied())
    used = bench.decision(1)
    told = late(bench, used, supplied(cost=COST))

    assert told is not None
    assert late(bench, used, supplied(cost=[{"cost": "12.00"}]), decisions=2, lines=3) is None


def test_a_use_that_waits_for_its_encounter_waits_on() -> None:
    bench = Bench(supplied(), encounters={})
    told = late(bench, bench.decision(1), supplied(cost=COST))

    assert told is not None
    assert (str(told.verdict), told.reasons) == ("parked", (Reason.ENCOUNTER_UNKNOWN, Reason.COST_TOLD))
    assert (told.waits_on, told.charging.entries) == (True, ())


@pytest.mark.parametrize(("closed", "period", "flags"), [(0, 202206, ()), (202206, 202207, ("late", "period-closed"))])
def test_a_price_and_a_cost_at_once_are_one_decision_in_the_open_month(
    closed: int, period: int, flags: tuple[str, ...]
) -> None:
    bench = Bench(supplied())
    used = bench.decision(1)
    if closed:
        bench.view.gathered.closed["H1"] = closed
    both = late(bench, used, supplied(cost=COST, prices=[price("1300.00")]))

    assert both is not None
    assert tuple(map(str, both.reasons)) == (*flags, "re-rated", "cost-told")
    entries = [(bool(each.reverses), fen_text(each.amount_fen), each.period) for each in both.charging.entries]
    assert entries == [(True, "1234.00", period), (False, "1300.00", period)]
    assert [each.period for each in both.settlement] == [period, period]


def test_a_cost_alone_does_not_flag_the_charge_as_late() -> None:
    bench = Bench(supplied())
    used = bench.decision(1)
    bench.view.gathered.closed["H1"] = 202206
    told = late(bench, used, supplied(cost=COST))

    assert told is not None
    assert told.reasons == (Reason.COST_TOLD,)
    assert [each.period for each in told.settlement] == [202207, 202207]
