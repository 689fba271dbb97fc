"""Recalled units that are in no balance yet are listed where their scans brought them, and no unit twice."""

from collections import Counter
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.stock.exposure import ItemScan
from tests.unit.rules.stock.test_recall_listing import holding, listed, scan, short

INSIDE: Final = ("transfer", "lend", "quarantine")
"""Actions that bring goods of a shelf to another place of the house."""


GONE = {"waste", "supplier"}


def waits(number: int, action: str, units: int = 1, **more: Any) -> ItemScan:
    """A scan of an item that nobody knows."""
    said: dict[str, Any] = {"moved": False, "verdict": "parked", "item_code": None} | more
    return scan(number, action, units=units, **said)


def places(*scans: ItemScan) -> list[tuple[str, str | None, int]]:
    return sorted((str(line.kind), line.store, line.quantity) for line in listed(*scans) if line.encounter is None)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("transfer", [("shelf", "OR-2", 1), ("shelf", "OR-3", 3)]),
        ("lend", [("lent", "OR-3", 3), ("shelf", "OR-2", 1)]),
        ("quarantine", [("quarantine", "OR-2", 3), ("shelf", "OR-2", 1)]),
        ("send-back", [("shelf", "OR-2", 1)]),
        ("missing", [("shelf", "OR-2", 1)]),
        ("waste", [("shelf", "OR-2", 1)]),
        ("count", [("shelf", "OR-2", 4)]),
        ("identify", [("shelf", "OR-2", 4)]),
        ("found", [("shelf", "OR-2", 4)]),
    ],
)
def test_waiting_units_are_where_their_scans_brought_them(
    action: str, expected: list[tuple[str, str | None, int]]
) -> None:
    came, went = waits(1, "receive", 4), waits(2, action, 3, to_store="OR-3")

    found = [each for each in places(came, went) if each[0] not in GONE]

    assert found == expected


def test_they_are_followed_from_place_to_place_and_used_there() -> None:
    story = [
        waits(1, "receive", 5, place="cab1"), waits(2, "transfer", 4, to_store="OR-3"),
        waits(3, "accept", 4, store="OR-3"),
        waits(4, "lend", 2, store="OR-3", to_store="OR-4"), waits(5, "give-back", 1, store="OR-4", to_store="OR-3"),
        waits(6, "use", 1, store="OR-3"), waits(7, "quarantine", 1, store="OR-3"),
        waits(8, "clear", 1, store="OR-3"),
    ]  # fmt: skip

    assert places(*story) == [("lent", "OR-4", 1), ("shelf", "OR-2", 1), ("shelf", "OR-3", 2)]
    assert sum(line.quantity for line in listed(*story)) == 5


def test_a_receipt_that_comes_late_is_less_what_was_used_and_moved_before_it() -> None:
    used, moved, came = waits(1, "use"), waits(2, "transfer", 2, to_store="OR-3"), waits(3, "receive", 4)

    assert places(used, moved, came) == [("shelf", "OR-2", 1), ("shelf", "OR-3", 2)]


def test_goods_in_the_books_wait_nowhere_else_when_a_scan_of_them_does() -> None:
    held = waits(2, "transfer", 3, to_store="OR-3", verdict="held")

    found = listed(scan(1, "receive", units=3), held, holdings=(holding(3),))

    assert [short(line) for line in found] == [("shelf", "OR-2", 3, None)]


def test_goods_that_went_to_and_fro_are_where_they_went_last() -> None:
    story = [
        waits(1, "receive", 4, store="A"), waits(2, "transfer", 4, store="A", to_store="B"),
        waits(3, "receive", 4, store="B"), waits(4, "transfer", 4, store="B", to_store="A"),
        waits(5, "use", 4, store="A"),
    ]  # fmt: skip

    assert places(*story) == [("shelf", "B", 4)]


def test_goods_in_the_books_that_go_on_and_on_wait_nowhere_beside_those_that_do() -> None:
    held = [
        waits(1, "transfer", 5, to_store="OR-3", verdict="held"),
        waits(2, "transfer", 5, store="OR-3", to_store="OR-4", verdict="held"),
        waits(3, "lend", 5, store="OR-4", to_store="OR-5", verdict="held"),
    ]

    assert places(*held) == []
    assert places(waits(4, "receive", 2), *held) == [("lent", "OR-5", 2)]
    assert places(*held, waits(4, "receive", 2, store="OR-4")) == [("lent", "OR-5", 2)]


def test_a_set_whose_receipt_waits_is_named_as_its_goods_in_the_books_are() -> None:
    of_set = {"place": "set", "document": "LS-1"}

    found = places(waits(1, "receive", 3, **of_set), waits(2, "send-back", 1, **of_set))

    assert found == [("shelf", "set/LS-1", 2), ("supplier", "OR-2", 1)]


@given(st.data())
def test_the_lines_are_those_of_a_plain_dictionary_for_any_story(data: st.DataObject) -> None:
    """Goods of two lots go about stores and rooms, no more than are there."""
    stock: Counter[tuple[str, str, str]] = Counter()
    story = []
    for number in range(1, data.draw(st.integers(2, 20))):
        lot = data.draw(st.sampled_from(["BAD", "GOOD"]))
        store, to_store = data.draw(st.permutations(["A", "B", "C"]))[:2]
        there = stock["shelf", store, lot]
        action = data.draw(st.sampled_from(["receive", "use", "waste", "send-back", *INSIDE] if there else ["receive"]))
        units = data.draw(st.integers(1, 9 if action == "receive" else there))
        place = data.draw(st.sampled_from([None, "cab1"]))
        story.append(waits(number, action, units, lot=lot, store=store, to_store=to_store, place=place))
        stock["shelf", store, lot] += units if action == "receive" else -units
        if action in INSIDE:
            kind = {"transfer": "shelf", "lend": "lent"}.get(action, action)
            stock[kind, store if action == "quarantine" else to_store, lot] += units

    late = sorted(story, key=lambda each: data.draw(st.integers()) if each.action == "receive" else 0)

    expected = sorted((kind, store, units) for (kind, store, lot), units in stock.items() if lot == "BAD" and units)
    for told in (story, late):
        assert [each for each in places(*told) if each[0] not in GONE] == expected
        came = sum(each.units for each in story if (each.action, each.lot) == ("receive", "BAD"))
        assert sum(line.quantity for line in listed(*told)) == came
