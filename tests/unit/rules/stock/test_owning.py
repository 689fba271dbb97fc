"""Whose goods are taken when an item has changed hands: of the owner whose goods lie there."""

from typing import Any

import pytest

from models.charging.books import BalanceKey
from models.charging.decision import Decision
from models.charging.effects import StockMove
from models.charging.snapshot import Catalogue
from rules.charging.lookup import wanted_by
from tests.support.builders import (
    DI,
    HOSPITAL,
    LABEL,
    STORE,
    Bench,
    catalogue_of,
    gs1,
    item,
    item_of,
    out,
    scan,
    scan_id,
)

PLACE = "OR-1"
UNIT = gs1(DI, expiry="271231", lot="L1", serial="S1")


def owned(owner: str, **changes: Any) -> dict[str, Any]:
    whose = {"owner": "hospital", "supplier": "S0"} if owner == "hospital" else {"owner": "supplier", "supplier": owner}
    return item(cost=[{"cost": "2.00"}]) | whose | changes


def bench_of(*owners: tuple[str, int], lot: str = "L1") -> Bench:
    """Each has brought so many of the lot, one after the other; the last has the item."""
    bench = Bench(owned(owners[0][0]), stocked=False)
    for owner, units in owners:
        bench.learn(owned(owner))
        if units:
            bench.stock(gs1(DI, expiry="271231", lot=lot), quantity=units)
    return bench


@pytest.mark.parametrize(
    ("lie", "units", "expected"),
    [
        ((("S1", 5), ("S2", 0)), 5, ("S1", ())),
        ((("S1", 5), ("hospital", 0)), 5, ("S1", ())),
        ((("hospital", 5), ("S1", 0)), 5, ("hospital", ())),
        ((("S1", 5), ("S2", 5)), 5, ("S2", ())),
        # The newest former owner of whom enough lie.
        ((("S1", 5), ("S2", 5), ("S3", 4)), 5, ("S2", ())),
        ((("S1", 5), ("S2", 4), ("S3", 3)), 5, ("S1", ())),
        # Of nobody as many: whoever has most; of as many the newest.
        ((("S1", 3), ("S2", 2)), 5, ("S1", ("stock-negative",))),
        ((("S1", 3), ("S2", 3), ("S3", 0)), 5, ("S2", ("stock-negative",))),
        ((("S1", 0), ("S2", 0)), 1, ("S2", ("stock-negative",))),
        # He has had it before, and has it again.
        ((("S1", 2), ("S2", 5), ("S1", 0)), 2, ("S1", ())),
        ((("S1", 2), ("S2", 5), ("S1", 0)), 3, ("S2", ())),
    ],
)
def test_goods_are_taken_from_the_owner_whose_goods_lie_there(
    lie: tuple[tuple[str, int], ...], units: int, expected: tuple[str, tuple[str, ...]]
) -> None:
    found = bench_of(*lie).scan(1, quantity=units)

    assert (found.move, found.reasons) == (out(units, expected[0]), expected[1])
    owed = () if expected[0] == "hospital" else (("payable", units, f"{units * 2}.00", 202206),)
    assert found.settlement == owed


@pytest.mark.parametrize("action", ["waste", "opened", "transfer", "lend", "quarantine", "send-back"])
def test_whatever_a_store_does_is_done_with_the_goods_that_lie_there(action: str) -> None:
    bench = bench_of(("S1", 5), ("S2", 0))

    found = bench.scan(1, action=action, quantity=2, to_store="OR-3", encounter=None)

    assert found.move is not None
    assert (found.move.owner, found.reasons) == ("S1", ())


def test_what_is_locked_away_of_a_former_owner_goes_back_from_there() -> None:
    bench = bench_of(("S1", 5), ("S2", 0))
    bench.scan(1, action="quarantine", quantity=2, encounter=None)

    back = bench.scan(2, action="send-back", quantity=2, encounter=None)

    assert (back.move, back.reasons) == (StockMove("S1", 2, "quarantine/OR-2", None), ())


@pytest.mark.parametrize(("units", "owner", "cleared"), [(3, "S2", 0), (4, "S1", 2), (7, "S1", 2), (9, "S1", 2)])
def test_what_is_sent_back_is_of_whom_as_many_lie_in_quarantine_else_there_and_on_the_shelf(
    units: int, owner: str, cleared: int
) -> None:
    """S1 has 2 in quarantine and 5 on the shelf, S2 3 in quarantine and none; nobody has 9."""
    bench = bench_of(("S1", 7))
    bench.scan(1, action="quarantine", quantity=2, encounter=None)
    bench.learn(owned("S2"))
    bench.stock(LABEL, quantity=9)
    bench.scan(2, action="quarantine", quantity=9, encounter=None)
    bench.scan(3, action="clear", quantity=6, encounter=None)
    bench.scan(4, action="waste", quantity=6, encounter=None)

    decided = bench.record(scan(5, action="send-back", quantity=units, encounter=None))

    moves = [each.stock.move for each in decided if isinstance(each, Decision) and each.stock.move is not None]
    assert ({move.owner for move in moves}, sum(move.units for move in moves if move.to_store)) == ({owner}, cleared)


def test_a_unit_is_its_own_owners_and_what_comes_in_is_the_owners_of_the_day() -> None:
    bench = Bench(owned("S1"), stocked=False)
    bench.stock(UNIT)
    bench.learn(owned("S2"))

    assert bench.scan(1, action="receive", codes=[LABEL], encounter=None).move == StockMove("S2", 1, None, STORE)
    assert bench.scan(2, codes=[UNIT]).move == out(1, "S1")


def test_a_set_of_a_former_supplier_is_his() -> None:
    bench = Bench(owned("hospital", supplier="S1"), stocked=False)
    about: dict[str, Any] = {"place": "set", "document": "LS-1", "quantity": 3}
    bench.scan(1, action="receive", encounter=None, **about)
    bench.learn(owned("hospital", supplier="S2"))

    assert bench.scan(2, **about).move == StockMove("S1", 3, "set/LS-1", None)


def test_a_return_gives_back_to_the_owner_of_its_use() -> None:
    bench = bench_of(("S1", 5))
    bench.scan(1, quantity=2)
    bench.learn(owned("S2"))

    back = bench.scan(2, action="return", corrects=str(scan_id(1)))

    assert back.move == StockMove("S1", 1, None, STORE)
    assert back.settlement == (("reversal", 1, "2.00", 202206),)


TAKEN = BalanceKey(HOSPITAL, STORE, "SCREW", "S1", "L1", "")


@pytest.mark.parametrize(
    ("taken", "changes", "owner"),
    [
        (TAKEN, {}, "S1"),
        # More than lie there.
        (TAKEN, {"quantity": 90}, "S1"),
        # Of another lot or item, another owner's goods may be meant.
        (TAKEN._replace(lot="L2"), {}, "S2"),
        (TAKEN._replace(serial="U1"), {}, "S2"),
        (TAKEN._replace(item_code="PLATE"), {}, "S2"),
        # From another place his are looked for first.
        (TAKEN._replace(store="OR-9"), {}, "S1"),
        (TAKEN._replace(store="OR-9"), {"quantity": 6}, "S2"),
        (TAKEN._replace(store="OR-9", owner="S7"), {}, "S2"),
        (None, {}, "S2"),
    ],
)
def test_a_use_that_takes_the_place_of_another_keeps_its_owner(
    taken: BalanceKey | None, changes: dict[str, Any], owner: str
) -> None:
    bench = bench_of(("S1", 5), ("S2", 9))
    if taken is not None:
        bench.view.gathered.replaced[HOSPITAL, scan_id(1)] = taken

    found = bench.scan(2, corrects=str(scan_id(1)), **changes)

    assert found.move == out(changes.get("quantity", 1), owner)


def test_items_of_one_owner_are_asked_for_one_balance_and_others_for_one_an_owner() -> None:
    bench = Bench(owned("S1"))
    one = bench.read(scan(1))
    assert not isinstance(one, tuple)

    def keys(catalogue: Catalogue) -> set[str]:
        return {key.owner for key in wanted_by([one], (), catalogue).balances}  # type: ignore[list-item]

    assert keys(catalogue_of(owned("S1"), owned("S1", name="new"))) == {"S1"}
    assert keys(catalogue_of(owned("S1"), owned("S2"), owned("hospital"), owned("S2"))) == {"S1", "S2", "hospital"}


def test_the_catalogue_keeps_whose_an_item_was_the_newest_first() -> None:
    catalogue = catalogue_of(owned("S1"), owned("S2"), owned("S1"), owned("S3"), item(item_code="OTHER"))
    newest, other = catalogue.item(HOSPITAL, "SCREW"), catalogue.item(HOSPITAL, "OTHER")
    assert newest is not None
    assert other is not None

    assert [each.owner for each in catalogue.former(newest)] == ["S1", "S2"]
    assert catalogue.former(other) == ()
    catalogue.put([item_of(owned("S2"), 2)], 2)
    assert [each.owner for each in catalogue.former(newest)] == ["S1", "S2"]
