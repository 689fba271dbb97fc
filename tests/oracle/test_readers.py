"""The eyes see what is there: rows through psql, records through librdkafka, on either broker."""

from decimal import Decimal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from tests.oracle import readers
from tests.oracle.producer import Sender
from tests.oracle.values import CATALOGUE, ENCOUNTERS, SCANS, STORES, Record
from tests.oracle.world.generator import plan
from tests.oracle.world.intents import IntentLog
from tests.support.servers.kafka import Broker, RealKafka, create_topics

QUIET_SECONDS = 0.5


def test_rows_keep_their_exact_figures_and_texts(empty_database: str) -> None:
    readers.psql(
        empty_database,
        "CREATE SCHEMA report; CREATE VIEW report.charges AS SELECT 12.30::numeric(18, 2) AS amount, 3 AS quantity, "
        "E'a\\nb|\"ü' AS lot, '\\x00ff'::bytea AS body, ARRAY['x'] AS reasons, NULL::text AS serial",
    )

    assert readers.view(empty_database, "charges") == [
        {"amount": Decimal("12.30"), "quantity": 3, "lot": 'a\nb|"ü', "body": "\\x00ff", "reasons": ["x"],
         "serial": None}
    ]  # fmt: skip


def test_a_refused_statement_says_why(empty_database: str) -> None:
    with pytest.raises(readers.ReadingError, match="nowhere"):
        readers.view(empty_database, "nowhere")


async def test_what_is_planned_arrives_once_and_in_order(broker: Broker, tmp_path: Path) -> None:
    lanes = 2
    topics = {SCANS: lanes, CATALOGUE: 1, ENCOUNTERS: 1, STORES: 1}
    await create_topics(broker.bootstrap_servers, topics)
    made = plan(1, 120, lanes=lanes)
    log = IntentLog(tmp_path / "intents.jsonl")
    sender = Sender(broker.bootstrap_servers, log, idempotent=isinstance(broker, RealKafka))

    await sender.send(made.early)
    await sender.send(made.scans)
    await sender.close()

    found = readers.topics(broker.bootstrap_servers, list(topics), quiet_seconds=QUIET_SECONDS)
    for topic in topics:
        sent = [(intent.key, intent.value) for intent in made.intents[: -len(made.late)] if intent.topic == topic]
        assert sorted((record.key or b"", record.value or b"") for record in found[topic]) == sorted(
            (key or b"", value) for key, value in sent
        )
    keyed = [intent.value for intent in made.scans if intent.key == b"H1/E0"]
    assert [record.value for record in found[SCANS] if record.key == b"H1/E0"] == keyed
    assert log.read() == [*made.early, *made.scans]


async def test_headers_offsets_and_ends_are_read(broker: Broker) -> None:
    await create_topics(broker.bootstrap_servers, {SCANS: 1, CATALOGUE: 1, ENCOUNTERS: 1})
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        for number in range(3):
            await producer.send_and_wait(SCANS, b"%d" % number, key=b"k", headers=[("udi-seq", b"%d" % number)])

    found = readers.topics(broker.bootstrap_servers, [SCANS], quiet_seconds=QUIET_SECONDS)

    assert found[SCANS] == [
        Record(SCANS, 0, number, b"k", b"%d" % number, {"udi-seq": b"%d" % number}) for number in range(3)
    ]
    assert readers.ends(broker.bootstrap_servers) == {(SCANS, 0): 3, (CATALOGUE, 0): 0, (ENCOUNTERS, 0): 0}


async def test_an_aborted_record_is_not_read(real_kafka: RealKafka) -> None:
    await create_topics(real_kafka.bootstrap_servers, {SCANS: 1})
    async with AIOKafkaProducer(bootstrap_servers=real_kafka.bootstrap_servers, transactional_id="oracle") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(SCANS, b"aborted")
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send(SCANS, b"committed")

    found = readers.topics(real_kafka.bootstrap_servers, [SCANS])

    assert [record.value for record in found[SCANS]] == [b"committed"]
