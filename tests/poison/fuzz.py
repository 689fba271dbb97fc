"""Records from the JSON Schemas of the models: valid, nearly valid, absurd; the same ones for the same seed."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from models.catalogue.item import CatalogueItem
from models.charging.encounter import Encounter
from models.reconciling.his_charge import HisCharge
from models.scan.event import ScanEvent
from models.wire.topics import CATALOGUE, ENCOUNTERS, HIS_CHARGES, SCANS
from tests.support.builders import encounter, item, scan

ABSURD: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    1,
    2**31,
    2**63,
    2**64,
    10**300,
    0.5,
    1e308,
    -0.0,
    "",
    " ",
    "\x00",
    "\x1f",
    "\u202e",
    "\U0001f600",
    "\uff10",
    "1_000",
    "9e999999",
    "1e-9999999",
    "-1",
    "NaN",
    "Infinity",
    "0x10",
    "x" * 70,
    "x" * 5000,
    "/",
    "a/b",
    "../..",
    "'; DROP TABLE udi.scan; --",
    "0001-01-01T00:00:00+08:00",
    "9999-12-31T23:59:59-12:00",
    "2022-02-30T00:00:00Z",
    "2022-06-03T08:15:30",
    "0001-01-01",
    "9999-12-31",
    "2022-06-03T08:15:30+23:59",
    "00000000-0000-0000-0000-000000000000",
    "\x1d\x1d\x1d",
    "]d2",
    "]d201",
    "+",
    "=",
    "&",
    "(01)",
    [],
    [[]],
    [None],
    [[[[[[[[[[]]]]]]]]]],
    {},
    {"": ""},
    {"a": {"b": {"c": []}}},
    ["x"] * 500,
    [""] * 5,
)
"""Values that a field was not made for, or just about."""


def _his_line(number: int) -> dict[str, Any]:
    return {
        "schema": "udi.his-charge/1",
        "hospital": "H1",
        "line_id": f"F{number}",
        "encounter": "E1",
        "item_code": "SCREW",
        "quantity": 1,
        "unit_price": "1234.00",
        "amount": "1234.00",
        "service_at": "2022-06-03T08:15:30+08:00",
    }


VALID: Final[dict[str, tuple[type[BaseModel], Callable[[int], dict[str, Any]]]]] = {
    SCANS: (ScanEvent, lambda number: scan(1_000_000 + number, scanned_at="2022-06-03T12:00:00+08:00")),
    CATALOGUE: (CatalogueItem, lambda number: item(item_code=f"F{number}", identifiers=[])),
    ENCOUNTERS: (Encounter, lambda number: encounter(encounter=f"F{number}")),
    HIS_CHARGES: (HisCharge, _his_line),
}
"""By topic: the model its records are read by, and a valid record of a number."""


def records(topic: str, count: int, seed: int) -> Iterator[bytes]:
    """So many records of a topic: a third of them valid but for nothing, the others a little or wholly wrong."""
    random = Random(f"{topic} {seed}")  # noqa: S311 -- the same again is the point
    model, valid = VALID[topic]
    properties = model.model_json_schema(by_alias=True)["properties"]
    for number in range(count):
        record = valid(number)
        kind = random.randrange(6)
        if kind >= 2:
            for _ in range(1 if kind < 5 else 4):
                _spoil(record, properties, random)
        yield _as_bytes(record, random) if kind != 2 else _cut(record, random)


def _spoil(record: dict[str, Any], properties: dict[str, Any], random: Random) -> None:
    """Change one thing: a field left out, made absurd, made of a neighbour's value, or one that nobody knows."""
    name = random.choice(list(properties))
    match random.randrange(6):
        case 0:
            record.pop(name, None)
        case 1:
            record[random.choice(["x", "", "数据", "__class__", name.upper()])] = random.choice(ABSURD)
        case 2 if record:
            record[name] = record[random.choice(list(record))]
        case 3 if isinstance(record.get(name), list) and record[name]:
            record[name] = record[name] * random.choice([2, 5, 501])
        case _:
            record[name] = random.choice(ABSURD)
    if name == "scan_id" and not isinstance(record.get("scan_id"), str):
        record["scan_id"] = str(UUID(int=random.getrandbits(128)))


def _as_bytes(record: dict[str, Any], random: Random) -> bytes:
    separators = random.choice([(",", ":"), (", ", ": "), (" , ", " : ")])
    return json.dumps(record, separators=separators, ensure_ascii=random.random() < 0.5).encode(
        "utf-8", "surrogatepass"
    )


def _cut(record: dict[str, Any], random: Random) -> bytes:
    """Bytes that were JSON: cut off, with a byte changed, doubled, or a key twice."""
    text = json.dumps(record).encode()
    place = random.randrange(len(text))
    match random.randrange(4):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + bytes([random.randrange(256)]) + text[place + 1 :]
        case 2:
            return text + text
        case _:
            return text[:-1] + b',"hospital":"H2"}'
