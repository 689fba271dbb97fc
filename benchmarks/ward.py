"""The input of every benchmark: uses of serial-numbered implants, the dearest scan there is.

Each use claims its scan id and its unit, makes a charge, a stock move, usage, a billing record and a verdict; every
third item is the supplier's and makes a settlement line. Scan ids are random, as devices make them, so index pages are
met at random.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from models.udi.canonical import gs1_element_string, gtin
from models.wire.topics import CATALOGUE, ENCOUNTERS
from sinks.ports.batch import RawRecord
from sinks.postgres.catalogue.facts import FactBatch, FactBooks

HOSPITAL = "H1"
ITEMS, ENCOUNTERS_COUNT, STORES, DEPARTMENTS, DEVICES = 1_000, 3_000, 22, 22, 50
SUPPLIED_EVERY = 3
NOON = datetime(2022, 6, 3, 4, tzinfo=UTC)
KNOWN_AT = datetime(2022, 6, 1, tzinfo=UTC)

Keyed = tuple[bytes, bytes]
"""Key and value of a record."""


def items(raised: int = 0) -> Iterator[Keyed]:
    """The catalogue; every price raised by so many yuan, for all time."""
    for number in range(ITEMS):
        supplied = number % SUPPLIED_EVERY == 0
        record = {
            "schema": "udi.item/1",
            "hospital": HOSPITAL,
            "item_code": f"I{number}",
            "name": f"药物洗脱冠状动脉支架 {number}",
            "class": "III",
            "insurance_code": f"C0344051070500{number:06d}",
            "unit": "个",
            "identifiers": [{"issuer": "GS1", "di": _di(number), "units_per_package": 1}],
            "owner": "supplier" if supplied else "hospital",
            "supplier": f"S{number % 20}",
            "monitored": True,
            "tracking": "serial",
            "prices": [{"price": f"{100 + number + raised}.00", "currency": "CNY", "from": None, "to": None}],
            "cost": [{"cost": f"{80 + number}.00", "from": None, "to": None}],
        }
        yield f"{HOSPITAL}/I{number}".encode(), orjson.dumps(record)


def encounters() -> Iterator[Keyed]:
    """The patients in the house."""
    for number in range(ENCOUNTERS_COUNT):
        record = {
            "schema": "udi.encounter/1",
            "hospital": HOSPITAL,
            "encounter": f"E{number}",
            "department": f"D{number % DEPARTMENTS}",
            "team": f"T{number % 7}",
            "admitted_at": "2022-06-01T08:00:00+08:00",
        }
        yield f"{HOSPITAL}/E{number}".encode(), orjson.dumps(record)


def receipts(count: int, first: int = 0) -> list[Keyed]:
    """The goods of `uses` with the same numbers, received."""
    return [_record(number, "receive") for number in range(first, first + count)]


def uses(count: int, first: int = 0) -> list[Keyed]:
    """So many uses. Of goods that were not received before, each is billed and flagged `stock-negative`."""
    return [_record(number, "use") for number in range(first, first + count)]


def _di(number: int) -> str:
    return gtin(f"069{number:010d}")


def _record(number: int, action: str) -> Keyed:
    item, encounter = number % ITEMS, f"E{number % ENCOUNTERS_COUNT}"
    store, use = f"OR-{item % STORES}", action == "use"
    mark = blake2b(f"{action}{number}".encode(), digest_size=16).digest()
    record: dict[str, Any] = {
        "schema": "udi.scan/1",
        "scan_id": str(UUID(bytes=mark, version=4)),
        "hospital": HOSPITAL,
        "device_id": f"gun-{number % DEVICES}",
        "sequence": number,
        "boot": f"b-{action}",
        "scanned_at": (NOON + timedelta(milliseconds=number)).isoformat(),
        "action": action,
        "codes": ["]d2" + gs1_element_string(_di(item), f"L{number % 7}", f"SN{number:09d}")],
        "quantity": 1,
        "store": store,
        "department": f"D{number % DEPARTMENTS}" if use else None,
        "encounter": encounter if use else None,
        "operation": f"OP-{number // 10}" if use else None,
        "team": f"T{number % 7}" if use else None,
        "staff": f"N{number % 200}",
        "entry": "scan",
    }
    return f"{HOSPITAL}/{encounter if use else store}".encode(), orjson.dumps(record)


async def load_facts(pool: asyncpg.Pool, lanes: int) -> None:
    """Catalogue and encounters into the books, as if they had come long ago from another cluster."""
    books = FactBooks(pool, lanes)
    for topic, facts in ((CATALOGUE, list(items())), (ENCOUNTERS, list(encounters()))):
        position = await books.take_over("benchmark", topic, 0)
        batch = FactBatch()
        for offset, (key, value) in enumerate(facts):
            read = books.read_item if topic == CATALOGUE else books.read_encounter
            read(batch, RawRecord(key, value), KNOWN_AT, position.origin(offset))
        assert not batch.letters
        await books.record(position, len(facts), None, batch)
