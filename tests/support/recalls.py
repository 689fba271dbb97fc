"""Recall notices of tests, and their way into the books."""

from typing import Any

import asyncpg

from sinks.ports.batch import RawRecord
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from tests.support.builders import DI, HOSPITAL, NOON, body

RECALLS = "udi.recalls"


def recall(version: int = 1, name: str = "R1", **changes: Any) -> dict[str, Any]:
    """A class 1 notice of lot BAD of the usual screw."""
    return {
        "schema": "udi.recall/1", "hospital": HOSPITAL, "recall": name, "version": version, "issued_on": "2022-06-01",
        "class": "1", "reason": "breaks", "lines": [{"issuer": "GS1", "di": DI, "lots": ["BAD"]}],
    } | changes  # fmt: skip


async def accept(pool: asyncpg.Pool, *notices: dict[str, Any] | bytes, lanes: int = 2) -> list[str]:
    """Notices arrive as one batch; gives what is wrong with those that become dead letters."""
    books, batch = SupplyBooks(pool, lanes), SupplyBatch()
    position = await books.take_over("c1", RECALLS, 0)
    for place, each in enumerate(notices):
        value = each if isinstance(each, bytes) else body(each)
        books.add_recall(
            batch, books.parse_recall(RawRecord(None, value)), NOON, position.origin(position.next_offset + place)
        )
    await books.record(position, position.next_offset + len(notices), None, batch)
    return [str(letter.reason) for letter in batch.letters]
