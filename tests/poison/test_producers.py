"""What other makes of producers write that ours would not: it is read all the same, or stands in nobody's way."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from confluent_kafka import Producer

from models.wire.topics import CATALOGUE, ENCOUNTERS, ID_HEADER, SCANS, SEQ_HEADER
from streams.services.relay.tail import Record, Tail, read_tails
from streams.settings import Settings
from streams.topics import create_topics
from tests.oracle.processes import UDI
from tests.poison.rig import Rig
from tests.support.builders import body, encounter, item, scan, scan_id
from tests.support.servers.kafka import RealKafka

pytestmark = pytest.mark.timeout(300)
CODECS: Final = ("gzip", "snappy", "lz4", "zstd")
"""Every way in which Kafka lets a producer compress."""
NO_UTF8: Final = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Name(str):
    def encode(self, *_):
        return bytes([0xFF])

async def send():
    async with AIOKafkaProducer(bootstrap_servers=sys.argv[1]) as producer:
        await producer.send_and_wait(sys.argv[2], sys.stdin.buffer.read(), partition=0, headers=[(Name("x"), b"")])

asyncio.run(send())
"""
"""Sends a record with a header whose name is no UTF-8; brokers take it. Needs aiokafka without its extensions."""


async def send_with_no_text(servers: str, topic: str, value: bytes) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NO_UTF8, servers, topic,
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"}, stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await program.communicate(value)
    assert program.returncode == 0


@pytest.fixture
async def rig(real_kafka: RealKafka, database: str, folder: Path) -> AsyncIterator[Rig]:
    async with Rig(real_kafka, database, folder, UDI) as running:
        await running.recorded(
            await running.send(CATALOGUE, body(item())), await running.send(ENCOUNTERS, body(encounter()))
        )
        yield running


async def test_records_compressed_in_every_way_are_read(rig: Rig) -> None:
    def publish() -> None:
        for number, codec in enumerate(CODECS):
            producer = Producer({"bootstrap.servers": rig.servers, "compression.type": codec})
            producer.produce("udi.scans", body(scan(number) | {"x": "x" * 3000}), partition=0)
            assert producer.flush(10) == 0

    await asyncio.to_thread(publish)
    await rig.until("SELECT verdict::text FROM report.scans", ["billed"] * len(CODECS))


async def test_a_record_with_a_header_whose_name_is_no_text_is_read_and_holds_nobody_up(rig: Rig) -> None:
    before = await rig.send(SCANS, *(body(scan(number)) for number in range(20)))
    await send_with_no_text(rig.servers, "udi.scans", body(scan(100)))
    behind = await rig.send(SCANS, *(body(scan(number)) for number in range(20, 40)))
    other = await rig.send(SCANS, *(body(scan(number)) for number in range(40, 60)), partition=1)

    await rig.recorded(before, other, behind)

    wanted = {str(scan_id(number)): "billed" for number in (*range(60), 100)}
    assert await rig.verdicts() == wanted


async def test_such_a_record_of_a_stranger_on_an_output_topic_is_stepped_over(real_kafka: RealKafka) -> None:
    servers, billing = real_kafka.bootstrap_servers, TopicPartition("udi.billing", 0)
    settings = Settings(bootstrap_servers=servers)
    await create_topics(settings)
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        ours = [(SEQ_HEADER, b"7"), (ID_HEADER, str(scan_id(7)).encode())]
        await producer.send_and_wait(billing.topic, b"{}", partition=0, headers=ours)
    await send_with_no_text(servers, billing.topic, b"{}")

    tail = (await read_tails(settings, [billing]))[billing]

    assert tail == Tail(Record(7, scan_id(7), 0), 0, 2)
