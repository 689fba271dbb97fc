"""Identifiers of the national database into the items that already have one of them.

References:
    docs/codes.md, "The national database".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.udid import UdidDevice

Claims = Mapping[tuple[str, str], list[dict[str, Any]]]
"""The bodies of the items that have an identifier, by (issuer, identifier)."""


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
    merged = Merged()
    for device in devices:
        levels = device.levels()
        owners = {item["item_code"]: item for di in levels for item in claims.get((str(device.issuer), di), ())}
        if not owners:
            merged.unbound.append(device)
        elif len(owners) > 1:
            merged.conflicts.append((device, f"expected one item, {', '.join(sorted(owners))} have its identifiers"))
        else:
            code, item = next(iter(owners.items()))
            _into(merged, device, levels, merged.items.get(code, item))
    return merged


def _into(merged: Merged, device: UdidDevice, levels: Mapping[str, int | None], item: dict[str, Any]) -> None:
    issuer = str(device.issuer)
    have = {each["di"]: each.get("units_per_package") for each in item["identifiers"] if each["issuer"] == issuer}
    scales = {(have[di], units) for di, units in levels.items() if have.get(di) and units}
    if len({ours / theirs for ours, theirs in scales}) > 1:
        merged.conflicts.append((device, f"expected the packages of {item['item_code']}, got other sizes"))
        return
    ours, theirs = next(iter(scales), (1, 1))
    identifiers = [dict(each) for each in item["identifiers"]]
    added = 0
    for di, units in levels.items():
        scaled = None if units is None or units * ours % theirs else units * ours // theirs
        known = next((each for each in identifiers if (each["issuer"], each["di"]) == (issuer, di)), None)
        if known is None:
            identifiers.append({"issuer": issuer, "di": di, "units_per_package": scaled})
            added += 1
        elif known.get("units_per_package") is None and scaled is not None:
            known["units_per_package"] = scaled
            added += 1
    filled = {"maker": device.registrant, "insurance_code": device.insurance_code}
    new = {name: value for name, value in filled.items() if value and not item.get(name)}
    if added or new:
        merged.added += added
        merged.items[item["item_code"]] = item | new | {"identifiers": identifiers}
