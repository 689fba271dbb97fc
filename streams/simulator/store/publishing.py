"""What the store publishes beside its scans: the stores, delivery notes and the recall notice."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

import orjson

from models.wire.topics import DELIVERIES, RECALLS, STORES
from streams.simulator.account.entries import Department
from streams.simulator.clock import instant, ordinal_of
from streams.simulator.plan import Record
from streams.simulator.store.keeping import Keeper

NOTICE: Final = "R-2001"
"""The notice's name."""


def stores(keeper: Keeper, departments: Iterable[Department], at: int) -> Iterator[Record]:
    """The stores that are kept, with their departments; and every other one of the house, by its name."""
    for room in keeper.rooms:
        yield _record(STORES, keeper, room.name, at, {
            "schema": "udi.store/1", "store": room.name, "name": f"store of {room.department.code}",
            "department": room.department.code, "kind": "department",
        })  # fmt: skip
    for department in departments:
        for store in department.stores:
            record = {"schema": "udi.store/1", "store": store, "name": f"store of {department.code}"}
            yield _record(STORES, keeper, store, at, record)


def notes(keeper: Keeper, at: int) -> Iterator[Record]:
    """This month's delivery notes."""
    for note in keeper.new:
        yield _record(DELIVERIES, keeper, note.number, at, note.record(keeper.plan.hospital))


def notice(keeper: Keeper, at: int) -> Iterator[Record]:
    """The recall of the lots that were bad; none when none has come."""
    lines = [
        {"issuer": goods.issuer, "di": goods.levels[0][0], "lots": sorted(keeper.recalled[goods.code])}
        for goods in keeper.goods() if goods.code in keeper.recalled
    ]  # fmt: skip
    if lines:
        yield _record(RECALLS, keeper, NOTICE, at, {
            "schema": "udi.recall/1", "recall": NOTICE, "version": 1, "class": "2", "reason": "seals may leak",
            "issued_on": date.fromordinal(ordinal_of(at)).isoformat(), "lines": lines,
        })  # fmt: skip


def _record(topic: str, keeper: Keeper, name: str, at: int, value: dict[str, Any]) -> Record:
    hospital = keeper.plan.hospital
    return Record(topic, f"{hospital}/{name}".encode(), orjson.dumps(value | {"hospital": hospital}), instant(at))
