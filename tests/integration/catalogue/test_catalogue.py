"""Unknown identifiers, fixed packs, doubtful items: what waits is billed by one fix, what was opened is known."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from streams.cli.loading.sheets import read_sheet
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import BOX, DI, HOSPITAL, NOON, SECOND, encounter, gs1, gtin, item, price, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import Ward, postgres_store

IDENTIFIERS = [gtin(9000 + number) for number in range(10)]
STEPPED = [price("10.00", "2022-01-01", "2022-06-04"), price("20.00", "2022-06-04", None)]


def used(number: int, **changes: Any) -> dict[str, Any]:
    """A use of one of ten unknown devices, in turn; every other one on the day after the price has changed."""
    day = "2022-06-03T12:00:00+08:00" if number % 2 else "2022-06-04T12:00:00+08:00"
    label = gs1(IDENTIFIERS[number % 10], lot="B7")
    return scan(number, codes=[label], encounter=f"P{number % 25}", scanned_at=day) | changes


async def test_ten_fixes_bill_five_hundred_parked_scans_once_in_order_at_the_price_of_their_day(database: str) -> None:
    async with postgres_store(database) as store:
        patients = [encounter(encounter=f"P{number}") for number in range(25)]
        ward = await Ward(store).open(*patients)
        for lane in (0, 1):
            events = [used(number) for number in range(1, 501) if number % 25 % 2 == lane]
            for start in range(0, len(events), 100):
                await ward.scan(*events[start : start + 100], lane=lane)
        waiting = await store.pool.fetch(
            "SELECT di, count(*) AS scans, count(DISTINCT encounter) AS patients FROM udi.open_scan GROUP BY di"
        )
        assert [(row["scans"], row["patients"]) for row in waiting] == [(50, 5)] * 10

        # Five new items, and an item that is there gets the other five identifiers, one after the other.
        bound: list[dict[str, Any]] = []
        for place, di in enumerate(IDENTIFIERS):
            one = {"issuer": "GS1", "di": di, "units_per_package": 1}
            if place < 5:
                fix = item(item_code=f"NEW{place}", identifiers=[one], prices=STEPPED)
            else:
                bound.append(one)
                fix = item(item_code="OLD", identifiers=list(bound), prices=STEPPED)
            await ward.learn(fix, stamp=NOON + (1000 + place) * SECOND)
            await ward.sweep()

        account = await ward.account()
        assert account.open == ()
        assert sorted({row[4] for row in account.charges}) == sorted(str(scan_id(number)) for number in range(1, 501))
        assert len(account.charges) == 500
        assert {row[4]: row[12] for row in account.charges} == {
            str(scan_id(number)): "10.00" if number % 2 else "20.00" for number in range(1, 501)
        }
        for lane in (0, 1):
            billed = [
                (orjson.loads(each.body)["udi"]["di"], orjson.loads(each.body)["scan_id"])
                for each in account.published["billing", lane]
            ]
            for di in IDENTIFIERS:
                of = [scan_ for its, scan_ in billed if its == di]
                assert of == sorted(of)
        rows = await store.pool.fetch("SELECT parked_at, resolved_at, billing_id FROM report.parked")
        assert all(row["billing_id"] is not None and row["resolved_at"] > row["parked_at"] for row in rows)
        await ward.learn(*patients)
        assert await ward.sweep() == 0


async def test_a_pack_of_fixed_size_and_single_units_are_one_stock_and_the_opened_pack_is_known(database: str) -> None:
    """定数包: the hospital's own code for a pack of ten; single units are scanned by the item's code."""
    async with postgres_store(database) as store:
        pack = {"issuer": "internal", "di": "PACK-7", "units_per_package": 10}
        gauze = item(item_code="GAUZE", identifiers=[pack], prices=[price("1.00")])
        ward = await Ward(store).open(encounter(), gauze)
        await ward.scan(
            scan(1, action="receive", codes=["PACK-7"], quantity=3, encounter=None),
            scan(2, item_code="GAUZE", quantity=4),
            scan(3, codes=["PACK-7"]),
        )

        async def packs() -> list[tuple[int, ...]]:
            rows = await store.pool.fetch("SELECT * FROM report.open_packs ORDER BY store")
            return [(row["units_per_pack"], row["quantity"], row["whole_packs"], row["remainder"]) for row in rows]

        assert await packs() == [(10, 16, 1, 6)]
        assert sorted(row[9] for row in (await ward.account()).charges) == [4, 10]
        await ward.scan(scan(4, item_code="GAUZE", quantity=6))
        assert await packs() == [(10, 10, 1, 0)]


# Commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as house:
        yield house


async def learnt(house: Installed, *arguments: str) -> Result:
    """A command; what it publishes on the catalogue's topic is learnt meanwhile, as a worker would."""
    known = len(await house.records("udi.catalogue"))
    running = asyncio.create_task(house.udi(*arguments))
    while True:
        ended = running.done()
        records = await house.records("udi.catalogue")
        for _, value in records[known:]:
            await house.ward.learn(orjson.loads(value or b""))
        known = len(records)
        while await house.ward.sweep():
            pass
        if ended:
            return await running


async def test_binding_an_identifier_bills_what_waited_for_it(house: Installed) -> None:
    new = gtin(4242)
    await house.ward.scan(scan(901, codes=[gs1(new, lot="B1")]), scan(902, codes=[gs1(new, lot="B1")], quantity=2))
    counted = await house.udi("bind", f"GS1/{new}", "CLIP", "--dry-run")
    assert (counted.exit_code, counted.stdout) == (0, f"2 scans wait for GS1 {new}.\n")

    shown = await learnt(house, "bind", gs1(new, lot="B1"), "CLIP")

    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[-1] == f"GS1 {new} is CLIP 止血夹: 2 of 2 scans decided, 301.65 yuan charged."
    body = orjson.loads((await house.records("udi.catalogue"))[-1][1] or b"")
    assert body["identifiers"][-1] == {"issuer": "GS1", "di": new, "units_per_package": 1}


async def test_a_file_and_five_bindings_bill_what_waited_for_ten_identifiers(house: Installed, tmp_path: Path) -> None:
    await house.ward.learn(*(encounter(encounter=f"P{number}") for number in range(25)))
    await house.ward.scan(*(used(number) for number in range(2001, 2101)))
    waiting = [each for each in await house.json("parked", "--by-identifier") if each["di"] in IDENTIFIERS]
    assert sorted((each["di"], each["scans"]) for each in waiting) == [(di, 10) for di in sorted(IDENTIFIERS)]

    items = [f"NEW{place},n,GS1:{di}:1" for place, di in enumerate(IDENTIFIERS[:5])]
    prices = ",10.00@2022-01-01..2022-06-04;20.00@2022-06-04.."
    file = tmp_path / "items.csv"
    file.write_text("item_code,name,identifiers,prices\n" + "\n".join(f"{each}{prices}" for each in [*items, "OLD,o,"]))
    loaded = await learnt(house, "load", "catalogue", str(file), "--hospital", HOSPITAL)
    bound = [await learnt(house, "bind", f"GS1/{di[1:]}", "OLD") for di in IDENTIFIERS[5:]]

    assert (loaded.exit_code, loaded.stdout) == (0, "6 items loaded, 0 bad rows.\n")
    # Each identifier is used ten times on one day: its scans are all of an odd or all of an even number.
    assert [(each.exit_code, each.stdout.splitlines()[-1]) for each in bound] == [
        (0, f"GS1 {di} is OLD o: 10 of 10 scans decided, {100 if place % 2 else 200}.00 yuan charged.")
        for place, di in enumerate(IDENTIFIERS[5:], 5)
    ]
    assert [each for each in await house.json("parked", "--by-identifier") if each["di"] in IDENTIFIERS] == []
    rows = await house.pool.fetch(
        "SELECT scan_id::text, amount FROM report.charges WHERE encounter LIKE 'P%' ORDER BY scan_id"
    )
    assert [tuple(row) for row in rows] == [
        (str(scan_id(number)), Decimal(10 if number % 2 else 20)) for number in range(2001, 2101)
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("nonsense", "CLIP"),
            "Expected ISSUER/DI like GS1/06901234567892 or a code with an identifier, got 'nonsense'.",
        ),
        ((f"GS1/{DI}", "CLIP"), f"Expected an identifier no item has, SCREW has GS1 {DI}."),
        (("GS1/06901234567893", "CLIP"), "Expected a GTIN with a right check digit, got '06901234567893'."),
        (("internal/1", "NONE"), "Expected an item of the catalogue, found none with code 'NONE'."),
    ],
)  # fmt: skip
async def test_what_can_not_be_bound_is_one_line(house: Installed, arguments: tuple[str, ...], line: str) -> None:
    shown = await house.udi("bind", *arguments)

    assert (shown.exit_code, shown.stderr.strip()) == (2, f"udi: {line}")


async def test_the_national_database_gives_an_item_its_packages(house: Installed, tmp_path: Path) -> None:
    case = gtin(777001)
    file = tmp_path / "udid.csv"
    file.write_text(
        "zxxsdycpbs,sydycpbs,zxxsdyzsydydsl,bzcpbs,bznhxyjbzcpbs,bznhxyjcpbssl,ylqxzcrbarmc\n"
        f"{BOX},{DI},5,{case},{BOX},4,某公司\n06900000000038,06900000000038,,,,,\n",
        encoding="utf-8",
    )

    shown = await house.udi("load", "udid", str(file))

    assert shown.exit_code == 0, shown.output
    assert "2 devices: 1 items gained 1 identifiers." in shown.stdout
    body = orjson.loads((await house.records("udi.catalogue"))[-1][1] or b"")
    assert (body["item_code"], body["maker"]) == ("SCREW", "某公司")
    assert body["identifiers"][-1] == {"issuer": "GS1", "di": case, "units_per_package": 20}


async def test_devices_of_no_item_become_items_to_complete_and_load(house: Installed, tmp_path: Path) -> None:
    unit, pack, file, proposed = "06900000000014", gtin(777002), tmp_path / "udid.csv", tmp_path / "items.xlsx"
    file.write_text(
        "zxxsdycpbs,sydycpbs,zxxsdyzsydydsl,cpmctymc,ggxh,ylqxzcrbarmc,ybbm,bzcpbs,bznhxyjbzcpbs,bznhxyjcpbssl\n"
        f"06900000000021,{unit},10,支架,3.0×18,某公司,C0344051070500007551,{pack},06900000000021,5\n",
        encoding="utf-8",
    )

    shown = await house.udi("load", "udid", str(file), "--propose", str(proposed))
    (_, row), *_ = list(enumerate(read_sheet(proposed).rows, 2))
    loaded = await house.udi("load", "catalogue", str(proposed))

    assert "1 items proposed in" in shown.stderr
    assert row.cells["price"] == ""
    assert loaded.exit_code == 0, loaded.output
    body = orjson.loads((await house.records("udi.catalogue"))[-1][1] or b"")
    assert (body["hospital"], body["item_code"], body["name"], body["spec"], body["maker"], body["insurance_code"]) == (
        HOSPITAL, "06900000000021", "支架", "3.0×18", "某公司", "C0344051070500007551",
    )  # fmt: skip
    packs = {each["di"]: each["units_per_package"] for each in body["identifiers"]}
    assert packs == {unit: 1, "06900000000021": 10, pack: 50}
    assert "prices" not in body


async def test_what_is_doubtful_in_the_catalogue_is_named(house: Installed) -> None:
    await house.ward.learn(item(item_code="ODD", insurance_code="C1", prices=[], identifiers=[], bundled_into="GONE"))

    shown = await house.udi("catalogue", "check")
    found = await house.json("catalogue", "check")

    assert shown.exit_code == 1
    assert {(row["item_code"], row["check"]) for row in found} >= {("ODD", "insurance-code"), ("ODD", "bundle")}
    rows = await house.pool.fetch("SELECT insurance_code, chargeable FROM report.items WHERE item_code = 'ODD'")
    assert [tuple(row) for row in rows] == [("C1", True)]


async def test_packs_are_shown(house: Installed) -> None:
    shown = await house.udi("stock", "--packs")

    assert shown.exit_code == 0
    assert "units a pack" in shown.stdout
    assert "SCREW" in shown.stdout


async def test_a_list_of_codes_reaches_the_items_that_have_one(house: Installed, tmp_path: Path) -> None:
    old, new = "C0301210100100001234", "C0301210100100001235"
    await house.ward.learn(item(item_code="CODED", insurance_code=old, identifiers=[]))
    file = tmp_path / "codes.csv"
    file.write_text(f"停用编码,停用日期,替代编码\n{old},2022-06-02,{new}\nC1,2022-06-02,\n", encoding="gb18030")

    loaded = await house.udi("load", "insurance-codes", str(file), "--yes")
    body = orjson.loads((await house.records("udi.catalogue"))[-1][1] or b"")
    await house.ward.learn(body)
    again = await house.udi("load", "insurance-codes", str(file), "--yes")

    assert (loaded.exit_code, "1 codes: 1 items changed, 1 bad rows." in loaded.stdout) == (1, True), loaded.output
    assert body["insurance_codes"] == [{"code": old, "to": "2022-06-02"}, {"code": new, "from": "2022-06-02"}]
    assert "1 codes: 0 items changed, 1 bad rows." in again.stdout
    found = await house.json("catalogue", "codes", "--item", "CODED")
    assert [(row["code"], row["valid_from"], row["valid_to"], row["successor"]) for row in found] == [
        (old, None, "2022-06-02", new), (new, "2022-06-02", None, None),
    ]  # fmt: skip
    assert [row["code"] for row in await house.json("catalogue", "codes", "--item", "CODED", "--on", "2022-06-02")] == [
        new
    ]
    checked = await house.json("catalogue", "check")
    assert ("CODED", "insurance-code-replaced") in {(row["item_code"], row["check"]) for row in checked}


async def test_an_export_that_is_loaded_again_publishes_nothing_twice(house: Installed, tmp_path: Path) -> None:
    """What is on its way to the books counts as there: nobody has read the topic between the two runs."""
    await house.pool.execute("UPDATE udi.position SET next_offset = 0 WHERE topic = 'udi.catalogue'")
    file = tmp_path / "udid.zip"
    flags = "<scbssfbhph>是</scbssfbhph><tsrq>2022-01-01</tsrq>"
    with zipfile.ZipFile(file, "w") as archive:
        for part, rest in (("1.xml", flags), ("2.xml", flags + "<sydycpbs>06900000000014</sydycpbs>")):
            archive.writestr(part, f"<udid><device><zxxsdycpbs>{DI}</zxxsdycpbs>{rest}</device></udid>")

    first = await house.udi("load", "udid", str(file))
    published = len(await house.records("udi.catalogue"))
    second = await house.udi("load", "udid", str(file))

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "2 devices of items are not sold any more" in first.stdout
    assert "2 devices: 0 items gained 0 identifiers." in second.stdout
    records = await house.records("udi.catalogue")
    assert len(records) == published
    kept = {each["di"]: each for each in orjson.loads(records[-1][1] or b"")["identifiers"]}
    assert (kept[DI]["carries"], kept["06900000000014"]["withdrawn_on"]) == (["lot"], "2022-01-01")
