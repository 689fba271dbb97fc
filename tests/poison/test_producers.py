"""What other makes of producers write that ours would not: it is read all the same, or stands in nobody's way."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import Producer

from models.wire.topics import CATALOGUE, ENCOUNTERS, SCANS
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
        await producer.send_and_wait("udi.scans", sys.stdin.buffer.read(), partition=0, headers=[(Name("x"), b"")])

asyncio.run(send())
"""
"""Sends a record with a header whose name is no UTF-8; brokers take it. Needs aiokafka without its extensions."""


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
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NO_UTF8, rig.servers,
        env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"}, stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await program.communicate(body(scan(100)))
    behind = await rig.send(SCANS, *(body(scan(number)) for number in range(20, 40)))
    other = await rig.send(SCANS, *(body(scan(number)) for number in range(40, 60)), partition=1)

    await rig.recorded(before, other, behind)

    wanted = {str(scan_id(number)): "billed" for number in (*range(60), 100)}
    assert await rig.verdicts() == wanted
