"""Which line is for which use: the stronger evidence first."""

import random
from datetime import timedelta
from typing import Any

import pytest

from models.reconciling.differences import LikelyCause, Line, Use
from rules.reconciling.matching import match
from rules.reconciling.nearest import nearest_pairs
from rules.reconciling.strengths import CODE_WINDOW
from tests.support.two_sides import AT, HOUR, PRICE, billing, gone_use, line, open_use, use

MICROSECOND = timedelta(microseconds=1)


def pairs(uses: list[Use], lines: list[Line], gone: list[Use] | None = None) -> list[tuple[int, str]]:
    return sorted((use_.scan_id.int, line_.line_id) for use_, line_ in match(uses, lines, gone or []).pairs)


PAIR = [use(1, serial="S1", lot="L1"), use(2, serial="S2", lot="L2")]
NEAR: dict[str, Any] = {"service_at": use(1).scanned_at}
FAR: dict[str, Any] = {"service_at": AT + 9 * HOUR}


@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ({"billing_id": billing(1), "quantity": 2}, {"serial": "S1"}),
        ({"serial": "S1"}, {"serial": "S1", "quantity": 2}),
        ({"serial": "S1", "quantity": 2}, {"lot": "L1"}),
        ({"lot": "L1"}, {"lot": "L1", "insurance_code": "C9"}),
        ({"lot": "L1", "insurance_code": "C9"}, {}),
        ({}, {"insurance_code": None}),
        ({"insurance_code": None}, {"insurance_code": "C9"}),
        ({"insurance_code": "C9"}, {"unit_price": PRICE + 100}),
        ({"unit_price": PRICE + 100}, {"quantity": 2}),
        ({"quantity": 2}, {"quantity": 2, "unit_price": PRICE + 100}),
        ({"quantity": 2, "unit_price": PRICE + 100}, {"item_code": "NAIL"}),
        ({"item_code": "NAIL", "unit_price": 100}, {"item_code": "NAIL", "insurance_code": "C9", "lot": "L1"}),
        ({"item_code": "NAIL", "insurance_code": "C9", "lot": "L1", "unit_price": 100},
         {"item_code": "NAIL", "insurance_code": "C9"}),
    ],
)  # fmt: skip
def test_stronger_evidence_wins_though_the_weaker_is_nearer(stronger: dict[str, Any], weaker: dict[str, Any]) -> None:
    lines = [line(use(1), "strong", **FAR | stronger), line(use(1), "weak", **NEAR | weaker)]
    assert pairs(PAIR[:1], lines) == [(1, "strong")]


def test_the_same_second_is_stronger_than_the_same_money() -> None:
    other: dict[str, Any] = {"item_code": "NAIL", "insurance_code": None}
    lines = [
        line(use(1), "strong", unit_price=100, **NEAR | other),
        line(use(1), "weak", service_at=use(1).scanned_at + timedelta(seconds=2), **other),
    ]
    assert pairs(PAIR[:1], lines) == [(1, "strong")]


@pytest.mark.parametrize(
    "changes", [{"unit_price": 100, "lot": "L1"}, {"unit_price": 100, "insurance_code": "C0301"}, {}]
)
def test_another_item_is_for_a_use_within_a_day_only(changes: dict[str, Any]) -> None:
    other = {"item_code": "NAIL", "insurance_code": None} | changes
    at = use(1).scanned_at
    assert pairs(PAIR[:1], [line(use(1), service_at=at + CODE_WINDOW, **other)]) == [(1, "H1")]
    assert pairs(PAIR[:1], [line(use(1), service_at=at + CODE_WINDOW + MICROSECOND, **other)]) == []


def test_a_missed_charge_and_a_line_for_something_else_are_two_errors() -> None:
    unlike = line(use(1), item_code="NAIL", insurance_code="C9", unit_price=100, service_at=AT + HOUR)
    assert pairs([use(1)], [unlike]) == []


def test_a_serial_of_another_maker_is_no_evidence() -> None:
    other = line(use(1), item_code="NAIL", insurance_code="C9", serial="S1", unit_price=100, **FAR)
    assert pairs(PAIR[:1], [other]) == []


def test_two_makers_with_one_serial_keep_their_lines() -> None:
    screw, nail = use(1, serial="S1"), use(2, serial="S1", item_code="NAIL")
    assert pairs([screw, nail], [line(nail, serial="S1"), line(screw, serial="S1")]) == [(1, "H1"), (2, "H2")]


def test_the_nearest_in_time_are_paired_first() -> None:
    lines = [line(use(4), "early"), line(use(9), "late")]
    assert pairs([use(1), use(5), use(10)], lines) == [(5, "early"), (10, "late")]


def test_a_line_that_names_a_charge_is_for_no_other_use() -> None:
    elsewhere = line(use(1), billing_id=billing(77))
    found = match([use(1)], [elsewhere], [])
    assert (found.pairs, found.alone, found.left) == ([], [use(1)], [(elsewhere, None)])


def test_a_line_that_names_the_charge_before_a_rerating_is_for_the_use() -> None:
    rerated = use(1, earlier_billing_ids=(billing(7),))
    assert pairs([rerated], [line(use(1), billing_id=billing(7), unit_price=PRICE - 100)]) == [(1, "H1")]


def test_of_two_lines_that_name_one_charge_the_right_one_is_for_it() -> None:
    wrong, right = (
        line(use(1), "H1", billing_id=billing(1), quantity=2),
        line(use(1), "H2", billing_id=billing(1), **FAR),
    )
    found = match([use(1), use(2)], [wrong, right], [])
    assert (found.pairs, found.alone, found.left) == ([(use(1), right)], [use(2)], [(wrong, LikelyCause.CHARGED_TWICE)])


def test_what_was_charged_has_the_line_before_what_is_open() -> None:
    assert pairs([open_use(1), use(2)], [line(use(1), "H1")]) == [(2, "H1")]


def test_an_exact_line_of_what_is_open_is_not_taken_as_a_wrong_one_of_what_was_charged() -> None:
    assert pairs([open_use(1, quantity=2), use(2)], [line(use(1, 2), "H1")]) == [(1, "H1")]


def test_the_line_of_what_came_back_is_no_wrong_line_of_another_item() -> None:
    nail = use(2, item_code="NAIL")
    assert pairs([nail], [line(use(1))], [gone_use(1)]) == []
    assert pairs([nail], [line(use(1))]) == [(2, "H1")]


def test_a_window_holds_among_many() -> None:
    uses, lines = [use(0), use(600)], [line(use(1)), line(use(700)), line(use(2_000))]
    assert nearest_pairs(uses, lines, timedelta(minutes=99)) == [(0, 0)]
    assert nearest_pairs(uses, lines, timedelta(minutes=100)) == [(0, 0), (1, 1)]


@pytest.mark.parametrize("seed", range(40))
def test_pairs_are_those_that_taking_the_nearest_of_all_again_and_again_gives(seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 -- a seeded example
    # So far apart that no two distances are equal: nothing is left to the order of the equally near.
    times = drawn.sample(range(10**8), 12)
    first = drawn.randrange(1, 12)
    uses, lines = [use(each) for each in times[:first]], [line(use(each), str(each)) for each in times[first:]]
    uses.sort(key=lambda each: each.scanned_at)
    lines.sort(key=lambda each: each.service_at)

    left = {(u, n) for u in range(len(uses)) for n in range(len(lines))}
    expected = []
    while left:
        nearest = min(left, key=lambda pair: abs(uses[pair[0]].scanned_at - lines[pair[1]].service_at))
        expected.append(nearest)
        left = {pair for pair in left if pair[0] != nearest[0] and pair[1] != nearest[1]}

    assert nearest_pairs(uses, lines) == expected
