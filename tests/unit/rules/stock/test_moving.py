"""From where to where goods go, action by action."""

from typing import Any

import pytest

from models.charging.decision import Decision
from models.charging.effects import StockMove
from models.scan.event import ScanEvent
from models.stock.store import StoreRecord
from rules.stock.moving import Way, way_of
from tests.support.builders import DI as SCREW
from tests.support.builders import ENCOUNTER, HOSPITAL, LABEL, Bench, Outcome, body, gs1, item, scan


def event(action: str, **changes: Any) -> ScanEvent:
    return ScanEvent.model_validate_json(body(scan(1, action=action, **changes)))


@pytest.mark.parametrize(
    ("action", "changes", "expected"),
    [
        ("use", {}, Way("OR-2", "patient")),
        ("use", {"place": "cab1"}, Way("OR-2/cab1", "patient")),
        ("return", {}, Way("patient", "OR-2")),
        ("opened", {}, Way("OR-2", "waste")),
        ("waste", {"place": "cart"}, Way("OR-2/cart", "waste")),
        ("receive", {}, Way("supplier", "OR-2")),
        ("receive", {"place": "cab1"}, Way("supplier", "OR-2/cab1")),
        ("transfer", {"to_store": "OR-3"}, Way("OR-2", "OR-3")),
        ("accept", {}, Way("in-transit/OR-2", "OR-2")),
        ("lend", {"to_store": "OR-3"}, Way("OR-2", "lent/OR-3")),
        ("give-back", {"to_store": "OR-3"}, Way("lent/OR-2", "OR-3")),
        ("quarantine", {"place": "cab1"}, Way("OR-2/cab1", "quarantine/OR-2")),
        ("clear", {}, Way("quarantine/OR-2", "OR-2")),
        ("missing", {"document": "C-1", "item_code": "SCREW", "place": "cab1"}, Way("OR-2/cab1", "adjustment")),
        ("found", {"document": "C-1", "item_code": "SCREW"}, Way("adjustment", "OR-2")),
    ],
)
def test_the_way_of_an_action(action: str, changes: dict[str, Any], expected: Way) -> None:
    assert way_of(event(action, **changes)) == expected


def test_a_store_that_confirms_gets_goods_when_it_accepts_them() -> None:
    bench = Bench()
    store = {"schema": "udi.store/1", "hospital": HOSPITAL, "store": "OR-3", "confirms_transfers": True}
    bench.view.catalogue.stores.put([StoreRecord.model_validate(store)])

    sent = bench.scan(1, action="transfer", to_store="OR-3", encounter=None, quantity=4)
    got = bench.scan(2, action="accept", store="OR-3", encounter=None, quantity=3)

    assert sent.move == StockMove("hospital", 4, "OR-2", "in-transit/OR-3")
    assert got.move == StockMove("hospital", 3, "in-transit/OR-3", "OR-3")
    assert (sent.reasons, got.reasons) == ((), ())
    assert bench.scan(3, action="accept", store="OR-3", encounter=None, quantity=2).reasons == ("stock-negative",)


def test_what_comes_in_expired_is_locked_away_and_not_before() -> None:
    bench = Bench()
    over, last = gs1(SCREW, expiry="220602", lot="X"), gs1(SCREW, expiry="220603", lot="X")

    assert bench.scan(1, action="receive", codes=[over], encounter=None).move == StockMove(
        "hospital", 1, None, "quarantine/OR-2"
    )
    assert bench.scan(2, action="receive", codes=[over], encounter=None).reasons == ("expired",)
    assert bench.scan(3, action="receive", codes=[last], encounter=None).move == StockMove("hospital", 1, None, "OR-2")


def test_what_moves_has_the_cost_of_its_day() -> None:
    costs = [
        {"cost": "10.00", "from": "2022-01-01", "to": "2022-06-03"},
        {"cost": "12.5", "from": "2022-06-03", "to": None},
    ]
    bench = Bench(item(cost=costs))

    assert bench.decision(1).stock.cost == 125_000
    assert bench.decision(2, scanned_at="2022-06-02T12:00:00+08:00").stock.cost == 100_000
    assert bench.decision(3, scanned_at="2021-12-31T12:00:00+08:00").stock.cost is None
    assert bench.decision(4, action="count", encounter=None).stock.cost is None


def test_what_is_left_is_told_of_the_place_that_was_scanned() -> None:
    bench = Bench()
    bench.scan(1, action="receive", place="cab1", encounter=None, quantity=7)

    assert bench.decision(2, place="cab1").stock.left == 6
    assert bench.decision(3).stock.left == 99
    assert bench.decision(4, action="quarantine", encounter=None, quantity=9).stock.left == 90
    assert bench.decision(5, action="clear", encounter=None, quantity=4).stock.left == 94
    assert LABEL


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"action": "lend"}, "Expected to_store in a lend"),
        ({"action": "give-back", "to_store": "OR-2"}, "Expected another store in to_store of a give-back"),
    ],
)
def test_goods_move_between_two_stores_of_the_hospital(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        event(**changes)


@pytest.mark.parametrize(
    "action",
    ["use", "return", "opened", "waste", "receive", "transfer", "accept", "lend", "give-back", "quarantine", "clear",
     "send-back"],
)  # fmt: skip
@pytest.mark.parametrize("document", [None, "LS-1"])
def test_goods_of_a_set_move_when_its_number_is_said_and_are_held_without(action: str, document: str | None) -> None:
    bench = Bench()
    bench.scan(1, action="receive", place="set", document="LS-1", encounter=None)
    if action == "return":
        bench.scan(2, place="set", document="LS-1")
    said: dict[str, Any] = {
        "encounter": ENCOUNTER if action in {"use", "return"} else None,
        "to_store": "OR-3" if action in {"transfer", "lend", "give-back"} else None,
    }
    found = bench.scan(3, action=action, place="set", document=document, **said)

    if document is None:
        assert found == Outcome("held", ("document-missing",))
    else:
        assert found.verdict != "held"
        assert found.move is not None


def test_a_use_of_a_set_without_its_number_takes_no_unit_and_says_all_that_is_wrong() -> None:
    bench, unit = Bench(item(tracking="serial")), gs1(SCREW, expiry="220602", lot="L1", serial="S1")
    use = bench.decision(1, codes=[unit], place="set")
    assert (use.verdict, use.reasons) == ("held", ("expired", "document-missing"))
    assert not use.stock.takes_unit
    assert use.charging.entries == ()


def test_a_room_called_set_is_counted_without_a_number() -> None:
    assert Bench().scan(1, action="count", place="set", encounter=None) == Outcome("recorded")


@pytest.mark.parametrize(
    ("locked", "shelf", "expected", "flags"),
    [
        (0, 9, [("OR-2", None, 5)], ()),
        (1, 9, [("quarantine/OR-2", "OR-2", 1), ("OR-2", None, 5)], ()),
        (4, 1, [("quarantine/OR-2", "OR-2", 4), ("OR-2", None, 5)], ()),
        (4, 0, [("quarantine/OR-2", "OR-2", 4), ("OR-2", None, 5)], ("stock-negative",)),
        (5, 0, [("quarantine/OR-2", None, 5)], ()),
        (6, 9, [("quarantine/OR-2", None, 5)], ()),
    ],
)
def test_what_is_sent_back_leaves_quarantine_first(
    locked: int, shelf: int, expected: list[tuple[str | None, str | None, int]], flags: tuple[str, ...]
) -> None:
    bench = Bench(stocked=False)
    if locked + shelf:
        bench.scan(1, action="receive", encounter=None, quantity=locked + shelf)
    if locked:
        bench.scan(2, action="quarantine", encounter=None, quantity=locked)
    parts = bench.record(scan(3, action="send-back", encounter=None, quantity=5))

    decisions = [each for each in parts if isinstance(each, Decision)]
    moves = [each.stock.move for each in decisions]
    assert [(move.from_store, move.to_store, move.units) for move in moves if move] == expected
    assert [each.n for each in decisions] == list(range(len(expected)))
    assert {each.reasons for each in decisions} == {flags}
    assert (decisions[-1].units, decisions[-1].stock.left) == (5, shelf + min(locked, 5) - 5 if locked < 5 else shelf)


def test_what_is_sent_back_of_a_room_is_cleared_into_that_room() -> None:
    bench = Bench()
    bench.scan(1, action="quarantine", encounter=None, quantity=1)
    bench.scan(2, action="receive", place="cab1", encounter=None, quantity=1)
    first, last = bench.record(scan(3, action="send-back", place="cab1", encounter=None, quantity=2))

    assert [each.stock.move for each in (first, last) if isinstance(each, Decision)] == [
        StockMove("hospital", 1, "quarantine/OR-2", "OR-2/cab1"), StockMove("hospital", 2, "OR-2/cab1", None),
    ]  # fmt: skip
