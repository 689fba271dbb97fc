"""Suppliers' sets of the simulated hospital: what came is used, given back or named, and what was used is owed."""

from collections import Counter

from models.calendar import month_text
from streams.simulator.store.goods import SET_SUPPLIERS
from streams.simulator.store.sets import SETS_SHARE
from streams.simulator.truth.sets import lost_pieces, owed_for_sets, set_rows
from tests.unit.streams.simulator.conftest import PLAN, Run

FIGURES = ("brought", "used", "wasted", "returned", "lacking")


def test_there_is_a_set_for_so_many_scans_and_each_is_used_and_given_back(run: Run) -> None:
    brought = run.truth.sets.brought
    assert len(brought) == sum(PLAN.scans_of(index) // SETS_SHARE for index in range(PLAN.months))
    assert len({one.document for one in brought}) == len(brought)
    assert all(any(piece.used for piece in one.pieces) for one in brought)
    assert all(one.lost or any(piece.returned for piece in one.pieces) for one in brought)


def test_what_was_brought_was_used_wasted_given_back_or_lacks(run: Run) -> None:
    rows = list(set_rows(run.truth.sets))
    for row in rows:
        assert row["brought"] == row["used"] + row["wasted"] + row["returned"] + row["lacking"]
    assert {row["status"] for row in rows} == {"settled", "lacking", "over"}
    assert all(any(row[name] for name in FIGURES) for row in rows)
    assert any(row["serial"] for row in rows)


def test_each_mistake_with_sets_occurs_and_lost_pieces_are_those_that_lack(run: Run) -> None:
    rows = list(set_rows(run.truth.sets))
    assert {"not-brought", "not-returned"} <= {name for row in rows for name in row["findings"]}
    lacking = {
        (row["document"], row["item_code"], row["lot"], row["serial"]): row["lacking"]
        for row in rows if row["lacking"] > 0
    }  # fmt: skip
    assert lost_pieces(run.truth.sets) == lacking


def test_the_account_moves_goods_of_sets_as_the_sets_have_them(run: Run) -> None:
    """The account hears scans one by one, the sets remember what they did: nothing but what lacks is left of a set."""
    left = {
        (store.removeprefix("set/"), item, lot or None, serial or None): units
        for (store, _, item, lot, serial), units in run.truth.account.stock.items()
        if store.startswith("set/") and units
    }  # fmt: skip
    assert left == {
        (row["document"], row["item_code"], row["lot"], row["serial"]): row["lacking"]
        for row in set_rows(run.truth.sets) if row["lacking"]
    }  # fmt: skip
    owners = {owner for store, owner, *_ in run.truth.account.stock if store.startswith("set/")}
    assert owners == set(SET_SUPPLIERS)


def test_what_was_used_of_sets_is_owed_whoever_owns_the_item_elsewhere(run: Run) -> None:
    stated: Counter[tuple[str, str, str]] = Counter()
    for (supplier, item, month, _), (_, _, _, amount) in run.truth.account.owing.statements.items():
        if supplier in SET_SUPPLIERS and amount:
            stated[supplier, item, month_text(month)] += amount
    owed = {(supplier, item, month_text(month)): fen
            for (supplier, item, month), (_, fen) in owed_for_sets(run.truth.sets).items()}  # fmt: skip
    assert owed == dict(stated)
    assert {goods.owned for goods in run.truth.sets.goods()} == {True, False}


def test_a_unit_that_was_given_back_comes_again_in_a_later_month(run: Run) -> None:
    came: dict[tuple[str, str | None], list[int]] = {}
    for one in run.truth.sets.brought:
        for piece in one.pieces:
            if piece.unit.serial is not None:
                came.setdefault((piece.unit.goods.code, piece.unit.serial), []).append(one.day)
    again = [days for days in came.values() if len(days) > 1]
    assert again
    assert all(days == sorted(days) for days in again)
