"""Months that are closed: parts credited in later ones, what was given back, departments nobody has."""

from typing import Any

from pydantic import SecretStr

from streams.embedded.broker import EmbeddedBroker
from streams.language import choose
from streams.settings import Settings
from tests.integration.closing.test_figures import line, posted
from tests.support.builders import encounter, item, price, scan, scan_id
from tests.support.installed import Installed
from tests.support.ward import LANES, PostgresStore, Ward, postgres_store

JUNE, JULY = 202206, 202207


def installed_over(store: PostgresStore, ward: Ward, database: str, broker: EmbeddedBroker) -> Installed:
    settings = Settings(
        bootstrap_servers=broker.bootstrap_servers, database_url=SecretStr(database), embedded_broker=True,
        log_append_time=False, lanes=LANES,
    )  # fmt: skip
    return Installed(settings, store.pool, ward)


def back(number: int) -> dict[str, Any]:
    """One of the three of scan 1 is returned."""
    return scan(number, action="return", corrects=str(scan_id(1)), quantity=1)


async def test_parts_credited_in_later_months_lead_over_the_bridge_and_the_day_still_ties(
    database: str, embedded_broker: EmbeddedBroker
) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(item(prices=[price("0.3333")]), encounter())
        await ward.scan(scan(1, quantity=3))
        await store.close_month(JUNE)
        await ward.scan(back(2))
        await store.close_month(JULY)
        await ward.scan(back(3))
        house = installed_over(store, ward, database, embedded_broker)
        months = [(await house.json("month", "report", month))[0]["bridge"] for month in ("2022-06", "2022-07")]
        (day,) = await house.json("tie-out", "2022-06-03")
        shown = await house.udi("tie-out", "2022-06-03")

    june, july = months
    assert [june[name]["net"] for name in ("service_month", "period")] == ["0.34", "1.00"]
    assert [(row["period"], row["entries"], row["net"]) for row in june["posted_elsewhere"]] == [
        ("2022-07", 1, "-0.33"),
        ("2022-08", 1, "-0.33"),
    ]
    assert [july[name]["net"] for name in ("service_month", "period")] == ["0.00", "-0.33"]
    assert [(row["service_month"], row["net"]) for row in july["posted_here"]] == [("2022-06", "-0.33")]
    (row,) = day["departments"]
    amounts = {name: row[name]["amount"] for name in ("scans", "charges", "topic")}
    assert (amounts, row["stock"]["units_out"]) == ({"scans": "0.34", "charges": "0.34", "topic": "0.34"}, 1)
    assert shown.exit_code == 0


async def test_what_the_his_charged_too_much_is_given_back_when_it_was_asked_and_mended(
    database: str, embedded_broker: EmbeddedBroker
) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(item(), encounter())
        await ward.scan(scan(1), scan(2))
        house = installed_over(store, ward, database, embedded_broker)
        await posted(store, line("a", 1, "1500.00"), line("b", 2, "1234.00"))
        asked = await house.udi("differences", "ask", "--kind", "wrong", "--reason", "too dear", "--by", "li")
        (before,) = await house.json("figures", "2022-06")
        await posted(store, line("a", 1, "1234.00"))
        (after,) = await house.json("figures", "2022-06")

    assert asked.exit_code == 0
    assert [(row["status"], row["too_much"]) for row in before["differences"]] == [("asked", "266.00")]
    assert [(row["status"], row["too_much"]) for row in after["differences"]] == [("mended", "266.00")]
    assert (before["given_back"], after["given_back"], after["recovered"]) == ("0.00", "266.00", "0.00")


async def test_a_difference_that_vanished_unasked_is_no_money_given_back(
    database: str, embedded_broker: EmbeddedBroker
) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(item(), encounter())
        await ward.scan(scan(1))
        house = installed_over(store, ward, database, embedded_broker)
        await posted(store, line("a", 1, "1500.00"))
        await posted(store, line("a", 1, "1234.00"))
        (found,) = await house.json("figures", "2022-06")

    assert [(row["status"], row["too_much"]) for row in found["differences"]] == [("vanished", "266.00")]
    assert found["given_back"] == "0.00"


async def test_a_scan_nobody_could_price_is_recovered_with_what_it_was_charged_in_the_end(
    database: str, embedded_broker: EmbeddedBroker
) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(encounter())
        await ward.scan(scan(1))
        house = installed_over(store, ward, database, embedded_broker)
        await posted(store, line("other", 900, "77.00", item_code="NAIL"))
        (before,) = await house.json("figures", "2022-06")
        await ward.learn(item())
        await ward.sweep()
        await posted(store, line("a", 1, "1234.00"))
        (after,) = await house.json("figures", "2022-06")

    missed = [row for each in (before, after) for row in each["differences"] if row["kind"] == "missed"]
    assert [(row["status"], row["too_little"]) for row in missed] == [("open", "0.00"), ("mended", "1234.00")]
    assert after["recovered"] == "1234.00"


async def test_a_department_that_has_nothing_on_the_day_does_not_tie_by_being_absent(
    database: str, embedded_broker: EmbeddedBroker
) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(item(), encounter())
        await ward.scan(scan(1))
        house = installed_over(store, ward, database, embedded_broker)
        shown = await house.udi("tie-out", "2022-06-03", "--department", "ORHT")
        chinese = await house.udi("--lang", "zh-CN", "tie-out", "2022-06-03", "--department", "ORHT")
        choose("en")

    assert shown.exit_code == 2
    assert "Expected a department with uses or lines on 2022-06-03, got ORHT." in shown.stderr
    assert chinese.stderr == "udi: 需要在 2022-06-03 有使用或明细的科室，得到 ORHT。\n"
