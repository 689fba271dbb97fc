"""The chance of an unread unit follows the moves of the books, whatever action made them."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scan.event import Action
from models.stock.exposure import ItemScan
from models.stock.places import OUTSIDE
from rules.stock.moving import way_of
from rules.stock.recall_matching import Match
from rules.stock.recall_shares import Shares
from tests.unit.rules.stock.test_recall_listing import holding, listed, scan, short

MOVING = sorted(set(Action) - {Action.COUNT, Action.IDENTIFY})
TAKES = ["quarantine", "send-back", "lend", "transfer", "waste", "opened", "use", "missing"]
BRINGS = ["accept", "clear", "found", "return", "receive"]


def unread(number: int, **changes: Any) -> ItemScan:
    return scan(number, lot=None, **changes)


def chance(*scans: ItemScan) -> Decimal | None:
    """Of the last scan, an unread use."""
    return next(line.chance for line in listed(*scans) if line.scan_id == scans[-1].scan_id)


@pytest.mark.parametrize("action", TAKES)
def test_what_has_left_the_store_is_not_counted(action: str) -> None:
    there = scan(1, "receive", units=10), scan(2, "receive", lot="GOOD", units=10)

    assert chance(*there, scan(3, action, units=10, to_store="OR-3"), unread(4)) == Decimal(0)
    assert chance(*there, scan(3, action, units=10, to_store="OR-3", lot="GOOD"), unread(4)) == Decimal(1)


@pytest.mark.parametrize("action", BRINGS)
def test_what_has_come_to_the_store_is_counted(action: str) -> None:
    there = scan(1, "receive", lot="GOOD", units=10)

    assert chance(there, scan(2, action, units=10), unread(3)) == Decimal("0.5000")


def test_goods_given_back_are_counted_where_they_come() -> None:
    there = scan(1, "receive", lot="GOOD", units=10, store="OR-3")
    back = scan(2, "give-back", units=10, to_store="OR-3")

    assert chance(there, back, unread(3, store="OR-3")) == Decimal("0.5000")


def test_goods_in_a_room_are_of_the_store_and_goods_that_change_room_stay() -> None:
    room = scan(1, "receive", units=6, place="cab1"), scan(2, "receive", lot="GOOD", units=2)
    moved = scan(3, "transfer", units=6, from_place="OR-2/cab1", to_place="OR-2", place="cab1", to_store="OR-2")

    assert chance(*room, unread(4)) == chance(*room, moved, unread(4)) == Decimal("0.7500")
    assert chance(*room, unread(4, place="cab1")) == Decimal("0.7500")
    # No room of OR-2, for all that its name begins so.
    assert chance(*room, scan(3, "receive", lot="GOOD", units=9, store="OR-20"), unread(4)) == Decimal("0.7500")


def test_a_set_is_by_itself_also_while_its_use_waits() -> None:
    shelf, brought = scan(1, "receive", units=6), {"place": "set", "document": "LS-1"}
    of_set = scan(2, "receive", lot="GOOD", units=6, **brought)

    assert chance(shelf, of_set, unread(3)) == Decimal(1)
    assert chance(shelf, of_set, unread(3, **brought)) == Decimal(0)
    assert chance(shelf, of_set, unread(3, **brought, moved=False, verdict="parked")) == Decimal(0)


def test_unread_goods_in_quarantine_or_in_a_room_have_the_share_of_where_they_lie() -> None:
    locked = scan(1, "receive", units=1), scan(2, "receive", lot="GOOD", units=3), scan(3, "quarantine", None, 2)

    found = listed(*locked, holdings=(holding(2, "quarantine/OR-2", lot=None),))

    assert [short(line) for line in found] == [("quarantine", "OR-2", 2, Decimal("0.2500"))]


def test_unread_goods_that_come_where_nothing_is_known_can_not_be_ruled_out() -> None:
    came = scan(1, "receive", None, 10)
    good = scan(2, "receive", "GOOD", 10)
    lacked = scan(1, "transfer", None, 10, to_store="OR-3")

    assert chance(came, unread(2)) == Decimal(1)
    assert chance(came, good, unread(3)) == Decimal("0.5000")
    assert chance(lacked, unread(2, store="OR-3")) == Decimal(1)
    # The receipt of what was sent without it comes late: what is left there is no less likely to be meant.
    assert chance(lacked, scan(2, "receive", units=10), good, unread(3)) == Decimal(1)
    assert [line.chance for line in listed(came, holdings=(holding(10, lot=None),))] == [Decimal(1)]


def test_what_a_store_has_on_loan_may_be_what_it_used() -> None:
    lent = scan(1, "lend", "BAD", 3, store="OR-2", to_store="OR-3")
    own = scan(2, "receive", "GOOD", 1, store="OR-3")
    assert chance(lent, own, unread(3, store="OR-3")) == Decimal("0.7500")
    assert chance(lent, own, replace(unread(3, store="OR-3"), from_place="lent/OR-3")) == Decimal("0.7500")
    assert chance(lent, own, unread(3, store="OR-2")) == Decimal(1)


numbers = count(1)
scans = st.builds(
    lambda action, lot, units, store, to_store, place, document: scan(
        next(numbers), action, lot, units, store=store, to_store=to_store, place=place, document=document
    ),
    st.sampled_from(MOVING), st.sampled_from(["BAD", "GOOD"]), st.integers(1, 9), st.sampled_from(["A", "B", "A/x"]),
    st.sampled_from(["A", "B", "C"]), st.sampled_from([None, "x", "y", "set"]), st.sampled_from([None, "D1"]),
)  # fmt: skip


def lies_in(place: str, store: str) -> bool:
    """On its shelf, in a room of it, or lent to it."""
    return f"{place.removeprefix('lent/')}/".startswith(f"{store}/")


@given(st.lists(scans, max_size=30), st.booleans(), st.sampled_from(["A", "B", "C", "A/x"]))
def test_the_share_is_that_of_the_stock_as_of_then_for_any_moves(
    made: list[ItemScan], special: bool, store: str
) -> None:
    """Beside the way of each move, added up as `udi.stock_as_of` does, and the places `udi.is_of_store` gives."""
    shares, stock = Shares(), Counter[tuple[str, str | None]]()
    for index, each in enumerate(made):
        way = way_of(each, confirms=special, locks=special and index % 2 == 0)
        each = replace(each, from_place=way.from_place, to_place=way.to_place)  # noqa: PLW2901
        shares.move(each, Match.CERTAIN if each.lot == "BAD" else Match.NO)
        for place, units in ((way.from_place, -each.units), (way.to_place, each.units)):
            if place not in OUTSIDE:
                stock[place, each.lot] += units

    bad, good = (
        max(sum(n for (place, lot), n in stock.items() if lot == of and lies_in(place, store)), 0)
        for of in ("BAD", "GOOD")
    )

    assert shares.before(scan(0, lot=None, store=store)) == (Decimal(bad) / (bad + good) if bad + good else None)
