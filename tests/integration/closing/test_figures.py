"""Reports of months and days as people print them: they agree with each other, and print the same again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from models.calendar import ZONE_DEFAULT
from models.charging.commands import CommandKind
from models.reconciling.his_charge import HisCharge
from sinks.ports.batch import RawRecord
from sinks.postgres.reconciling.his_lines import HisLineBooks, LineBatch
from streams.embedded.broker import EmbeddedBroker
from streams.services.reconciler import Reconciler
from streams.settings import Settings
from tests.support.builders import DI, NOON, SECOND, body, encounter, gs1, item, price, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import CLUSTER, PostgresStore, Ward, postgres_store

DAY = "2022-06-03"


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as house:
        yield house


async def report(house: Installed, *arguments: str) -> Any:
    (found,) = await house.json("month", "report", *arguments)
    return found


def net(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["net"]) for row in rows), Decimal(0))


async def post_more(house: Installed) -> None:
    """A late use of June, a return of one, and another price of June."""
    await house.ward.scan(scan(801, quantity=2), scan(802, action="return", corrects=str(scan_id(40))))
    await house.ward.learn(item(monitored=True, prices=[price("1300.00")]), stamp=NOON + 99 * SECOND)
    await house.ward.sweep()


# A month ----------------------------------------------------------------------------------------------------------


async def test_what_was_known_at_an_instant_prints_the_same_to_the_byte(house: Installed) -> None:
    known = datetime.now(UTC).isoformat()
    await asyncio.sleep(0.05)
    before = [await house.udi("month", "report", "2022-06", "--known", known, *form) for form in ((), ("--json",))]
    await post_more(house)
    after = [await house.udi("month", "report", "2022-06", "--known", known, *form) for form in ((), ("--json",))]
    later = await report(house, "2022-06", "--known", datetime.now(UTC).isoformat())

    assert [each.exit_code for each in (*before, *after)] == [0] * 4
    assert [each.stdout_bytes for each in after] == [each.stdout_bytes for each in before]
    assert later["sha256"] not in before[1].stdout


async def test_a_closed_month_is_as_it_was_at_its_close_and_says_what_came_since(house: Installed) -> None:
    at_close = await report(house, "2022-06")
    assert at_close["closed_at"] == at_close["known"]

    await post_more(house)
    again = await report(house, "2022-06")

    assert again["sha256"] == at_close["sha256"]
    assert again["by_service_month"] == at_close["by_service_month"]
    assert {row["cause"] for row in again["changed_since"]} == {"use", "return", "re-rated"}
    assert {row["period"] for row in again["changed_since"]} == {"2022-07"}


async def test_use_and_posting_agree_through_the_bridge_to_the_cent(house: Installed) -> None:
    await post_more(house)
    for month in ("2022-05", "2022-06", "2022-07"):
        found = await report(house, month, "--known", datetime.now(UTC).isoformat())
        bridge = found["bridge"]

        assert net(found["by_service_month"]) == Decimal(bridge["service_month"]["net"])
        assert net(found["by_period"]) == Decimal(bridge["period"]["net"])
        away, here = net(bridge["posted_elsewhere"]), net(bridge["posted_here"])
        assert Decimal(bridge["service_month"]["net"]) + here - away == Decimal(bridge["period"]["net"])
    rows = await house.pool.fetch(
        "SELECT service_month, period, sum(net) AS net FROM report.period_bridge GROUP BY 1, 2"
    )
    charged = await house.pool.fetchval(
        "SELECT sum(CASE kind WHEN 'charge' THEN amount ELSE -amount END) FROM report.charges"
    )
    assert sum(row["net"] for row in rows) == charged
    assert {(row["service_month"], row["period"]) for row in rows} >= {("2022-06", "2022-06"), ("2022-06", "2022-07")}


async def test_as_of_a_day_leaves_out_what_happened_after_it(house: Installed) -> None:
    known = datetime.now(UTC).isoformat()
    whole = await report(house, "2022-06", "--known", known)
    none = await house.udi("month", "report", "2022-06", "--known", known, "--as-of", "2022-06-02", "--json")

    assert Decimal(whole["bridge"]["service_month"]["net"]) > 0
    assert '"net": "0.00"' in none.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("2022-13",), "Expected a month from 01 to 12, got '2022-13'."),
        (("2022-06", "--known", "2999-01-01"), "Expected an instant before now"),
        (("2022-06", "--hospital", "H9"), "--hospital: expected one of H1, got 'H9'."),
    ],
)
async def test_a_report_nobody_can_give_is_one_line(house: Installed, arguments: tuple[str, ...], said: str) -> None:
    shown = await house.udi("month", "report", *arguments)

    assert shown.exit_code == 2
    assert said in shown.stderr


# A day ------------------------------------------------------------------------------------------------------------


async def test_the_ledgers_of_a_day_tie_also_at_the_broker_and_the_his_beside_them(house: Installed) -> None:
    async with house.relay():
        while await house.pool.fetchval(
            "SELECT EXISTS (SELECT FROM udi.outbox_block b WHERE b.topic = 'billing' AND b.last_seq > coalesce("
            "(SELECT max(f.seq) FROM udi.relay_floor f WHERE (f.topic, f.partition) = (b.topic, b.partition)), 0))"
        ):
            await asyncio.sleep(0.2)
    for arguments in ((), ("--topic",)):
        (found,) = await house.json("tie-out", DAY, "--department", "ORTH", *arguments)
        (line,) = found["departments"]

        assert line["scans"]["amount"] == line["charges"]["amount"] == line["topic"]["amount"]
        assert line["differing_scans"] == 0
        assert len(found["scans"]) >= line["scans"]["scans"]
    his, due = Decimal(line["his"]["amount"]), Decimal(line["scans"]["amount"])
    assert Decimal(line["his_difference"]) == his - due != 0
    assert (await house.udi("tie-out", DAY)).exit_code == 1


async def test_a_ledger_that_differs_is_named_with_its_scan(house: Installed) -> None:
    async with house.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "DELETE FROM udi.ledger WHERE (position_id, record_offset) = "
            "(SELECT position_id, record_offset FROM udi.scan_claim WHERE scan_id = $1)",
            scan_id(11),
        )
    (found,) = await house.json("tie-out", DAY, "--scans")

    assert found["ties"] is False
    assert [(row["scan_id"], row["differs"]) for row in found["scans"] if row["differs"]] == [
        (str(scan_id(11)), ["charges", "topic"])
    ]


# Against the HIS --------------------------------------------------------------------------------------------------


def line(name: str, number: int, amount: str, **changes: Any) -> dict[str, Any]:
    made = {
        "schema": "udi.his-charge/1", "hospital": "H1", "line_id": name, "encounter": "E1", "item_code": "SCREW",
        "quantity": 1, "unit_price": amount, "amount": amount, "service_at": scan(number)["scanned_at"],
    } | changes  # fmt: skip
    HisCharge.model_validate_json(body(made))
    return made


async def posted(store: PostgresStore, *lines: dict[str, Any]) -> None:
    books = HisLineBooks(store.pool, 2)
    position = await books.take_over(CLUSTER, "udi.his-charges", 0)
    batch = LineBatch()
    for place, each in enumerate(lines):
        books.read(batch, RawRecord(None, body(each)), NOON, position.origin(position.next_offset + place))
    await books.record(position, position.next_offset + len(lines), None, batch)
    await Reconciler(store.pool, ZONE_DEFAULT).until_idle()


async def test_figures_of_a_month_name_their_denominators_and_what_was_mended(
    database: str, embedded_broker: EmbeddedBroker
) -> None:
    async with postgres_store(database) as store:
        free = item(item_code="TAPE", identifiers=[], prices=[price("10.00")])
        ward = await Ward(store).open(item(cost=[{"cost": "900.00"}]), free, encounter())
        await ward.scan(
            scan(1), scan(2), scan(3), scan(4, item_code="TAPE"),
            scan(5, action="opened", department="ICU", reason="fell down", quantity=2),
            scan(6, codes=[gs1(DI, expiry="220101", lot="L1")]),
        )  # fmt: skip
        await posted(
            store, line("a", 1, "1234.00"), line("b", 2, "1000.00"), line("t", 4, "10.00", item_code="TAPE"),
            line("x", 900, "77.00", item_code="NAIL"), line("y", 901, "5.00", item_code="TAPE"),
        )  # fmt: skip
        await ward.store.command(CommandKind.RELEASE, 6)
        await ward.sweep()
        await posted(store, line("f", 6, "1234.00"))

        house = Installed(_settings(database, embedded_broker), store.pool, ward)
        (found,) = await house.json("figures", "2022-06")
        shown = await house.udi("figures", "2022-06")

    assert [(row["denominator"], row["whole"], row["scanned"], row["percent"]) for row in found["scanned"]] == [
        ("amount", "3560.00", "3478.00", "97.70"),
        ("lines", 6, 4, "66.67"),
        ("udi-lines", 3, 3, "100.00"),
    ]
    assert [(row["parked"], row["charges"]) for row in found["scan_to_charge"]] == [(False, 5)]
    counted = {(row["kind"], row["status"]): row["count"] for row in found["differences"]}
    assert counted == {("extra", "open"): 2, ("missed", "open"): 1, ("missed", "mended"): 1, ("wrong", "open"): 1}
    assert (found["recovered"], found["given_back"]) == ("1234.00", "0.00")
    assert found["waste"] == [
        {
            "department": "ICU", "action": "opened", "reason": "fell down", "scans": 1, "units": 2, "cost": "1800.00",
            "without_cost": 0,
        }
    ]  # fmt: skip
    assert shown.exit_code == 0
    assert "66.67 %" in shown.stdout
    async with postgres_store(database) as store:
        (day,) = await Installed(_settings(database, embedded_broker), store.pool, ward).json("tie-out", DAY)
    assert {row["department"]: row["his_difference"] for row in day["departments"]} == {"ORTH": "-1386.00"}


def _settings(database: str, broker: EmbeddedBroker) -> Settings:
    return Settings(
        bootstrap_servers=broker.bootstrap_servers, database_url=SecretStr(database), embedded_broker=True,
        log_append_time=False, lanes=2,
    )  # fmt: skip
