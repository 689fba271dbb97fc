"""Which line of a note a receipt belongs to, whose its goods are, and what they cost from which day on."""

from datetime import date
from typing import Any

import pytest

from models.charging.books import LabelFacts
from models.charging.effects import Brought
from models.charging.snapshot import Catalogue, Snapshot
from models.scan.event import ScanEvent
from models.stock.delivery import Delivery
from models.udi import Issuer
from rules.stock.costing import Receipt, cost_of, line_of, noted, received
from rules.view import View
from tests.support.builders import BOX, DI, HOSPITAL, body, gtin, item, item_of, scan

SCREW = item_of(item(owner="supplier", supplier="S1", cost=[{"cost": "5.00", "from": "2022-06-01"}]))
BEFORE, DAY, AFTER = date(2022, 5, 31), date(2022, 6, 3), date(2022, 6, 9)
EVENT = ScanEvent.model_validate_json(body(scan(1, action="receive", encounter=None, document="N1")))


def label(lot: str | None = "L1", serial: str | None = None) -> LabelFacts:
    return LabelFacts(Issuer.GS1, DI, lot, serial, None, None)


def note(*lines: dict[str, Any], supplier: str = "S2") -> Delivery:
    made = [{"line": str(n), "issuer": "GS1", "di": DI, "packages": 1} | each for n, each in enumerate(lines, 1)]
    said = {"schema": "udi.delivery/1", "hospital": HOSPITAL, "note": "N1", "supplier": supplier, "store": "OR-2"}
    return Delivery.model_validate_json(body(said | {"lines": made}))


def view(told: Delivery | None = None, *costs: tuple[date, int | None], owner: str = "S2") -> View:
    notes = {(HOSPITAL, "N1"): told} if told is not None else {}
    key = (HOSPITAL, "SCREW", owner, "L1", "")
    return View(Snapshot(1, 1, 1, notes=notes, costs={key: costs} if costs else {}), Catalogue())


@pytest.mark.parametrize(
    ("lines", "said", "found"),
    [
        ([{}], label(), "1"),
        ([{"di": BOX}], label(), "1"),
        ([{"di": gtin(999)}], label(), None),
        ([{"item_code": "SCREW", "di": gtin(999)}], label(), "1"),
        ([{"item_code": "PLATE"}], label(), None),
        ([{"lot": "L2"}], label(), None),
        ([{"lot": " l1"}], label(), "1"),
        ([{"lot": "L1"}], label(None), None),
        ([{}, {"lot": "L1"}], label(), "2"),
        ([{"lot": "L1"}, {"serial": "s 1"}], label(serial="S1"), "2"),
        ([{"serial": "S2"}, {}, {}], label(serial="S1"), "2"),
        ([{"line": "10"}, {"line": "9"}], label(), "9"),
    ],
)
def test_a_receipt_belongs_to_the_line_of_its_item_then_serial_then_lot(
    lines: list[dict[str, Any]], said: LabelFacts, found: str | None
) -> None:
    line = line_of(note(*lines), SCREW, said)
    assert (line and line.line) == found


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, Receipt("S1", 50_000, None)),
        (note({}, supplier="S1"), Receipt("S1", 50_000, None)),
        (note({}, supplier="s 1"), Receipt("S1", 50_000, None)),
        (note({"cost": "5.00"}, supplier="S1"), Receipt("S1", 50_000, None)),
        (note({"cost": "7.50"}, supplier="S1"), Receipt("S1", 75_000, Brought("S1", 75_000))),
        (note({}), Receipt("S2", 50_000, Brought("S2", None))),
        (note({"cost": "7.50"}), Receipt("S2", 75_000, Brought("S2", 75_000))),
        (note({"lot": "L9", "cost": "7.50"}), Receipt("S2", 50_000, Brought("S2", None))),
    ],
)
def test_owner_and_cost_are_the_note_s_where_it_says_them(told: Delivery | None, expected: Receipt) -> None:
    assert received(EVENT, SCREW, label(), DAY, view(told)) == expected


def test_the_hospital_s_goods_stay_the_hospital_s() -> None:
    screw = item_of(item(owner="hospital", supplier="S1"))
    assert received(EVENT, screw, label(), DAY, view(note({}))) == Receipt("hospital", None, None)
    brought = Brought("hospital", 75_000)
    assert received(EVENT, screw, label(), DAY, view(note({"cost": "7.50"}))) == Receipt("hospital", 75_000, brought)


def test_a_receipt_at_the_catalogue_s_cost_ends_what_an_earlier_note_said() -> None:
    told = view(note({}, supplier="S1"), (DAY, 75_000), owner="S1")
    assert received(EVENT, SCREW, label(), AFTER, told) == Receipt("S1", 50_000, Brought("S1", None))


def test_goods_cost_what_their_newest_note_said_up_to_the_day() -> None:
    told = view(None, (DAY, 75_000), (date(2022, 6, 5), None), (date(2022, 6, 7), 80_000))
    days = [date(2022, 6, 2), DAY, date(2022, 6, 4), date(2022, 6, 5), date(2022, 6, 7), AFTER]
    found = [cost_of(EVENT, SCREW, label(), "S2", day, told) for day in days]
    assert found == [50_000, 75_000, 75_000, 50_000, 80_000, 80_000]
    assert cost_of(EVENT, SCREW, label(), "S1", DAY, told) == 50_000
    assert cost_of(EVENT, SCREW, label(), "S1", BEFORE, told) is None
    assert (noted(EVENT, SCREW, label(), "S2", told), noted(EVENT, SCREW, label("L2"), "S2", told)) == (True, False)
