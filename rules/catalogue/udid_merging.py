"""Identifiers of the national database into the items that already have one of them.

References:
    docs/codes.md, "The national database".
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

import orjson

from models.catalogue.item import INSURANCE_CODE, CatalogueItem
from models.catalogue.udid import UdidDevice
from models.udi import Issuer
from models.udi.identifier import as_scanned
from models.wire.strict_json import Refusal, validate

Name = tuple[str, str]
"""(issuer, identifier as a scan gives it)."""


class Fate(StrEnum):
    """What a merge made of a device."""

    MERGED = "merged"
    """An item has all that it says, now or since before."""
    UNBOUND = "unbound"
    """No item has an identifier of it."""
    CONFLICT = "conflict"
    """It contradicts the catalogue: nothing of it was taken."""


class Merged(NamedTuple):
    """What a device has come to."""

    fate: Fate
    """What was made of it."""
    why: str = ""
    """Of a conflict: what was expected and what came."""


class Merge:
    """Devices of the national database, one by one, into the items of a hospital.

    Give each item the other identifiers of its device; what the hospital has said itself is left as it is. The units of
    the database are in its use units, those of an item in the hospital's: they are scaled by the identifier that both
    know. What the database alone can know (what a label carries, since when a device is not sold) is as it says.
    """

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self._bodies: dict[str, bytes] = {}
        """Records of the catalogue by item code, as they are: a dictionary of each would take five times the memory."""
        self._owners: dict[Name, tuple[str, ...]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        """New bodies by item code."""
        self.added = 0
        """Identifiers that items have gained."""
        self.completed = 0
        """Identifiers that items had, of which more is known: their units, what a label carries, their withdrawal."""
        for body in bodies:
            self.know(body)

    def know(self, body: bytes) -> None:
        """An item as it is; a later record of it counts."""
        item = orjson.loads(body)
        code = item["item_code"]
        self._bodies[code] = body
        for each in item["identifiers"]:
            self._own((each["issuer"], as_scanned(Issuer(each["issuer"]), each["di"])), code)

    def _own(self, name: Name, code: str) -> None:
        owners = self._owners.get(name, ())
        if code not in owners:
            self._owners[name] = (*owners, code)

    def add(self, device: UdidDevice) -> Merged:
        """Merge one device."""
        levels = device.levels()
        names = [(str(device.issuer), di) for di in levels]
        # What an item gained from a device before this one is its own too: no two items may get one identifier.
        owners = {code for name in names for code in self._owners.get(name, ())}
        if not owners:
            return Merged(Fate.UNBOUND)
        if len(owners) > 1:
            return Merged(Fate.CONFLICT, f"expected one item, {', '.join(sorted(owners))} have its identifiers")
        code = owners.pop()
        why = self._into(device, levels, self.items.get(code) or orjson.loads(self._bodies[code]))
        if why is not None:
            return Merged(Fate.CONFLICT, why)
        for name in names:
            self._own(name, code)
        return Merged(Fate.MERGED)

    def _into(self, device: UdidDevice, levels: Mapping[str, int | None], item: dict[str, Any]) -> str | None:
        """Why the device and the item do not agree; `None` when they do, and the item has all of the device."""
        identifiers = [dict(each) for each in item["identifiers"]]
        known = {as_scanned(device.issuer, each["di"]): each for each in identifiers if each["issuer"] == device.issuer}
        sizes = [(known[di].get("units_per_package"), units) for di, units in levels.items() if di in known and units]
        scales = {Fraction(ours, theirs) for ours, theirs in sizes if ours}
        if len(scales) > 1:
            return f"expected the packages of {item['item_code']}, got other sizes"
        scale = next(iter(scales), Fraction(1))
        added = completed = 0
        for di, units in levels.items():
            each = known.get(di)
            if each is None:
                each = {"issuer": str(device.issuer)}
                identifiers.append(each)
            before = dict(each)
            scaled = None if units is None else units * scale
            whole = int(scaled) if scaled is not None and scaled.denominator == 1 else None
            each |= {"di": di, "units_per_package": each.get("units_per_package") or whole}
            _register(each, device)
            added += di not in known
            completed += di in known and each != before
        why = self._put(device, item, identifiers, changed=added + completed > 0)
        if why is None:
            self.added += added
            self.completed += completed
        return why

    def _put(
        self, device: UdidDevice, item: dict[str, Any], identifiers: list[dict[str, Any]], *, changed: bool
    ) -> str | None:
        filled = {"maker": device.registrant, "insurance_code": _insurance_code(device)}
        new = {name: value for name, value in filled.items() if value and not item.get(name)}
        if not changed and not new:
            return None
        body = item | new | {"identifiers": identifiers}
        refusal = validate(CatalogueItem, orjson.dumps(body))
        if isinstance(refusal, Refusal):
            return f"{item['item_code']} would be no item: {refusal.detail}"
        self.items[item["item_code"]] = body
        return None


def _register(identifier: dict[str, Any], device: UdidDevice) -> None:
    """What the database alone can know. Its flags speak of the label of the sales unit."""
    if device.withdrawn_on is not None:
        identifier["withdrawn_on"] = device.withdrawn_on.isoformat()
    else:
        identifier.pop("withdrawn_on", None)
    if device.carries is not None and identifier["di"] == device.sales_unit:
        identifier["carries"] = [str(each) for each in device.carries]


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
