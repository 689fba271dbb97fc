"""What a recall lists: certain and possible exposures with their chance, and what lies where."""

from dataclasses import asdict, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from models.stock.exposure import ExposureLine, Holding, ItemScan, RecallLineStatus, StandingLine
from models.stock.recall import Recall
from rules.stock.moving import way_of
from rules.stock.recall_closing import closure_proof, counts_of
from rules.stock.recall_listing import BY_STOCK, NOTHING_KNOWN, RETURNED_WHOLE, lines_of
from tests.support.builders import BOX, DI, NOON, body

ITEMS = {"SCREW": frozenset({("GS1", DI), ("GS1", BOX), ("internal", "SCREW")})}


def notice(**given: Any) -> Recall:
    line = {"issuer": "GS1", "di": DI, "lots": ["BAD"]} | given
    return Recall.model_validate_json(body({
        "schema": "udi.recall/1", "hospital": "H1", "recall": "R1", "version": 1, "issued_on": "2022-06-01",
        "class": "1", "lines": [line],
    }))  # fmt: skip


def scan(number: int, action: str = "use", lot: str | None = "BAD", units: int = 1, **given: Any) -> ItemScan:
    made = ItemScan(
        UUID(int=number), NOON + timedelta(minutes=number), action, "OR-2", None, "ORTH",
        f"E{number}" if action in {"use", "return"} else None, "GS1", DI, lot, None, None, None, "SCREW", units,
        "billed" if action == "use" else "recorded", (), moved=True, returned=0,
        from_place=None, to_place=None, place=None, document=None,
    )  # fmt: skip
    made = replace(made, **given)
    if made.moved and made.from_place is None:
        way = way_of(made)
        made = replace(made, from_place=way.from_place, to_place=way.to_place)
    return made


def holding(quantity: int = 3, place: str = "OR-2", lot: str | None = "BAD") -> Holding:
    return Holding(place, "hospital", "SCREW", "GS1", DI, lot, None, None, quantity)


def listed(*scans: ItemScan, holdings: tuple[Holding, ...] = (), **given: Any) -> list[ExposureLine]:
    return lines_of(notice(**given), ITEMS, scans, holdings)


def short(line: ExposureLine) -> tuple[str, str | None, int, Decimal | None]:
    return str(line.kind), line.encounter or line.store, line.quantity, line.chance


def test_a_use_of_the_lot_is_certain_and_of_another_lot_none() -> None:
    assert [short(line) for line in listed(scan(1), scan(2, lot="GOOD"))] == [("certain", "E1", 1, None)]


def test_a_held_use_is_an_exposure_too() -> None:
    assert len(listed(scan(1, verdict="held", reasons=("recalled",)))) == 1


def received(number: int, units: int, **given: Any) -> ItemScan:
    return scan(number, "receive", units=units, moved=False, verdict="parked", item_code=None, **given)


def test_goods_whose_receipt_waits_lie_on_the_shelf_less_what_was_used_of_them() -> None:
    wait, more, use = received(1, 4), received(2, 2), scan(3, moved=False, verdict="parked", item_code=None)

    assert [short(line) for line in listed(wait, more, use)] == [("certain", "E3", 1, None), ("shelf", "OR-2", 5, None)]
    assert [short(line) for line in listed(received(1, 1), use)] == [("certain", "E3", 1, None)]
    assert [short(line) for line in listed(received(1, 4, lot="GOOD"))] == []
    assert [short(line) for line in listed(received(1, 4, lot=None))] == [("shelf", "OR-2", 4, Decimal("1.0000"))]


def test_units_of_the_books_whose_use_is_held_and_moves_nothing_are_on_one_line() -> None:
    held = scan(2, moved=False, verdict="held", reasons=("serial-quantity", "recalled"), units=2)
    certain = ("certain", "E2", 2, None)

    assert [short(line) for line in listed(held, holdings=(holding(3),))] == [certain, ("shelf", "OR-2", 1, None)]
    assert [short(line) for line in listed(held, holdings=(holding(2),))] == [certain]
    assert [short(line) for line in listed(held, holdings=(holding(1, "OR-2/cab1"), holding(3)))] == [
        certain, ("shelf", "OR-2", 2, None),
    ]  # fmt: skip
    # What waits there is used first, and goods of another place, or lot, are not those of the use.
    assert [short(line) for line in listed(received(1, 2), held, holdings=(holding(3),))] == [
        certain, ("shelf", "OR-2", 3, None),
    ]  # fmt: skip
    elsewhere = (holding(3, "OR-3"), holding(4, "quarantine/OR-2"))
    assert [short(line) for line in listed(held, holdings=elsewhere)] == [
        certain, ("shelf", "OR-3", 3, None), ("quarantine", "OR-2", 4, None),
    ]  # fmt: skip
    assert [short(line) for line in listed(replace(held, lot="BAD2"), holdings=(holding(3),))] == [
        ("shelf", "OR-2", 3, None),
    ]  # fmt: skip
    # Of a use that came back whole nothing is gone from the shelf.
    assert [short(line)[2] for line in listed(replace(held, returned=2), holdings=(holding(3),))] == [2, 3]


def test_a_receipt_that_is_booked_or_whose_unit_is_known_elsewhere_is_no_line_of_its_own() -> None:
    booked, present = scan(1, "receive", units=4), replace(received(2, 1), verdict="held", reasons=("serial-present",))

    assert [short(line) for line in listed(booked, present, holdings=(holding(4),))] == [("shelf", "OR-2", 4, None)]


def test_a_box_of_the_item_is_meant_when_its_unit_is_named() -> None:
    assert [line.quantity for line in listed(scan(1, di=BOX, units=5))] == [5]


def test_what_came_back_whole_is_possible_with_no_chance_and_a_rest_stays_certain() -> None:
    whole, part = scan(1, units=2, returned=2), scan(2, units=3, returned=1)

    found = listed(whole, part)

    assert [short(line) for line in found] == [("certain", "E2", 2, None), ("possible", "E1", 2, Decimal(0))]
    assert found[1].reckoned == RETURNED_WHOLE


def test_an_unread_lot_is_possible_by_the_share_of_the_lot_in_the_store() -> None:
    scans = [scan(1, "receive", units=3), scan(2, "receive", lot="GOOD", units=1), scan(3, lot=None)]

    found = listed(*scans)

    assert [short(line) for line in found] == [("possible", "E3", 1, Decimal("0.7500"))]
    assert found[0].reckoned == BY_STOCK


def test_the_next_unread_one_finds_what_the_first_is_expected_to_have_left() -> None:
    scans = [scan(1, "receive", units=1), scan(2, "receive", lot="GOOD", units=1), scan(3, lot=None), scan(4)]
    after = [*scans, scan(5, lot=None)]

    # Half of the first is expected to be the bad one; then that one is read as used, so nothing of it is left.
    assert [line.chance for line in listed(*after) if line.chance is not None] == [Decimal("0.5000"), Decimal(0)]


def test_an_unread_lot_of_a_store_that_had_nothing_can_not_be_ruled_out() -> None:
    found = listed(scan(1, lot=None))

    assert (found[0].chance, found[0].reckoned) == (Decimal(1), NOTHING_KNOWN)


def test_stock_goes_with_a_transfer() -> None:
    scans = [scan(1, "receive", units=2), scan(2, "transfer", to_store="OR-3"), scan(3, lot=None, store="OR-3")]

    assert [line.chance for line in listed(*scans)] == [Decimal(1)]


def test_a_second_scan_for_the_same_patient_is_no_second_exposure_but_for_another_it_is() -> None:
    first = scan(1, serial="S1", encounter="E1")
    again = scan(2, serial="S1", encounter="E1", verdict="held", reasons=("serial-used",), moved=False)
    other = replace(again, scan_id=UUID(int=3), encounter="E3")

    assert [line.encounter for line in listed(first, again, other)] == ["E1", "E3"]


def test_what_lies_somewhere_is_named_by_its_place() -> None:
    places = ("OR-2", "in-transit/OR-3", "lent/OR-4", "quarantine/OR-2")

    found = listed(scan(1, "waste"), holdings=tuple(holding(place=place) for place in places))

    assert [(str(line.kind), line.store) for line in found] == [
        ("shelf", "OR-2"), ("in-transit", "OR-3"), ("lent", "OR-4"), ("quarantine", "OR-2"), ("waste", "OR-2"),
    ]  # fmt: skip


def test_dates_known_from_one_label_of_a_lot_hold_for_the_lot() -> None:
    received = scan(1, "receive", lot="X", units=9, expiry=NOON.date())
    used = scan(2, lot="X")

    found = listed(received, used, lots=[], expiry_from="2022-06-01", expiry_to="2022-06-30")

    assert [short(line) for line in found] == [("certain", "E2", 1, None)]


def test_a_line_keeps_its_id_in_every_version() -> None:
    later = notice().model_copy(update={"version": 2})

    assert [line.line_id for line in lines_of(later, ITEMS, [scan(1)], [])] == [
        line.line_id for line in listed(scan(1))
    ]


def standing(line: ExposureLine, status: str) -> StandingLine:
    return StandingLine(
        **asdict(line),
        status=RecallLineStatus(status),
        closed_at=NOON if status != "open" else None,
        closed_by="wang" if status == "closed" else None,
        closing_reason=None,
    )


def test_what_is_back_at_the_supplier_is_gone_for_good_and_an_unread_lot_of_it_by_its_chance() -> None:
    came, other = scan(1, "receive", units=3), scan(2, "receive", lot="GOOD")
    sent, unread = scan(3, "send-back", units=2), scan(4, "send-back", lot=None)

    assert [short(line) for line in listed(came, other, sent, unread)] == [
        ("supplier", "OR-2", 2, None),
        ("supplier", "OR-2", 1, Decimal("0.5000")),
    ]


def test_a_recall_is_proven_closed_when_no_line_is_open() -> None:
    lines = listed(scan(1), scan(2, "waste", units=2), holdings=(holding(),))
    closed = [standing(lines[0], "closed"), standing(lines[1], "gone"), standing(lines[2], "ended")]

    proof = closure_proof(notice(), closed)

    assert closure_proof(notice(), [*closed[:2], standing(lines[2], "open")]) is None
    assert proof is not None
    assert (proof.level, proof.lines, proof.units, proof.closed_by_persons, proof.gone, proof.ended) == (
        "A",
        3,
        3,
        1,
        1,
        1,
    )
    assert closure_proof(notice(), closed[::-1]) == proof
    other = closure_proof(notice(), [replace(closed[0], closed_by="li"), *closed[1:]])
    assert other is not None
    assert other.hash != proof.hash
    assert counts_of(closed)["certain"] == {"lines": 1, "units": 1, "open": 0}
