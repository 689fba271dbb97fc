"""What a posted count missed of a recalled lot, as the recall desk lists it: who may have got it without a scan."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from sinks.ports.batch import RawRecord
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from streams.embedded.broker import EmbeddedBroker
from tests.integration.stock.test_counts import PIN, POST, SHELF, at_shelf, booked, started
from tests.support.builders import HOSPITAL, NOON, body, encounter, item, scan_id
from tests.support.installed import Installed, installed
from tests.support.recalls import accept, recall

LOT = [{"issuer": "GS1", "di": PIN, "lots": ["A"]}]


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        identifiers = [{"issuer": "GS1", "di": PIN, "units_per_package": 1}]
        await made.ward.learn(
            item(item_code="PIN", tracking="lot", cost=[{"cost": "10.00"}], identifiers=identifiers),
            _stay("IN", "2022-06-01"), _stay("LEFT", "2022-05-20", "2022-06-02"), _stay("NEXT", "2022-06-04"),
            _stay("MOVED", "2022-06-01") | {"department": "CARD"}, _stay("MOVED", "2022-06-01"),
            _stay("CARD", "2022-06-01") | {"department": "CARD"},
        )  # fmt: skip
        await made.ward.scan(at_shelf(3001, "receive", 10))
        yield made


def _stay(name: str, admitted: str, discharged: str | None = None) -> dict[str, Any]:
    ends = None if discharged is None else f"{discharged}T10:00:00+08:00"
    return encounter(encounter=name, admitted_at=f"{admitted}T08:00:00+08:00", discharged_at=ends)


async def has_department(pool: asyncpg.Pool, department: str) -> None:
    books, batch = SupplyBooks(pool, 2), SupplyBatch()
    position = await books.take_over("c1", "udi.stores", 0)
    record = {"schema": "udi.store/1", "hospital": HOSPITAL, "store": SHELF, "department": department}
    books.add_store(batch, books.parse_store(RawRecord(None, body(record))), NOON, position.origin(0))
    await books.record(position, 1, None, batch)


async def missed(house: Installed, counted: int, number: int = 3101) -> str:
    document = await started(house)
    await house.ward.scan(at_shelf(number, "count", counted, document=document))
    assert (await house.udi("count", "post", document, *POST, "--approved-by", "zhao", "--timeout", "0")).exit_code == 0
    assert await booked(house) == 1
    return document


async def test_the_patients_of_the_department_are_possibly_exposed(house: Installed) -> None:
    await has_department(house.pool, "ORTH")
    await missed(house, 9)
    await accept(house.pool, recall(lines=LOT))

    found = await house.json("recall", "R1")

    assert {each["encounter"]: each["chance"] for each in found["possible"]} == dict.fromkeys(
        ("E1", "IN", "MOVED"), "0.3333"
    )
    line = found["possible"][0]
    assert (line["quantity"], line["lot"], line["store"], line["department"]) == (1, "A", SHELF, "ORTH")
    assert "lost without a scan" in line["reckoned"]
    assert [(each["store"], each["quantity"]) for each in found["shelf"]] == [(SHELF, 9)]
    said = await house.udi("recall", "R1")
    assert "lost" in said.stdout


async def test_what_the_next_count_finds_again_is_gone_from_the_list(house: Installed) -> None:
    await has_department(house.pool, "ORTH")
    await missed(house, 9)
    await accept(house.pool, recall(lines=LOT))
    before = (await house.json("recall", "R1"))["possible"]

    await missed(house, 10, 3201)

    after = (await house.json("recall", "R1"))["possible"]
    assert [each["status"] for each in before] == ["open"] * 3
    assert [each["status"] for each in after] == ["gone"] * 3


async def test_what_a_count_finds_again_under_another_spelling_was_not_lost(house: Installed) -> None:
    """Three of lot A were used as `a`: seven lie there, and the post books three A missing and three `a` found."""
    await has_department(house.pool, "ORTH")
    await house.ward.scan(at_shelf(3050, "use", 3, lot="a", encounter="IN"))
    document = await started(house)
    await house.ward.scan(at_shelf(3101, "count", 7, document=document))
    assert (await house.udi("count", "post", document, *POST, "--approved-by", "zhao", "--timeout", "0")).exit_code == 0
    assert await booked(house) == 2
    await accept(house.pool, recall(lines=LOT))

    found = await house.json("recall", "R1")

    assert [(each["encounter"], each["quantity"]) for each in found["certain"]] == [("IN", 3)]
    assert [(each["lot"], each["quantity"]) for each in found["shelf"]] == [("A", 7)]
    assert found["possible"] == []


async def test_without_a_department_those_who_were_scanned_from_the_store_are_listed(house: Installed) -> None:
    await house.ward.scan(
        at_shelf(3050, "use", encounter="IN"), at_shelf(3051, "use", encounter="CARD"),
        at_shelf(3052, "use", encounter="LEFT", store="OR-8"),
    )  # fmt: skip
    await missed(house, 7)
    await accept(house.pool, recall(lines=LOT))

    possible = (await house.json("recall", "R1"))["possible"]

    assert {each["encounter"]: each["chance"] for each in possible} == {"IN": "0.5000", "CARD": "0.5000"}


async def test_a_loss_of_which_no_patient_is_known_is_a_line_of_its_own(house: Installed) -> None:
    await missed(house, 6)
    await accept(house.pool, recall(lines=LOT))

    (line,) = (await house.json("recall", "R1"))["possible"]

    assert (line["encounter"], line["quantity"], line["chance"], line["status"]) == (None, 4, "1.0000", "open")


async def test_a_use_that_is_scanned_and_a_loss_stand_side_by_side(house: Installed) -> None:
    await has_department(house.pool, "CARD")
    await house.ward.scan(at_shelf(3050, "use", encounter="CARD"))
    await missed(house, 8)
    await accept(house.pool, recall(lines=LOT))

    found = await house.json("recall", "R1")

    assert [(each["encounter"], each["scan_id"]) for each in found["certain"]] == [("CARD", str(scan_id(3050)))]
    assert [(each["encounter"], each["chance"]) for each in found["possible"]] == [
        ("CARD", "0.5000"),
        ("MOVED", "0.5000"),
    ]


async def test_who_left_before_the_goods_came_is_not_among_them(house: Installed) -> None:
    rows = await house.pool.fetch(
        "SELECT encounter, from_at FROM udi.patients_of_store('H1', $1, $2, $3)", SHELF, NOON, NOON
    )
    assert rows == []
    await has_department(house.pool, "ORTH")
    found = await house.pool.fetch(
        "SELECT encounter FROM udi.patients_of_store('H1', $1, $2, $3) ORDER BY 1", SHELF,
        datetime(2022, 6, 2, 0, 0, tzinfo=UTC), NOON,
    )  # fmt: skip
    assert [row["encounter"] for row in found] == ["E1", "IN", "LEFT", "MOVED"]
