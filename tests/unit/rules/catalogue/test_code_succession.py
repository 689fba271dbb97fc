"""Codes that were ended or replaced: chains are followed by days, circles and contradictions refused by row."""

from datetime import date

import pytest

from rules.catalogue.code_succession import ListedCode, Succession

A, B, C, D = (f"C{number:019d}" for number in range(1, 5))
JULY, AUGUST = date(2022, 7, 1), date(2022, 8, 1)


def row(number: int, code: str, to: date | None = None, successor: str | None = None, **more: date) -> ListedCode:
    return ListedCode(number, code, more.get("from_on"), to, successor)


CHAIN = (row(2, A, JULY, B), row(3, B, AUGUST, C), row(4, C))


@pytest.mark.parametrize("code", [A, B, C])
def test_a_chain_is_followed_both_ways(code: str) -> None:
    assert Succession(CHAIN).days_of(code) == [
        {"code": A, "to": "2022-07-01"}, {"code": B, "from": "2022-07-01", "to": "2022-08-01"},
        {"code": C, "from": "2022-08-01"},
    ]  # fmt: skip


def test_a_code_that_no_row_names_is_left_alone() -> None:
    assert Succession(CHAIN).days_of(D) is None


def test_a_code_that_ends_without_successor_has_a_last_day() -> None:
    assert Succession([row(2, A, JULY)]).days_of(A) == [{"code": A, "to": "2022-07-01"}]


def test_a_successor_may_say_itself_since_when_it_holds() -> None:
    found = Succession([row(2, A, JULY, B), row(3, B, from_on=AUGUST)])

    assert found.days_of(A) == [{"code": A, "to": "2022-07-01"}, {"code": B, "from": "2022-08-01"}]


def test_nobody_can_say_which_of_several_an_item_had() -> None:
    found = Succession([row(2, A, JULY, C), row(3, B, JULY, C), row(4, C, from_on=JULY)])

    assert found.days_of(C) == [{"code": C, "from": "2022-07-01"}]
    assert found.days_of(A) == [{"code": A, "to": "2022-07-01"}, {"code": C, "from": "2022-07-01"}]


def test_a_circle_is_refused_and_what_leads_into_it_ends_there() -> None:
    found = Succession([row(2, A, JULY, B), row(3, B, JULY, C), row(4, C, AUGUST, B)])

    assert [(each.row, each.column) for each in found.refused] == [(3, "successor"), (4, "successor")]
    assert f"{B} → {C} → {B}" in found.refused[0].reason
    assert found.days_of(A) == [{"code": A, "to": "2022-07-01"}, {"code": B, "from": "2022-07-01"}]


@pytest.mark.parametrize(
    ("listed", "column"),
    [
        (row(2, "C1"), "code"),
        (row(2, A, JULY, "C1"), "successor"),
        (row(2, A, None, B), "to"),
        (row(2, A, JULY, B, from_on=JULY), "to"),
        (row(2, A, JULY, A), "successor"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_its_row(listed: ListedCode, column: str) -> None:
    found = Succession([listed])

    assert [(each.row, each.column) for each in found.refused] == [(2, column)]
    assert found.days_of(A) is None


def test_a_code_with_two_successors_keeps_the_first() -> None:
    found = Succession([row(2, A, JULY, B), row(3, A, JULY, C), row(4, A, JULY, B)])

    assert [(each.row, each.column) for each in found.refused] == [(3, "code")]
    assert [each["code"] for each in found.days_of(A) or ()] == [A, B]
