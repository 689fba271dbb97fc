"""What differs, why, and what mends it."""

from typing import Any
from uuid import UUID

import pytest

from models.reconciling.differences import Aspect, Difference, DifferenceKind, Fix, LikelyCause, Line, Use
from rules.reconciling import reconcile
from tests.support.two_sides import AT, HOUR, PRICE, billing, free_use, gone_use, line, open_use, use


def differences(uses: list[Use], lines: list[Line], gone: list[Use] | None = None, **options: Any) -> list[Difference]:
    return reconcile("H1", "E1", uses, lines, gone or [], **options)


def short(uses: list[Use], lines: list[Line], gone: list[Use] | None = None, **options: Any) -> list[tuple[Any, ...]]:
    """Of each difference: its use, its line, in what they differ (or the kind), and why."""
    return [
        (
            each.scan_id and each.scan_id.int,
            each.line_id,
            "+".join(each.aspects) or str(each.kind),
            str(each.cause),
        )
        for each in differences(uses, lines, gone, **options)
    ]


def test_a_line_as_it_should_be_differs_in_nothing() -> None:
    assert differences([use(1)], [line(use(1))]) == []


def test_a_charge_without_a_line_is_missed_and_to_be_posted() -> None:
    assert differences([use(1, 2)], []) == [
        Difference(
            "H1", "E1", DifferenceKind.MISSED, (),
            LikelyCause.NOT_POSTED, Fix.POST, use(1).scanned_at, "SCREW", UUID(int=1),
            None, billing(1), 246_800, 0, "OR", 2,
        )
    ]  # fmt: skip


def test_a_use_that_waits_here_is_missed_and_to_be_freed_here() -> None:
    assert differences([open_use(1)], []) == [
        Difference(
            "H1", "E1", DifferenceKind.MISSED, (),
            LikelyCause.NOT_CHARGED_YET, Fix.FREE_SCAN, use(1).scanned_at, "SCREW",
            UUID(int=1), None, None, 123_400, 0, "OR", 1,
        )
    ]  # fmt: skip


def test_a_line_for_nothing_is_extra_and_to_be_cancelled() -> None:
    assert differences([], [line(use(1), "H9", quantity=3)]) == [
        Difference(
            "H1", "E1", DifferenceKind.EXTRA, (),
            LikelyCause.NOT_SCANNED, Fix.CANCEL, use(1).scanned_at, "SCREW", None, "H9",
            None, 0, 370_200, "OR", 3,
        )
    ]  # fmt: skip


def test_more_than_was_used_is_a_wrong_line_to_be_replaced() -> None:
    assert differences([use(1)], [line(use(1), quantity=3)]) == [
        Difference(
            "H1", "E1", DifferenceKind.WRONG, (Aspect.QUANTITY,),
            LikelyCause.MORE_THAN_USED, Fix.REPLACE, use(1).scanned_at,
            "SCREW", UUID(int=1), "H1", billing(1), 123_400, 370_200, "OR", 1,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "aspects", "cause"),
    [
        ({"quantity": 1}, "quantity", "less-than-used"),
        ({"quantity": 3}, "quantity", "more-than-used"),
        ({"unit_price": PRICE + 100}, "price", "other-price"),
        ({"unit_price": PRICE - 100}, "price", "other-price"),
        ({"unit_price": PRICE + 100, "quantity": 3}, "price+quantity", "other-price"),
        # The money is right by chance: neither the price nor the quantity is.
        ({"unit_price": PRICE * 2, "quantity": 1}, "price+quantity", "other-price"),
        ({"unit_price": PRICE // 2, "quantity": 4}, "price+quantity", "other-price"),
        ({"insurance_code": "C9"}, "code", "other-insurance-code"),
        ({"item_code": "NAIL"}, "code", "other-item"),
        ({"item_code": "NAIL", "insurance_code": "C9"}, "code", "other-item"),
        ({"item_code": "NAIL", "unit_price": PRICE + 100}, "code+price", "other-item"),
        ({"item_code": "NAIL", "billing_id": billing(1), "quantity": 9}, "code+quantity", "other-item"),
    ],
)
def test_a_wrong_line_says_in_what_it_differs(changes: dict[str, Any], aspects: str, cause: str) -> None:
    assert short([use(1, 2)], [line(use(1, 2), **changes)]) == [(1, "H1", aspects, cause)]


@pytest.mark.parametrize(
    ("used", "charged"),
    [
        (use(1, insurance_code=None), line(use(1))),
        (use(1), line(use(1), insurance_code=None)),
        (use(1), line(use(1), lot="L7", serial="S7", department=None)),
        (use(1), line(use(1), service_at=AT + 900 * HOUR)),
        # 0.0125 yuan in a HIS that keeps two digits of a price.
        (use(1, 1, 125), line(use(1, 1, 125), unit_price=100)),
        # 3 × 0.3333 is 1.00, and a unit of it is credited with 0.33: two units are left with 0.67, or 0.66 of others.
        (use(1, 2, 3_333, amount_fen=66), line(use(1, 2, 3_333))),
        (open_use(1), line(use(1))),
        (open_use(1, unit_price=None), line(use(1))),
        (open_use(1, quantity=None), line(use(1, 4))),
    ],
)
def test_what_is_unknown_or_too_small_to_mend_differs_in_nothing(used: Use, charged: Line) -> None:
    assert differences([used], [charged]) == []


@pytest.mark.parametrize("more", [-1, 1])
def test_a_use_whose_price_is_unknown_is_compared_by_its_money(more: int) -> None:
    waits = open_use(1, unit_price=None, amount_fen=123_400)

    assert differences([waits], [line(use(1))]) == []
    assert short([waits], [line(use(1), amount_fen=123_400 + more)]) == [(1, "H1", "price", "other-price")]


def test_a_use_that_waits_here_and_was_charged_by_hand_with_too_much_is_wrong() -> None:
    assert short([open_use(1)], [line(use(1), quantity=2)]) == [(1, "H1", "quantity", "more-than-used")]


def test_a_use_whose_item_is_unknown_is_missed_and_costs_nothing_yet() -> None:
    unknown = open_use(1, item_code=None, insurance_code=None, lot=None, unit_price=None)
    assert short([unknown], [line(use(2))]) == [
        (1, None, "missed", "not-charged-yet"),
        (None, "H2", "extra", "not-scanned"),
    ]
    assert [each.expected_fen for each in differences([unknown], [])] == [0]


def test_the_second_of_two_equal_lines_is_charged_twice() -> None:
    assert short([use(1)], [line(use(1), "H2"), line(use(1), "H1")]) == [(None, "H2", "extra", "charged-twice")]


def test_the_line_of_what_came_back_is_returned_and_explains_one_line_only() -> None:
    two = [line(use(1), "H1"), line(use(1), "H2")]
    assert short([], two, [gone_use(1)]) == [
        (None, "H1", "extra", "returned"),
        (None, "H2", "extra", "not-scanned"),
    ]


def test_the_line_that_names_a_charge_taken_back_is_returned_though_a_like_use_has_none() -> None:
    named = line(use(1), billing_id=billing(1))
    assert short([use(2)], [named], [gone_use(1)]) == [
        (None, "H1", "extra", "returned"),
        (2, None, "missed", "not-posted"),
    ]


def test_a_line_for_what_is_free_is_not_chargeable_and_no_line_is_needed() -> None:
    assert differences([free_use(1)], []) == []
    assert short([free_use(1, quantity=3)], [line(use(1), "H1"), line(use(1), "H2", quantity=2)]) == [
        (None, "H1", "extra", "not-chargeable"),
        (None, "H2", "extra", "not-chargeable"),
    ]


def test_lines_of_an_encounter_nobody_knows_say_so() -> None:
    assert short([], [line(use(1))], known=False) == [(None, "H1", "extra", "unknown-encounter")]


def test_the_use_of_an_encounter_that_is_not_known_yet_finds_its_line() -> None:
    assert differences([open_use(1)], [line(use(1))], known=False) == []


def test_differences_come_by_time() -> None:
    found = differences([use(3), use(1)], [line(use(2), "H9", item_code="NAIL", insurance_code="C9", unit_price=5)])
    assert [each.at for each in found] == [use(1).scanned_at, use(2).scanned_at, use(3).scanned_at]
