"""Records from the JSON Schemas of the models: valid, nearly valid, absurd; the same ones for the same seed."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from models.assessment.discharge import Discharge, Income
from models.catalogue.item import CatalogueItem
from models.charging.encounter import Encounter
from models.reconciling.his_charge import HisCharge
from models.scan.event import ScanEvent
from models.stock.cabinet import CabinetRead
from models.stock.delivery import Delivery
from models.stock.recall import Recall
from models.stock.store import StoreRecord
from models.wire.topics import (
    CABINET_READS,
    CATALOGUE,
    DELIVERIES,
    DISCHARGES,
    ENCOUNTERS,
    HIS_CHARGES,
    INCOME,
    RECALLS,
    SCANS,
    STORES,
)
from tests.support.builders import DI, encounter, gs1, item, scan
from tests.support.cases import discharge, income
from tests.support.recalls import recall

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
SENT_BYTES_MAX: Final = 1_000_000
"""No longer record comes: a broker takes 1,048,588 bytes by default (`message.max.bytes`), headers included."""


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


def _store(number: int) -> dict[str, Any]:
    levels = [{"item_code": "SCREW", "minimum": 1, "maximum": 5}]
    return {"schema": "udi.store/1", "hospital": "H1", "store": f"F{number}", "kind": "central", "levels": levels}


def _note(number: int) -> dict[str, Any]:
    line = {"line": "1", "issuer": "GS1", "di": DI, "lot": "L1", "expiry": "2027-12-31", "packages": 2, "cost": "1.5"}
    return {
        "schema": "udi.delivery/1",
        "hospital": "H1",
        "note": f"F{number}",
        "supplier": "S1",
        "store": "OR-2",
        "expected_on": "2022-06-05",
        "lines": [line],
    }


def _cabinet(number: int) -> dict[str, Any]:
    return {
        "schema": "udi.cabinet-read/1", "hospital": "H1", "store": "OR-2", "place": f"F{number}", "session": "D7",
        "read_at": "2022-06-03T12:00:00+08:00", "tags": [gs1(DI, serial="S1"), "no tag of ours"],
    }  # fmt: skip


VALID: Final[dict[str, tuple[type[BaseModel], Callable[[int], dict[str, Any]]]]] = {
    SCANS: (ScanEvent, lambda number: scan(1_000_000 + number, scanned_at="2022-06-03T12:00:00+08:00")),
    CATALOGUE: (CatalogueItem, lambda number: item(item_code=f"F{number}", identifiers=[])),
    ENCOUNTERS: (Encounter, lambda number: encounter(encounter=f"F{number}")),
    HIS_CHARGES: (HisCharge, _his_line),
    DISCHARGES: (Discharge, lambda number: discharge(encounter=f"F{number}")),
    INCOME: (Income, lambda number: income(department=f"F{number}")),
    RECALLS: (Recall, lambda number: recall(name=f"F{number}")),
    STORES: (StoreRecord, _store),
    DELIVERIES: (Delivery, _note),
    CABINET_READS: (CabinetRead, _cabinet),
}
"""By topic: the model its records are read by, and a valid record of a number."""


def records(topic: str, count: int, seed: int) -> Iterator[bytes]:
    """So many records of a topic: a third of them valid but for nothing, the others a little or wholly wrong."""
    random = Random(f"{topic} {seed}")  # noqa: S311 -- the same again is the point
    model, valid = VALID[topic]
    schema = model.model_json_schema(by_alias=True)
    for number in range(count):
        record = valid(number)
        kind = random.randrange(6)
        if kind >= 2:
            for _ in range(1 if kind < 5 else 4):
                _spoil(record, schema, schema, random)
        yield (_as_bytes(record, random) if kind != 2 else _cut(record, random))[:SENT_BYTES_MAX]


def _spoil(record: dict[str, Any], schema: dict[str, Any], whole: dict[str, Any], random: Random) -> None:
    """Change one thing: a field left out, at the edge of its bounds, absurd, a neighbour's, or an unknown one."""
    name = random.choice(list(schema["properties"]))
    kinds = list(_kinds(schema["properties"][name], whole))
    inner = [each for each in kinds if "properties" in each]
    parts = [each for each in _as_list(record.get(name)) if isinstance(each, dict)]
    if inner and parts and random.random() < 0.7:
        _spoil(random.choice(parts), inner[0], whole, random)
        return
    edges = [edge for kind in kinds for edge in _edges(kind)]
    match random.randrange(8):
        case 0:
            record.pop(name, None)
        case 1:
            record[random.choice(["x", "", "数据", "__class__", name.upper()])] = random.choice(ABSURD)
        case 2 if record:
            record[name] = record[random.choice(list(record))]
        case 3 if isinstance(record.get(name), list) and record[name]:
            record[name] = record[name] * random.choice([2, 5, 501])
        case 4 | 5 if edges:
            record[name] = random.choice(edges)
        case _:
            record[name] = random.choice(ABSURD)
    if name == "scan_id" and not isinstance(record.get("scan_id"), str):
        record["scan_id"] = str(UUID(int=random.getrandbits(128)))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _kinds(schema: dict[str, Any], whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a field may be by its schema: through references, alternatives and the elements of lists."""
    if "$ref" in schema:
        yield from _kinds(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    for each in schema.get("anyOf", []):
        yield from _kinds(each, whole)
    if "items" in schema:
        yield from _kinds(schema["items"], whole)
    yield schema


def _edges(schema: dict[str, Any]) -> Iterator[Any]:
    """Values at the bounds that the schema gives, on either side."""
    for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if bound in schema:
            yield from (schema[bound] - 1, schema[bound], schema[bound] + 1)
    for bound in ("minLength", "maxLength"):
        if bound in schema:
            yield from ("x" * max(0, schema[bound] + more) for more in (-1, 0, 1))
    for word in schema.get("enum", [schema["const"]] if "const" in schema else []):
        yield from (word, f"{word} ", str(word).swapcase())
    if "maxItems" in schema and schema["maxItems"] <= 1000:
        yield from ([None] * schema["maxItems"], ["x"] * (schema["maxItems"] + 1))
    if schema.get("format") in {"date", "date-time"}:
        yield from (
            "1899-12-31",
            "1900-01-01T00:00:00Z",
            "2199-12-31T23:59:59Z",
            "2200-01-01",
            "2022-06-03",
            "-2022-06-03",
        )


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
