"""Publish an item, an encounter and a scan of your own, and see the scan billed.

Run `udi run` in one terminal and this in another: `python examples/publish_scan.py`. It talks to the broker that
`UDI_BOOTSTRAP_SERVERS` names, or to the embedded one that `udi run` has started. It needs nothing of udistream but the
topics: any program in any language that can reach Kafka does the same.
"""
# ruff: noqa: INP001, T201 -- a script, and it prints

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

NOW = datetime.now(UTC)
HOSPITAL, ITEM, ENCOUNTER, STORE = "H1", "IT-PLATE-8", "E-0001", "OR-2"
WAIT_SECONDS = 30
SHOWN = ("kind", "billing_id", "item_name", "quantity", "unit_price", "amount", "currency", "period")

item = {
    "schema": "udi.item/1", "hospital": HOSPITAL, "item_code": ITEM, "name": "Locking plate, 8 holes", "class": "III",
    "identifiers": [{"issuer": "GS1", "di": "07032069804988", "units_per_package": 1}], "tracking": "lot",
    "prices": [{"price": "1234.00", "currency": "CNY", "from": "2020-01-01", "to": None}],
}  # fmt: skip
encounter = {
    "schema": "udi.encounter/1", "hospital": HOSPITAL, "encounter": ENCOUNTER, "department": "ORTH",
    "admitted_at": (NOW - timedelta(days=1)).isoformat(),
}  # fmt: skip
scan = {
    "schema": "udi.scan/1", "scan_id": str(uuid4()), "hospital": HOSPITAL, "device_id": "or2-gun1",
    "scanned_at": NOW.isoformat(), "action": "use", "codes": ["]d201070320698049881728063010LOT-7A"], "quantity": 1,
    "store": STORE, "encounter": ENCOUNTER,
}  # fmt: skip


def broker() -> str:
    """Where the broker is: from the environment, or as `udi run` has written it down."""
    if "UDI_BOOTSTRAP_SERVERS" in os.environ:
        return os.environ["UDI_BOOTSTRAP_SERVERS"]
    folder = Path(os.environ.get("UDI_DATA_DIR", "~/.udistream")).expanduser()
    return str(json.loads((folder / "embedded.json").read_text(encoding="utf-8"))["bootstrap_servers"])


async def publish(servers: str) -> None:
    """Each record with its key `hospital/…`; acknowledged by the broker before the next one is sent."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
    await producer.start()
    try:
        for topic, rest, body in (
            ("udi.catalogue", ITEM, item), ("udi.encounters", ENCOUNTER, encounter), ("udi.scans", ENCOUNTER, scan),
        ):  # fmt: skip
            key, value = f"{HOSPITAL}/{rest}".encode(), json.dumps(body).encode()
            sent = await producer.send_and_wait(topic, value, key=key)
            print(f"published  {topic}/{sent.partition} at offset {sent.offset}")
    finally:
        await producer.stop()


async def follow(consumer: AIOKafkaConsumer) -> dict[str, Any]:
    """Print the verdicts of our scan as they come, until it is billed; give its billing record."""
    charge: dict[str, Any] = {}
    billed = False
    while not (charge and billed):
        record = await consumer.getone()
        body = json.loads(record.value)
        if body.get("scan_id") != scan["scan_id"]:
            continue
        if record.topic == "udi.billing":
            charge = body
        else:
            billed = body["verdict"] == "billed"
            print(f"verdict    {body['verdict']} {', '.join(body['reasons'])}".rstrip(), "–", body["message"]["en"])
    return charge


async def main() -> None:
    """Begin to listen, publish, and wait for the charge."""
    servers = broker()
    consumer = AIOKafkaConsumer(
        "udi.verdicts", "udi.billing", bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        await consumer.seek_to_end()
        await publish(servers)
        charge = await asyncio.wait_for(follow(consumer), WAIT_SECONDS)
        print("billed     " + "\n           ".join(f"{name}: {charge[name]}" for name in SHOWN))
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
