"""The life of a unit or lot, and the devices of an encounter, as people ask for them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.charging.commands import CommandKind
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import BOX, DI, ENCOUNTER, encounter, gs1, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.recalls import accept, recall
from tests.support.story import UNIT, back, clip

EVENT = {
    "at", "kind", "from_place", "to_place", "quantity", "encounter", "department", "document", "scan_id", "billing_id",
    "line_id", "recall", "by",
}  # fmt: skip


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


async def test_a_unit_is_followed_from_scan_to_scan(house: Installed) -> None:
    await house.ward.scan(back(60, 11, codes=[UNIT]), scan(61, codes=[UNIT], encounter="E9"))

    found = await house.json("trace", UNIT)

    unit = found["unit"]
    assert (unit["item_code"], unit["serial"], unit["hospital"]) == ("SCREW", "S1", "H1")
    moves = [(each["kind"], each["from_place"], each["to_place"], each["verdict"]) for each in found["events"]]
    assert moves == [
        ("use", "OR-2", "patient", "billed"),
        ("use", None, None, "held"),
        ("return", "patient", "OR-2", "credited"),
        ("use", "OR-2", "patient", "parked"),
    ]
    assert set(found["events"][0]) >= EVENT
    assert [each["billing_id"] is not None for each in found["events"]] == [True, False, True, False]


async def test_a_lot_is_followed_in_every_package_of_its_item(house: Installed) -> None:
    by_code = await house.json("trace", gs1(DI, lot="L1"))
    by_item = await house.json("trace", "--item", "SCREW", "--lot", "L1")

    scans = [str(scan_id(number)) for number in (1, 2, 3, 10, 11, 12)]
    assert [each["scan_id"] for each in by_code["events"]][:6] == scans
    boxed = next(each for each in by_code["events"] if each["scan_id"] == str(scan_id(3)))
    assert boxed["quantity"] == 5
    assert by_item["events"] == by_code["events"]
    assert await house.json("trace", f"GS1/{BOX}", "--lot", "L1") == by_code | {"unit": by_code["unit"] | {"di": BOX}}


async def test_what_a_person_took_back_and_what_a_price_changed_are_events(house: Installed) -> None:
    found = await house.json("trace", "--item", "CLIP", "--lot", "C1")

    kinds = [(each["kind"], each["by"]) for each in found["events"] if each["scan_id"] == str(scan_id(55))]
    assert ("taken-back", "wang") in kinds
    rerated = [each["kind"] for each in found["events"] if each["scan_id"] == str(scan_id(50))]
    assert rerated == ["use", "credit", "charge"]


async def test_a_label_completed_by_its_other_half_is_found_by_its_lot(house: Installed) -> None:
    found = await house.json("trace", gs1(DI, lot="L1"))

    assert str(scan_id(25)) in [each["scan_id"] for each in found["events"]]


async def test_a_lot_or_serial_is_found_however_its_case_and_blanks_are_written_as_a_recall_finds_it(
    house: Installed,
) -> None:
    labels = [gs1(DI, lot=lot, serial=serial) for lot, serial in (("Lx7", "sN9"), ("LX7", "SN8"), ("lx7", "Sn8"))]
    await house.ward.scan(*(scan(number, codes=[label]) for number, label in enumerate(labels, 700)))
    await house.ward.scan(scan(703, codes=[gs1(DI)]))
    await house.ward.store.command(
        CommandKind.IDENTIFY, 703, {"issuer": "GS1", "di": DI, "lot": "lX7", "serial": None}
    )  # fmt: skip
    await house.ward.sweep()

    async def scans(*asked: str) -> set[str]:
        return {each["scan_id"] for each in (await house.json("trace", *asked))["events"]}

    every = {str(scan_id(number)) for number in (700, 701, 702)}
    for lot in ("LX7", "lx7", " L x7 "):
        assert await scans("--item", "SCREW", "--lot", lot) >= every
    assert await scans("--item", "SCREW", "--serial", "sn8") == {str(scan_id(number)) for number in (701, 702)}
    assert await scans(gs1(DI, lot="Z", serial="SN9")) == {str(scan_id(700))}

    line = {"issuer": "GS1", "di": DI, "lots": ["l X7"]}
    await accept(house.pool, recall(name="R1", lines=[line]))
    certain = {each["scan_id"] for each in (await house.json("recall", "R1"))["certain"]}
    assert certain >= every
    assert certain <= await scans("--item", "SCREW", "--lot", "lx7")


async def test_nothing_recorded_is_said_and_ends_with_one(house: Installed) -> None:
    shown = await house.udi("trace", gs1(DI, lot="NEVER"))

    assert (shown.exit_code, shown.stdout) == (1, "H1: nothing is recorded of SCREW 螺钉 / lot NEVER.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Expected a code or --item, and not both."),
        ((f"GS1/{DI}",), "Expected a lot or a serial number in the code"),
        (("--item", "SCREW"), "Expected --lot or --serial with --item."),
        (("--item", "NONE", "--lot", "L1"), "Expected an item of the catalogue, found none with code 'NONE'."),
        (("rubbish", "--lot", "L1"), "Expected a code with an identifier"),
    ],
)
async def test_bad_use_is_one_line(house: Installed, arguments: tuple[str, ...], said: str) -> None:
    shown = await house.udi("trace", *arguments)

    assert shown.exit_code == 2
    assert said in shown.stderr


async def test_people_see_where_it_went(house: Installed) -> None:
    shown = await house.udi("trace", UNIT)

    assert shown.exit_code == 0
    assert "OR-2 → patient" in shown.stdout
    assert "1 patients" in shown.stdout


async def test_the_devices_of_an_encounter_are_what_it_kept(house: Installed) -> None:
    found = await house.json("devices", ENCOUNTER)

    kept = {each["scan_id"]: each["quantity"] for each in found["devices"]}
    assert kept[str(scan_id(10))] == 40
    assert kept[str(scan_id(12))] == 2  # One of three came back.
    assert kept[str(scan_id(11))] == 1
    assert str(scan_id(21)) not in kept  # The same unit, scanned twice.
    assert str(scan_id(22)) not in kept  # Returned.
    assert str(scan_id(55)) not in kept  # Rejected.
    assert kept[str(scan_id(19))] == 1  # Unknown item, yet used.


async def test_the_card_holds_the_devices_and_no_script(house: Installed, tmp_path: Path) -> None:
    odd = item(item_code="ODD", name="<script>alert(1)</script>", identifiers=[], class_="II")
    await house.ward.learn(odd, encounter(encounter="E7"))
    await house.ward.scan(scan(70, item_code="ODD", encounter="E7"), scan(71, codes=clip("C7"), encounter="E7"))
    card = tmp_path / "card.html"

    shown = await house.udi("devices", "E7", "--card", str(card))

    assert shown.stdout == f"2 devices on {card}.\n"
    page = card.read_text(encoding="utf-8")
    assert "植入物信息卡" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "(10)C7" in page


async def test_an_unknown_encounter_is_bad_use(house: Installed) -> None:
    shown = await house.udi("devices", "E-404")

    assert (shown.exit_code, shown.stderr) == (2, "udi: Expected an encounter, found none named E-404.\n")


async def test_a_rejected_use_went_back(house: Installed) -> None:
    await house.ward.scan(scan(80, codes=clip("C8")))
    await house.ward.store.command(CommandKind.REJECT, 80)
    await house.ward.sweep()

    found = await house.json("trace", "--item", "CLIP", "--lot", "C8")

    moves = [(each["kind"], each["from_place"], each["to_place"]) for each in found["events"]]
    assert moves[:2] == [("use", "OR-2", "patient"), ("taken-back", "patient", "OR-2")]
