"""Delivery notes of tests, and their way into either books."""

from typing import Any

from models.stock.delivery import Delivery
from sinks.ports.batch import RawRecord
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from tests.support.builders import DI, HOSPITAL, NOON, body
from tests.support.ward import LANES, MemoryStore, PostgresStore, Store


def note(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Note N1 of the supplier S2; without lines it has one of ten screws."""
    return {
        "schema": "udi.delivery/1", "hospital": HOSPITAL, "note": "N1", "supplier": "S2", "store": "OR-2",
        "lines": list(lines) or [line()],
    } | changes  # fmt: skip


def line(name: str = "1", **changes: Any) -> dict[str, Any]:
    """Ten screws of any lot."""
    return {"line": name, "issuer": "GS1", "di": DI, "packages": 10} | changes


async def deliver(store: Store, *notes: dict[str, Any]) -> None:
    """Notes arrive, as one batch."""
    if isinstance(store, MemoryStore):
        for each in notes:
            store.memory.deliver(Delivery.model_validate_json(body(each)), NOON)
        return
    assert isinstance(store, PostgresStore)
    books, batch = SupplyBooks(store.pool, LANES), SupplyBatch()
    position = await books.take_over("c1", "udi.deliveries", 0)
    for place, each in enumerate(notes):
        read = books.parse_delivery(RawRecord(None, body(each)))
        books.add_delivery(batch, read, NOON, position.origin(position.next_offset + place))
    await books.record(position, position.next_offset + len(notes), None, batch)
    assert not batch.letters
