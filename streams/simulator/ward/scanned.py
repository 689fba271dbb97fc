"""A scan as the simulator knows it: what its record says, and what kind of thing it is in truth."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson

from streams.simulator.account.entries import Department, Stay
from streams.simulator.clock import stamp
from streams.simulator.hospital.goods import Unit


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
    """When it was scanned, by the device's clock."""
    arrives: int
    """The broker's timestamp of its record."""
    scan_id: str
    """UUID made by the device."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    quantity: int
    """Packages of the level scanned."""
    store: str
    """Store it was scanned in."""
    department: Department
    """Whose device scanned it."""
    device: str
    """Id of the scanner."""
    staff: str
    """Who scanned, by an opaque id."""
    unit: Unit | None = None
    """What was scanned; `None` of poison."""
    kind: Kind = Kind.WHOLE
    """What kind of record it is in truth."""
    reason: str | None = None
    """The person's words, of a typed entry; `None` otherwise."""
    codes: list[str] | None = None
    """`None`: the item code is named instead."""
    stay: Stay | None = None
    """Patient's stay; `None` without one."""
    says_department: bool = True
    """The record names the department."""
    to_store: str | None = None
    """Store the goods go to, or come back to; `None` when they stay."""
    corrects: str | None = None
    """Scan id that a return names, or whose goods an `identify` means; `None` when it names none."""
    entry: str = "scan"
    """How the codes got in: `scan`, `manual`, `camera` or `rfid`."""
    partner: "Scan | None" = None
    """The other half of its label; `None` of a whole one."""
    keyed: bool = True
    """The record has a key."""
    sequence: int = 0
    """Counts the scans of the device."""
    doubt: str | None = None
    """What stands against the lot of its label: `lot-uncertain`, or `ambiguous-code` of a unit that is held for it."""
    raw: bytes | None = None
    """The value of poison, and of a repeat."""
    key: bytes | None = None
    """The key of poison."""
    document: str | None = None
    """Number of the delivery note, count or set it belongs to; `None` of none."""
    place: str | None = None
    """A room or cabinet of the store, or `set`; `None`: the shelf."""
    operation: str | None = None
    """Id of the operation; `None`: the scan does not say."""
    fate: tuple[str, str] | None = None
    """Verdict and reason, where what lies in the house decides them; `None`: as the account finds."""


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
    event["operation"] = scan.operation
    event["team"] = stay.team if stay is not None else None
    event["staff"] = scan.staff
    event["to_store"] = scan.to_store
    event["corrects"] = scan.corrects
    event["reason"] = "label damaged" if scan.entry == "manual" else None
    event["entry"] = scan.entry
    belongs = {"document": scan.document, "place": scan.place}
    return event | {name: value for name, value in belongs.items() if value is not None}


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
