"""The input of every benchmark: uses of serial-numbered implants, the dearest scan there is.

Each use claims its scan id and its unit, makes a charge, a stock move, usage, a billing record and a verdict; every
third item is the supplier's and makes a settlement line. Scan ids are random, as devices make them, so index pages are
met at random.
"""

from collections.abc import Iterator, Sequence
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
FACTS_BATCH = 1_000
NOON = datetime(2022, 6, 3, 4, tzinfo=UTC)
KNOWN_AT = datetime(2022, 6, 1, tzinfo=UTC)

Keyed = tuple[bytes, bytes]
"""Key and value of a record."""


def items(raised: int = 0, count: int = ITEMS) -> Iterator[Keyed]:
    """The catalogue of so many items; every price raised by so many yuan, for all time."""
    for number in range(count):
        supplied = number % SUPPLIED_EVERY == 0
        record = {
            "schema": "udi.item/1",
            "hospital": HOSPITAL,
            "item_code": f"I{number}",
            "name": f"药物洗脱冠状动脉支架 {number}",
            "class": "III",
            "insurance_code": f"C0344051070500{number:06d}",
            "unit": "个",
            "identifiers": [{"issuer": "GS1", "di": di(number), "units_per_package": 1}],
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


def di(number: int) -> str:
    """The device identifier of an item of the catalogue."""
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
        "codes": ["]d2" + gs1_element_string(di(item), f"L{number % 7}", f"SN{number:09d}")],
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


async def load_facts(pool: asyncpg.Pool, lanes: int, count: int = ITEMS) -> None:
    """A catalogue of so many items, and encounters, into the books, as if they came long ago from another cluster."""
    books = FactBooks(pool, lanes)
    await record_facts(books, CATALOGUE, list(items(count=count)))
    await record_facts(books, ENCOUNTERS, list(encounters()))


async def record_facts(books: FactBooks, topic: str, facts: Sequence[Keyed], known_at: datetime = KNOWN_AT) -> None:
    """Records of `udi.catalogue` or `udi.encounters` into the books, as many at a time as the broker gives."""
    parse = books.parse_item if topic == CATALOGUE else books.parse_encounter
    for first in range(0, len(facts), FACTS_BATCH):
        part, batch = facts[first : first + FACTS_BATCH], FactBatch()
        position = await books.take_over("benchmark", topic, 0)
        for offset, (key, value) in enumerate(part, position.next_offset):
            books.add(batch, parse(RawRecord(key, value)), known_at, position.origin(offset))
        assert not batch.letters
        await books.record(position, position.next_offset + len(part), None, batch)
