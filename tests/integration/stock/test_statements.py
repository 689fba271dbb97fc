"""Statements of suppliers in versions, published; invoices matched with them; as people run it."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import orjson
import pytest

from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import gs1, scan
from tests.support.installed import Installed, installed
from tests.support.story import SUPPLIED, back

PLATE = [gs1(SUPPLIED, expiry="271231", lot="P1")]


@pytest.fixture
async def house(database: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(database, embedded_broker) as made:
        yield made


async def test_a_statement_has_uses_and_returns_and_a_new_version_when_they_change(house: Installed) -> None:
    first = await house.json("statement", "S9", "2022-06")
    again = await house.json("statement", "S9", "2022-06")

    lines = [
        (each["item_code"], each["used"], each["returned"], each["quantity"], each["amount"]) for each in first["lines"]
    ]
    assert lines == [("PLATE", 2, 1, 1, "800.00")]
    assert (first["version"], again["version"], first["amount"]) == (1, 1, "800.00")


async def test_a_later_return_corrects_the_month_open_at_its_scan(house: Installed) -> None:
    """June is closed: what comes now stands in July, also the return of a use of June."""
    await house.json("statement", "S9", "2022-06")
    await house.ward.scan(scan(200, codes=PLATE, quantity=3), back(201, 14, codes=PLATE), back(202, 200, codes=PLATE))

    june, july = await house.json("statement", "S9", "2022-06"), await house.json("statement", "S9", "2022-07")

    assert june["version"] == 1
    row = july["lines"][0]
    assert [row[name] for name in ("used", "returned", "corrected", "quantity", "amount")] == [3, 1, -1, 1, "800.00"]
    async with house.relay():
        published = [orjson.loads(value or b"") for _, value in await until(house, 2)]
    assert [(each["period"], each["version"], each["amount"]) for each in published] == [
        ("2022-06", 1, "800.00"), ("2022-07", 1, "800.00"),
    ]  # fmt: skip


async def until(house: Installed, count: int) -> list[tuple[bytes | None, bytes | None]]:
    while len(found := await house.records("udi.statements")) < count:
        pass
    return found


async def test_a_supplier_confirms_or_disputes_and_an_invoice_is_matched(house: Installed, tmp_path: Path) -> None:
    await house.udi("statement", "S9", "2022-06", "--confirm", "--by", "li")
    assert (await house.json("statement", "S9", "2022-06"))["lines"][0]["status"] == "confirmed"
    shown = await house.udi("statement", "S9", "2022-06", "--dispute", "PLATE", "--reason", "one less", "--by", "li")
    assert "disputed" in shown.stdout

    file = tmp_path / "invoices.csv"
    heading = "hospital,supplier,period,invoice,item_code,quantity,cost,amount\n"
    file.write_text(heading + "H1,S9,2022-06,F1,PLATE,1,800.00,800.00\n", encoding="utf-8")
    right = await house.udi("invoice", str(file))
    rows = await house.pool.fetch("SELECT status, invoice FROM report.statements WHERE period = '2022-06'")
    assert (right.exit_code, [tuple(row) for row in rows]) == (0, [("matched", "F1")])
    file.write_text(heading + "H1,S9,2022-06,F2,PLATE,2,800.00,1600.00\nH1,S9,June,F3,PLATE,1,1,1\n", encoding="utf-8")
    wrong = await house.udi("invoice", str(file))
    assert wrong.exit_code == 1
    assert "expected a month like 2022-06, got 'June'" in wrong.stdout
    row = await house.pool.fetchrow("SELECT status, reason FROM report.statements WHERE period = '2022-06'")
    assert row is not None
    assert tuple(row) == (
        "mismatched", "quantity: 1 stated, 2 invoiced; amount: 800.00 stated, 1600.00 invoiced",
    )  # fmt: skip


async def test_bad_use_is_one_line(house: Installed) -> None:
    for arguments, said in (
        (("S9", "June"), "Expected a month like 2022-06, got 'june'"),
        (("S404", "2022-06"), "Expected something owed to S404 for 2022-06"),
        (("S9", "2022-06", "--dispute", "PLATE"), "Expected --confirm, or --dispute ITEM with --reason."),
        (("S9", "2022-06", "--dispute", "X", "--reason", "y"), "Expected an item of the statement"),
    ):
        shown = await house.udi("statement", *arguments)
        assert (shown.exit_code, said.lower() in shown.stderr.lower()) == (2, True), shown.stderr


async def test_the_database_refuses_a_line_that_does_not_add_up(house: Installed) -> None:
    await house.json("statement", "S9", "2022-06")
    with pytest.raises(asyncpg.CheckViolationError, match="quantity_adds_up"):
        await house.pool.execute(
            "INSERT INTO udi.statement_line SELECT hospital, supplier, period, version, 'X', cost_key, cost, used, "
            "returned, corrected, quantity + 1, amount_fen FROM udi.statement_line"
        )
    with pytest.raises(asyncpg.RestrictViolationError):
        await house.pool.execute("UPDATE udi.statement_line SET amount_fen = 0")
