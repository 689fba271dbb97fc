"""The life of a unit or lot, and the devices of an encounter, as the books hold them.

References:
    docs/store.md, "Trace".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from models.udi import Issuer

Identifier = tuple[str, str]
"""(issuer, device identifier)."""

_ITEMS = """
SELECT newest.hospital, newest.item_code, newest.body FROM (
    SELECT DISTINCT c.hospital, c.item_code FROM udi.fact_change f
    JOIN udi.catalogue c ON (c.hospital, c.item_code) = (f.hospital, f.code)
    WHERE f.kind = 'item' AND f.issuers @> ARRAY[$2::text] AND f.dis @> ARRAY[$3::text]
      AND ($1::text IS NULL OR f.hospital = $1)
) k
CROSS JOIN LATERAL (
    SELECT c.* FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (k.hospital, k.item_code)
    ORDER BY c.version DESC LIMIT 1
) newest
"""
_ITEM = """
SELECT DISTINCT ON (c.hospital) c.hospital, c.item_code, c.body FROM udi.catalogue c
WHERE c.item_code = $2 AND ($1::text IS NULL OR c.hospital = $1) ORDER BY c.hospital, c.version DESC
"""
_HOSPITALS = "SELECT h.hospital FROM udi.hospitals_with_records() h (hospital) ORDER BY 1"


@dataclass(frozen=True, slots=True)
class TracedUnit:
    """What is followed: a unit (with its serial) or a lot, by every identifier its item has."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    issuer: str | None
    """Of the code that was asked for; `None` when an item was."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    item_code: str | None
    """`None`: no item of the hospital has the identifier."""
    item_name: str | None
    """The item's name in the catalogue; `None` while it is unknown."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Of the unit; `None` when a lot is followed."""
    identifiers: tuple[Identifier, ...]
    """Every (issuer, di) of the item: a box and its single units are one life."""


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One thing that happened to it."""

    at: datetime
    """When it happened."""
    kind: str
    """The action of a scan; `taken-back`, `moved-again`; or of a later entry `charge`, `credit`, `payable`, `reversal`.

    `moved-again`: goods that had gone back move under another label.
    """
    from_place: str | None
    """Place the goods left; `None` when nothing moved."""
    to_place: str | None
    """`None`: nothing moved."""
    quantity: int | None
    """Units of use; `None` while the item is unknown."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    document: str | None
    """Delivery note, transfer, count or order it belongs to; `None` without one."""
    scan_id: UUID | None
    """Id of the scan, made by its device; `None` without one."""
    billing_id: UUID | None
    """Id of the ledger entry; `None` without one."""
    line_id: UUID | None
    """Settlement line; `None` of other events."""
    recall: str | None
    """Id of the recall notice; `None` of other events."""
    by: str | None
    """Person who caused it; `None` when nobody did."""
    verdict: str | None
    """What became of the scan; `None` of other events."""
    reasons: Sequence[str]
    """Why, in order of precedence; the first that decides gave the verdict."""
    lot: str | None
    """Lot that the line's goods were recorded under; `None` when it was not known."""
    serial: str | None
    """Serial that the line's goods were recorded under; `None` when it was not known."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    became_lot: str | None
    """Lot that the goods turned out to be of; with `became_serial` `None`: they are what the line says."""
    became_serial: str | None
    """Serial that the goods turned out to have."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that an encounter got and kept."""

    used_at: datetime
    """When it was used, by the scanning device's clock."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    item_name: str | None
    """The item's name in the catalogue; `None` while it is unknown."""
    spec: str | None
    """Specification and model; `None` when the catalogue has none."""
    maker: str | None
    """Name of the maker; `None` when the catalogue has none."""
    device_class: str | None
    """`I`, `II` or `III`; `None` when the catalogue has none."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    production: date | None
    """Day of production; `None` when it is not known."""
    quantity: int
    """Units of use, less what came back; packages while the item is unknown."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    store: str
    """Store it was used from."""
    operation: str | None
    """Id of the operation within the stay; `None` outside one."""
    verdict: str
    """What became of the scan."""
    reasons: Sequence[str]
    """Why, in order of precedence; the first that decides gave the verdict."""


class TraceBooks:
    """The books as traces ask them; nothing is written."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def units_of_code(
        self, hospital: str | None, identifier: Identifier, lot: str | None, serial: str | None
    ) -> list[TracedUnit]:
        """The unit or lot of a label in each hospital that may have it; one for each item that has the identifier."""
        issuer, di = identifier
        rows = await self._pool.fetch(_ITEMS, hospital, issuer, di)
        found = [
            replace(_unit(row, lot, serial), issuer=issuer, di=di)
            for row in rows
            if identifier in _identifiers(orjson.loads(row["body"]))
        ]
        named = {unit.hospital for unit in found}
        hospitals = [hospital] if hospital else [row["hospital"] for row in await self._pool.fetch(_HOSPITALS)]
        unknown = [TracedUnit(each, issuer, di, None, None, lot, serial, (identifier,)) for each in hospitals]
        return found + [unit for unit in unknown if unit.hospital not in named]

    async def units_of_item(
        self, hospital: str | None, item_code: str, lot: str | None, serial: str | None
    ) -> list[TracedUnit]:
        """The unit or lot of an item in each hospital that has the item."""
        return [_unit(row, lot, serial) for row in await self._pool.fetch(_ITEM, hospital, item_code)]

    async def events(self, unit: TracedUnit) -> list[TraceEvent]:
        """What happened to it, in order of time."""
        issuers, dis = [issuer for issuer, _ in unit.identifiers], [di for _, di in unit.identifiers]
        rows = await self._pool.fetch(
            "SELECT * FROM udi.trace_3($1, $2, $3, $4, $5)", unit.hospital, issuers, dis, unit.lot, unit.serial
        )
        return [TraceEvent(*tuple(row)[:-1]) for row in rows]

    async def devices(self, hospital: str, encounter: str) -> list[Device]:
        """What an encounter got and kept, oldest first."""
        return [
            _device(row)
            for row in await self._pool.fetch("SELECT * FROM udi.devices_of_encounter($1, $2)", hospital, encounter)
        ]


def _unit(row: Any, lot: str | None, serial: str | None) -> TracedUnit:
    body = orjson.loads(row["body"])
    identifiers = (*_identifiers(body), (Issuer.INTERNAL.value, row["item_code"]))
    return TracedUnit(row["hospital"], None, None, row["item_code"], body["name"], lot, serial, identifiers)


def _identifiers(body: dict[str, Any]) -> tuple[Identifier, ...]:
    return tuple((each["issuer"], each["di"]) for each in body["identifiers"])


def _device(row: Any) -> Device:
    item = orjson.loads(row["body"]) if row["body"] is not None else {}
    return Device(
        row["used_at"], row["scan_id"], row["item_code"], item.get("name"), item.get("spec"), item.get("maker"),
        item.get("class"), row["issuer"], row["di"], row["lot"], row["serial"], row["expiry"], row["production"],
        row["quantity"], row["department"], row["store"], row["operation"], row["verdict"], row["reasons"],
    )  # fmt: skip
