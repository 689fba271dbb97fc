"""The table of reasons: what all of its rows keep to."""

from itertools import combinations

from models.reasons import REASONS, Reason, Verdict, When, in_precedence


def test_every_reason_has_one_row_in_the_order_of_precedence() -> None:
    assert [row.reason for row in REASONS] == list(Reason)


def test_what_is_refused_or_contradicts_goes_to_the_dead_letters_and_nothing_else() -> None:
    dead = {row.reason for row in REASONS if row.dead_letter}

    assert dead == {row.reason for row in REASONS if row.verdict in {Verdict.REFUSED, Verdict.CONFLICT}}


def test_what_waits_says_what_ends_the_wait_and_nothing_else_waits() -> None:
    waits = {row.reason for row in REASONS if row.verdict in {Verdict.WAITING, Verdict.PARKED, Verdict.HELD}}

    assert {row.reason for row in REASONS if row.freed_by and row.verdict is not None} == waits


def test_nothing_is_charged_or_moved_of_what_is_refused() -> None:
    refused = [row for row in REASONS if row.verdict in {Verdict.REFUSED, Verdict.CONFLICT, Verdict.DUPLICATE}]

    assert {(row.charge, row.stock) for row in refused} == {(When.NEVER, When.NEVER)}


def test_reasons_are_said_in_order_of_precedence_however_many_they_are() -> None:
    assert in_precedence(set()) == ()
    assert in_precedence(set(Reason)) == tuple(Reason)
    for many in (1, 2, 3):
        assert all(in_precedence(set(some)) == some for some in combinations(Reason, many))
