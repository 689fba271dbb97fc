"""A scan as the simulator knows it: what its record says, and what kind of thing it is in truth."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson

from streams.simulator.clock import stamp
from streams.simulator.hospital.goods import Unit
from streams.simulator.ward.people import Department, Stay


class Kind(Enum):
    """What a record is in truth."""

    WHOLE = auto()
    """The whole label of a unit, or goods scanned by item code."""
    HALF_IDENTIFIER = auto()
    """The identifier only; `partner` is the other half, or `None` when none comes."""
    HALF_REST = auto()
    """Lot, serial, date only; likewise."""
    CODE = auto()
    """A code that gives no identifier to act on: refused or held for `reason`."""
    REPEAT = auto()
    """A scan id that came before: `reason` says `duplicate` or `conflict`."""
    POISON = auto()
    """No scan event at all: refused for `reason`."""


@dataclass(slots=True)
class Scan:
    """A record for the scan topic. Instants in milliseconds."""

    at: int
    arrives: int
    scan_id: str
    action: str
    quantity: int
    store: str
    department: Department
    device: str
    staff: str
    unit: Unit | None = None
    kind: Kind = Kind.WHOLE
    reason: str | None = None
    codes: list[str] | None = None
    """`None`: the item code is named instead."""
    stay: Stay | None = None
    says_department: bool = True
    to_store: str | None = None
    corrects: str | None = None
    entry: str = "scan"
    partner: "Scan | None" = None
    keyed: bool = True
    sequence: int = 0
    doubt: str | None = None
    """What stands against the lot of its label: `lot-uncertain`, or `ambiguous-code` of a unit that is held for it."""
    raw: bytes | None = None
    """The value of poison, and of a repeat."""
    key: bytes | None = None
    """The key of poison."""


def body(scan: Scan, hospital: str) -> dict[str, Any]:
    """The event as its device writes it."""
    stay, codes = scan.stay, scan.codes
    event: dict[str, Any] = {
        "schema": "udi.scan/1",
        "scan_id": scan.scan_id,
        "hospital": hospital,
        "device_id": scan.device,
        "sequence": scan.sequence,
        "boot": "b1",
        "scanned_at": stamp(scan.at),
        "action": scan.action,
    }
    if codes is None:
        assert scan.unit is not None  # noqa: S101 -- without codes a scan names an item
        event["item_code"] = scan.unit.goods.code
    else:
        event["codes"] = codes
    event["quantity"] = scan.quantity
    event["store"] = scan.store
    event["department"] = scan.department.code if scan.says_department else None
    event["encounter"] = stay.code if stay is not None else None
    event["operation"] = None
    event["team"] = stay.team if stay is not None else None
    event["staff"] = scan.staff
    event["to_store"] = scan.to_store
    event["corrects"] = scan.corrects
    event["reason"] = "label damaged" if scan.entry == "manual" else None
    event["entry"] = scan.entry
    return event


def value_of(scan: Scan, hospital: str) -> bytes | None:
    """The bytes of the record; poison may have none."""
    if scan.raw is not None or scan.kind is Kind.POISON:
        return scan.raw
    return orjson.dumps(body(scan, hospital))


def key_of(scan: Scan, hospital: str) -> bytes | None:
    """The key of the record."""
    if scan.kind is Kind.POISON:
        return scan.key
    if not scan.keyed:
        return None
    return f"{hospital}/{scan.stay.code if scan.stay is not None else scan.store}".encode()
