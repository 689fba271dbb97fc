"""The demo's pages: a gateway over its books, somebody to sign in, a terminal, and something to scan now."""

import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from models.web.access import Role
from models.wire.topics import CATALOGUE, ENCOUNTERS
from sinks.postgres.web.accounts import AccountBooks
from sinks.postgres.web.devices import Device, DeviceBooks
from streams.embedded.process import free_port
from streams.settings import Settings
from streams.web.keys import hash_key, hash_password, new_key

CASE: Final = "DEMO-1"
CODE: Final = "]d20106999900000019173912311099-DEMO"
"""Of the plate below."""
NAME: Final = "demo"
TERMINAL: Final = "demo-terminal"
STORE: Final = "DEMO-STORE"


@dataclass(frozen=True, slots=True)
class Pages:
    """How a person gets into them."""

    address: str
    """Where the pages are."""
    password: str
    """Of the demo's person."""
    key: str
    """Of the demo's terminal."""


def with_free_port(settings: Settings) -> Settings:
    """The settings with a port for the gateway that nobody listens on: theirs, when it is free."""
    port = settings.gateway_port
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.gateway_host, port))
        except OSError:
            port = 0
    return settings.model_copy(update={"gateway_port": port or free_port()})


async def open_pages(settings: Settings, pool: asyncpg.Pool, hospital: str) -> Pages:
    """Somebody to sign in, a terminal, a patient who is here now and a plate that has a price today."""
    password, key = secrets.token_urlsafe(9), new_key()
    await AccountBooks(pool).add(NAME, hospital, sorted(Role), hash_password(password), "udi demo")
    device = Device(hospital, TERMINAL, hash_key(key), None, STORE, None, datetime.now(UTC), None)
    await DeviceBooks(pool).add(device, "udi demo")
    async with AIOKafkaProducer(**settings.kafka(), acks="all") as producer:
        for topic, rest, value in _facts(hospital):
            await producer.send_and_wait(settings.topic(topic), orjson.dumps(value), f"{hospital}/{rest}".encode())
    return Pages(f"http://{settings.gateway_host}:{settings.gateway_port}", password, key)


def _facts(hospital: str) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    item = {
        "schema": "udi.item/1", "hospital": hospital, "item_code": "DEMO-PLATE", "name": "演示接骨板 8 孔",
        "unit": "块",
        "identifiers": [{"issuer": "GS1", "di": CODE[5:19], "units_per_package": 1}], "tracking": "lot",
        "prices": [{"price": "1234.00"}],
    }  # fmt: skip
    stay = {
        "schema": "udi.encounter/1", "hospital": hospital, "encounter": CASE, "department": "D01",
        "admitted_at": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
    }  # fmt: skip
    return (CATALOGUE, "DEMO-PLATE", item), (ENCOUNTERS, CASE, stay)
