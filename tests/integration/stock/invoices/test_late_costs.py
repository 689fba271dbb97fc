"""A cost that comes after the use: statements, invoices, the proof of the case and the promises follow."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from models.calendar import Month
from rules.catalogue.joining import price_on
from sinks.postgres.closing.cases import CaseBooks
from sinks.postgres.closing.month_waits import month_waits
from sinks.postgres.verifying.books import checks, run_check, verify_books
from streams.embedded.broker import EmbeddedBroker
from streams.services.prover import Prover
from tests.support.builders import NOON, SECOND, encounter, gs1, gtin, item, scan
from tests.support.installed import Installed, installed
from tests.support.story import back

KNIFE = [gs1(gtin(888), expiry="271231", lot="K1")]
HEADING = "hospital,supplier,period,invoice,item_code,quantity,cost,amount\n"
FIGURES = ("cost", "used", "returned", "corrected", "quantity", "amount")


def knife(**changes: Any) -> dict[str, Any]:
    about = {"item_code": "KNIFE", "owner": "supplier", "supplier": "S7", "chargeable": False}
    return item(identifiers=[{"issuer": "GS1", "di": gtin(888), "units_per_package": 1}], **about) | changes


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    """June is closed: what is scanned is of July."""
    async with installed(told, embedded_broker) as made:
        await made.ward.learn(knife(), encounter(encounter="E7"))
        yield made


async def tell(house: Installed) -> None:
    await house.ward.learn(knife(cost=[{"cost": "10.00"}]), stamp=NOON + 500 * SECOND)
    await house.ward.sweep()


async def stated(house: Installed, month: str) -> tuple[int, list[list[Any]]]:
    """The version of the statement, and the figures of its lines."""
    found = await house.json("statement", "S7", month)
    return found["version"], [[line[name] for name in FIGURES] for line in found["lines"]]


async def invoiced(house: Installed, folder: Path, row: str, *options: str) -> int:
    (folder / "invoices.csv").write_text(f"{HEADING}{row}\n", encoding="utf-8")
    return (await house.udi("invoice", str(folder / "invoices.csv"), *options)).exit_code


async def without_a_cost(house: Installed, month: int) -> list[int]:
    waits = await month_waits(house.pool, Month(month), ["H1"])
    return [each.number for each in waits if each.kind == "units without a cost" and each.amount is None]


async def stand(house: Installed) -> list[tuple[str, str, str | None]]:
    rows = await house.pool.fetch(
        "SELECT DISTINCT period, status, reason FROM report.statements s WHERE supplier = 'S7' AND version = "
        "(SELECT max(version) FROM report.statements n WHERE (n.supplier, n.period) = ('S7', s.period)) ORDER BY 1"
    )
    return [tuple(row) for row in rows]


async def test_the_statement_is_corrected_once_and_the_kept_invoice_matches(house: Installed, tmp_path: Path) -> None:
    july = {"codes": KNIFE, "encounter": "E7"}
    await house.ward.scan(scan(300, quantity=3, **july), back(301, 300, **july))
    assert await stated(house, "2022-07") == (1, [[None, 3, 1, 0, 2, None]])
    assert (await without_a_cost(house, 202207), await without_a_cost(house, 202208)) == ([2], [])
    assert await invoiced(house, tmp_path, "H1,S7,2022-07,F1,KNIFE,2,10.00,20.00") == 1
    assert await stand(house) == [("2022-07", "mismatched", "cost: none was known on the day of use")]

    await tell(house)

    assert await without_a_cost(house, 202207) == []
    lines = [["10.0000", 0, 0, 2, 2, "20.00"], [None, 3, 1, -2, 0, None]]
    assert await stated(house, "2022-07") == (2, lines)
    assert await stated(house, "2022-07") == (2, lines)
    assert await stand(house) == [("2022-07", "matched", None)]

    await house.ward.scan(back(302, 300, **july))
    assert (await stated(house, "2022-07"))[1] == [["10.0000", 0, 1, 2, 1, "10.00"], [None, 3, 1, -2, 0, None]]


async def test_of_a_closed_month_the_invoice_moves_to_the_month_in_which_it_is_owed(
    house: Installed, tmp_path: Path
) -> None:
    july = {"codes": KNIFE, "encounter": "E7"}
    await house.ward.scan(scan(300, quantity=3, **july))
    await stated(house, "2022-07")
    invoice = "H1,S7,{},F1,KNIFE,3,10.00,30.00"
    await invoiced(house, tmp_path, invoice.format("2022-07"))
    await house.pool.execute("UPDATE udi.period SET closed_through = 202207")
    await tell(house)

    assert await stated(house, "2022-07") == (1, [[None, 3, 0, 0, 3, None]])
    assert await stated(house, "2022-08") == (1, [["10.0000", 0, 0, 3, 3, "30.00"], [None, 0, 0, -3, -3, None]])
    await invoiced(house, tmp_path, invoice.format("2022-08"), "--replace")
    assert (await stand(house))[1] == ("2022-08", "matched", None)


async def test_the_gap_of_the_case_closes_and_the_promises_hold_until_a_line_is_taken_away(house: Installed) -> None:
    await house.ward.scan(scan(300, quantity=2, codes=KNIFE, encounter="E7"))
    await house.ward.learn(encounter(encounter="E7", discharged_at="2022-06-05T10:00:00+08:00"))
    await Prover(house.pool).until_idle()
    assert await proofs(house) == [(1, "gaps", ["cost-missing"])]

    await tell(house)

    assert await CaseBooks(house.pool, price_on).has_work()
    await Prover(house.pool).until_idle()
    assert await proofs(house) == [(1, "gaps", ["cost-missing"]), (2, "closed", [])]
    async with house.pool.acquire() as connection:
        _, findings = await verify_books(connection, chosen=lambda name: name != "months-closed-in-order")
        assert [finding.name for finding in findings if not finding.ok] == []
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SET LOCAL session_replication_role = replica")  # No trigger refuses the damage.
        await connection.execute("DELETE FROM udi.settlement WHERE supplier = 'S7' AND status = 'payable'")
        found = await run_check(connection, next(each for each in checks() if each.name == "changes-of-a-use"))
        await transaction.rollback()
    assert found.failures == 1


async def proofs(house: Installed) -> list[tuple[Any, ...]]:
    """(version, verdict, kinds of gaps) of the case."""
    rows = await house.pool.fetch(
        "SELECT version, verdict, ARRAY(SELECT g ->> 'kind' FROM jsonb_array_elements(gaps::jsonb) g) AS kinds "
        "FROM report.cases WHERE encounter = 'E7' ORDER BY version"
    )
    return [(row["version"], row["verdict"], row["kinds"]) for row in rows]
