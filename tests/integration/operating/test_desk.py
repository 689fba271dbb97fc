"""One scan, one difference, the whole on a screen: what a person sees before he decides. And lists in 80 columns."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from models.texts import texts
from streams import language
from streams.cli.main import app
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, at, gs1, scan, scan_id
from tests.support.installed import SECONDS_MAX, Installed, installed
from tests.support.story import UNIT

COLUMNS = 80
LISTS = (
    ("held",), ("parked",), ("parked", "--by-identifier"), ("untraced",), ("differences",), ("stock",),
    ("stock", "--negative"), ("stock", "--uses"), ("stock", "--explained"), ("expiring",), ("receiving",), ("alerts",),
    ("findings",), ("rules",), ("quota",), ("breaker",), ("approvals",), ("ceiling",), ("recall",), ("policy",),
    ("scan", str(scan_id(11))), ("scan", UNIT), ("trace", UNIT), ("devices", "E1"), ("case", "E1"), ("status",),
    ("held", "history", str(scan_id(52))), ("tie-out", "2022-06-03"), ("catalogue", "check"),
)  # fmt: skip


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made
    language.choose("en")


def shown_id(number: int) -> str:
    return f"…{str(scan_id(number))[-8:]}"


async def at_80(house: Installed, *arguments: str) -> Result:
    """A command as it is seen on a terminal of 80 columns."""
    environment = dict(house.environment) | {"COLUMNS": str(COLUMNS)}
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=environment)


# Scan -------------------------------------------------------------------------------------------------------------


async def test_a_scan_is_told_from_its_label_to_the_money(house: Installed) -> None:
    found = await house.json("scan", str(scan_id(11)))

    assert found["scan"]["codes"] == [UNIT]
    assert (found["scan"]["item_name"], found["scan"]["serial"], found["scan"]["verdict"]) == ("螺钉", "S1", "billed")
    assert [(each["kind"], each["amount"], each["by_scan"]) for each in found["entries"]] == [
        ("charge", "1234.00", str(scan_id(11)))
    ]
    assert [(each["from_place"], each["to_place"], each["units"]) for each in found["moves"]] == [
        ("OR-2", "patient", 1)
    ]
    assert [(each["kind"], each["line_id"], each["status"]) for each in found["differences"]] == [
        ("wrong", "L3", "asked")
    ]
    assert [each["what"] for each in found["history"]] == ["billed"]


async def test_what_took_a_use_back_and_what_a_person_decided_belong_to_its_story(house: Installed) -> None:
    used, back = await house.json("scan", str(scan_id(12))), await house.json("scan", str(scan_id(13)))
    released = await house.json("scan", str(scan_id(52)))

    assert [(each["how"], each["scan_id"], each["units"]) for each in used["related"]] == [
        ("returned by", str(scan_id(13)), 1)
    ]
    assert [(each["how"], each["scan_id"]) for each in back["related"]] == [("takes back", str(scan_id(12)))]
    assert [(each["kind"], each["by_scan"]) for each in used["entries"]] == [
        ("charge", str(scan_id(12))), ("credit", str(scan_id(13))),
    ]  # fmt: skip
    assert "release" in [each["what"] for each in released["history"]]


async def test_the_other_half_of_a_joined_label_is_shown_as_that(house: Installed) -> None:
    whole, rest = await house.udi("scan", str(scan_id(25))), await house.udi("scan", str(scan_id(26)))

    assert "the other half of a joined label" not in whole.stdout
    assert "the other half of its label" in whole.stdout
    assert str(scan_id(26)) in whole.stdout
    assert "the other half of a joined label" in rest.stdout
    assert str(scan_id(25)) in rest.stdout


async def test_a_scan_is_found_by_the_end_of_its_id_and_by_its_code(house: Installed) -> None:
    by_end = await house.json("scan", shown_id(11))
    several = await house.json("scan", UNIT)
    shown = await house.udi("scan", UNIT)

    assert by_end["scan"]["scan_id"] == str(scan_id(11))
    assert [each["scan_id"] for each in several["scans"]] == [str(scan_id(11)), str(scan_id(21))]
    assert shown.exit_code == 0
    assert f"{shown_id(21)}  use" in shown.stdout
    assert f"held: {texts('en')['reason']['serial-used']}" in shown.stdout


async def test_a_scan_that_nobody_knows_is_said(house: Installed) -> None:
    by_id, by_code = await house.udi("scan", "ffffffff"), await house.udi("scan", gs1(DI, serial="S-99"))

    assert (by_id.exit_code, by_id.stderr) == (2, "udi: Expected a recorded scan, found none with id ffffffff.\n")
    assert by_code.exit_code == 1
    assert by_code.stdout.startswith("The books know no scan of ")
    word = await house.udi("scan", "screw")
    assert word.exit_code == 2


async def test_the_history_of_a_scan_gives_reasons_in_words_of_the_language(house: Installed) -> None:
    await house.udi("held", "give", str(scan_id(21)), "--to", "li", "--by", "wang")
    shown = await house.udi("--lang", "zh-CN", "held", "history", str(scan_id(21)))

    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"扫码 {scan_id(21)}")
    assert "交给 li" in shown.stdout
    assert texts("zh-CN")["reason"]["serial-used"] in shown.stdout
    assert "serial-used" not in shown.stdout


# Difference -------------------------------------------------------------------------------------------------------


async def test_a_charge_on_the_wrong_patient_is_shown_with_both_patients_and_who_decided(house: Installed) -> None:
    (row,) = [each for each in await house.json("differences") if "patient" in each["aspects"]]
    found = await house.json("differences", "show", row["difference_id"][:8])

    assert [each["encounter"] for each in found["encounters"]] == ["E1", "E8"]
    assert str(scan_id(11)) in [each["scan_id"] for each in found["uses"] if each["encounter"] == "E1"]
    assert [(each["line_id"], each["amount"]) for each in found["lines"] if each["encounter"] == "E8"] == [
        ("L3", "1234.00")
    ]
    assert [(each["status"], each["by"]) for each in found["versions"]][-1] == ("asked", "wang")
    shown = await house.udi("differences", "show", row["difference_id"])
    assert shown.exit_code == 0
    assert "Encounter E8" in shown.stdout
    assert f"{shown_id(11)} ◀ this one" in " ".join(shown.stdout.split())
    assert "seen with the HIS" in " ".join(shown.stdout.split())


async def test_a_difference_that_is_none_is_bad_use(house: Installed) -> None:
    assert (await house.udi("differences", "show", "ffffffff")).exit_code == 2
    shown = await house.udi("differences", "show", "x")
    assert shown.exit_code == 2
    assert "Expected the id of a difference" in shown.stderr


# Status -----------------------------------------------------------------------------------------------------------


async def test_the_whole_stands_on_one_screen(house: Installed) -> None:
    found = await house.json("status")
    shown = await house.udi("status")

    count = await house.pool.fetchval("SELECT count(*) FROM udi.scan")
    assert (found["scans"], found["newest"]["verdict"]) == (count, found["newest"]["verdict"])
    assert found["open_scans"] == {
        row["verdict"]: row["scans"]
        for row in await house.pool.fetch("SELECT verdict::text, count(*) AS scans FROM udi.open_scan GROUP BY 1")
    }
    assert found["pending"] > 0  # No relay runs.
    assert "nobody works" in shown.stdout
    assert len(shown.stdout.splitlines()) <= 24
    async with house.relay():
        async with asyncio.timeout(SECONDS_MAX):
            while "lane-0" not in (await house.json("status"))["working"]:
                await asyncio.sleep(0.1)
        assert "nobody works" in (await house.udi("status")).stdout  # The scheduler.


async def test_the_address_of_the_books_is_given_alone(house: Installed) -> None:
    assert (await house.udi("status", "--address")).stdout.strip() == house.environment["UDI_DATABASE_URL"]


# Stock ------------------------------------------------------------------------------------------------------------


async def test_a_unit_that_came_back_explains_its_next_use_by_the_receipt_it_came_with(house: Installed) -> None:
    lot = [gs1(DI, expiry="271231", lot="BACK")]
    await house.ward.scan(scan(811, codes=lot, action="receive", encounter=None, scanned_at=at(800)))
    await house.ward.scan(scan(812, codes=lot, scanned_at=at(812)), scan(814, codes=lot, scanned_at=at(814)))
    before = {row["scan_id"] for row in await house.json("stock", "--uses")}
    await house.ward.scan(scan(813, codes=lot, action="return", scanned_at=at(813)))
    after = {row["scan_id"] for row in await house.json("stock", "--uses")}
    explained = {row["scan_id"]: row for row in await house.json("stock", "--explained")}

    assert str(scan_id(814)) in before - after
    row = explained[str(scan_id(814))]
    assert (row["left"], row["received_at"]) == (0, "2022-06-03T04:13:20+00:00")


async def test_a_return_of_what_never_came_explains_no_use(house: Installed) -> None:
    lot = [gs1(DI, expiry="271231", lot="GONE")]
    await house.ward.scan(scan(815, codes=lot, scanned_at=at(812)))
    await house.ward.scan(scan(816, codes=lot, action="return", scanned_at=at(813)))
    await house.ward.scan(scan(817, codes=lot, scanned_at=at(814)))
    after = {row["scan_id"] for row in await house.json("stock", "--uses")}

    assert {str(scan_id(815)), str(scan_id(817))} <= after


async def test_a_use_before_its_receipt_was_known_is_taken_off_the_list_with_both_times(house: Installed) -> None:
    lot = [gs1(DI, expiry="271231", lot="LATE")]
    await house.ward.scan(scan(801, codes=lot), scan(802, codes=lot))
    before = {row["scan_id"] for row in await house.json("stock", "--uses")}
    await house.ward.scan(scan(803, codes=lot, action="receive", encounter=None, scanned_at=at(800)))
    after = {row["scan_id"] for row in await house.json("stock", "--uses")}
    explained = {row["scan_id"]: row for row in await house.json("stock", "--explained")}

    assert before - after == {str(scan_id(801))}
    assert str(scan_id(802)) in after  # One unit came, two were used.
    row = explained[str(scan_id(801))]
    assert (row["used_at"], row["received_at"]) == ("2022-06-03T04:13:21+00:00", "2022-06-03T04:13:20+00:00")
    known = await house.pool.fetchval("SELECT recorded_at FROM udi.scan WHERE scan_id = $1", scan_id(803))
    assert row["received_known_at"] == known.isoformat()


@pytest.mark.parametrize("arguments", [("stock", "--uses"), ("untraced",)])
async def test_a_wide_terminal_is_used_for_whole_ids_on_one_line(house: Installed, arguments: tuple[str, ...]) -> None:
    await house.ward.scan(scan(821, codes=[gs1(DI, expiry="271231")]))
    wide = dict(house.environment) | {"COLUMNS": "200"}
    shown = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=wide)
    narrow = await at_80(house, *arguments)

    (line,) = [line for line in shown.stdout.splitlines() if str(scan_id(821)) in line]
    assert line.startswith("2022-06-03")
    assert str(scan_id(821)) not in narrow.stdout
    assert shown_id(821) in narrow.stdout


async def test_a_receipt_after_the_use_explains_nothing(house: Installed) -> None:
    lot = [gs1(DI, expiry="271231", lot="AFTER")]
    await house.ward.scan(scan(811, codes=lot), scan(812, codes=lot, action="receive", encounter=None, quantity=9))

    assert str(scan_id(811)) in {row["scan_id"] for row in await house.json("stock", "--uses")}


# Case -------------------------------------------------------------------------------------------------------------


async def test_a_use_and_its_return_that_wait_are_two_lines(house: Installed) -> None:
    unknown = [gs1("16901234567899", expiry="271231", lot="U1")]
    await house.ward.scan(
        scan(821, codes=unknown), scan(822, codes=unknown, action="return", corrects=str(scan_id(821)))
    )
    shown = await at_80(house, "case", "E1")

    flowing = " ".join(shown.stdout.split())
    assert "use of " in flowing
    assert "return of " in flowing


# Lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_every_list_fits_80_columns_in_both_languages(house: Installed, locale: str) -> None:
    for arguments in LISTS:
        shown = await at_80(house, "--lang", locale, *arguments)
        assert shown.exit_code in {0, 1}, (arguments, shown.output, shown.exception)
        assert shown.stdout.strip(), arguments
        print(f"\n$ udi {' '.join(arguments)}\n{shown.stdout}")  # noqa: T201 -- seen with `pytest -s`
        wide = [line for line in shown.stdout.splitlines() if cell_len(line.rstrip()) > COLUMNS]
        assert [line for line in wide if not line.startswith("{")] == [], arguments


async def test_a_list_goes_into_a_spreadsheet_as_json_has_it(house: Installed) -> None:
    rows: list[dict[str, Any]] = await house.json("held")
    done = await house.udi("held", "--csv", "-")

    read = list(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))
    assert done.exit_code == 1
    assert [row["scan_id"] for row in read] == [row["scan_id"] for row in rows]
    assert {row["reason_text.zh-CN"] for row in read} == {row["reason_text"]["zh-CN"] for row in rows}
