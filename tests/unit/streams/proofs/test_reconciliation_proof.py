"""The proof of the reconciliation finds what is seeded, and notices what is overlooked or made up."""

from dataclasses import replace

import pytest

from streams.proofs.reconciliation_proof import KindFigures, compare, prove_reconciliation
from streams.simulator import Plan
from streams.simulator.truth.differences import OpenDifference

MISSED = OpenDifference("missed", (), "not-posted", "E1", "H1", "S1", None, 500, 0)
WRONG = OpenDifference("wrong", ("code", "price"), "other-item", "E2", "H2", "S2", "L2", 500, 400)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_seeded_error_is_found_and_no_other(seed: int) -> None:
    figures = prove_reconciliation(Plan(seed=seed, months=3, scans=9000))

    assert (figures.overlooked, figures.false) == ((), ())
    names = {each.name for each in figures.kinds if each.seeded == each.found == each.true > 0}
    kinds, aspects = ("missed", "wrong", "extra"), ("code", "patient", "price", "quantity")
    assert names == {*kinds, *(f"wrong: {each}" for each in aspects)}
    assert figures.refused == 9
    assert figures.good


def test_what_is_overlooked_and_what_is_made_up_is_listed_and_lowers_its_kind() -> None:
    other = replace(MISSED, expected_fen=501)

    kinds, overlooked, false = compare([MISSED, WRONG], [other, WRONG])

    assert (overlooked, false) == ((MISSED,), (other,))
    assert kinds == (
        KindFigures("missed", 1, 1, 0),
        KindFigures("wrong", 1, 1, 1),
        KindFigures("wrong: code", 1, 1, 1),
        KindFigures("wrong: price", 1, 1, 1),
    )
    assert [each.good for each in kinds] == [False, True, True, True]


def test_which_of_two_equal_uses_was_missed_makes_no_difference_and_how_many_does() -> None:
    twin = replace(MISSED, scan_id="S9")

    assert compare([MISSED], [twin])[1:] == ((), ())
    assert compare([MISSED], [MISSED, twin])[1:] == ((), (twin,))


@pytest.mark.parametrize(("true", "good"), [(995, True), (994, False)])
def test_a_kind_is_good_from_995_in_a_thousand_on(*, true: int, good: bool) -> None:
    assert KindFigures("missed", 1000, true, true).good is good
    assert KindFigures("missed", true, 1000, true).good is good
