"""Statements of suppliers in versions, published; invoices matched with them; as people run it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from models.stock.statement import InvoiceLine, Statement, Verdict
from rules.stock.invoicing import match_invoice
from sinks.postgres.stock.statements import StatementBooks
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import gs1, scan
from tests.support.installed import Installed, installed
from tests.support.story import SUPPLIED, back

PLATE = [gs1(SUPPLIED, expiry="271231", lot="P1")]


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
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
    file.write_text(heading + "H1,S9,2022-06,F2,PLATE,1,800.00,800.00\nH1,S9,June,F3,PLATE,1,1,1\n", encoding="utf-8")
    wrong = await house.udi("invoice", str(file))
    assert wrong.exit_code == 1
    assert "expected a month like 2022-06, got 'June'" in wrong.stdout
    assert await stand(house) == [
        ("PLATE", "mismatched", "F1, F2", "quantity: 1 stated, 2 invoiced; amount: 800.00 stated, 1600.00 invoiced")
    ]
    chinese = "".join((await house.udi("--lang", "zh-CN", "statement", "S9", "2022-06")).stdout.split())
    assert "数量：对账单1，发票2；金额：对账单800.00，发票1600.00" in chinese


HEADING = "hospital,supplier,period,invoice,item_code,quantity,cost,amount\n"
STAND = "SELECT item_code, status, invoice, reason FROM report.statements ORDER BY item_code"


async def stand(house: Installed) -> list[tuple[str, str, str | None, str | None]]:
    return [tuple(row) for row in await house.pool.fetch(STAND)]


async def invoiced(house: Installed, folder: Path, *rows: str, options: tuple[str, ...] = ()) -> tuple[int, Any]:
    """The exit status and the JSON of `udi invoice`."""
    file = folder / "invoices.csv"
    file.write_text(HEADING + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    shown = await house.udi("invoice", str(file), "--json", *options)
    return shown.exit_code, orjson.loads(shown.stdout)


async def test_an_invoiced_item_that_was_never_used_is_a_line_that_stays(house: Installed, tmp_path: Path) -> None:
    rows = ("H1,S9,2022-06,F1,PLATE,1,800.00,800.00", "H1,S9,2022-06,F2,NOPE,2,40.00,80.00")
    status, said = await invoiced(house, tmp_path, *rows)
    reason = "not on the statement: 0 used, 2 invoiced, 80.00 yuan"
    line = {
        "item_code": "NOPE", "used": 0, "returned": 0, "corrected": 0, "quantity": 0, "cost": None, "amount": "0.00",
        "status": "mismatched", "invoice": "F2", "reason": reason, "stated": False,
    }  # fmt: skip

    assert (status, said["statements"][0]["lines"][0]) == (1, line)
    assert len(said["statements"]) == 1
    shown = await house.udi("statement", "S9", "2022-06", "--confirm", "--by", "li")
    assert "NOPE" in shown.stdout
    assert "without a known cost" not in shown.stdout
    assert await stand(house) == [("NOPE", "mismatched", "F2", reason), ("PLATE", "matched", "F1", None)]
    refused = await house.udi("statement", "S9", "2022-06", "--dispute", "NOPE", "--reason", "x")
    assert (refused.exit_code, "Expected an item of the statement" in refused.stderr) == (2, True)


async def test_an_answer_of_the_supplier_leaves_the_match_be(house: Installed, tmp_path: Path) -> None:
    await invoiced(house, tmp_path, "H1,S9,2022-06,F1,PLATE,3,800.00,2400.00")
    why = "quantity: 1 stated, 3 invoiced; amount: 800.00 stated, 2400.00 invoiced"
    answers = (("--confirm", why), ("--dispute", f"{why}; disputed: one less"), ("--confirm", why))
    for answer, reason in answers:
        options = ("PLATE", "--reason", "one less") if answer == "--dispute" else ()
        shown = await house.udi("statement", "S9", "2022-06", answer, *options)
        assert (shown.exit_code, "mismatched" in shown.stdout) == (0, True)
        assert await stand(house) == [("PLATE", "mismatched", "F1", reason)]

    await invoiced(house, tmp_path, "H1,S9,2022-06,F2,PLATE,-2,800.00,-1600.00")
    assert await stand(house) == [("PLATE", "matched", "F1, F2", None)]


async def test_a_dispute_of_what_matched_stands_until_it_is_confirmed_or_the_match_changes(
    house: Installed, tmp_path: Path
) -> None:
    right = "H1,S9,2022-06,F1,PLATE,1,800.00,800.00"
    dispute = ("statement", "S9", "2022-06", "--dispute", "PLATE", "--reason", "one less")
    await invoiced(house, tmp_path, right)

    await house.udi(*dispute)
    await invoiced(house, tmp_path, right, "H1,S9,2022-06,F2,NOPE,2,40.00,80.00")
    assert (await stand(house))[1] == ("PLATE", "disputed", "F1", "one less")
    await house.udi("statement", "S9", "2022-06", "--confirm")
    assert (await stand(house))[1] == ("PLATE", "matched", "F1", None)
    await house.udi(*dispute)
    both = ("H1,S9,2022-06,F3,PLATE,1,800.00,800.00", "H1,S9,2022-06,F3,PLATE,-1,800.00,-800.00")
    await invoiced(house, tmp_path, *both)
    assert (await stand(house))[1] == ("PLATE", "matched", "F1, F3", None)


async def test_it_stands_beside_a_later_version_and_is_not_published(house: Installed, tmp_path: Path) -> None:
    await invoiced(house, tmp_path, "H1,S9,2022-06,F2,NOPE,2,40.00,80.00")
    await house.pool.execute(
        "INSERT INTO udi.statement (hospital, supplier, period, version, made_by) VALUES ('H1', 'S9', 202206, 2, 'x')"
    )

    found = await house.json("statement", "S9", "2022-06")

    assert found["version"] == 3
    assert [(each["item_code"], each["status"], each["reason"]) for each in found["lines"]] == [
        ("NOPE", "mismatched", "not on the statement: 0 used, 2 invoiced, 80.00 yuan"),
        ("PLATE", "mismatched", "not on the invoice"),
    ]  # fmt: skip
    async with house.relay():
        published = [orjson.loads(value or b"") for _, value in await until(house, 2)]
    assert [[line["item_code"] for line in each["lines"]] for each in published] == [["PLATE"], ["PLATE"]]


async def test_a_new_version_is_matched_at_once_with_the_invoices_that_are_kept(
    house: Installed, tmp_path: Path
) -> None:
    await house.ward.scan(scan(200, codes=PLATE, quantity=3))
    await invoiced(house, tmp_path, "H1,S9,2022-07,F1,PLATE,2,800.00,1600.00", "H1,S9,2022-07,F2,NOPE,1,1.00,1.00")
    nope = ("NOPE", "mismatched", "F2", "not on the statement: 0 used, 1 invoiced, 1.00 yuan")
    why = "quantity: 3 stated, 2 invoiced; amount: 2400.00 stated, 1600.00 invoiced"
    assert await stand(house) == [nope, ("PLATE", "mismatched", "F1", why)]
    await house.udi("statement", "S9", "2022-07", "--dispute", "PLATE", "--reason", "one less")

    await house.ward.scan(back(201, 200, codes=PLATE))
    second = await house.json("statement", "S9", "2022-07")
    await house.ward.scan(scan(202, codes=PLATE, quantity=2))
    third = await house.udi("statement", "S9", "2022-07", "--confirm")

    assert (second["version"], [(each["item_code"], each["status"]) for each in second["lines"]]) == (
        2, [("NOPE", "mismatched"), ("PLATE", "matched")],
    )  # fmt: skip
    assert "mismatched" in third.stdout
    rows = await house.pool.fetch(
        "SELECT version, status, invoice, reason FROM report.statements WHERE item_code = 'PLATE' ORDER BY version"
    )
    assert [tuple(row) for row in rows] == [
        (1, "mismatched", "F1", f"{why}; disputed: one less"), (2, "matched", "F1", None),
        (3, "mismatched", "F1", "quantity: 4 stated, 2 invoiced; amount: 3200.00 stated, 1600.00 invoiced"),
    ]  # fmt: skip


async def test_a_version_whose_match_fails_is_not_made(house: Installed, tmp_path: Path) -> None:
    """Version and match are one transaction."""
    await invoiced(house, tmp_path, "H1,S9,2022-06,F1,PLATE,1,800.00,800.00")
    await house.pool.execute(
        "INSERT INTO udi.statement (hospital, supplier, period, version, made_by) VALUES ('H1', 'S9', 202206, 2, 'x')"
    )

    def fails(_: Statement, __: Sequence[InvoiceLine]) -> list[Verdict]:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await StatementBooks(house.pool).make("H1", "S9", 202206, fails, "li")

    assert await house.pool.fetchval("SELECT max(version) FROM udi.statement") == 2
    assert (await house.json("statement", "S9", "2022-06"))["lines"][0]["status"] == "matched"


async def test_a_version_that_was_left_unmatched_is_matched_when_it_is_asked_for(
    house: Installed, tmp_path: Path
) -> None:
    """As a command of an earlier release left it."""
    await invoiced(house, tmp_path, "H1,S9,2022-06,F1,PLATE,2,800.00,1600.00")
    await house.pool.execute(
        "INSERT INTO udi.statement (hospital, supplier, period, version, made_by) VALUES ('H1', 'S9', 202206, 2, 'x')"
    )
    await house.pool.execute(
        "INSERT INTO udi.statement_line SELECT hospital, supplier, period, 2, item_code, cost_key, cost, used, "
        "returned, corrected, quantity, amount_fen FROM udi.statement_line"
    )

    found = await house.json("statement", "S9", "2022-06")
    marks = await house.pool.fetchval("SELECT count(*) FROM udi.statement_mark")
    again = await house.json("statement", "S9", "2022-06")

    assert [(each["version"], each["lines"][0]["status"]) for each in (found, again)] == [(2, "mismatched")] * 2
    assert await house.pool.fetchval("SELECT count(*) FROM udi.statement_mark") == marks


async def test_invoices_of_a_month_add_up(house: Installed, tmp_path: Path) -> None:
    await house.ward.scan(scan(200, codes=PLATE, quantity=2))
    first, second = "H1,S9,2022-07,F1,PLATE,1,800.00,800.00", "H1,S9,2022-07,F2,PLATE,1,800.00,800.00"

    status, _ = await invoiced(house, tmp_path, first)
    assert (status, [each[1:3] for each in await stand(house)]) == (1, [("mismatched", "F1")])
    status, _ = await invoiced(house, tmp_path, second)
    assert (status, await stand(house)) == (0, [("PLATE", "matched", "F1, F2", None)])
    marks = await house.pool.fetchval("SELECT count(*) FROM udi.statement_mark")
    status, _ = await invoiced(house, tmp_path, second, first)
    assert (status, await stand(house)) == (0, [("PLATE", "matched", "F1, F2", None)])
    assert await house.pool.fetchval("SELECT count(*) FROM udi.statement_mark") == marks
    assert await house.pool.fetchval("SELECT count(*) FROM udi.invoice") == 2


async def test_invoices_that_come_at_once_all_count(house: Installed) -> None:
    await house.ward.scan(scan(200, codes=PLATE, quantity=4))
    books, yuan = StatementBooks(house.pool), Decimal(800)

    came = [{number: [InvoiceLine("PLATE", 1, yuan, yuan, number)]} for number in ("F1", "F2", "F3", "F4")]
    await asyncio.gather(*(books.invoiced("H1", "S9", 202207, each, match_invoice, "li") for each in came))

    assert await stand(house) == [("PLATE", "matched", "F1, F2, F3, F4", None)]


async def test_a_number_with_other_lines_is_refused_by_name_or_replaces(house: Installed, tmp_path: Path) -> None:
    await invoiced(house, tmp_path, "H1,S9,2022-06,F1,NOPE,2,40.00,80.00")
    right = ("H1,S9,2022-06,F1,PLATE,1,800.00,800.00",)

    status, said = await invoiced(house, tmp_path, *right)
    assert (status, said["refused"]) == (1, [{
        "hospital": "H1", "supplier": "S9", "period": "2022-06", "invoice": "F1",
        "reason": "expected the lines it came with before (2 units for 80.00 yuan), got others (1 units for 800.00 "
        "yuan); --replace takes them in place of those",
        "kept_for": None,
    }])  # fmt: skip
    assert [each[:3] for each in await stand(house)] == [("NOPE", "mismatched", "F1"), ("PLATE", "mismatched", None)]
    status, said = await invoiced(house, tmp_path, *right, options=("--replace",))
    assert (status, said["refused"], await stand(house)) == (0, [], [("PLATE", "matched", "F1", None)])
    assert await house.pool.fetchval("SELECT count(*) FROM udi.invoice_line") == 2


async def test_an_invoice_without_a_statement_is_named_and_its_neighbours_are_matched(
    house: Installed, tmp_path: Path
) -> None:
    rows = ("H1,S404,2022-06,F9,PLATE,3,800.00,2400.00", "H1,S9,2022-06,F1,PLATE,1,800.00,800.00")
    status, said = await invoiced(house, tmp_path, *rows)

    reason = "expected something owed for the month, got 3 units for 2,400.00 yuan"
    assert (status, [each["status"] for each in said["statements"][0]["lines"]]) == (1, ["matched"])
    assert [(each["supplier"], each["invoice"], each["reason"]) for each in said["refused"]] == [("S404", "F9", reason)]
    shown = await house.udi("invoice", str(tmp_path / "invoices.csv"))
    assert (shown.exit_code, f"Invoice F9, S404, 2022-06, H1: {reason}." in shown.stdout) == (1, True)
    assert "matched" in shown.stdout
    assert await house.pool.fetchval("SELECT count(*) FROM udi.invoice") == 1


async def test_an_amount_that_no_invoice_has_is_a_bad_row(house: Installed, tmp_path: Path) -> None:
    rows = [f"H1,S9,2022-06,F{n},PLATE,{bad}" for n, bad in enumerate(("1,800.00,1000000000000", f"{10**12},1,1"))]
    status, said = await invoiced(house, tmp_path, *rows)

    assert (status, [(each["row"], each["column"]) for each in said["bad"]]) == (1, [(2, "cost"), (3, "quantity")])


async def test_an_invoice_with_a_bad_row_is_left_out_whole_and_named_and_no_other(
    house: Installed, tmp_path: Path
) -> None:
    rows = (
        "H1,S404,2022-06,F20,PLATE,x,800.00,800.00",
        "H1,S9,2022-06,F20,PLATE,1,800.00,800.00",
        "H1,S9,2022-06,F21,PLATE,1,800.00,800.00",
        "H1,S9,June, F21 ,PLATE,1,800.00,800.00",
        "H1,S9,2022-06,F21,NOPE,1,800.00,800.00",
        "H2,S9,2022-06,F21,PLATE,x,800.00,800.00",
        ",S9,2022-06,F22,PLATE,1,800.00,800.00",
        "H1,S9,2022-06,F22,PLATE,1,800.00,800.00",
        "H1,S9,2022-06,,PLATE,1,800.00,800.00",
    )
    status, said = await invoiced(house, tmp_path, *rows)

    assert (status, await stand(house)) == (1, [("PLATE", "matched", "F20", None)])
    assert [(each["row"], each["column"]) for each in said["bad"]] == [
        (2, "quantity"), (4, "invoice"), (5, "period"), (6, "invoice"), (7, "quantity"), (8, "hospital"),
        (9, "invoice"), (10, "invoice"),
    ]  # fmt: skip
    reasons = [each["reason"] for each in said["bad"] if each["row"] in {4, 6, 9}]
    assert reasons == [f"expected no bad row in the invoice, got row {row}" for row in (5, 5, 8)]
    assert await house.pool.fetchval("SELECT count(*) FROM udi.invoice") == 1


async def test_the_database_keeps_an_invoice_once(house: Installed, tmp_path: Path) -> None:
    await invoiced(house, tmp_path, "H1,S9,2022-06,F1,PLATE,1,800.00,800.00")
    with pytest.raises(asyncpg.UniqueViolationError, match="invoice_once"):
        await house.pool.execute("INSERT INTO udi.invoice SELECT * FROM udi.invoice")
    with pytest.raises(asyncpg.UniqueViolationError, match="invoice_line_once"):
        await house.pool.execute("INSERT INTO udi.invoice_line SELECT * FROM udi.invoice_line")
    for book in ("invoice", "invoice_line"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await house.pool.execute(f"DELETE FROM udi.{book}")


async def test_bad_use_is_one_line(house: Installed) -> None:
    for arguments, said in (
        (("S9", "June"), "Expected a month like 2022-06, got 'june'"),
        (("S404", "2022-06"), "SUPPLIER: expected one of S9, got 'S404'."),
        (("S9", "2022-09"), "Expected something owed to S9 for 2022-09"),
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
