"""One number of one supplier is one invoice, of one month; as people run it."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from models.stock.statement import InvoiceLine, KeptInvoice
from rules.stock.invoicing import match_invoice
from sinks.postgres.migrating import transaction
from sinks.postgres.stock.statements import StatementBooks
from streams.embedded.broker import EmbeddedBroker
from tests.integration.stock.recalls.test_reopened import upgraded
from tests.integration.stock.test_statements import PLATE, invoiced
from tests.support.builders import scan
from tests.support.installed import Installed, installed

JUNE, JULY = "H1,S9,2022-06,F1,PLATE,1,800.00,800.00", "H1,S9,2022-07,F1,PLATE,1,800.00,800.00"
STAND = "SELECT period, status, invoice, reason FROM report.statements ORDER BY period, item_code"
YUAN = Decimal(800)


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    """One PLATE of S9 is owed for June, one for July."""
    async with installed(told, embedded_broker) as made:
        await made.ward.scan(scan(200, codes=PLATE, quantity=1))
        yield made


async def stand(house: Installed) -> list[tuple[str, str, str | None, str | None]]:
    return [tuple(row) for row in await house.pool.fetch(STAND)]


async def test_a_number_that_is_kept_for_a_month_is_refused_for_another(house: Installed, tmp_path: Path) -> None:
    await invoiced(house, tmp_path, JUNE)

    status, said = await invoiced(house, tmp_path, JULY)

    assert (status, said["refused"]) == (2, [{
        "hospital": "H1", "supplier": "S9", "period": "2022-07", "invoice": "F1", "kept_for": "2022-06",
        "reason": "expected the month that it is kept for, 2022-06 (1 units for 800.00 yuan), got 2022-07; "
        "--replace moves it",
    }])  # fmt: skip
    assert await stand(house) == [("2022-06", "matched", "F1", None), ("2022-07", "open", None, None)]
    nothing_owed, said = await invoiced(house, tmp_path, "H1,S9,2022-09,F1,PLATE,1,800.00,800.00")
    assert (nothing_owed, said["refused"][0]["kept_for"]) == (2, "2022-06")
    assert await house.pool.fetchval("SELECT count(*) FROM udi.invoice") == 1


async def test_replace_moves_it_whole_and_the_month_it_left_says_so(house: Installed, tmp_path: Path) -> None:
    await invoiced(house, tmp_path, JUNE, "H1,S9,2022-06,F1,NOPE,1,1.00,1.00")

    status, said = await invoiced(house, tmp_path, JULY, options=("--replace",))

    assert (status, said["refused"], [each["period"] for each in said["statements"]]) == (1, [], ["2022-07", "2022-06"])
    assert await stand(house) == [
        ("2022-06", "mismatched", None, "not on the invoice"), ("2022-07", "matched", "F1", None),
    ]  # fmt: skip
    refused, said = await invoiced(house, tmp_path, "H1,S9,2022-09,F1,PLATE,1,800.00,800.00", options=("--replace",))
    assert (refused, said["refused"][0]["reason"]) == (
        1, "expected something owed for the month, got 1 units for 800.00 yuan",
    )  # fmt: skip
    assert (await stand(house))[1] == ("2022-07", "matched", "F1", None)
    back, said = await invoiced(house, tmp_path, JUNE, options=("--replace",))
    assert [each[:3] for each in await stand(house)] == [("2022-06", "matched", "F1"), ("2022-07", "mismatched", None)]
    assert (back, [each["period"] for each in said["statements"]]) == (1, ["2022-06", "2022-07"])


async def test_capitals_and_blanks_at_the_ends_make_no_other_number(house: Installed, tmp_path: Path) -> None:
    await invoiced(house, tmp_path, "H1,S9,2022-06,F1,PLATE,2,800.00,1600.00", "H1,S9,2022-06, f1,PLATE,-1,800,-800")
    assert await house.pool.fetchval("SELECT array_agg(DISTINCT invoice) FROM udi.invoice_now") == ["F1"]

    status, said = await invoiced(house, tmp_path, JULY.replace("F1", "f1"))

    assert (status, said["refused"][0]["kept_for"]) == (2, "2022-06")
    status, said = await invoiced(house, tmp_path, JUNE.replace("F1", "f1"))
    assert (status, said["refused"][0]["kept_for"]) == (1, None)
    status, _ = await invoiced(house, tmp_path, JUNE.replace("F1", "f1 "), options=("--replace",))
    assert (status, (await stand(house))[0]) == (0, ("2022-06", "matched", "f1", None))
    status, _ = await invoiced(house, tmp_path, JUNE)
    assert (status, (await stand(house))[0]) == (0, ("2022-06", "matched", "f1", None))


async def test_one_file_does_not_say_two_months_of_a_number(house: Installed, tmp_path: Path) -> None:
    status, said = await invoiced(house, tmp_path, JUNE, JULY, JULY.replace("F1", "F2"))

    reason = "expected one month for the invoice, got 2022-06, 2022-07"
    assert (status, [(each["row"], each["column"], each["reason"]) for each in said["bad"]]) == (
        1, [(2, "period", reason), (3, "period", reason)],
    )  # fmt: skip
    assert await stand(house) == [("2022-07", "matched", "F2", None)]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("0,800.00,0.00", "quantity", "expected units above zero, or below it to take back, got 0"),
        ("1,-800.00,-800.00", "cost", "expected a cost of zero or more, got -800.00"),
        ("1,800.00,800.001", "amount", "expected yuan and fen, got 800.001"),
        ("1,800.00,800.02", "amount", "expected 1 x 800.00 = 800.00, got 800.02"),
        ("-1,800.00,800.00", "amount", "expected -1 x 800.00 = -800.00, got 800.00"),
    ],
)
async def test_a_row_that_does_not_add_up_is_named_and_the_others_are_kept(
    house: Installed, tmp_path: Path, line: str, column: str, reason: str
) -> None:
    status, said = await invoiced(house, tmp_path, f"H1,S9,2022-06,F9,PLATE,{line}", JUNE)

    assert (status, said["bad"]) == (1, [{"row": 2, "column": column, "reason": reason}])
    assert await stand(house) == [("2022-06", "matched", "F1", None)]


async def test_of_two_months_that_come_at_once_one_is_refused(house: Installed) -> None:
    books = StatementBooks(house.pool)
    came = {"F1": [InvoiceLine("PLATE", 1, YUAN, YUAN, "F1")]}

    found = await asyncio.gather(*(
        books.invoiced("H1", "S9", month, came, match_invoice, "li") for month in (202206, 202207)
    ))  # fmt: skip

    refused = [no["F1"] for _, no in found if no]
    assert [isinstance(each, KeptInvoice) for each in refused] == [True]
    assert await house.pool.fetchval("SELECT count(*) FROM udi.invoice_now") == 1


async def test_the_database_takes_one_newest_of_a_number_and_lines_that_add_up(
    house: Installed, tmp_path: Path
) -> None:
    await invoiced(house, tmp_path, JUNE)
    header = "INSERT INTO udi.invoice (hospital, supplier, period, invoice, version, by{}) VALUES ('H1', 'S9', 202207, "
    with pytest.raises(asyncpg.UniqueViolationError, match="invoice_of_one_month"):
        await house.pool.execute(header.format(", revision") + "' f1', 1, 'li', 1)")
    with pytest.raises(asyncpg.CheckViolationError, match="revision_is_told"):
        await house.pool.execute(header.format("") + "'F1', 1, 'li')")
    line = "INSERT INTO udi.invoice_line VALUES ('H1', 'S9', 202206, 'F1', 1, 2, 'PLATE', {})"
    for values, constraint in (
        ("0, 1, 0", "invoice_asks_for_units"), ("1, 0.001, 0.001", "invoice_amount_in_fen"),
        ("1, 1, 1.02", "invoice_amount_adds_up"), ("1, -1, -1", "invoice_amount_adds_up"),
    ):  # fmt: skip
        with pytest.raises(asyncpg.CheckViolationError, match=constraint):
            await house.pool.execute(line.format(values))


async def test_books_that_keep_a_number_for_two_months_name_it_until_one_is_said(
    house: Installed, tmp_path: Path
) -> None:
    """As they were before 0095, whose rows have no revision."""
    await house.json("statement", "S9", "2022-06")
    await house.json("statement", "S9", "2022-07")
    await house.pool.execute("ALTER TABLE udi.invoice DROP CONSTRAINT revision_is_told")
    for month, number, version in ((202206, "F1", 1), (202206, "F1", 2), (202207, "f1", 1)):
        await house.pool.execute(
            "INSERT INTO udi.invoice (hospital, supplier, period, invoice, version, by) "
            "VALUES ('H1', 'S9', $1, $2, $3, 'li')", month, number, version,
        )  # fmt: skip
        await house.pool.execute(
            "INSERT INTO udi.invoice_line VALUES ('H1', 'S9', $1, $2, $3, 1, 'PLATE', 1, 800, 800)",
            month, number, version,
        )  # fmt: skip

    for period, named, again in (("2022-06", "F1", "f1 (2022-07)"), ("2022-07", "f1", "F1 (2022-06)")):
        line = (await house.json("statement", "S9", period))["lines"][0]
        assert (line["status"], line["invoice"], line["reason"]) == (
            "mismatched", named, f"{named} is kept again as {again}",
        )  # fmt: skip
    same, _ = await invoiced(house, tmp_path, JUNE)
    assert (same, await house.pool.fetchval("SELECT count(*) FROM udi.invoice")) == (1, 3)
    await invoiced(house, tmp_path, JUNE, options=("--replace",))
    assert [each[1:] for each in await stand(house)] == [
        ("matched", "F1", None), ("mismatched", None, "not on the invoice"),
    ]  # fmt: skip


async def test_books_that_keep_a_number_twice_are_brought_up_to_date_as_they_are(empty_database: str) -> None:
    async with transaction(empty_database) as made:
        await made.run_sync(upgraded, "0082")
    connection = await asyncpg.connect(empty_database)
    for month, version, quantity in ((202206, 1, 0), (202206, 2, 1), (202207, 1, 1)):
        key = (month, version)
        await connection.execute("INSERT INTO udi.invoice VALUES ('H1', 'S9', $1, 'F1', $2, 'li', now())", *key)
        await connection.execute(
            "INSERT INTO udi.invoice_line VALUES ('H1', 'S9', $1, 'F1', $2, 1, 'PLATE', $3, 800, 800.001)",
            *key, quantity,
        )  # fmt: skip

    async with transaction(empty_database) as made:
        await made.run_sync(upgraded, "head")

    now = await connection.fetch("SELECT period, version, quantity FROM udi.invoice_now ORDER BY 1")
    again = await connection.fetch("SELECT period, other_period, other_invoice FROM udi.invoice_again ORDER BY 1")
    assert [tuple(row) for row in now] == [(202206, 2, 1), (202207, 1, 1)]
    assert [tuple(row) for row in again] == [(202206, 202207, "F1"), (202207, 202206, "F1")]
    await connection.close()
