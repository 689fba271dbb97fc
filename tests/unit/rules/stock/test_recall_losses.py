"""What a recalled lot lost without a scan: units that counts missed, since when, and who may have got them."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from models.stock.exposure import ExposureLine, ItemScan, Loss, Patient
from rules.stock.recall_listing import BY_STOCK, LOST, NOBODY_KNOWN, lines_of
from rules.stock.recall_losses import losses, patients_of
from tests.support.builders import NOON
from tests.unit.rules.stock.test_recall_listing import ITEMS, notice, scan, short

MOVES = {
    "receive": ("supplier", "OR-2"), "use": ("OR-2", "patient"), "return": ("patient", "OR-2"),
    "missing": ("OR-2", "adjustment"), "found": ("adjustment", "OR-2"),
}  # fmt: skip


def moved(minute: int, action: str, units: int = 1, **given: Any) -> ItemScan:
    from_place, to_place = MOVES[action]
    return scan(minute, action, units=units, **{"from_place": from_place, "to_place": to_place} | given)


def counted(minute: int, units: int, document: str | None = "C-1", **given: Any) -> ItemScan:
    return scan(minute, "count", units=units, moved=False, document=document, **given)


def missed(minute: int, units: int = 1, document: str = "C-1", **given: Any) -> ItemScan:
    return moved(minute, "missing", units, document=document, **given)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def lost(*scans: ItemScan) -> list[tuple[int, int, int]]:
    """(units, minute they were last seen, minute they were missed)."""
    return [(loss.units, _minute(loss.since), _minute(loss.until)) for loss in losses(notice(), ITEMS, scans)]


def _minute(instant: datetime) -> int:
    return int((instant - NOON).total_seconds()) // 60


def patient(encounter: str, first: int, last: int | None) -> Patient:
    return Patient(encounter, "ORTH", at(first), None if last is None else at(last))


def listed(scans: list[ItemScan], *patients: Patient) -> list[ExposureLine]:
    among = [(loss, patients_of(loss, patients)) for loss in losses(notice(), ITEMS, scans)]
    return sorted(lines_of(notice(), ITEMS, scans, (), among), key=lambda line: line.encounter or "")


def test_what_a_count_missed_was_last_seen_when_it_came() -> None:
    assert lost(moved(1, "receive", 5), counted(60, 3), missed(60, 2)) == [(2, 1, 60)]


def test_a_use_of_one_unit_does_not_show_that_the_others_of_the_lot_are_there() -> None:
    assert lost(moved(1, "receive", 5), moved(30, "use"), moved(40, "return"), missed(60)) == [(1, 1, 60)]


def test_more_of_a_lot_that_comes_to_some_shows_nothing_of_those() -> None:
    assert lost(moved(1, "receive", 1), moved(30, "receive", 5), missed(60)) == [(1, 1, 60)]
    assert lost(moved(1, "receive", 1), moved(20, "use"), moved(30, "receive", 5), missed(60)) == [(1, 30, 60)]


def test_a_count_that_found_all_of_it_has_seen_it_and_one_that_found_less_has_not() -> None:
    all_of_it = [moved(1, "receive", 5), counted(20, 3), counted(21, 2)]
    assert lost(*all_of_it, missed(60, document="C-2")) == [(1, 21, 60)]
    assert lost(moved(1, "receive", 5), counted(20, 4), missed(60, document="C-2")) == [(1, 1, 60)]


def test_scans_of_different_counts_do_not_add_up() -> None:
    assert lost(moved(1, "receive", 5), counted(20, 3), counted(21, 2, "C-2"), missed(60, document="C-3"))[0][1] == 1


def test_what_a_count_booked_is_sure_from_then_on() -> None:
    found = lost(moved(1, "receive", 5), counted(20, 4), missed(20), counted(60, 3, "C-2"), missed(60, document="C-2"))

    assert found == [(1, 1, 20), (1, 20, 60)]


def test_what_a_count_scanned_is_no_sure_sight_of_what_it_missed() -> None:
    assert lost(moved(1, "receive", 5), counted(19, 3), counted(20, 1), missed(20)) == [(1, 1, 20)]


def test_a_use_that_came_to_the_books_after_the_post_explains_what_the_count_missed() -> None:
    """By the books as they are now four lay there, and four were counted; of five that are gone one is a loss."""
    late = [moved(1, "receive", 5), moved(10, "use")]

    assert lost(*late, counted(20, 4), missed(20)) == []
    assert lost(*late, counted(20, 3), missed(20, 2)) == [(1, 1, 20)]
    assert lost(*late, missed(20, 5)) == [(4, 1, 20)]
    assert lost(*late, counted(20, 3), missed(20, 2), moved(60, "found", 1)) == [(1, 1, 20)]
    assert lost(*late, counted(20, 3), missed(20, 2), moved(60, "found", 2)) == []
    assert lost(moved(1, "receive", serial="S1"), moved(10, "use", serial="S1"), missed(20, serial="S1")) == []


def test_what_the_next_count_finds_was_not_lost() -> None:
    once = [moved(1, "receive", 5), missed(20, 3)]

    assert lost(*once, moved(60, "found", 3)) == []
    assert lost(*once, moved(60, "found", 2)) == [(1, 1, 20)]
    assert lost(*once, moved(60, "found", 2, from_place="adjustment", to_place="OR-3")) == [(3, 1, 20)]


def test_a_unit_that_is_scanned_afterwards_was_not_lost() -> None:
    unit: Any = {"serial": "S1"}
    gone = [moved(1, "receive", **unit), missed(20, **unit)]

    assert lost(*gone) == [(1, 1, 20)]
    assert lost(*gone, scan(30, verdict="held", moved=False, **unit)) == []
    assert lost(*gone, scan(30, verdict="held", moved=False, serial="S2")) == [(1, 1, 20)]


def test_a_place_of_a_store_is_a_shelf_of_its_own() -> None:
    cabinet = {"place": "cab1", "to_place": "OR-2/cab1"}
    scans = [moved(1, "receive", 5), moved(2, "receive", 5, **cabinet), counted(20, 5, place="cab1")]

    assert lost(*scans, missed(60, document="C-2")) == [(1, 1, 60)]
    assert lost(*scans, missed(60, document="C-2", place="cab1", from_place="OR-2/cab1")) == [(1, 20, 60)]


def test_another_lot_and_what_was_taken_back_are_no_losses() -> None:
    assert lost(moved(1, "receive", 5, lot="GOOD"), missed(20, lot="GOOD")) == []
    assert lost(moved(1, "receive", 5), replace(missed(20), moved=False)) == []


def test_a_lot_is_the_same_however_it_is_spelled() -> None:
    assert lost(moved(1, "receive", 5, lot="bad"), counted(20, 5, lot="BA D"), missed(60, document="C-2"))[0][1] == 20


def test_what_one_count_misses_and_finds_of_a_lot_that_is_spelled_in_two_ways_was_not_lost() -> None:
    """The books have ten BAD and three `bad` too few: seven lie there, and the count books both."""
    two = [moved(1, "receive", 10), moved(10, "use", 3, lot="bad"), counted(60, 7)]
    for minute in (59, 60, 61):
        assert lost(*two, moved(minute, "found", 3, lot="bad", document="C-1"), missed(60, 3)) == []
        assert lost(*two, missed(60, 3), moved(minute, "found", 3, lot="bad", document="C-1")) == []
    five = [*two[:2], counted(60, 5), moved(60, "found", 3, lot="bad", document="C-1"), missed(60, 5)]
    assert lost(*five) == [(2, 1, 60)]
    assert lost(*two, moved(59, "found", 3, lot="bad", document="C-0"), missed(60, 3)) == [(3, 59, 60)]
    elsewhere = moved(60, "found", 3, lot="bad", document="C-1", to_place="OR-3")
    assert lost(*two[:1], counted(60, 7), elsewhere, missed(60, 3)) == [(3, 1, 60)]
    more = moved(60, "found", 4, lot="bad", document="C-1")
    assert lost(*two[:2], counted(60, 8), more, missed(60, 3), missed(90, 2, "C-2")) == [(2, 60, 90)]


def test_whoever_lay_there_meanwhile_may_have_got_it() -> None:
    loss = Loss(UUID(int=1), "OR-2", at(10), at(20), 1)
    inside = [patient("A", 1, 10), patient("B", 20, 30), patient("C", 12, 13), patient("D", 1, None)]
    outside = [patient("E", 1, 9), patient("F", 21, None)]

    assert patients_of(loss, [*inside, *outside]) == inside


def test_each_patient_is_possibly_exposed_with_the_units_over_the_patients() -> None:
    scans = [moved(1, "receive", 5), missed(20, 2)]
    patients = [patient(f"P{n}", 5, 9) for n in range(8)]

    found = listed(scans, *patients)

    assert [short(line) for line in found] == [("possible", f"P{n}", 1, Decimal("0.2500")) for n in range(8)]
    assert {line.reckoned for line in found} == {LOST}
    assert {(line.scan_id, line.happened_at, line.department) for line in found} == {(UUID(int=20), at(20), "ORTH")}
    assert len({line.line_id for line in found}) == 8


def test_the_chance_is_one_at_most_and_the_line_says_how_many_it_may_be() -> None:
    found = listed([moved(1, "receive", 9), missed(20, 5)], patient("P1", 5, 9), patient("P2", 5, 9))

    assert [short(line) for line in found] == [("possible", "P1", 3, Decimal(1)), ("possible", "P2", 3, Decimal(1))]


def test_a_loss_without_a_patient_is_not_passed_over() -> None:
    found = listed([moved(1, "receive", 9), missed(20, 5)])

    assert [short(line) for line in found] == [("possible", "OR-2", 5, Decimal(1))]
    assert found[0].reckoned == NOBODY_KNOWN


def test_of_an_unread_lot_the_chance_is_its_share_as_well() -> None:
    shelf = [moved(1, "receive", 3), moved(2, "receive", 1, lot="GOOD"), moved(3, "receive", 4, lot=None)]

    found = listed([*shelf, missed(20, lot=None)], patient("P1", 5, 9), patient("P2", 5, 9))

    assert [short(line) for line in found] == [("possible", f"P{n}", 1, Decimal("0.3750")) for n in (1, 2)]


def test_what_was_lost_lies_in_the_store_no_more() -> None:
    """Of the three recalled units one was lost: an unread unit taken afterwards is one of two, or a good one."""
    scans = [moved(1, "receive", 3), moved(2, "receive", 2, lot="GOOD"), missed(20), moved(30, "use", lot=None)]

    assert [line.chance for line in listed(scans) if line.encounter == "E30"] == [Decimal("0.5000")]


def test_an_unread_use_and_the_unit_a_count_missed_after_it_are_both_possible() -> None:
    """Whether the one was the other nobody knows: no chance is lowered by a guess, though they add up to more."""
    scans = [moved(1, "receive", 2), moved(30, "use", lot=None, encounter="USED"), counted(59, 1), missed(60)]

    found = listed(scans, patient("LAY", 0, None), patient("USED", 0, None))

    assert sorted((line.encounter, line.chance, line.reckoned) for line in found if line.encounter) == [
        ("LAY", Decimal("0.5000"), LOST),
        ("USED", Decimal("0.5000"), LOST),
        ("USED", Decimal("1.0000"), BY_STOCK),
    ]
