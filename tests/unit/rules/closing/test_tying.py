"""What a scan says the other ledgers must have, and which of them do not have it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.closing.figures import Due, HisSums, TiedUse
from models.reasons import Reason
from rules.closing.tying import differs, due_of, tie
from tests.support.builders import NOON, scan_id

THIRD = 3_333
"""0.3333 yuan: three of them are a yuan, each alone 33 fen."""
USE = TiedUse(
    scan_id(1), NOON, "ORTH", "E1", "SCREW", "billed", (), stands=True, units=3, parts=(), unit_price=THIRD,
    units_out=3, charged_units=3, charged_fen=100, topic_units=3, topic_fen=100,
)  # fmt: skip


def use(**changes: Any) -> TiedUse:
    return replace(USE, **changes)


@pytest.mark.parametrize(
    ("scanned", "due"),
    [
        (use(), Due(3, 3, 3, 100)),
        (use(parts=(1,)), Due(2, 2, 2, 67)),
        (use(parts=(1, 1)), Due(1, 1, 1, 34)),
        (use(parts=(1, 1, 1)), Due(0, 0, 0, 0)),
        (use(parts=(1, 0)), Due(2, 2, 2, 67)),
        (use(parts=(1, 0), unit_price=10_000), Due(2, 2, 2, 200)),
        (use(verdict="recorded", unit_price=None), Due(3, 3, 0, 0)),
        (use(stands=False), Due(0, 0, 0, 0)),
        (use(verdict="parked", stands=False, reasons=(Reason.ENCOUNTER_UNKNOWN,)), Due(0, 3, 0, 0)),
        (use(verdict="parked", stands=False, reasons=(Reason.UNKNOWN_ITEM,)), Due(0, 0, 0, 0)),
    ],
    ids=[
        "whole", "one-back", "two-back", "all-back", "re-rated", "re-rated-dearer", "free", "taken-back",
        "waits-for-the-encounter", "waits-for-the-item",
    ],
)  # fmt: skip
def test_what_is_due_of_a_scan(scanned: TiedUse, due: Due) -> None:
    assert due_of(scanned) == due


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(0, 2_000_000))
@settings(max_examples=200, derandomize=True)
def test_each_return_lowers_what_is_due_and_the_last_leaves_nothing(parts: list[int], price: int) -> None:
    whole = use(units=sum(parts), unit_price=price)
    dues = [due_of(replace(whole, parts=tuple(parts[:given]))) for given in range(len(parts) + 1)]

    amounts = [due.amount_fen for due in dues]
    assert amounts == sorted(amounts, reverse=True)
    assert dues[-1] == Due(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, ()),
        ({"units_out": 2}, ("stock",)),
        ({"charged_fen": 99}, ("charges",)),
        ({"charged_units": 2}, ("charges",)),
        ({"topic_fen": 101}, ("topic",)),
        ({"unit_price": None, "charged_fen": 0, "topic_fen": 0}, ("charges",)),
        ({"units_out": 0, "charged_fen": 0, "topic_units": 0}, ("stock", "charges", "topic")),
    ],
)
def test_the_ledger_that_differs_is_named(changes: dict[str, Any], named: tuple[str, ...]) -> None:
    assert differs(use(**changes)) == named


def test_two_scans_that_differ_by_the_same_do_not_tie_together() -> None:
    (line,) = tie([use(charged_fen=101), use(charged_fen=99)], None)

    assert line.charged_fen == line.due.amount_fen
    assert (line.differing, line.ties) == (2, False)


def test_the_his_is_compared_by_department_and_one_that_only_it_has_gets_a_line() -> None:
    his = [HisSums("ORTH", 1, 3, 100), HisSums("ICU", 1, 1, 50)]

    lines = tie([use(), use(department=None)], his)

    assert [(each.department, each.his_difference_fen, each.ties) for each in lines] == [
        ("ICU", 50, False),
        ("ORTH", 0, True),
        (None, -100, False),
    ]


def test_without_lines_of_the_his_it_is_not_compared() -> None:
    (line,) = tie([use()], None)

    assert (line.his, line.his_difference_fen, line.ties) == (None, None, True)
