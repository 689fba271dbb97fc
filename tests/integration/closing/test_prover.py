"""Cases are proven in the books when they close, and anew when anything of them changes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from models.charging.commands import CommandKind
from models.closing.case import CaseKey
from models.ids import made_id
from models.reasons import REASONS
from rules.catalogue.joining import price_on
from rules.closing.proving import prove
from sinks.postgres.closing.cases import CaseBooks, scans_of
from sinks.postgres.verifying.books import verify_books
from streams.services.prover import Prover
from tests.support.builders import DI, encounter, gs1, gtin, item, scan, scan_id
from tests.support.ward import PostgresStore, Ward, postgres_store

DISCHARGED = "2022-06-05T10:00:00+08:00"
PLATE = gtin(456)
SETTLED = "2022-06-06T10:00:00+08:00"
PAGE = (Path(__file__).parents[3] / "docs" / "semantics" / "closing.md").read_text(encoding="utf-8")
HASH = PAGE.split("## Case close proof")[1].split("```sql\n")[1].split("```")[0]
"""The query by which the page says that a stranger comes to the hash."""


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as books:
        yield books


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    ward = await Ward(store).open(item(), encounter())
    await ward.scan(scan(900, action="receive", encounter=None, device_id="gate", quantity=50))
    return ward


async def proven(store: PostgresStore) -> list[tuple[Any, ...]]:
    """Prove what there is; every version so far: (operation, version, trigger, verdict, notice)."""
    await Prover(store.pool).until_idle()
    rows = await store.pool.fetch(
        "SELECT operation, version, trigger, verdict, notice FROM report.cases ORDER BY operation NULLS FIRST, version"
    )
    return [tuple(row) for row in rows]


async def bodies(store: PostgresStore) -> list[dict[str, Any]]:
    rows = await store.pool.fetch("SELECT seq, id, key, body FROM report.outbox WHERE topic = 'udi.cases' ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["key"] for row in rows} <= {b"H1/E1"}
    found = [orjson.loads(row["body"]) for row in rows]
    assert [str(row["id"]) for row in rows] == [body["case_id"] for body in found]
    return found


async def test_nothing_is_proven_before_the_patient_leaves(store: PostgresStore, ward: Ward) -> None:
    await ward.scan(scan(1))
    assert await proven(store) == []
    assert not await CaseBooks(store.pool, price_on).has_work()


async def test_a_discharge_closes_the_case_with_its_four_numbers_and_publishes_them(
    store: PostgresStore, ward: Ward
) -> None:
    await ward.learn(
        item(item_code="PLATE", identifiers=[{"issuer": "GS1", "di": PLATE, "units_per_package": 5}], owner="supplier",
             supplier="S1", cost=[{"cost": "900.00", "from": None, "to": None}], prices=[{"price": "1000.00"}])
    )  # fmt: skip
    await ward.scan(scan(1), scan(2, codes=[gs1(PLATE, lot="L9")]))
    await ward.scan(scan(3, action="return", codes=[gs1(DI, expiry="271231", lot="L1")], corrects=str(scan_id(1))))
    await ward.learn(encounter(discharged_at=DISCHARGED))

    assert await proven(store) == [(None, 1, "discharged", "closed", False)]
    (body,) = await bodies(store)
    assert body | {"hash": "", "message": ""} == {
        "schema": "udi.case/1",
        "case_id": str(made_id("case", "H1", "E1", "", 1)),
        "version": 1,
        "supersedes": None,
        "hospital": "H1",
        "encounter": "E1",
        "operation": None,
        "trigger": "discharged",
        "verdict": "closed",
        "notice": False,
        "scans": 1,
        "ledgers": {
            "uses": {"units": 5, "amount": "5000.00"},
            "stock_out": {"units": 5, "amount": "5000.00"},
            "charges": {"units": 5, "amount": "5000.00"},
            "settlement": {"units": 5, "amount": "4500.00"},
        },
        "chargeable_units": 5,
        "supplied_units": 5,
        "currency": "CNY",
        "gaps": [],
        "differences_open": 0,
        "hash": "",
        "message": "",
        "discharged_at": "2022-06-05T02:00:00+00:00",
        "settled_at": None,
        "proven_at": "2022-06-03T04:00:03+00:00",
    }
    assert body["message"] == {
        "en": "Case E1 is closed: 5 units used and out of stock, 5000.00 CNY charged.",
        "zh-CN": "病例 E1 已闭环：使用并出库 5 件，已计费 5000.00 元。",
    }


async def test_a_discharge_with_a_parked_scan_gives_notice_and_the_price_closes_the_case(
    store: PostgresStore, ward: Ward
) -> None:
    await ward.learn(item(prices=[]))
    await ward.scan(scan(1), scan(2))
    await ward.learn(encounter(discharged_at=DISCHARGED))
    assert await proven(store) == [(None, 1, "discharged", "gaps", True)]
    assert await store.pool.fetchval("SELECT count(*) FROM udi.open_case") == 1

    await ward.learn(item())
    await ward.sweep()

    assert await proven(store) == [(None, 1, "discharged", "gaps", True), (None, 2, "changed", "closed", False)]
    assert await store.pool.fetchval("SELECT count(*) FROM udi.open_case") == 0
    first, second = await bodies(store)
    assert first["gaps"] == [
        {"kind": "parked", "reason": "no-price", "item_code": "SCREW", "lot": "L1", "serial": None, "units": 2,
         "amount": None, "scan_ids": [str(scan_id(1)), str(scan_id(2))]}
    ]  # fmt: skip
    assert first["message"]["en"] == (
        "Case E1 was discharged and does not tie (gaps: 1, open scans: 2): settle it before the bill."
    )
    assert (second["supersedes"], second["gaps"]) == (1, [])


async def test_a_case_whose_scan_waits_has_the_reason_that_decides_in_its_hash(
    store: PostgresStore, ward: Ward
) -> None:
    await ward.learn(item(prices=[]), encounter(discharged_at="2022-06-03T00:00:00+08:00"))
    await ward.scan(scan(1))
    assert [verdict for *_, verdict, _ in await proven(store)] == ["gaps"]

    reasons = await store.pool.fetchval("SELECT reasons FROM report.scans WHERE scan_id = $1", scan_id(1))
    assert reasons[:2] == ["after-discharge", "no-price"]
    (body,) = await bodies(store)
    assert [gap["reason"] for gap in body["gaps"]] == ["no-price"]
    assert await store.pool.fetchval(HASH, "H1", "E1", None) == body["hash"]


def test_the_query_knows_every_flag() -> None:
    listed = HASH.split("unnest(ARRAY[")[1].split("]")[0]
    assert {each.strip(" \n'") for each in listed.split(",")} == {row.reason for row in REASONS if row.verdict is None}


async def test_a_case_is_proven_again_only_when_it_changes_or_closes_anew(store: PostgresStore, ward: Ward) -> None:
    await ward.scan(scan(1))
    await ward.learn(encounter(discharged_at=DISCHARGED))
    assert len(await proven(store)) == 1
    await ward.learn(encounter(discharged_at=DISCHARGED, ward="7"))
    assert len(await proven(store)) == 1
    await ward.scan(scan(1))
    assert len(await proven(store)) == 1
    await ward.learn(encounter(discharged_at=DISCHARGED, settled_at=SETTLED))
    assert (await proven(store))[1:] == [(None, 2, "settled", "closed", False)]
    await store.command(CommandKind.REJECT, 1)
    await ward.sweep()
    assert (await proven(store))[2:] == [(None, 3, "changed", "closed", False)]
    assert (await bodies(store))[2]["ledgers"]["charges"] == {"units": 0, "amount": "0.00"}


async def test_a_wrong_price_on_the_ledger_is_found_though_the_ledger_agrees_with_itself(
    store: PostgresStore, ward: Ward
) -> None:
    await ward.scan(scan(1))
    async with store.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # No trigger refuses the damage.
        await connection.execute(
            "UPDATE udi.ledger SET unit_price = unit_price + 10000, amount_fen = amount_fen + 100 * quantity"
        )
    await ward.learn(encounter(discharged_at=DISCHARGED))
    assert await proven(store) == [(None, 1, "discharged", "gaps", True)]
    (body,) = await bodies(store)
    assert [(each["kind"], each["amount"]) for each in body["gaps"]] == [("charge-amount", "-1.00")]


async def test_an_operation_is_closed_by_a_person_and_proven_apart(store: PostgresStore, ward: Ward) -> None:
    await ward.scan(
        scan(1, operation="OP-1"), scan(2, operation="OP-2"), scan(3, operation="OP-1", codes=["]C101" + DI])
    )
    books = CaseBooks(store.pool, price_on)
    assert await books.close(CaseKey("H1", "E1", "OP-2"), "wang") == 1
    assert await proven(store) == [("OP-2", 1, "closed-by-person", "closed", False)]
    assert await books.close(CaseKey("H1", "E1", "OP-1"), "wang") == 1
    assert (await proven(store))[0] == ("OP-1", 1, "closed-by-person", "gaps", True)
    await ward.scan(scan(4, operation="OP-1", codes=["]C11727123110L1"]))
    assert (await proven(store))[:2] == [
        ("OP-1", 1, "closed-by-person", "gaps", True),
        ("OP-1", 2, "changed", "closed", False),
    ]


async def test_a_stranger_comes_to_the_same_hash_by_the_report_views(store: PostgresStore, ward: Ward) -> None:
    await ward.learn(item(owner="supplier", supplier="S1", cost=[{"cost": "900.00", "from": None, "to": None}]))
    serial = gs1(DI, expiry="271231", lot="L1", serial="S9")
    await ward.scan(scan(1, quantity=3, operation="OP-1"), scan(2, codes=[serial]), scan(3), scan(4, codes=[serial]))
    await ward.scan(scan(5, action="return", corrects=str(scan_id(1)), operation="OP-1"))
    await ward.scan(scan(6, action="return", codes=[gs1(DI, expiry="271231", lot="L7")]))
    await store.command(CommandKind.REJECT, 3)
    await ward.sweep()
    async with store.pool.acquire() as connection:
        scans = (await scans_of(connection, [("H1", "E1")], price_on))["H1", "E1"]
        for operation in ("", "OP-1"):
            found = await connection.fetchval(HASH, "H1", "E1", operation or None)
            assert prove(CaseKey("H1", "E1", operation), scans).hash.hex() == found


async def test_goods_of_a_set_a_cabinet_and_another_label_are_hashed_alike_by_prover_stranger_and_verify(
    store: PostgresStore, ward: Ward
) -> None:
    await ward.learn(item(supplier="S1", cost=[{"cost": "900.00"}]))
    other = gs1(DI, expiry="271231", lot="L2")
    for number, where in enumerate(({"place": "set", "document": "LS-1"}, {"place": "cab1"})):
        await ward.scan(scan(901 + number, action="receive", encounter=None, quantity=9, **where))
        await ward.scan(scan(1 + 10 * number, quantity=2, **where), scan(2 + 10 * number, **where))
        await ward.scan(scan(3 + 10 * number, action="return", corrects=str(scan_id(1 + 10 * number)), **where))
        await ward.scan(scan(4 + 10 * number, action="identify", codes=[other], corrects=str(scan_id(2 + 10 * number))))
        await ward.sweep()
    await ward.scan(scan(31), scan(32, action="identify", codes=[other], corrects=str(scan_id(31))))
    await ward.sweep()
    await ward.learn(encounter(discharged_at=DISCHARGED))

    assert await proven(store) == [(None, 1, "discharged", "closed", False)]
    places = await store.pool.fetch("SELECT DISTINCT from_place FROM report.stock_moves WHERE to_place = 'patient'")
    assert {row[0] for row in places} == {"set/LS-1", "OR-2/cab1", "OR-2"}
    [published] = await bodies(store)
    async with store.pool.acquire() as connection:
        assert await connection.fetchval(HASH, "H1", "E1", None) == published["hash"]
        _, findings = await verify_books(connection, chosen=lambda name: name == "case-proof-is-its-ledgers")
    assert [(each.name, each.failures) for each in findings] == [("case-proof-is-its-ledgers", 0)]


async def test_provers_at_once_write_each_version_once(store: PostgresStore, ward: Ward) -> None:
    await ward.learn(encounter(discharged_at=DISCHARGED))
    provers = [asyncio.create_task(Prover(store.pool, deltas_max=1).run()) for _ in range(2)]
    racing = [Prover(store.pool, deltas_max=1) for _ in range(3)]
    for number in range(1, 30):
        await ward.scan(scan(number), lane=number % 2)
        await asyncio.gather(*(each.step() for each in racing), return_exceptions=True)
    for task in provers:
        task.cancel()
    await asyncio.gather(*provers, return_exceptions=True)
    versions = await proven(store)

    assert [version for _, version, *_ in versions] == list(range(1, len(versions) + 1))
    newest = (await bodies(store))[-1]
    assert (newest["version"], newest["scans"]) == (len(versions), 29)
    assert await store.pool.fetchval("SELECT count(*) FROM udi.lease WHERE name = 'prover'") == 0


async def test_proofs_are_never_changed(store: PostgresStore, ward: Ward) -> None:
    await ward.learn(encounter(discharged_at=DISCHARGED))
    await proven(store)
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await store.pool.execute("UPDATE udi.case_proof SET verdict = 'closed'")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"verdict": "gaps"}, "closed_case_has_no_gaps"),
        ({"gaps": '[{"kind": "held"}]'}, "closed_case_has_no_gaps"),
        ({"stock_units": 2}, "closed_case_ties"),
        ({"charged_fen": 1}, "closed_case_ties"),
        ({"supplied_units": 1}, "closed_case_ties"),
    ],
)
async def test_the_database_refuses_a_closed_case_that_does_not_tie(
    store: PostgresStore, ward: Ward, change: dict[str, Any], constraint: str
) -> None:
    await ward.scan(scan(1))
    await ward.learn(encounter(discharged_at=DISCHARGED))
    await proven(store)
    row = dict(await store.pool.fetchrow("SELECT * FROM udi.case_proof") or {}) | {"version": 2}
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))

    await store.pool.execute(f"INSERT INTO udi.case_proof VALUES ({places})", *row.values())
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await store.pool.execute(
            f"INSERT INTO udi.case_proof VALUES ({places})", *(row | {"version": 3} | change).values()
        )
    assert refused.value.constraint_name == constraint


async def test_differences_with_the_his_stand_beside_the_verdict_and_decide_nothing(
    store: PostgresStore, ward: Ward
) -> None:
    await ward.scan(scan(1))
    await store.pool.execute(
        "INSERT INTO udi.difference_standing (difference_id, hospital, encounter, kind, across, version, status) "
        "SELECT gen_random_uuid(), 'H1', 'E1', 'missed', false, 1, status "
        "FROM unnest(ARRAY['open', 'asked', 'accepted']) status"
    )
    await ward.learn(encounter(discharged_at=DISCHARGED))
    assert await proven(store) == [(None, 1, "discharged", "closed", False)]
    assert (await bodies(store))[0]["differences_open"] == 2
