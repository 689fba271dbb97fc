"""Years of a hospital, scan by scan: whatever is asked of the n-th scan follows from n.

A day has `DAY` scans, and every day is the first one with other patients, units and lots: so a day's rows can be made
of the first day's (`filling`). Twenty scans are a patient's stay: eight units with a serial come in and are used, other
goods are used by the lot, every fifth stay gives a unit back. Two scans a day are of a code that no catalogue has.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from benchmarks.ward import Keyed, record_facts
from models.udi.canonical import gs1_element_string, gtin
from models.wire.topics import CATALOGUE, ENCOUNTERS
from sinks.postgres.catalogue.facts import FactBooks
from streams.lanes.told import Record

HOSPITAL: Final = "H1"
DAY: Final = 5_000
STAY: Final = 20
"""Scans of an encounter, in order."""
UNITS: Final = 8
"""Units with a serial that come in and are used in a stay."""
ITEMS: Final = 1_000
WITH_SERIAL: Final = 900
"""Items whose units have serials; the rest is tracked by lot."""
STORES, DEPARTMENTS, DEVICES = 20, 20, 50
FIRST: Final = datetime(2021, 1, 4, tzinfo=UTC)
"""Eight in the morning at the hospital; the last scan of a day is made before half past one."""
KNOWN_AT: Final = datetime(2021, 1, 1, tzinfo=UTC)
_UNKNOWN: Final = gtin("0699999999999")


def records(first: int, count: int) -> list[Record]:
    """So many scans as the broker gives them: the offset is the number."""
    return [_record(number) for number in range(first, first + count)]


def scan_id(number: int) -> UUID:
    """The id of a scan, as `filling` makes it, too."""
    return UUID(hex=md5(f"scan{number}".encode(), usedforsecurity=False).hexdigest())


def encounter(number: int) -> str:
    """The encounter of a scan."""
    return f"E{number // STAY}"


def di(item: int) -> str:
    """The identifier of an item."""
    return gtin(f"069{item:010d}")


def unit(stay: int, place: int = 0) -> tuple[int, str, str]:
    """(item, lot, serial) of one of the units of a stay."""
    number = stay * STAY + place
    return number % DAY % WITH_SERIAL, f"L{number // DAY}", f"SN{number}"


def _code(number: int, place: int) -> str:
    """What the label of the goods says that are scanned at a place of a stay."""
    stay = number // STAY
    if place < 2 * UNITS or _gives_back(stay, place):
        item, lot, serial = unit(stay, UNITS - 1 if place >= 2 * UNITS else place % UNITS)
        return gs1_element_string(di(item), lot, serial)
    if place == STAY - 1 and stay % (DAY // STAY) % 125 == 124:
        return gs1_element_string(_UNKNOWN, f"L{number // DAY}", None)
    return gs1_element_string(di(WITH_SERIAL + stay % 50), f"L{number // DAY}", None)


def _gives_back(stay: int, place: int) -> bool:
    return place == STAY - 2 and stay % 5 == 0


def _record(number: int) -> Record:
    day, of_day = divmod(number, DAY)
    stay, place = divmod(number, STAY)
    ward = of_day // STAY % STORES
    action = "receive" if place < UNITS else "return" if _gives_back(stay, place) else "use"
    at = FIRST + timedelta(days=day, seconds=4 * of_day)
    patient = None if action == "receive" else encounter(number)
    body: dict[str, Any] = {
        "schema": "udi.scan/1",
        "scan_id": str(scan_id(number)),
        "hospital": HOSPITAL,
        "device_id": f"gun-{of_day % DEVICES}",
        "sequence": number,
        "boot": "b",
        "scanned_at": at.isoformat(),
        "action": action,
        "codes": ["]d2" + _code(number, place)],
        "quantity": 1,
        "store": f"OR-{ward}",
        "department": f"D{ward % DEPARTMENTS}" if patient else None,
        "encounter": patient,
        "operation": f"OP-{stay}" if patient else None,
        "team": f"T{ward % 7}" if patient else None,
        "staff": f"N{of_day % 200}",
        "entry": "scan",
    }
    key = f"{HOSPITAL}/{patient or body['store']}".encode()
    return Record(number, at + timedelta(seconds=2), key, orjson.dumps(body))


def items() -> Iterator[Keyed]:
    """The catalogue."""
    for number in range(ITEMS):
        record = {
            "schema": "udi.item/1",
            "hospital": HOSPITAL,
            "item_code": f"I{number}",
            "name": f"药物洗脱冠状动脉支架 {number}",
            "class": "III",
            "insurance_code": f"C0344051070500{number:06d}",
            "unit": "个",
            "identifiers": [{"issuer": "GS1", "di": di(number), "units_per_package": 1}],
            "owner": "supplier" if number % 3 == 0 else "hospital",
            "supplier": f"S{number % 20}",
            "monitored": number % 4 == 0,
            "tracking": "serial" if number < WITH_SERIAL else "lot",
            "prices": [{"price": f"{100 + number}.00", "currency": "CNY", "from": None, "to": None}],
            "cost": [{"cost": f"{80 + number}.00", "from": None, "to": None}],
        }
        yield f"{HOSPITAL}/I{number}".encode(), orjson.dumps(record)


def encounters(first: int, count: int) -> Iterator[Keyed]:
    """The patients of so many scans from a number on; both are whole stays."""
    for stay in range(first // STAY, (first + count) // STAY):
        day, of_day = divmod(stay * STAY, DAY)
        record = {
            "schema": "udi.encounter/1",
            "hospital": HOSPITAL,
            "encounter": f"E{stay}",
            "department": f"D{of_day // STAY % DEPARTMENTS}",
            "team": f"T{of_day // STAY % STORES % 7}",
            "admitted_at": (FIRST + timedelta(days=day - 1)).isoformat(),
        }
        yield f"{HOSPITAL}/E{stay}".encode(), orjson.dumps(record)


async def load_items(pool: asyncpg.Pool, lanes: int) -> None:
    """The catalogue into the books."""
    await record_facts(FactBooks(pool, lanes), CATALOGUE, list(items()), KNOWN_AT)


async def load_encounters(pool: asyncpg.Pool, lanes: int, first: int, count: int) -> None:
    """The patients of so many scans from a number on into the books."""
    await record_facts(FactBooks(pool, lanes), ENCOUNTERS, list(encounters(first, count)), KNOWN_AT)
