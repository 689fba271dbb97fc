"""One charge on the wrong patient."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.reconciling.differences import Aspect, Difference, DifferenceKind, Fix, LikelyCause, Use
from rules.reconciling import PATIENT_WINDOW, across, reconcile
from tests.support.two_sides import billing, free_use, gone_use, line, open_use, use

MICROSECOND = timedelta(microseconds=1)


def missed(number: int, encounter: str = "E1", **changes: Any) -> Difference:
    (found,) = reconcile("H1", encounter, [use(number, **changes)], [])
    return found


def extra(minute: int, line_id: str, encounter: str = "E2", **changes: Any) -> Difference:
    (found,) = reconcile("H1", encounter, [], [line(use(minute), line_id, **changes)])
    return found


def pairs(missed_: list[Difference], extra_: list[Difference]) -> list[tuple[int, str]]:
    return [((each.scan_id or UUID(int=0)).int, each.line_id or "") for each in across(missed_, extra_)]


def test_missed_here_and_extra_there_is_one_charge_on_the_wrong_patient() -> None:
    assert across([missed(1)], [extra(2, "H2")]) == [
        Difference(
            "H1", "E1", DifferenceKind.WRONG, (Aspect.PATIENT,),
            LikelyCause.OTHER_PATIENT, Fix.REPLACE, use(1).scanned_at,
            "SCREW", UUID(int=1), "H2", billing(1), 123_400, 123_400, "OR", 1,
        )
    ]  # fmt: skip


def test_the_line_is_within_the_window() -> None:
    at = use(1).scanned_at
    for edge in (at - PATIENT_WINDOW, at + PATIENT_WINDOW):
        assert pairs([missed(1)], [extra(1, "H2", service_at=edge)]) == [(1, "H2")]
    for beyond in (at - PATIENT_WINDOW - MICROSECOND, at + PATIENT_WINDOW + MICROSECOND):
        assert pairs([missed(1)], [extra(1, "H2", service_at=beyond)]) == []


@pytest.mark.parametrize(
    "changes", [{"quantity": 2}, {"unit_price": 100}, {"department": "ICU"}, {"item_code": "NAIL"}]
)
def test_what_is_not_alike_is_two_errors(changes: dict[str, Any]) -> None:
    assert pairs([missed(1)], [extra(1, "H2", **changes)]) == []


def test_a_line_without_department_may_be_of_any() -> None:
    assert pairs([missed(1)], [extra(1, "H2", department=None)]) == [(1, "H2")]


def test_two_errors_of_one_patient_are_not_of_two() -> None:
    assert pairs([missed(1)], [extra(1, "H2", "E1")]) == []


def test_the_line_that_names_the_charge_is_for_it_whenever_and_whatever_it_says() -> None:
    named = extra(1_000, "H2", quantity=2, unit_price=100, billing_id=billing(1))
    (found,) = across([missed(1)], [extra(1, "H1"), named])
    assert (found.line_id, found.aspects, found.amount_fen) == (
        "H2",
        (Aspect.QUANTITY, Aspect.PATIENT),
        2 - 123_400,
    )


def test_another_price_on_the_wrong_patient_is_both() -> None:
    (found,) = across([missed(1)], [extra(1, "H2", unit_price=100, billing_id=billing(1))])
    assert found.aspects == (Aspect.PRICE, Aspect.PATIENT)


def test_a_line_that_names_another_charge_is_for_no_other_patient() -> None:
    assert pairs([missed(1)], [extra(1, "H2", billing_id=billing(9))]) == []


def test_the_nearest_are_paired_first() -> None:
    assert pairs([missed(1), missed(20, "E3")], [extra(18, "H2"), extra(2, "H3", "E4")]) == [(1, "H3"), (20, "H2")]


def test_a_line_as_near_to_two_patients_accuses_neither() -> None:
    assert pairs([missed(1), missed(3, "E3")], [extra(2, "H2")]) == []


def test_a_use_with_equally_near_lines_of_two_patients_accuses_neither() -> None:
    assert pairs([missed(2)], [extra(1, "H1"), extra(3, "H3", "E3")]) == []


def test_equally_near_patients_in_a_chain_are_all_left_alone() -> None:
    uses = [missed(0, "E1"), missed(20, "E2"), missed(50, "E5")]
    lines = [extra(10, "H3", "E3"), extra(30, "H4", "E4"), extra(51, "H6", "E6")]
    assert pairs(uses, lines) == pairs(uses[::-1], lines[::-1]) == [(50, "H6")]


def test_a_line_that_was_paired_stands_in_nobodys_way() -> None:
    uses = [missed(1), missed(11, "E3")]
    lines = [extra(0, "H0", "E9", quantity=7), extra(1, "H1"), extra(21, "H2", "E4")]
    assert pairs(uses, lines) == [(1, "H1"), (11, "H2")]


def test_a_use_that_was_paired_stands_in_nobodys_way() -> None:
    uses = [missed(0, "E9", quantity=7), missed(1), missed(21, "E4")]
    lines = [extra(1, "H1"), extra(11, "H2", "E3")]
    assert pairs(uses, lines) == [(1, "H1"), (21, "H2")]


def test_two_equal_uses_of_one_patient_on_one_other_are_paired_in_order() -> None:
    together = [replace(missed(number), at=missed(1).at) for number in (1, 2)]
    assert sorted(pairs(together, [extra(1, "H1"), extra(1, "H2")])) in (
        [(1, "H1"), (2, "H2")],
        [(1, "H2"), (2, "H1")],
    )


@pytest.mark.parametrize("cause", ["open", "free", "gone"])
def test_what_has_its_own_explanation_is_on_no_other_patient(cause: str) -> None:
    waits = reconcile("H1", "E1", [open_use(1)], []) if cause == "open" else [missed(1)]
    own: list[Use] = [free_use(1)] if cause == "free" else []
    gone = [gone_use(1)] if cause == "gone" else []
    there = reconcile("H1", "E2", own, [line(use(1), "H2")], gone)
    assert pairs(waits, there) == []


def test_the_second_of_two_equal_lines_is_the_other_patients() -> None:
    doubled = reconcile("H1", "E2", [use(5)], [line(use(5), "H1"), line(use(5), "H2")])
    assert pairs([missed(1)], doubled) == [(1, "H2")]
