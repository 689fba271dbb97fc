"""What a count comes to: lines against the books at the instant each was counted."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from models.calendar import ZONE_DEFAULT
from models.reasons import Verdict
from models.stock.count import (
    CountLimit,
    CountLine,
    CountScan,
    Goods,
    LineFinding,
    Lying,
    ScanFinding,
    ShelfMove,
    Tally,
)
from rules.stock.counting import Known, above, holds_up, lines_of, placed, surplus_serials, tally_of
from tests.support.builders import DI, NOON, item, item_of, price

SCREW = item_of(item(cost=[{"cost": "10.00"}]))
PUMP = item_of(item(item_code="PUMP", tracking="serial", cost=[{"cost": "500.00"}], identifiers=[]))


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def seen(number: int, quantity: int = 1, lot: str | None = "L1", **changes: Any) -> CountScan:
    """A screw of lot L1, counted so many seconds after noon."""
    made = CountScan(
        "H1", "C-1", UUID(int=number), "gun1", "li", after(number), "OR-2", None, Verdict.RECORDED, (), "SCREW",
        "GS1", DI, lot, None, None, quantity,
    )  # fmt: skip
    return replace(made, **changes)


def lies(quantity: int, lot: str = "L1", serial: str = "", code: str = "SCREW", owner: str = "hospital") -> Lying:
    return Lying(code, lot, serial, owner, "GS1", DI, None, quantity)


def moved(seconds: float, units: int, lot: str = "L1", owner: str = "hospital") -> ShelfMove:
    return ShelfMove("SCREW", lot, "", owner, units, after(seconds))


def counted(
    *scans: CountScan, lying: tuple[Lying, ...] = (), moves: tuple[ShelfMove, ...] = ()
) -> list[CountLine]:  # fmt: skip
    items = {each.item_code: each for each in (SCREW, PUMP)}
    return lines_of(scans, Known(lying, moves, items, ZONE_DEFAULT))


def figures(lines: list[CountLine]) -> list[tuple[str, int, int]]:
    """Lot or serial, expected, counted."""
    return [(line.serial or line.lot, line.expected, line.counted) for line in lines]


def test_a_lot_on_two_devices_adds_up_and_what_nobody_scanned_counts_nothing() -> None:
    lines = counted(seen(1, 3), seen(2, 2, device_id="gun2"), lying=(lies(6), lies(4, "L2"), lies(0, "L3")))

    assert figures(lines) == [("L1", 6, 5), ("L2", 4, 0)]
    assert [line.difference for line in lines] == [-1, -4]
    assert [line.value_fen for line in lines] == [-1_000, -4_000]
    assert [line.scans for line in lines] == [(UUID(int=1), UUID(int=2)), ()]


def test_nothing_counted_has_no_lines() -> None:
    assert counted(lying=(lies(6),)) == []
    assert counted(seen(1, finding=ScanFinding.OTHER_PLACE), lying=(lies(6),)) == []
    assert counted(seen(1, reasons=("rejected",)), lying=(lies(6),)) == []


@pytest.mark.parametrize(("seconds", "expected"), [(9, 4), (10, 4), (10.001, 5), (30, 5)])
def test_a_use_before_the_scan_of_its_lot_is_not_expected_any_more(seconds: float, expected: int) -> None:
    """The books have 4 now: 5 lay there until one was used."""
    assert figures(counted(seen(10, 4), lying=(lies(4),), moves=(moved(seconds, -1),))) == [("L1", expected, 4)]


def test_uses_between_the_first_and_the_last_scan_of_a_count_make_no_difference() -> None:
    """L1 is counted, then used; L2 is used, then counted; L3 is used and L4 comes while nobody counts them."""
    lines = counted(
        seen(10, 5), seen(30, 5, "L2"),
        lying=(lies(4), lies(5, "L2"), lies(0, "L3"), lies(2, "L4")),
        moves=(moved(20, -1), moved(20, -1, "L2"), moved(20, -1, "L3"), moved(20, 2, "L4")),
    )  # fmt: skip

    assert figures(lines) == [("L1", 5, 5), ("L2", 5, 5)]


@pytest.mark.parametrize(
    ("now", "moves", "expected"),
    [(3, (), 3), (-2, (), -2), (2, (-1,), 2), (3, (1,), 2), (-3, (-1,), -2), (1, (2,), 0), (-1, (-2,), 0)],
)
def test_of_what_nobody_scanned_is_expected_what_lay_there_all_the_while(
    now: int, moves: tuple[int, ...], expected: int
) -> None:
    lines = counted(
        seen(10), seen(30), lying=(lies(2), lies(now, "L9")), moves=tuple(moved(20, units, "L9") for units in moves)
    )

    assert figures(lines)[1:] == ([("L9", expected, 0)] if expected else [])


def test_goods_that_move_between_two_scans_of_their_lot_are_named() -> None:
    lines = counted(seen(10, 3), seen(30, 2), lying=(lies(5),), moves=(moved(20, -1),))

    assert figures(lines) == [("L1", 5, 5)]
    assert lines[0].findings == (LineFinding.MOVED_MEANWHILE,)
    [before] = counted(seen(10, 3), seen(30, 2), lying=(lies(5),), moves=(moved(31, -1),))
    assert before.findings == ()


def test_a_serial_scanned_twice_counts_once_and_is_named() -> None:
    unit: dict[str, Any] = {"item_code": "PUMP", "serial": "S1"}
    twice = counted(
        seen(1, lot="A", **unit), seen(2, lot="A", device_id="gun2", **unit), lying=(lies(1, "A", "S1", "PUMP"),)
    )
    once = counted(seen(1, lot="A", **unit), lying=(lies(1, "A", "S1", "PUMP"),))

    assert figures(twice) == figures(once) == [("S1", 1, 1)]
    assert (twice[0].findings, once[0].findings) == ((LineFinding.COUNTED_TWICE,), ())


@pytest.mark.parametrize("said", ["l1", "L 1", " l1"])
def test_a_lot_that_differs_by_case_or_blank_is_the_lot_of_the_books_and_named(said: str) -> None:
    [line] = counted(seen(1, 5, said), lying=(lies(5),))

    assert (line.lot, line.difference, line.findings) == ("L1", 0, (LineFinding.SPELLED_OTHERWISE,))


def test_what_lies_there_in_both_spellings_is_counted_in_both() -> None:
    lines = counted(seen(1, 5), seen(2, 3, "l1"), lying=(lies(5), lies(3, "l1")))

    assert [(line.lot, line.difference, line.findings) for line in lines] == [("L1", 0, ()), ("l1", 0, ())]


def test_a_unit_is_known_by_its_serial_whatever_lot_its_label_says() -> None:
    [line] = counted(
        seen(1, lot=None, item_code="PUMP", serial="s1"), lying=(lies(1, "A", "S1", "PUMP"), lies(0, "B", "S1", "PUMP"))
    )

    assert (line.lot, line.serial, line.difference) == ("A", "S1", 0)
    assert line.findings == (LineFinding.SPELLED_OTHERWISE,)


def test_goods_of_several_owners_are_found_with_the_items_owner_first() -> None:
    lying = (lies(2), lies(3, owner="S1"))

    found = {line.owner: (line.expected, line.counted) for line in counted(seen(1, 4), lying=lying)}
    assert found == {"hospital": (2, 2), "S1": (3, 2)}
    more = {line.owner: (line.expected, line.counted) for line in counted(seen(1, 7), lying=lying)}
    assert more == {"hospital": (2, 4), "S1": (3, 3)}


def test_a_unit_that_is_elsewhere_by_the_books_is_named_and_not_booked() -> None:
    lines = counted(seen(1, lot="A", item_code="PUMP", serial="S1"), seen(2, 3))
    assert surplus_serials(lines) == [Goods("PUMP", "A", "S1")]

    for place, booked in (
        ("OR-3", False),
        ("patient", False),
        ("quarantine/OR-2", False),
        ("adjustment", True),
        (None, True),
    ):
        [unit, screws] = placed(lines, {Goods("PUMP", "A", "S1"): place})
        assert (unit.booked, unit.elsewhere) == (booked, None if booked else place)
        assert (LineFinding.ELSEWHERE in unit.findings) is not booked
        assert screws.booked


def test_a_unit_that_was_used_before_the_books_knew_it_and_that_nobody_counted_is_made_good() -> None:
    lines = counted(seen(1, 3), lying=(lies(3), lies(-1, "A", "S1", "PUMP")))

    assert surplus_serials(lines) == [Goods("PUMP", "A", "S1")]
    [unit, _] = placed(lines, {Goods("PUMP", "A", "S1"): "patient"})
    assert (unit.expected, unit.counted, unit.booked) == (-1, 0, True)


@pytest.mark.parametrize(
    ("place", "booked"),
    [("OR-3", False), ("supplier", False), ("waste", False), ("adjustment", False), ("patient", True), (None, True)],
)
def test_a_unit_that_nobody_counted_is_not_brought_to_the_shelf_by_a_count(place: str | None, *, booked: bool) -> None:
    lines = counted(seen(1, 3), lying=(lies(3), lies(-1, "A", "S1", "PUMP")))

    [unit, _] = placed(lines, {Goods("PUMP", "A", "S1"): place})
    assert (unit.counted, unit.difference, unit.booked, unit.elsewhere) == (0, 1, booked, None if booked else place)


def test_an_item_counted_without_its_lot_is_not_booked_at_all() -> None:
    lines = counted(seen(1, 2, None), lying=(lies(5), lies(1, "A", "S1", "PUMP")))

    assert [(line.item_code, line.difference, line.booked) for line in lines] == [
        ("PUMP", -1, True), ("SCREW", 2, False), ("SCREW", -5, False),
    ]  # fmt: skip
    assert lines[1].findings == lines[2].findings == (LineFinding.UNREAD,)


def test_goods_without_a_lot_in_the_books_may_be_counted_so() -> None:
    [line] = counted(seen(1, 2, None), lying=(lies(2, ""),))

    assert (line.difference, line.findings) == (0, ())


def test_a_difference_without_cost_is_named_and_weighs_its_price() -> None:
    bare = item_of(item(prices=[price("20.00")]))
    free = item_of(item(prices=[price("20.00")], cost=[{"cost": "10.00", "to": "2022-06-03"}]))
    for each in (bare, free):
        [line] = placed(lines_of([seen(1, 3)], Known([lies(5)], [], {"SCREW": each}, ZONE_DEFAULT)), {})
        assert (line.value_fen, line.weight_fen, line.findings) == (None, 4_000, (LineFinding.NO_COST,))
    [exact] = placed(lines_of([seen(1, 5)], Known([lies(5)], [], {"SCREW": bare}, ZONE_DEFAULT)), {})
    assert exact.findings == ()


def test_a_difference_larger_than_a_scan_can_be_is_named_and_not_booked() -> None:
    for units, booked in ((100_000, True), (100_001, False)):
        [line, _] = placed(counted(seen(1, 1, "L2"), lying=(lies(units), lies(1, "L2"))), {})
        assert line.booked is booked


def test_the_share_of_exact_lines_is_the_accuracy() -> None:
    lines = counted(seen(1, 5), seen(2, 2, "L2"), lying=(lies(5), lies(3, "L2"), lies(1, "L3")))

    assert tally_of(lines) == Tally(lines=3, exact=1, differing=2, weight_fen=2_000)
    assert tally_of(lines).accuracy_percent == Decimal("33.33")
    assert Tally(0, 0, 0, 0).accuracy_percent is None


@pytest.mark.parametrize(
    ("tally", "needs"),
    [
        (Tally(20, 18, 2, 500_000), False), (Tally(20, 18, 2, 500_001), True), (Tally(20, 17, 3, 0), True),
        (Tally(19, 10, 9, 0), False), (Tally(1, 0, 1, 500_001), True),
    ],
)  # fmt: skip
def test_differences_above_the_limit_need_another_person(tally: Tally, needs: bool) -> None:
    assert above(tally, CountLimit(500_000, 10)) is needs


@pytest.mark.parametrize(
    ("finding", "reasons", "holds"),
    [
        ("waits", ("unknown-identifier",), False), ("waits", ("unknown-item",), False),
        ("waits", ("ambiguous-code",), True), ("waits", ("package-unknown",), True), (None, (), False),
        ("other-place", ("ambiguous-code",), False),
    ],
)  # fmt: skip
def test_a_scan_that_waits_and_may_be_known_goods_holds_up_the_count(
    finding: str | None, reasons: tuple[str, ...], *, holds: bool
) -> None:
    assert holds_up(seen(1, finding=finding, reasons=reasons)) is holds
