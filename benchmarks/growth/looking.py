"""What people look up and how long it takes: a case, a scan, a unit, a recall, what is parked, the board."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any, Final

import asyncpg

from benchmarks.growth import years
from benchmarks.growth.years import HOSPITAL, STAY
from benchmarks.parts import LANES
from models.closing.case import CaseKey
from models.stock.recall import Recall
from rules.catalogue.joining import price_on
from rules.closing.proving import prove
from sinks.ports.batch import RawRecord
from sinks.postgres.charging.parked_and_held import open_scans
from sinks.postgres.charging.stories import story_of
from sinks.postgres.closing.cases import CaseBooks
from sinks.postgres.stock.recall_desk import RecallDesk
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from sinks.postgres.stock.trace import TraceBooks
from sinks.postgres.web.board import BoardBooks
from streams.services.recall_lister import list_notice

TIMES: Final = 20
"""Of each look-up, at places all over the books."""
PAGE: Final = 100
DAY_BEFORE: Final = timedelta(hours=24)


async def look(pool: asyncpg.Pool, scans: int) -> dict[str, float]:
    """Milliseconds, the median, by what is looked up in books of so many scans."""
    stays = cycle(range(0, scans // STAY - 1, max(1, scans // STAY // TIMES)))
    found = {}
    for name, ask in _LookUps(pool, stays).named().items():
        taken = []
        for _ in range(TIMES):
            began = perf_counter()
            await ask()
            taken.append(1000 * (perf_counter() - began))
        found[name] = median(taken)
    return found | await _recall(pool, next(stays))


class _LookUps:
    """Each look-up, of another stay each time."""

    def __init__(self, pool: asyncpg.Pool, stays: Iterator[int]) -> None:
        self._pool = pool
        self._stays = stays
        self._cases, self._trace, self._board = CaseBooks(pool, price_on), TraceBooks(pool), BoardBooks(pool)

    def named(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """By name."""
        lists = ("parked", "scans", "charges")
        return {
            "a case, proven": self._case, "a scan, all that became of it": self._scan, "a unit, traced": self._unit,
            "implants of an encounter": self._devices, "udi parked, all": self._parked,
            "the board's now": self._now, "the board's month": self._month,
            **{f"/list/{name}": partial(self._page, name) for name in lists},
        }  # fmt: skip

    async def _case(self) -> None:
        key = CaseKey(HOSPITAL, f"E{next(self._stays)}", "")
        assert prove(key, (await self._cases.snapshot(key)).scans).numbers.scans.units > 0

    async def _scan(self) -> None:
        scan_id = years.scan_id(next(self._stays) * STAY + years.UNITS)
        assert await story_of(self._pool, HOSPITAL, scan_id) is not None

    async def _unit(self) -> None:
        item, lot, serial = years.unit(next(self._stays))
        for each in await self._trace.units_of_code(HOSPITAL, ("GS1", years.di(item)), lot, serial):
            assert len(await self._trace.events(each)) == 2

    async def _devices(self) -> None:
        assert await self._trace.devices(HOSPITAL, f"E{next(self._stays)}")

    async def _parked(self) -> None:
        assert await open_scans(self._pool, "parked")

    async def _now(self) -> None:
        newest = (await self._board.now(HOSPITAL))["newest"]
        assert await self._board.verdicts(HOSPITAL, newest - DAY_BEFORE)
        await self._board.delay(HOSPITAL, newest - DAY_BEFORE)

    async def _month(self) -> None:
        newest = (await self._board.totals(HOSPITAL))[0]["month"]
        number = int(newest.replace("-", ""))
        assert await self._board.top(HOSPITAL, number, number - 1, None)
        await self._board.findings(HOSPITAL, newest)
        await self._board.differences(HOSPITAL)

    async def _page(self, name: str) -> None:
        assert (await self._board.rows(name, HOSPITAL, {}, PAGE))[1]


async def _recall(pool: asyncpg.Pool, stay: int) -> dict[str, float]:
    """A notice of a lot of an item: in the books, so in force for whatever is recorded after; and all it lists."""
    item, lot, _ = years.unit(stay)
    record: dict[str, Any] = {
        "schema": "udi.recall/1", "hospital": HOSPITAL, "recall": "R1", "version": 1, "issued_on": "2022-06-01",
        "class": "1", "reason": "breaks", "lines": [{"issuer": "GS1", "di": years.di(item), "lots": [lot]}],
    }  # fmt: skip
    body = json.dumps(record).encode()
    books, batch = SupplyBooks(pool, LANES), SupplyBatch()
    position = await books.take_over("benchmark", "recalls", 0)
    began = perf_counter()
    books.add_recall(batch, books.parse_recall(RawRecord(None, body)), years.KNOWN_AT, position.origin(0))
    await books.record(position, 1, None, batch)
    in_force = perf_counter()
    notice = Recall.model_validate_json(body)
    await list_notice(RecallDesk(pool), notice)
    listed = perf_counter()
    assert await RecallDesk(pool).lines(notice)
    blocks, lists = 1000 * (in_force - began), 1000 * (listed - in_force)
    return {"a recall, until it blocks": blocks, "a recall, all it lists": lists}
