"""`udi epcis`: the books' moves as one document that the schema of EPCIS 2.0 takes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.embedded.broker import EmbeddedBroker
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
