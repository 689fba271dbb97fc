"""The queue of held scans as people use it: listed, looked after, decided, corrected, and all of it kept."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from typer.testing import Result

from models.charging.commands import Correction
from models.scan.event import ScanEvent
from models.texts import texts
from rules.charging.correcting import correcting_event
from streams.cli.charging import persons
from streams.embedded.broker import EmbeddedBroker
from streams.language import choose
from streams.services.corrector import Corrector
from tests.support.builders import DI, body, encounter, gs1, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import verdicts

EXPIRED = gs1(DI, expiry="220101", lot="Q1")


@pytest.fixture(autouse=True)
def nobody_publishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scan that takes the place of a corrected one is published by the test, if at all: no command need wait."""
    monkeypatch.setattr(persons, "TAKING_PLACE_SECONDS_MAX", 0.0)


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as house:
        await house.ward.learn(encounter(encounter="E2", department="ICU", admitted_at="2022-05-01T00:00:00+08:00"))
        await house.ward.scan(scan(901, codes=[EXPIRED], quantity=2), scan(902, codes=[EXPIRED], department="ICU"))
        yield house


async def decided(house: Installed, *arguments: str) -> Result:
    """What a command says while the lanes look after what is commanded."""

    async def look() -> None:
        while True:
            await house.ward.sweep()
            await asyncio.sleep(0.05)

    looking = asyncio.create_task(look())
    try:
        return await house.udi(*arguments)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def ids(*numbers: int) -> list[str]:
    return [str(scan_id(number)) for number in numbers]


def brief(number: int) -> str:
    return f"…{ids(number)[0][-8:]}"


async def queue(house: Installed, *options: str) -> dict[str, dict[str, Any]]:
    return {row["scan_id"]: row for row in await house.json("held", *options)}


async def test_the_queue_says_why_for_whom_what_it_is_worth_and_who_looks_after_it(house: Installed) -> None:
    found = await queue(house, "--reason", "expired")
    first = found[ids(901)[0]]

    assert set(found) >= set(ids(901, 902))
    assert {name: first[name] for name in ("encounter", "department", "owner", "estimated_amount", "lot")} == {
        "encounter": "E1",
        "department": "ORTH",
        "owner": None,
        "estimated_amount": "2468.00",
        "lot": "Q1",
    }
    assert first["reason_text"]["zh-CN"]
    assert set(await queue(house, "--department", "ICU")) == set(ids(902))
    shown = await house.udi("held")
    assert shown.exit_code == 1
    assert brief(901) in shown.stdout
    assert shown.stdout.splitlines()[-1].endswith("yuan at today's catalogue; nobody looks after 3 of them.")


async def test_a_scan_has_one_owner_the_newest(house: Installed) -> None:
    taken = await house.udi("held", "take", *ids(901, 902), "--by", "wang")
    given = await house.udi("held", "give", *ids(902), "--to", "li", "--by", "wang")

    what = f"held: {texts('en')['reason']['expired']}"
    assert (taken.exit_code, taken.stdout.splitlines()) == (0, [
        f"{brief(901)} SCREW 螺钉 / lot Q1, E1: {what} – looked after by wang.",
        f"{brief(902)} SCREW 螺钉 / lot Q1, E1: {what} – looked after by wang.",
    ])  # fmt: skip
    assert given.stdout == f"{brief(902)} SCREW 螺钉 / lot Q1, E1: {what} – looked after by li.\n"
    assert set(await queue(house, "--owner", "li")) == set(ids(902))
    refused = await house.udi("held", "take", *ids(12), "--by", "wang")
    assert refused.exit_code == 1
    assert refused.stdout.startswith(f"{brief(12)} SCREW 螺钉")
    assert refused.stdout.endswith(" – Expected a held scan.\n")


async def test_several_are_released_at_once_and_each_decision_is_kept(house: Installed) -> None:
    await house.udi("held", "take", *ids(901), "--by", "wang")
    shown = await decided(house, "held", "release", *ids(901, 902), "--reason", "the maker agreed", "--by", "wang")

    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        f"{brief(901)}: Released: SCREW 螺钉 / lot Q1, E1: billed, 2,468.00 CNY.",
        f"{brief(902)}: Released: SCREW 螺钉 / lot Q1, E1: billed, 1,234.00 CNY.",
    ]
    rows = await house.pool.fetch("SELECT * FROM report.held WHERE scan_id = $1", scan_id(901))
    assert [(row["reason"], row["outcome"], row["owner"], row["by"], row["explanation"]) for row in rows] == [
        ("expired", "released", "wang", "wang", "the maker agreed")
    ]
    entries = await house.json("held", "history", *ids(901))
    assert [(row["what"], row["by"]) for row in entries] == [
        ("held", None),
        ("given to wang", "wang"),
        ("release", "wang"),
        ("billed", None),
    ]


async def test_what_can_not_be_done_is_said_and_exits_with_1(house: Installed) -> None:
    shown = await decided(house, "held", "release", *ids(12), "--reason", "x")

    assert (shown.exit_code, shown.stdout) == (1, "Not released: Expected a held use, got a use that is billed.\n")
    nobody = await house.udi("held", "reject", *ids(901), "--reason", "x", "--timeout", "0")
    assert nobody.exit_code == 0
    assert nobody.stdout.startswith("Stored as command ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("held", "release", "7", "--reason", "x"),
            "Expected a scan id (UUID), or the 8 characters of it that lists show, got '7'.",
        ),
        (("held", "reject", *ids(901), "--reason", " "), "Expected some words for --reason, got only blanks."),
        (
            ("held", "reject", *ids(99999), "--reason", "x"),
            "Expected a recorded scan, found none with id 00000000-0000-0000-0000-00000001869f.",
        ),
        (
            ("correct", *ids(901), "--reason", "x"),
            "Expected a quantity, an encounter, an item, codes, a department or a document to correct.",
        ),
        (
            ("correct", *ids(901), "--quantity", "0", "--reason", "x"),
            "Expected at least 1, got 0.",
        ),
        (
            ("correct", *ids(901), "--code", "0107032069804989", "--reason", "x"),
            "Expected codes of a label, or an item, got '0107032069804989': bad-check-digit.",
        ),
    ],
)  # fmt: skip
async def test_bad_use_is_one_line_and_exits_with_2(house: Installed, arguments: tuple[str, ...], line: str) -> None:
    shown = await house.udi(*arguments)

    assert shown.exit_code == 2
    assert shown.stderr.strip().endswith(line)


async def test_a_corrected_scan_is_taken_back_and_its_place_is_taken_once(house: Installed) -> None:
    shown = await decided(house, "correct", *ids(12), "--encounter", "E2", "--reason", "wrong patient", "--by", "li")
    assert shown.exit_code == 1  # One of the three was returned before.

    shown = await decided(house, "correct", *ids(40), "--encounter", "E2", "--reason", "wrong patient", "--by", "li")
    assert shown.exit_code == 0
    said, later = shown.stdout.splitlines()
    assert said == f"Corrected: SCREW 螺钉 / lot L1, E1: recorded: {texts('en')['reason']['corrected']}."
    assert later.startswith("The scan that takes its place is not recorded yet: udi scan ")
    before = [len(await house.records("udi.scans", lane)) for lane in (0, 1)]
    corrector = Corrector(house.settings, house.pool)
    assert await corrector.step() == 1
    assert await corrector.step() == 1  # Not recorded yet, and not published again so soon.

    added = [(lane, record) for lane in (0, 1) for record in (await house.records("udi.scans", lane))[before[lane] :]]
    assert [key for _, (key, _) in added] == [b"H1/E2"]
    lane, (_, value) = added[0]
    event = orjson.loads(value or b"")
    assert (event["corrects"], event["encounter"], event["quantity"], event["entry"]) == (ids(40)[0], "E2", 2, "manual")
    await house.ward.scan(event, lane=lane)
    await house.ward.scan(event, lane=lane)
    assert await corrector.step() == 0

    now = verdicts(await house.ward.account())
    assert now[ids(40)[0]] == ("recorded", ("late", "corrected", "period-closed"))
    assert now[event["scan_id"]][0] == "billed"
    row = await house.pool.fetchrow("SELECT * FROM report.corrections")
    assert row is not None
    assert (str(row["corrected_by"]), row["by"], row["reason"]) == (event["scan_id"], "li", "wrong patient")


async def test_what_is_not_recorded_is_published_again_and_counts_once(house: Installed) -> None:
    await decided(house, "correct", *ids(901), "--quantity", "5", "--reason", "five were opened")
    corrector = Corrector(house.settings, house.pool, again_seconds=0.0)
    assert [await corrector.step(), await corrector.step()] == [1, 1]

    found = [(lane, as_event(value)) for lane in (0, 1) for _, value in await house.records("udi.scans", lane)]
    again = [(lane, event) for lane, event in found if event.get("corrects") == ids(901)[0]]
    assert len(again) == 2
    assert again[0] == again[1]
    for lane, event in again:
        await house.ward.scan(event, lane=lane)
    assert await corrector.step() == 0
    rows = await house.pool.fetch("SELECT scan_id, quantity FROM report.held WHERE quantity = 5")
    assert [str(row["scan_id"]) for row in rows] == [again[0][1]["scan_id"]]


def event_of(**changes: Any) -> ScanEvent:
    return ScanEvent.model_validate_json(body(scan(1, **changes)))


def test_what_belongs_to_the_encounter_follows_the_right_one() -> None:
    event = event_of(department="ORTH", team="T3", operation="OP-9", sequence=4, boot="b")
    made = correcting_event(event, None, Correction(encounter="E2"), scan_id(2), "wrong patient")

    assert made == {
        "schema": "udi.scan/1", "scan_id": ids(2)[0], "hospital": "H1", "device_id": "gun1", "action": "use",
        "scanned_at": made["scanned_at"], "codes": event.codes, "quantity": 1, "store": "OR-2", "encounter": "E2",
        "corrects": ids(1)[0], "entry": "manual", "reason": "wrong patient",
    }  # fmt: skip
    assert ScanEvent.model_validate_json(orjson.dumps(made)).scanned_at == event.scanned_at


def test_a_label_of_two_halves_is_whole_and_an_item_takes_the_place_of_its_codes() -> None:
    first, rest = event_of(codes=[gs1(DI)]), event_of(codes=[gs1(lot="L1")])

    assert correcting_event(first, rest, Correction(quantity=3), scan_id(2), "x")["codes"] == [gs1(DI), gs1(lot="L1")]
    assert "codes" not in correcting_event(first, rest, Correction(item_code="NAIL"), scan_id(2), "x")


def test_a_corrected_return_still_names_its_use() -> None:
    event = event_of(action="return", corrects=ids(7)[0], quantity=2)

    assert correcting_event(event, None, Correction(quantity=1), scan_id(2), "x")["corrects"] == ids(7)[0]


async def test_of_a_label_that_may_have_lost_separators_a_person_chooses_the_reading(house: Installed) -> None:
    await house.ward.scan(scan(903, codes=[f"]d201{DI}1727123110QQ21S7"]))
    assert verdicts(await house.ward.account())[ids(903)[0]][0] == "billed"
    rows = await house.pool.fetch("SELECT * FROM report.readings WHERE scan_id = $1", scan_id(903))
    chosen = next(row["reading"] for row in rows if row["serial"] == "S7")

    wrong = await house.udi("correct", *ids(903), "--reading", "9", "--reason", "looked at the box")
    assert wrong.exit_code == 2
    assert "got 9." in wrong.stderr
    shown = await decided(house, "correct", *ids(903), "--reading", str(chosen), "--reason", "looked at the box")
    assert (shown.exit_code, shown.stdout) == (
        0, "Identified: SCREW 螺钉 / lot QQ / serial S7, E1: billed, 1,234.00 CNY.\n",
    )  # fmt: skip

    row = await house.pool.fetchrow("SELECT verdict, lot, serial FROM report.scans WHERE scan_id = $1", scan_id(903))
    assert tuple(row or ()) == ("billed", "QQ", "S7")
    charges = await house.pool.fetch("SELECT kind, lot FROM report.charges WHERE scan_id = $1", scan_id(903))
    assert [tuple(each) for each in charges] == [("charge", "QQ")]
    again = await decided(house, "correct", *ids(903), "--reading", str(chosen), "--reason", "looked again")
    assert again.exit_code == 1


def as_event(value: bytes | None) -> dict[str, Any]:
    """A record of the topic, as far as it is JSON."""
    try:
        found = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


async def test_a_slip_in_what_is_asked_for_is_no_all_clear(house: Installed) -> None:
    slips = (
        ("held", "--reason", "expierd", "--reason: expected one of ", "names, like expired, "),
        ("held", "--department", "NIX", "--department: expected one of ", "ICU, ORTH"),
        ("differences", "--department", "NIX", "--department: expected one of ", "ICU, ORTH"),
    )
    for command, option, slip, begins, names in slips:
        answer = await house.udi(command, option, slip)
        assert (answer.exit_code, answer.stdout) == (2, ""), answer.output
        assert answer.stderr.startswith(f"udi: {begins}"), answer.output
        assert names in answer.stderr
        assert answer.stderr.endswith(f", got '{slip}'.\n")
        chinese = await house.udi("--lang", "zh-CN", command, option, slip)
        choose("en")
        assert (chinese.exit_code, f"得到 '{slip}'。" in chinese.stderr) == (2, True), chinese.output
    assert set(await queue(house, "--department", "ICU", "--reason", "expired")) == set(ids(902))
