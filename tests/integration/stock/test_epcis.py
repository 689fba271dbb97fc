"""`udi epcis`: the books' moves as one document that the schema of EPCIS 2.0 takes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from streams.embedded.broker import EmbeddedBroker
from streams.services.corrector import Corrector
from tests.support.builders import DI, encounter, gs1, scan, scan_id
from tests.support.epcis import faults_of
from tests.support.installed import Installed, installed

PERIOD = ("--from", "2022-05-01", "--to", "2022-08-01")


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


async def test_every_move_is_an_event_and_what_was_taken_back_is_declared(house: Installed, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonld"
    done = await house.udi("epcis", *PERIOD, "--out", str(file))
    document = json.loads(file.read_text(encoding="utf-8"))
    events = document["epcisBody"]["eventList"]

    assert (done.exit_code, f"{len(events):,} events." in done.stderr) == (0, True)
    assert faults_of(document) == []
    moves = await house.pool.fetch(
        "SELECT md5(concat_ws('/', hospital, scan_id, n, 'move'))::uuid AS move_id, takes_back FROM udi.stock_move"
    )
    stand = {f"urn:uuid:{row['move_id']}" for row in moves if not row["takes_back"]}
    declared = [each for each in events if "errorDeclaration" in each]
    assert {each["eventID"] for each in events if "errorDeclaration" not in each} == stand
    assert len(declared) == sum(row["takes_back"] for row in moves) > 0
    assert {each["eventID"] for each in declared} <= stand
    for name, wrong in (("eventTime", "yesterday"), ("action", "EAT"), ("eventID", "no uri")):
        broken = document | {"epcisBody": {"eventList": [events[0] | {name: wrong}]}}
        assert {fault.partition(":")[0] for fault in faults_of(broken)} == {"jsonschema", "jsonschema-rs"}, name

    again = await house.udi("epcis", *PERIOD, "--out", str(file))
    assert (again.exit_code, "does not exist yet" in again.stderr) == (2, True)
    printed = await house.udi("epcis", *PERIOD)
    assert json.loads(printed.stdout)["epcisBody"] == document["epcisBody"]


async def test_a_period_has_its_own_events_and_an_empty_one_is_valid(house: Installed) -> None:
    parts = [
        json.loads((await house.udi("epcis", "--from", start, "--to", end)).stdout)
        for start, end in (("2022-05-01", "2022-06-01"), ("2022-06-01", "2022-08-01"), ("2021-05-01", "2021-06-01"))
    ]
    ids = [{each["eventID"] for each in part["epcisBody"]["eventList"]} for part in parts]
    whole = json.loads((await house.udi("epcis", *PERIOD)).stdout)
    assert (ids[0] & ids[1], ids[2], [faults_of(part) for part in parts]) == (set(), set(), [[], [], []])
    assert ids[0] | ids[1] == {each["eventID"] for each in whole["epcisBody"]["eventList"]}
    wrong = await house.udi("epcis", "--from", "2022-06-02", "--to", "2022-06-02")
    assert (wrong.exit_code, "Expected --from before --to." in wrong.stderr) == (2, True)


async def corrected(house: Installed, scan_id: str, *changes: str) -> str:
    """The scan is corrected and the scan in its place recorded; gives that one's id."""
    await house.udi("correct", scan_id, *changes, "--reason", "wrong", "--by", "li", "--timeout", "0")
    await house.ward.sweep()
    before = [len(await house.records("udi.scans", lane)) for lane in (0, 1)]
    corrector = Corrector(house.settings, house.pool)
    assert await corrector.step() == 1
    [(lane, value)] = [
        (lane, value) for lane in (0, 1) for _, value in (await house.records("udi.scans", lane))[before[lane] :]
    ]
    event = orjson.loads(value or b"")
    await house.ward.scan(event, lane=lane)
    assert await corrector.step() == 0
    return str(event["scan_id"])


async def declared(house: Installed) -> tuple[dict[str, tuple[str, list[str]]], dict[str, str]]:
    """(reason, the events in its place) of each declared event; and the ids of those that are none, by their scan."""
    said = json.loads((await house.udi("epcis", *PERIOD)).stdout)["epcisBody"]["eventList"]
    found = {
        each["eventID"]: (each["errorDeclaration"]["reason"], each["errorDeclaration"].get("correctiveEventIDs", []))
        for each in said if "errorDeclaration" in each
    }  # fmt: skip
    rows = await house.pool.fetch("SELECT move_id, scan_id FROM report.stock_moves ORDER BY move_id")
    stand = {each["eventID"] for each in said if "errorDeclaration" not in each} - found.keys()
    return found, {str(row["scan_id"]): name for row in rows if (name := f"urn:uuid:{row['move_id']}") in stand}


async def test_what_a_correction_replaced_names_the_event_in_its_place_and_what_a_person_rejected_none(
    house: Installed,
) -> None:
    """Also of a correction that was corrected again, and that did not move goods itself; ids stay."""
    await house.ward.learn(encounter(encounter="E2", department="ICU", admitted_at="2022-05-01T00:00:00+08:00"))
    lot = gs1(DI, expiry="271231", lot="E9")
    await house.ward.scan(
        scan(8000, action="receive", encounter=None, codes=[lot], quantity=9),
        *(scan(number, codes=[lot], quantity=2) for number in (8001, 8002, 8003)),
    )
    before, events = await declared(house)
    ids = {number: events[str(scan_id(number))] for number in (8001, 8002, 8003)}
    first = await corrected(house, str(scan_id(8001)), "--quantity", "1")
    await corrected(house, str(scan_id(8002)), "--quantity", "1")
    await house.udi("held", "reject", str(scan_id(8003)), "--reason", "not used", "--by", "li", "--timeout", "0")
    await house.ward.sweep()
    said, events = await declared(house)
    assert said[ids[8001]] == ("incorrect_data", [events[first]])
    assert said[ids[8003]] == ("did_not_occur", [])
    once = events[first]

    last = await corrected(house, first, "--encounter", "E2")
    said, events = await declared(house)
    assert {name: said[name] for name in (ids[8001], once)} == dict.fromkeys(
        (ids[8001], once), ("incorrect_data", [events[last]])
    )
    await house.udi("held", "reject", last, "--reason", "not used", "--by", "li", "--timeout", "0")
    await house.ward.sweep()
    gone = events[last]
    said, _ = await declared(house)
    assert {name: said[name] for name in (ids[8001], once, gone)} == dict.fromkeys(
        (ids[8001], once, gone), ("did_not_occur", [])
    )
    assert said[ids[8002]][0] == "incorrect_data"
    assert {name: said[name] for name in before} == before
