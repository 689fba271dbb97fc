"""Every good record is recorded, every bad one has its dead letter, and no worker ends. Through the real worker."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from models.assessment.discharge import read_discharge, read_income
from models.catalogue.item import read_item
from models.charging.encounter import read_encounter
from models.reconciling.his_charge import read_his_charge
from models.scan.reading import read_scan
from models.stock.cabinet import read_cabinet
from models.stock.delivery import read_delivery
from models.stock.recall import read_recall
from models.stock.store import read_store
from models.wire.strict_json import DEPTH_MAX, Refusal
from models.wire.topics import (
    CABINET_READS,
    CATALOGUE,
    DELIVERIES,
    DISCHARGES,
    ENCOUNTERS,
    HIS_CHARGES,
    INCOME,
    RECALLS,
    SCANS,
    STORES,
)
from tests.poison import fuzz
from tests.poison.faulty import AGAIN, IN_DECIDE, IN_READ, IN_ROWS, PLANTED, STUCK
from tests.poison.rig import Rig, Sent
from tests.support.builders import NOON, body, encounter, item, scan, scan_id
from tests.support.servers.kafka import Broker

COUNT: Final = int(os.environ.get("UDI_POISON_RECORDS", "200"))
"""Fuzzed records of each topic."""
pytestmark = pytest.mark.timeout(600 + COUNT // 5)
REFUSED_LATER: Final = {
    SCANS: {"not-a-udi", "unreadable-code", "bad-check-digit", "conflict"},
    RECALLS: {"bad-event"},
    CABINET_READS: {"bad-event"},
}
"""What is an event may still be a code that is none, a scan id with another body, a known version of a notice, or a
cabinet's read of a day to come."""
DEPTHS: Final = (*range(2, 2 * DEPTH_MAX), *range(2 * DEPTH_MAX, 950, 50), *range(950, 1101, 10))
"""Levels in all; the record itself is the first. Each about the bound, and often where Python's own recursion ends."""
ONE_BROKER: Final = pytest.mark.parametrize("broker", ["embedded_broker"], indirect=True)
"""What a worker does with an error of its own is no broker's business."""
READERS: Final[dict[str, Any]] = {
    SCANS: lambda key, value: read_scan(key, value, NOON),
    CATALOGUE: read_item,
    ENCOUNTERS: read_encounter,
    HIS_CHARGES: read_his_charge,
    DISCHARGES: read_discharge,
    INCOME: read_income,
    RECALLS: read_recall,
    STORES: read_store,
    DELIVERIES: read_delivery,
    CABINET_READS: read_cabinet,
}
SUPPLY_AND_CASES: Final = (
    (DISCHARGES, "main_disease", "SELECT encounter FROM udi.discharge ORDER BY 1"),
    (INCOME, "department", "SELECT department FROM udi.income ORDER BY 1"),
    (RECALLS, "reason", "SELECT recall FROM udi.recall ORDER BY 1"),
    (STORES, "name", "SELECT store FROM udi.store ORDER BY 1"),
    (DELIVERIES, "note", "SELECT note FROM udi.delivery ORDER BY 1"),
    (CABINET_READS, "session", "SELECT place FROM udi.cabinet_read ORDER BY 1"),
)
"""Of a topic: the field in which a fault is asked for, and which of the records are in the books."""


@pytest.fixture
async def rig(broker: Broker, database: str, folder: Path) -> AsyncIterator[Rig]:
    async with Rig(broker, database, folder) as running:
        await running.recorded(
            await running.send(CATALOGUE, body(item())), await running.send(ENCOUNTERS, body(encounter()))
        )
        yield running


def deep(record: dict[str, Any], depth: int) -> bytes:
    """The record with an unknown field, so many levels deep in all."""
    return json.dumps(record).encode()[:-1] + b',"x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


async def test_what_lies_too_deep_is_refused_and_its_neighbours_go_through(rig: Rig) -> None:
    made: dict[str, Callable[[int], dict[str, Any]]] = {
        SCANS: scan,
        CATALOGUE: lambda number: item(item_code=f"D{number}", identifiers=[], prices=[]),
        ENCOUNTERS: lambda number: encounter(encounter=f"D{number}"),
    }
    made |= {topic: record for topic, (_, record) in fuzz.VALID.items() if topic not in made}
    sent = {
        topic: await rig.send(topic, *(deep(record(depth), depth) for depth in DEPTHS))
        for topic, record in made.items()
    }
    after = await rig.send(SCANS, body(scan(5000)))
    await rig.recorded(*sent.values(), after)

    letters = await rig.letters()
    for group in sent.values():
        accepted = [depth for depth, each in zip(DEPTHS, group, strict=True) if each.origin not in letters]
        assert accepted == list(range(DEPTHS[0], DEPTH_MAX + 1))
    assert {reason for reason, _ in letters.values()} == {"bad-event"}
    verdicts = await rig.verdicts()
    assert [verdicts[str(scan_id(number))] for number in (2, DEPTH_MAX, 5000)] == ["billed"] * 3


@ONE_BROKER
async def test_what_fails_by_itself_is_quarantined_and_its_neighbours_go_through(rig: Rig) -> None:
    bad = {3: IN_DECIDE, 4: IN_ROWS, 7: IN_READ, 11: IN_DECIDE}
    scans = await rig.send(SCANS, *(body(scan(number, reason=bad.get(number))) for number in range(1, 13)))
    items = await rig.send(
        CATALOGUE, *(body(item(item_code=f"I{n}", identifiers=[], name=PLANTED if n == 1 else "x")) for n in range(3))
    )
    stays = await rig.send(
        ENCOUNTERS, *(body(encounter(encounter=f"S{n}", ward=PLANTED if n == 1 else None)) for n in range(3))
    )
    line = fuzz.VALID[HIS_CHARGES][1]
    lines = await rig.send(HIS_CHARGES, *(body(line(n) | {"lot": PLANTED if n == 1 else None}) for n in range(3)))
    await rig.recorded(scans, items, stays, lines)

    expected = {each.origin: ("internal-error", each.value) for each in (
        *(scans[number - 1] for number in bad), items[1], stays[1], lines[1],
    )}  # fmt: skip
    assert await rig.letters() == expected
    verdicts = await rig.rows("SELECT verdict::text FROM report.verdicts ORDER BY record_offset")
    assert verdicts == ["refused" if number in bad else "billed" for number in range(1, 13)]
    assert await rig.rows("SELECT item_code FROM report.items ORDER BY 1") == ["I0", "I2", "SCREW"]
    assert await rig.rows("SELECT encounter FROM udi.encounter ORDER BY 1") == ["E1", "S0", "S2"]
    assert await rig.rows("SELECT line_id FROM report.his_charges ORDER BY 1") == ["F0", "F2"]


@ONE_BROKER
async def test_what_fails_by_itself_on_the_topics_of_cases_and_supply_is_quarantined(rig: Rig) -> None:
    sent = {}
    for topic, field, _ in SUPPLY_AND_CASES:
        valid = fuzz.VALID[topic][1]
        sent[topic] = await rig.send(topic, *(body(valid(n) | ({field: PLANTED} if n == 1 else {})) for n in range(4)))
    await rig.recorded(*sent.values())

    assert await rig.letters() == {group[1].origin: ("internal-error", group[1].value) for group in sent.values()}
    for _, __, query in SUPPLY_AND_CASES:
        assert await rig.rows(query) == ["F0", "F2", "F3"]


@ONE_BROKER
async def test_a_lane_that_stands_still_goes_on_when_a_person_gives_up_the_record(rig: Rig) -> None:
    sent = await rig.send(SCANS, *(body(scan(number, reason=STUCK if number == 2 else None)) for number in (1, 2, 3)))
    while "UndefinedColumnError" not in rig.worker.log:
        await asyncio.sleep(0.2)

    words = ("--reason", "a bug", "--by", "wang")
    for beyond in (("4711",), (str(sent[1].offset), "--until", str(sent[2].offset + 2))):
        with pytest.raises(AssertionError, match="Expected an offset up to the end of the topic"):
            await rig.udi("lane", "pass", "scans/0", *beyond, *words)

    said = await rig.udi("lane", "pass", "scans/0", str(sent[1].offset), *words)
    await rig.recorded(sent)

    assert "1 held a record" in said
    assert await rig.verdicts() == {str(scan_id(1)): "billed", str(scan_id(3)): "billed"}
    assert await rig.rows("SELECT record_value FROM udi.intervention") == [sent[1].value]
    await rig.udi("lane", "status")
    await rig.udi("verify", "--no-topics")


@ONE_BROKER
async def test_an_upgrade_takes_up_what_was_set_aside_and_replays_what_was_quarantined(rig: Rig) -> None:
    waiting = [scan(number, encounter="LATE", reason=AGAIN if number == 2 else None) for number in (1, 2, 3)]
    await rig.recorded(await rig.send(SCANS, *map(body, waiting), body(scan(4, reason=IN_DECIDE))))
    await rig.recorded(await rig.send(ENCOUNTERS, body(encounter(encounter="LATE"))))
    await rig.until("SELECT verdict::text FROM report.scans ORDER BY scan_id", ["billed", "parked", "billed"])
    await rig.until("SELECT error FROM report.set_aside", ["RuntimeError"])

    await rig.again()
    await rig.until("SELECT verdict::text FROM report.scans ORDER BY scan_id", ["billed"] * 3)
    await rig.until("SELECT error FROM report.set_aside", [])

    await rig.udi("replay", "--dead-letters", "--reason", "internal-error", "--publish")
    await rig.until("SELECT verdict::text FROM report.scans ORDER BY scan_id", ["billed"] * 4)


@pytest.mark.parametrize("seed", [1])
async def test_records_from_the_schemas_are_recorded_or_refused_by_name(rig: Rig, seed: int) -> None:
    sent: dict[str, list[Sent]] = {}
    for topic in READERS:
        sent[topic] = await rig.send(topic, *fuzz.records(topic, COUNT, seed))
        sent[topic] += await rig.send(topic, body(fuzz.VALID[topic][1](-1)))
    await rig.recorded(*sent.values())

    letters = await rig.letters()
    for topic, group in sent.items():
        refused = {each.origin for each in group if isinstance(READERS[topic](each.key, each.value), Refusal)}
        lettered = {each.origin for each in group if each.origin in letters}
        assert refused <= lettered
        assert 0.2 * COUNT < len(refused) < 0.9 * COUNT
        assert {letters[origin][0] for origin in lettered - refused} <= REFUSED_LATER.get(topic, set())
        assert [letters[each.origin][1] for each in group if each.origin in letters] == [
            each.value for each in group if each.origin in letters
        ]
    offsets = await rig.rows("SELECT record_offset FROM report.verdicts ORDER BY 1")
    assert offsets == [each.offset for each in sent[SCANS]]
