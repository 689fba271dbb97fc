"""A cabinet's reads, and the topic's partition in the hands of a worker."""

from datetime import timedelta
from typing import Any, Final

import asyncpg

from sinks.messages.outgoing import Outgoing
from sinks.ports.batch import InputPosition, RawRecord
from sinks.postgres.stock.cabinets import CabinetBatch, CabinetBooks
from tests.support.builders import DI, HOSPITAL, NOON, body, gs1, scan

TOPIC: Final = "udi.cabinet-reads"


def tag(number: int, di: str = DI) -> str:
    return gs1(di, expiry="271231", lot="L1", serial=f"S{number}")


def unit(number: int, serial: int, **changes: Any) -> dict[str, Any]:
    """A scan of a unit in the cabinet, some seconds after noon."""
    return scan(number, **{"codes": [tag(serial)], "place": "cab1"} | changes)


def read(minutes: float, *tags: str, **changes: Any) -> dict[str, Any]:
    """What the cabinet holds so many minutes after noon."""
    return {
        "schema": "udi.cabinet-read/1", "hospital": HOSPITAL, "store": "OR-2", "place": "cab1", "tags": list(tags),
        "read_at": (NOON + timedelta(minutes=minutes)).isoformat(), "session": f"D{minutes}", "staff": f"B{minutes}",
    } | changes  # fmt: skip


class Cabinet:
    """The topic's partition in the hands of a worker."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._books = CabinetBooks(pool, 2)
        self._position: InputPosition | None = None

    async def sees(self, *reads: dict[str, Any]) -> list[Outgoing]:
        """The reads arrive as one batch; gives the dead letters."""
        position = self._position or await self._books.take_over("c1", TOPIC, 0)
        batch = CabinetBatch()
        for place, each in enumerate(reads):
            raw = RawRecord(f"H1/{each['store']}".encode(), body(each))
            CabinetBooks.add(batch, CabinetBooks.parse(raw), NOON, position.origin(position.next_offset + place))
        await self._books.record(position, position.next_offset + len(reads), None, batch)
        self._position = await self._books.take_over("c1", TOPIC, 0)
        return batch.letters
