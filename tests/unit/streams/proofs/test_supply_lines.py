"""How the demo judges what is owed for suppliers' sets: by what was used of each set, not by the account of scans."""

from typing import Any

import pytest

from models.calendar import month_text
from streams.proofs.demo.supply import owed_line
from streams.simulator import Hospital, Plan, Truth
from streams.simulator.store.goods import SET_SUPPLIERS


@pytest.fixture(scope="module")
def truth() -> Truth:
    hospital = Hospital(Plan(seed=3, months=2, scans=2000))
    for _ in hospital.stages():
        pass
    return hospital.truth


def stated(truth: Truth) -> dict[Any, Any]:
    return {
        (supplier, item, month_text(period), cost): tuple(sums)
        for (supplier, item, period, cost), sums in truth.account.owing.statements.items()
    }


def test_statements_of_what_was_used_of_sets_tie_out(truth: Truth) -> None:
    line = owed_line(truth, stated(truth))
    assert line.differences == []
    assert line.expected == line.found > 0


def test_a_fen_too_much_and_a_line_that_is_missing_are_differences(truth: Truth) -> None:
    rows = stated(truth)
    first, second = [key for key in rows if key[0] in SET_SUPPLIERS][:2]
    used, returned, corrected, amount = rows[first]
    line = owed_line(truth, {key: sums for key, sums in rows.items() if key != second}
                     | {first: (used, returned, corrected, amount + 1)})  # fmt: skip
    assert len(line.differences) == 2


def test_what_others_are_owed_is_none_of_it(truth: Truth) -> None:
    other = {("S01", "PIN", "2021-04", 10_000): (1, 0, 0, 100)}
    assert owed_line(truth, stated(truth) | other).differences == []
