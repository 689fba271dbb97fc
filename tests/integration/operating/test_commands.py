"""The commands people use, run as people run them, over books and topics in which everything has happened once."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from sinks.postgres.verifying.books import checks
from streams.embedded.broker import EmbeddedBroker
from streams.settings import Settings
from streams.topics import cluster_id, create_topics
from tests.support.builders import DI, gs1, item, scan
from tests.support.installed import Installed, installed, publish_scans
from tests.support.servers.kafka import RealKafka
from tests.support.story import LATE_ITEM, NEVER_KNOWN, tell
from tests.support.ward import LANES, Ward, postgres_store

CHECKS_OF_TOPICS = 3
CHECKS_OF_BOOKS = len(checks()) + 1
"""The queries, and the comparison with the HIS anew."""


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


# Look -------------------------------------------------------------------------------------------------------------


async def test_the_work_list_says_what_waits_for_which_fact_and_what_it_is_worth(house: Installed) -> None:
    found = await house.json("parked")

    columns = ("reason", "freed_by", "scans", "patients", "estimated_amount")
    assert [tuple(row[name] for name in columns) for row in found] == [
        ("encounter-unknown", ["encounter", "person"], 1, 1, "1234.00"),
        ("encounter-missing", ["encounter", "person"], 1, 0, "1234.00"),
        ("unknown-identifier", ["catalogue"], 1, 1, None),
    ]


async def test_the_work_list_by_identifier_names_identifier_and_item(house: Installed) -> None:
    found = await house.json("parked", "--by-identifier")

    assert {(row["reason"], row["issuer"], row["di"], row["item_code"], row["item_name"]) for row in found} == {
        ("encounter-missing", "GS1", DI, "SCREW", "螺钉"),
        ("encounter-unknown", "GS1", DI, "SCREW", "螺钉"),
        ("unknown-identifier", "GS1", NEVER_KNOWN, None, None),
    }


async def test_what_a_person_must_decide_is_listed_apart(house: Installed) -> None:
    found = await house.json("parked", "--held")

    assert [(row["reason"], row["freed_by"], row["scans"]) for row in found] == [
        ("serial-used", ["person", "return"], 1)
    ]


async def test_people_get_a_table_and_a_sum(house: Installed) -> None:
    shown = await house.udi("parked")

    assert shown.exit_code == 0
    assert "encounter-missing" in shown.stdout
    assert "3 scans, 2,468.00 yuan at today's catalogue; 1 of them without a known amount." in shown.stdout


async def test_stock_is_what_was_received_less_what_went(house: Installed) -> None:
    found = await house.json("stock", "--item", "SCREW", "--store", "OR-2")

    used, back, moved = 10 + 5 + 40 + 3 + 1 + 1 + 1 + 2, 1, 5
    left = 100 - used + back - moved
    assert {(row["lot"], row["serial"]): row["quantity"] for row in found} == {("L1", None): left, ("L1", "S1"): -1}


async def test_the_stock_of_a_store_is_with_its_rooms_and_cabinets(house: Installed) -> None:
    code = [gs1(DI, expiry="271231", lot="L8")]
    took: dict[str, Any] = {"action": "receive", "encounter": None, "codes": code}
    await house.ward.scan(scan(970, quantity=7, place="c1", **took), scan(971, quantity=2, store="OR-22", **took))
    rows = await house.json("stock", "--item", "SCREW", "--store", "OR-2")
    assert [(row["store"], row["quantity"]) for row in rows if row["lot"] == "L8"] == [("OR-2/c1", 7)]
    for options in (("--store", "OR-2/c1"), ("--store", "OR-2/c1", "--at", "2030-01-01")):
        assert [row["quantity"] for row in await house.json("stock", *options)] == [7]
    said = (await house.udi("stock", "--store", "OR-2", "--item", "SCREW")).stdout
    assert f"{sum(row['quantity'] for row in rows):,} units." in said


async def test_negative_stock_alone_is_listed(house: Installed) -> None:
    found = await house.json("stock", "--negative")

    assert [(row["item_code"], row["lot"], row["serial"], row["quantity"]) for row in found] == [
        ("CLIP", "C1", None, -3), ("CLIP", "C1", "T1", -2),
        ("GAUZE", "G1", None, -1), ("NAIL", "N1", None, -1), ("PLATE", "P1", None, -1), ("SCREW", "L1", "S1", -1),
    ]  # fmt: skip
    nowhere = await house.udi("stock", "--store", "nowhere")
    assert (nowhere.exit_code, nowhere.stdout, "got 'nowhere'" in nowhere.stderr) == (2, "", True)


async def test_alerts_say_value_base_change_and_cause(house: Installed) -> None:
    found = [row for row in await house.json("alerts", "--month", "2022-06") if row["scope_type"] == "hospital"]

    growth = {row["measure"]: row for row in found if row["rule"] == "growth-month-on-month"}
    assert {measure: (row["value"], row["base_value"], row["change_percent"]) for measure, row in growth.items()} == {
        "amount": ("56764.00", "18510.00", "206.67"),
        "quantity": (46, 15, "206.67"),
    }
    assert growth["amount"]["cause"] == [
        {"factor": "caseload", "amount": "0.00"}, {"factor": "use", "amount": "38254.00"},
        {"factor": "mix", "amount": "0.00"}, {"factor": "price", "amount": "0.00"},
    ]  # fmt: skip


async def test_a_month_that_is_none_is_bad_use(house: Installed) -> None:
    shown = await house.udi("alerts", "--month", "June")

    assert (shown.exit_code, shown.stderr) == (2, "udi: --month: Expected a month like 2022-06, got 'June'.\n")


# Verify -----------------------------------------------------------------------------------------------------------


async def test_everything_holds_once_the_outbox_is_published(house: Installed) -> None:
    async with house.relay():
        found = await house.json("verify", "--wait", "20")

    assert [(each["name"], each["first"]) for each in found["checks"] if not each["ok"]] == []
    assert (found["ok"], found["topics"]) == (True, True)


async def test_an_outbox_that_is_not_published_is_seen(house: Installed) -> None:
    shown = await house.udi("verify", "--wait", "0")

    assert shown.exit_code == 1
    assert "FAILED  all-published: everything in the outbox is published" in shown.stdout
    assert f"1 of {CHECKS_OF_BOOKS + CHECKS_OF_TOPICS} checks failed" in shown.stdout


async def test_without_topics_only_the_books_are_looked_at(house: Installed) -> None:
    shown = await house.udi("verify", "--no-topics")

    assert shown.exit_code == 0
    assert f"All {CHECKS_OF_BOOKS} invariants hold; the topics were not looked at" in shown.stdout


ONCE = "published-once"


async def test_a_check_is_chosen_by_its_name(house: Installed) -> None:
    found = await house.json("verify", "--check", "scan-id-counts-once", "--check", "all-published", "--wait", "0")
    unknown = await house.udi("verify", "--check", "scan-id-counts-twice")

    assert [(each["name"], each["promise"], each["ok"]) for each in found["checks"]] == [
        ("scan-id-counts-once", "a scan id counts once; what repeats it is a duplicate or a conflict", True),
        ("all-published", "everything in the outbox is published", False),
    ]
    assert unknown.exit_code == 2
    assert "(scan-id-counts-once" in unknown.stderr


async def failures(house: Installed, name: str) -> list[str]:
    """What a check of `udi verify` says is wrong."""
    found = await house.json("verify", "--wait", "0")
    return [row["what"] for each in found["checks"] if each["name"] == name for row in each["first"]]


async def billed_again(house: Installed, seq: int, value: bytes) -> None:
    """Somebody else writes to the topic."""
    headers = [("udi-seq", str(seq).encode()), ("udi-id", b"00000000-0000-0000-0000-000000000000")]
    async with AIOKafkaProducer(**house.settings.kafka()) as producer:
        await producer.send_and_wait("udi.billing", value, b"H1/E1", partition=0, headers=headers)


async def test_what_is_not_the_outboxs_is_seen_on_its_topic(house: Installed) -> None:
    async with house.relay():
        assert (await house.udi("verify", "--wait", "20")).exit_code == 0
    last = await house.pool.fetchval("SELECT billing_seq FROM udi.lane WHERE lane = 0")

    await billed_again(house, last, b"{}")
    assert await failures(house, ONCE) == [f"expected record {last + 1}, got {last}"]

    await billed_again(house, last + 1, b"{}")
    await house.pool.execute("UPDATE udi.outbox_block SET bodies[1] = 'x' WHERE topic = 'billing' AND first_seq = 1")
    assert await failures(house, ONCE) == [
        "record 1 differs in body",
        f"expected record {last + 1}, got {last}",
        f"record {last + 1} is not in the outbox",
    ]


async def test_a_body_that_is_no_json_fails_its_check_and_ends_none(house: Installed) -> None:
    await house.pool.execute("UPDATE udi.outbox_block SET bodies[1] = 'x' WHERE topic = 'billing' AND first_seq = 1")

    found = await house.json("verify", "--no-topics")

    assert [each["first"] for each in found["checks"] if not each["ok"]] == [
        [{"unreadable": "invalid input syntax for type json"}]
    ]


async def test_a_scan_that_was_passed_over_is_seen(house: Installed) -> None:
    async with AIOKafkaProducer(**house.settings.kafka()) as producer:
        await producer.send_and_wait("udi.scans", orjson.dumps(scan(99)), partition=1)
    await house.pool.execute("UPDATE udi.position SET next_offset = 3 WHERE topic = 'udi.scans' AND partition = 1")

    found = await house.json("verify", "--wait", "0")

    first = found["checks"][-1]["first"]
    assert first == [{"topic": "udi.scans", "partition": 1, "offset": 2, "what": "no verdict"}]


# Doctor -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("synced")
async def test_a_sound_installation_is_ok_in_every_line(house: Installed) -> None:
    lines = await house.json("doctor")

    assert [line for line in lines if line["state"] != "ok"] == []
    assert [line["name"] for line in lines] == [
        "Python", "packages", "settings", "data folder", "embedded parts", "broker", "topics", "partitions",
        "record timestamps", "durability of topics", "database", "durability", "clocks", "schema", "installation",
    ]  # fmt: skip


@pytest.mark.usefixtures("synced")
async def test_settings_that_contradict_the_books_are_not_ok(house: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Installed, "environment", {**house.environment, "UDI_LANES": "3"})

    shown = await house.udi("doctor")

    assert shown.exit_code == 1
    assert "expected 3: udi.scans has 2" in shown.stdout
    assert "the books were made with UDI_LANES=2: set that" in shown.stdout


@pytest.mark.usefixtures("synced")
async def test_a_database_without_the_promise_is_not_ok(house: Installed) -> None:
    name = await house.pool.fetchval("SELECT current_database()")
    await house.pool.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')

    shown = await house.udi("doctor")

    assert shown.exit_code == 1
    assert "switch synchronous_commit on: the promise rests on it" in shown.stdout


# Load -------------------------------------------------------------------------------------------------------------

TABLE = """hospital,item_code,name,identifiers,prices
H1,NAIL,髓内钉,GS1:{di}:1,50.00@2022-01-01..2023-01-01
H1,BAD,坏,GS1:7.03207E+12:1,1.00
"""


async def test_good_rows_are_published_under_their_key_and_bad_ones_named(house: Installed, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text(TABLE.format(di=DI), encoding="utf-8")

    shown = await house.udi("load", "catalogue", str(file))

    assert shown.exit_code == 1
    assert re.search(r"3  identifiers  expected an identifier, got 7.03207E\+12", shown.stdout)
    assert "1 items loaded, 1 bad rows." in shown.stdout
    [(key, value)] = await house.records("udi.catalogue")
    assert key == b"H1/NAIL"
    assert orjson.loads(value or b"") == {
        "schema": "udi.item/1", "hospital": "H1", "item_code": "NAIL", "name": "髓内钉",
        "identifiers": [{"issuer": "GS1", "di": DI, "units_per_package": 1}],
        "prices": [{"price": "50.00", "from": "2022-01-01", "to": "2023-01-01"}],
    }  # fmt: skip


async def test_a_dry_run_publishes_nothing(house: Installed, tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    file.write_bytes(orjson.dumps(item()) + b"\n" + orjson.dumps(LATE_ITEM) + b"\n")

    found = await house.json("load", "catalogue", str(file), "--dry-run")
    assert found == {"good": 2, "loaded": 0, "bad": [], "doubtful": []}
    assert await house.records("udi.catalogue") == []


# What is away -----------------------------------------------------------------------------------------------------


async def test_a_database_without_books_is_one_line(house: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    url = re.sub(r"/[^/]*$", "/postgres", house.environment["UDI_DATABASE_URL"])
    monkeypatch.setattr(Installed, "environment", {**house.environment, "UDI_DATABASE_URL": url})

    shown = await house.udi("stock")

    assert (shown.exit_code, shown.stderr) == (
        2,
        "udi: Expected the books in the database, found none; `udi init` makes them.\n",
    )


async def test_a_database_that_is_away_is_one_line(house: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    away = {**house.environment, "UDI_DATABASE_URL": "postgresql://udi@127.0.0.1:9/udi"}
    monkeypatch.setattr(Installed, "environment", away)

    shown = await house.udi("parked")

    assert shown.exit_code == 2
    assert shown.stderr == "udi: Database or broker did not answer (ConnectionRefusedError); see `udi doctor`.\n"


# On a real broker -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("synced")
async def test_on_kafka_doctor_load_verify_and_relay_agree(
    database: str, real_kafka: RealKafka, tmp_path: Path
) -> None:
    settings = Settings(bootstrap_servers=real_kafka.bootstrap_servers, database_url=SecretStr(database), lanes=LANES)
    async with postgres_store(database) as store:
        await create_topics(settings)
        ward = Ward(store)
        await tell(ward, store.pool)
        house = Installed(settings, store.pool, ward)
        await house.pool.execute("UPDATE udi.position SET cluster_id = $1", await cluster_id(settings))
        await publish_scans(settings, store.pool)
        file = tmp_path / "items.jsonl"
        file.write_bytes(orjson.dumps(LATE_ITEM))

        lines = await house.json("doctor")
        loaded = await house.json("load", "catalogue", str(file))
        async with house.relay():
            found = await house.json("verify", "--wait", "30")

    assert [line for line in lines if line["state"] != "ok"] == []
    assert next(line["found"] for line in lines if line["name"] == "record timestamps") == "LogAppendTime"
    assert loaded == {"good": 1, "loaded": 1, "bad": [], "doubtful": []}
    assert [(each["name"], each["first"]) for each in found["checks"] if not each["ok"]] == []
