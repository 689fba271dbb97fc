"""Identifiers of the national database into the items that already have one of them.

References:
    docs/codes.md, "The national database".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import orjson

from models.catalogue.item import INSURANCE_CODE, CatalogueItem
from models.catalogue.udid import UdidDevice
from models.udi.identifier import as_scanned
from models.wire.strict_json import Refusal, validate

Claims = Mapping[tuple[str, str], list[dict[str, Any]]]
"""The bodies of the items that have an identifier, by (issuer, identifier as a scan gives it)."""


@dataclass(slots=True)
class Merged:
    """What a merge has come to."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    """New bodies by item code."""
    added: int = 0
    """Identifiers."""
    unbound: list[UdidDevice] = field(default_factory=list)
    """Devices of which no item has an identifier."""
    conflicts: list[tuple[UdidDevice, str]] = field(default_factory=list)
    """Devices that could not be merged, and why."""


def merge(devices: Iterable[UdidDevice], claims: Claims) -> Merged:
    """Give each item the other identifiers of its device; what the hospital has said itself is left as it is.

    The units of the database are in its use units, those of an item in the hospital's: they are scaled by the
    identifier that both know.
    """
    merged, gained = Merged(), dict[tuple[str, str], dict[str, Any]]()
    for device in devices:
        levels = device.levels()
        names = [(str(device.issuer), di) for di in levels]
        owners = {item["item_code"]: item for name in names for item in claims.get(name, ())}
        # What an item gained from a device before this one is its own too: no two items may get one identifier.
        owners |= {gained[name]["item_code"]: gained[name] for name in names if name in gained}
        if not owners:
            merged.unbound.append(device)
        elif len(owners) > 1:
            merged.conflicts.append((device, f"expected one item, {', '.join(sorted(owners))} have its identifiers"))
        else:
            code, item = next(iter(owners.items()))
            if _into(merged, device, levels, merged.items.get(code, item)):
                gained |= dict.fromkeys(names, item)
    return merged


ITEM_COLUMNS = ("hospital", "item_code", "name", "spec", "maker", "insurance_code", "identifiers", "price")
"""Of a proposed item, in the order of a file to complete."""


def proposed_item(hospital: str, device: UdidDevice) -> dict[str, str]:
    """A device that no item has, as a row of `ITEM_COLUMNS`.

    The code is the identifier of the sales unit until the hospital gives its own; what the database does not know, the
    price above all, is left open.
    """
    packs = (f"{device.issuer}:{di}:{units or ''}" for di, units in device.levels().items())
    row = {
        "hospital": hospital,
        "item_code": device.sales_unit,
        "name": device.name,
        "spec": device.spec,
        "maker": device.registrant,
        "insurance_code": _insurance_code(device),
        "identifiers": ";".join(packs),
    }
    return {name: value for name, value in row.items() if value}


def _insurance_code(device: UdidDevice) -> str | None:
    """The field often holds words or several codes; only one that is a code is taken."""
    return device.insurance_code if INSURANCE_CODE.fullmatch(device.insurance_code or "") else None


def _into(merged: Merged, device: UdidDevice, levels: Mapping[str, int | None], item: dict[str, Any]) -> bool:
    """Whether the device and the item agree; then the item has all of the device."""
    identifiers = [dict(each) for each in item["identifiers"]]
    known = {as_scanned(device.issuer, each["di"]): each for each in identifiers if each["issuer"] == device.issuer}
    sizes = [(known[di].get("units_per_package"), units) for di, units in levels.items() if di in known and units]
    scales = {Fraction(ours, theirs) for ours, theirs in sizes if ours}
    if len(scales) > 1:
        merged.conflicts.append((device, f"expected the packages of {item['item_code']}, got other sizes"))
        return False
    scale = next(iter(scales), Fraction(1))
    added = 0
    for di, units in levels.items():
        each = known.get(di)
        if each is None:
            each = {"issuer": str(device.issuer)}
            identifiers.append(each)
        before = dict(each)
        scaled = None if units is None else units * scale
        whole = int(scaled) if scaled is not None and scaled.denominator == 1 else None
        each |= {"di": di, "units_per_package": each.get("units_per_package") or whole}
        added += each != before
    return _put(merged, device, item, identifiers, added)


def _put(
    merged: Merged, device: UdidDevice, item: dict[str, Any], identifiers: list[dict[str, Any]], added: int
) -> bool:
    filled = {"maker": device.registrant, "insurance_code": _insurance_code(device)}
    new = {name: value for name, value in filled.items() if value and not item.get(name)}
    body = item | new | {"identifiers": identifiers}
    refusal = validate(CatalogueItem, orjson.dumps(body))
    if isinstance(refusal, Refusal):
        merged.conflicts.append((device, f"{item['item_code']} would be no item: {refusal.detail}"))
        return False
    if added or new:
        merged.added += added
        merged.items[item["item_code"]] = body
    return True
