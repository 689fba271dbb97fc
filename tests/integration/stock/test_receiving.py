"""Goods-in against a delivery note: what came, what is missing, what nobody ordered."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import xlsxwriter

from models.stock.delivery import Delivery
from sinks.ports.batch import RawRecord
from sinks.postgres.stock.receiving import Received, deliveries
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import BOX, DI, HOSPITAL, NOON, body, encounter, gs1, gtin, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import PostgresStore, Ward, postgres_store


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(supplier="S1", cost=[{"cost": "10.00"}]), encounter())


def note(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "schema": "udi.delivery/1", "hospital": HOSPITAL, "note": "N1", "supplier": "S1", "store": "OR-2",
        "expected_on": "2022-06-03", "lines": list(lines),
    } | changes  # fmt: skip


def line(name: str = "1", packages: int = 10, **changes: Any) -> dict[str, Any]:
    return {"line": name, "issuer": "GS1", "di": DI, "packages": packages, "lot": "L1"} | changes


async def learn(pool: asyncpg.Pool, *notes: dict[str, Any]) -> list[str]:
    books, batch = SupplyBooks(pool, 2), SupplyBatch()
    position = await books.take_over("c1", "udi.deliveries", 0)
    for place, each in enumerate(notes):
        read = books.parse_delivery(RawRecord(None, body(each)))
        books.add_delivery(batch, read, NOON, position.origin(position.next_offset + place))
    await books.record(position, position.next_offset + len(notes), None, batch)
    return [str(letter.reason) for letter in batch.letters]


def receipt(number: int, quantity: int, *, lot: str = "L1", **changes: Any) -> dict[str, Any]:
    made = {"action": "receive", "encounter": None, "quantity": quantity, "document": "N1"}
    return scan(number, **made | {"codes": [gs1(DI, expiry="271231", lot=lot)]} | changes)


def short(row: Received) -> tuple[Any, ...]:
    return row.line, row.lot, row.expected, row.arrived, row.accepted, row.status, tuple(row.findings)


async def test_a_note_is_expected_then_partial_then_complete(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line()))
    assert [short(row) for row in await deliveries(store.pool)] == [("1", "L1", 10, 0, 0, "expected", ())]
    await ward.scan(receipt(1, 4))
    assert [short(row) for row in await deliveries(store.pool)] == [("1", "L1", 10, 4, 4, "partial", ())]
    await ward.scan(receipt(2, 1, codes=[gs1(BOX, expiry="271231", lot="L1")]), receipt(3, 1, lot="l1"), lane=1)
    found = [short(row) for row in await deliveries(store.pool)]
    assert found == [("1", "L1", 10, 10, 10, "complete", ("spelled-otherwise",))]
    assert await learn(store.pool, note(line(cost="0.00"))) == ["bad-event"]


async def test_more_and_other_than_ordered_are_findings_and_accepted(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line(), line("2", 3, lot="L2")))
    await ward.scan(receipt(1, 11), receipt(2, 2, lot="L9"), receipt(3, 1, codes=[gs1(gtin(999), lot="X")]))

    assert [short(row) for row in await deliveries(store.pool, "N1")] == [
        ("1", "L1", 10, 11, 11, "more", ("more",)),
        ("2", "L2", 3, 0, 0, "expected", ()),
        (None, "L9", 0, 2, 2, "arrived", ("other-lot",)),
        (None, "X", 0, 1, 0, "arrived", ("unknown-item", "parked")),
    ]


async def test_a_line_is_short_when_its_note_ended_or_after_seven_days(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line(), expected_on="2022-05-28"))
    await ward.scan(receipt(1, 4))  # Of 3 June: the sixth day after.
    assert [row.status for row in await deliveries(store.pool)] == ["partial"]
    await learn(store.pool, note(line(), expected_on="2022-05-26"))
    assert [short(row)[-2:] for row in await deliveries(store.pool)] == [("short", ("short",))]
    await learn(store.pool, note(line(), ended=True))
    assert [short(row)[-2:] for row in await deliveries(store.pool)] == [("short", ("short",))]


async def test_expired_goods_are_in_quarantine_and_rejected_ones_do_not_stand(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line(packages=2, lot="OLD"), supplier="S2"))
    await ward.scan(receipt(1, 2, codes=[gs1(DI, expiry="220602", lot="OLD")]))

    row = (await deliveries(store.pool))[0]
    assert (row.arrived, row.accepted, row.quarantined, row.status) == (2, 0, 2, "complete")
    assert tuple(row.findings) == ("expired", "other-supplier")
    await learn(store.pool, note(line(packages=2, lot="OLD"), supplier="s 1"))
    assert tuple((await deliveries(store.pool))[0].findings) == ("expired",)


async def test_a_unit_that_is_here_or_was_used_is_a_finding_and_booked_once(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line("1", 1, serial="S1"), line("2", 1, serial="s 2")))
    one, other = (gs1(DI, expiry="271231", lot="L1", serial=serial) for serial in ("S1", "S2"))
    await ward.scan(receipt(1, 1, codes=[one]), receipt(2, 1, codes=[one]), receipt(3, 1, codes=[other]))
    assert [(row.line, row.accepted, tuple(row.findings)) for row in await deliveries(store.pool)] == [
        ("1", 1, ("more", "serial-present")), ("2", 1, ("spelled-otherwise",)),
    ]  # fmt: skip

    await ward.scan(scan(4, codes=[one]), receipt(5, 1, codes=[one]))
    (first, _) = await deliveries(store.pool)
    assert (first.accepted, tuple(first.findings)) == (1, ("more", "serial-present", "serial-used"))
    stock = await store.pool.fetch("SELECT serial, quantity FROM report.stock WHERE quantity <> 0")
    assert {row["serial"]: row["quantity"] for row in stock} == {"S2": 1}


async def test_several_units_under_one_serial_are_held_and_a_finding(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line("1", 2, serial="S1"), {"line": "2", "item_code": "NONE", "packages": 1}))
    await ward.scan(receipt(1, 2, codes=[gs1(DI, expiry="271231", lot="L1", serial="S1")]))

    rows = await deliveries(store.pool)
    assert [(row.accepted, tuple(row.findings)) for row in rows] == [(0, ("serial-quantity",)), (0, ("unknown-item",))]
    assert await store.pool.fetch("SELECT serial FROM report.stock WHERE quantity <> 0") == []


async def test_a_line_whose_identifier_is_of_another_item_is_a_finding(ward: Ward, store: PostgresStore) -> None:
    other = item(item_code="CLIP", identifiers=[{"issuer": "GS1", "di": gtin(999), "units_per_package": 1}])
    await ward.learn(other)
    own = {"line": "1", "item_code": "SCREW", "issuer": "GS1", "di": DI, "packages": 1}
    await learn(store.pool, note(own, own | {"line": "2", "item_code": "CLIP"}, own | {"line": "3", "di": gtin(5)}))

    found = {row.line: (row.item_code, tuple(row.findings)) for row in await deliveries(store.pool)}
    assert found["1"] == ("SCREW", ())
    assert found["2"][0] == "CLIP"
    assert "other-item" in found["2"][1]
    assert found["3"] == ("SCREW", ("unknown-item",))


@pytest.mark.parametrize("own", [{"item_code": "SCREW"}, {}])
async def test_a_line_whose_identifier_no_item_has_is_named_and_short_until_a_unit_a_package_came(
    ward: Ward, store: PostgresStore, own: dict[str, Any]
) -> None:
    strange = line(packages=5, di=gtin(5)) | own
    await learn(store.pool, note(strange))
    await ward.scan(scan(1))

    async def stands() -> tuple[Any, ...]:
        row = next(each for each in await deliveries(store.pool) if each.line == "1")
        return row.expected, row.arrived, row.status, tuple(row.findings)

    assert await stands() == (None, 0, "expected", ("unknown-item",))
    await learn(store.pool, note(strange, expected_on="2022-05-26"))
    assert await stands() == (None, 0, "short", ("unknown-item", "short"))
    await ward.learn(item(supplier="S1", cost=[{"cost": "10.00"}], identifiers=[
        {"issuer": "GS1", "di": di, "units_per_package": units} for di, units in ((DI, 1), (gtin(5), 2))
    ]))  # fmt: skip
    assert await stands() == (10, 0, "short", ("short",))
    await ward.scan(receipt(2, 5, codes=[gs1(gtin(5), expiry="271231", lot="L1")]))
    assert await stands() == (10, 10, "complete", ())


async def test_what_is_typed_by_item_code_makes_a_line_of_an_unknown_package_no_longer_short(
    ward: Ward, store: PostgresStore
) -> None:
    await learn(store.pool, note(line(packages=5, lot=None, di=gtin(5), item_code="SCREW"), ended=True))
    for number, units, status in ((1, 4, "short"), (2, 1, "arrived")):
        await ward.scan(receipt(number, units))
        assert [(row.status, "short" in row.findings) for row in await deliveries(store.pool)] == [
            (status, status == "short")
        ]  # fmt: skip


async def test_goods_under_the_number_of_no_note_are_named(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(receipt(1, 2, document="N404"))

    assert [(row.note, tuple(row.findings)) for row in await deliveries(store.pool)] == [("N404", ("unknown-note",))]


async def test_a_receipt_under_a_wrong_number_is_sent_back_under_it_and_received_again(
    ward: Ward, store: PostgresStore
) -> None:
    await learn(store.pool, note(line(packages=5)))
    await ward.scan(receipt(1, 5, document="N404"))
    await ward.scan(sent_back(2, 5, document="N404"), receipt(3, 5))

    rows = await deliveries(store.pool)
    assert [(row.note, row.arrived, row.returned, tuple(row.findings)) for row in rows] == [
        ("N1", 5, 0, ()), ("N404", 5, 5, ()),
    ]  # fmt: skip
    assert await store.pool.fetchval("SELECT quantity FROM report.stock WHERE quantity <> 0") == 5


async def test_a_receipt_of_too_many_is_taken_back_by_sending_the_rest_back(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line(packages=5)))
    await ward.scan(receipt(1, 50))
    await ward.scan(sent_back(2, 45))

    assert await returned(store) == [("1", "L1", 50, 45, ())]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line(), line()], "every line number once"),
        ([line(serial="S1"), line("2", serial="S1")], "every serial number once"),
        ([line(serial="S1"), line("2", serial="s 1")], "every serial number once"),
        ([{"line": "1", "packages": 1}], "an identifier"),
        ([line(cost="0")], "a cost above zero"),
    ],
)
def test_a_note_that_contradicts_itself_is_refused(lines: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Delivery.model_validate_json(body(note(*lines)))


async def test_people_load_notes_and_look_at_them(told: str, embedded_broker: EmbeddedBroker, tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text(
        "hospital,note,supplier,store,line,issuer,di,lot,packages,cost\n"
        f"H1,N7,S1,OR-2,1,GS1,{DI},L1,5,10.00\nH1,N7,S1,OR-2,2,GS1,{DI},L2,5,\nH1,N8,S1,OR-2,1,GS1,{DI},L1,0,\n",
        encoding="utf-8",
    )
    async with installed(told, embedded_broker) as house:
        loaded = await house.udi("load", "deliveries", str(file))
        assert (loaded.exit_code, "1 delivery notes loaded, 1 bad rows." in loaded.stdout) == (1, True)
        await _look(house)


async def test_a_workbook_of_notes_may_number_its_lines(
    told: str, embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    rows: list[list[Any]] = [
        ["hospital", "note", "supplier", "store", "line", "issuer", "di", "lot", "packages"],
        *(["H1", "N7", "S1", "OR-2", number, "GS1", DI, "L1", 5] for number in (1, 2, "3a")),
        *(["H1", "N8", "S1", "OR-2", number, "GS1", DI, "L1", 5] for number in (1, 1.5)),
    ]
    file = tmp_path / "notes.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(rows):
            sheet.write_row(row, 0, cells)
    async with installed(told, embedded_broker) as house:
        loaded = await house.udi("load", "deliveries", str(file))
        published = [orjson.loads(value or b"") for _, value in await house.records("udi.deliveries")]

    assert (loaded.exit_code, "1 delivery notes loaded, 2 bad rows." in loaded.stdout) == (1, True)
    assert "expected text, got the number 1.5" in loaded.stdout
    assert [[each["line"] for each in note["lines"]] for note in published if note["note"] == "N7"] == [
        ["1", "2", "3a"]
    ]


async def _look(house: Installed) -> None:
    await learn(house.pool, note(line("1", 5), line("2", 5, lot="L2"), note="N7"))
    await house.ward.scan(receipt(900, 5, document="N7"))
    shown = await house.udi("receiving", "N7")
    found = await house.json("receiving", "N7")
    assert [(row["line"], row["arrived"], row["status"]) for row in found] == [
        ("1", 5, "complete"),
        ("2", 0, "expected"),
    ]
    assert "Delivery note N7" in shown.stdout
    assert "N7" in (await house.udi("receiving")).stdout
    assert (await house.udi("receiving", "N404")).exit_code == 2


async def test_a_line_with_a_whole_number_is_the_line_of_that_text(ward: Ward, store: PostgresStore) -> None:
    assert await learn(store.pool, note(line() | {"line": 7})) == []
    await ward.scan(receipt(1, 10))

    assert [short(row) for row in await deliveries(store.pool)] == [("7", "L1", 10, 10, 10, "complete", ())]


def sent_back(number: int, quantity: int, *, lot: str = "L1", **changes: Any) -> dict[str, Any]:
    return receipt(number, quantity, lot=lot, action="send-back", **changes)


async def returned(store: PostgresStore) -> list[tuple[Any, ...]]:
    return [(row.line, row.lot, row.arrived, row.returned, tuple(row.findings)) for row in await deliveries(store.pool)]


@pytest.mark.parametrize(("units", "finding"), [(3, ()), (4, ("returned-more",))])
async def test_more_returned_than_came_is_a_finding(
    ward: Ward, store: PostgresStore, units: int, finding: tuple[str, ...]
) -> None:
    await learn(store.pool, note(line(packages=3)))
    await ward.scan(receipt(1, 3), sent_back(2, units))

    assert await returned(store) == [("1", "L1", 3, units, finding)]


async def test_what_went_back_is_of_the_line_of_its_receipt_whatever_the_line_says_of_its_lot(
    ward: Ward, store: PostgresStore
) -> None:
    await learn(store.pool, note(line(lot="l 1", packages=2), line("2", 4, lot=None)))
    await ward.scan(receipt(1, 2), receipt(2, 3, lot="L7"), receipt(3, 1, lot="L8"), sent_back(4, 1))
    await ward.scan(sent_back(5, 2, lot="L7"), sent_back(6, 1, lot="L8"))

    assert await returned(store) == [("1", "l 1", 2, 1, ("spelled-otherwise",)), ("2", None, 4, 3, ())]


async def test_what_went_back_and_never_came_is_a_row_of_a_known_note_alone(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line()))
    await ward.scan(receipt(1, 10), receipt(2, 1, lot="L2"), sent_back(3, 1, lot="L2"), sent_back(4, 2, lot="L3"))
    await ward.scan(sent_back(5, 1, lot="L4", document="RMA-7"))

    assert await returned(store) == [
        ("1", "L1", 10, 0, ()), (None, "L2", 1, 1, ()), (None, "L3", 0, 2, ("other-lot", "returned-more")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("units", "status", "finding"), [(2, "more", ("more",)), (3, "complete", ()), (4, "complete", ())]
)
async def test_a_surplus_that_went_back_is_none(
    ward: Ward, store: PostgresStore, units: int, status: str, finding: tuple[str, ...]
) -> None:
    """Of five that were ordered eight came."""
    await learn(store.pool, note(line(packages=5), expected_on="2022-05-01"))
    await ward.scan(receipt(1, 8), sent_back(2, units))

    [row] = await deliveries(store.pool)
    assert (row.arrived, row.accepted, row.returned) == (8, 8, units)
    assert (row.status, tuple(row.findings)) == (status, finding)


async def test_another_lot_is_a_finding_until_all_of_it_went_back(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line()))
    other = gs1(gtin(999), lot="X")
    await ward.learn(item(item_code="CLIP", supplier="S1", cost=[{"cost": "1.00"}], identifiers=[
        {"issuer": "GS1", "di": gtin(999), "units_per_package": 1}
    ]))  # fmt: skip
    await ward.scan(receipt(1, 10), receipt(2, 2, lot="L2"), receipt(3, 1, codes=[other]))

    async def rows() -> list[tuple[Any, ...]]:
        return [each[1:] for each in await returned(store)]

    assert await rows() == [("L1", 10, 0, ()), ("X", 1, 0, ("not-ordered",)), ("L2", 2, 0, ("other-lot",))]
    await ward.scan(sent_back(4, 1, lot="L2"), sent_back(5, 1, codes=[other]))
    assert await rows() == [("L1", 10, 0, ()), ("X", 1, 1, ()), ("L2", 2, 1, ("other-lot",))]
    await ward.scan(sent_back(6, 1, lot="L2"))
    assert await rows() == [("L1", 10, 0, ()), ("X", 1, 1, ()), ("L2", 2, 2, ())]
    await ward.scan(sent_back(7, 1, lot="L2"))
    assert (await rows())[2] == ("L2", 2, 3, ("other-lot", "returned-more"))


async def test_a_replacement_under_the_same_note_is_no_surplus(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line(packages=5)))
    await ward.scan(receipt(1, 5), sent_back(2, 2), receipt(3, 2))
    assert await returned(store) == [("1", "L1", 7, 2, ())]
    await ward.scan(receipt(4, 1))
    assert await returned(store) == [("1", "L1", 8, 2, ("more",))]


async def test_goods_sent_back_under_another_lot_count_once(ward: Ward, store: PostgresStore) -> None:
    await learn(store.pool, note(line(), line("2", lot="L2")))
    await ward.scan(receipt(1, 10), receipt(2, 10, lot="L2"), sent_back(3, 2))
    await ward.scan(receipt(4, 2, lot="L2", action="identify", corrects=str(scan_id(3)), document=None))
    await ward.sweep()

    assert await returned(store) == [("1", "L1", 10, 0, ()), ("2", "L2", 10, 2, ())]


async def test_the_table_has_five_numbers_a_line(told: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(told, embedded_broker) as house:
        await learn(house.pool, note(line()))
        await house.ward.scan(receipt(900, 10), sent_back(901, 4))
        shown, chinese = await house.udi("receiving", "N1"), await house.udi("--lang", "zh-CN", "receiving", "N1")

    row = next(each.split() for each in shown.stdout.splitlines() if each.strip().startswith("1 "))
    assert row[:10] == ["1", "SCREW", "L1", "10", "10", "10", "0", "0", "4", "complete"]
    assert "rejected" in shown.stdout
    assert "returned" in shown.stdout
    assert "rejected" not in chinese.stdout
