"""A hospital's usage in a real database, written as batches would: what the evaluator finds."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson

from models.calendar import ZONE_DEFAULT, first_day, parse_month
from sinks.postgres.closing.periods import PeriodBooks
from sinks.postgres.database import open_pool
from streams.services.monitoring.evaluator import Evaluator
from tests.support.databases.books import prepare

AT: Final = datetime(2022, 7, 1, 4, tzinfo=UTC)
ITEMS: Final = ("A", "B", "C", "D", "E")
"""Monitored; any other code is not."""

Line = tuple[str, str, int, int]
"""Item, month, units, fen."""


class Ward:
    """The books of hospital H1 and its evaluator."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.evaluator = Evaluator(pool, ZONE_DEFAULT)
        self.periods = PeriodBooks(pool)
        self._batches = 0

    async def watch(self, items: Sequence[str], *, hospital: str = "H1", monitored: bool = True) -> None:
        """A newer catalogue version of the items."""
        for item in items:
            version = await self.pool.fetchval("UPDATE udi.fact_counter SET version = version + 1 RETURNING version")
            body = orjson.dumps({"hospital": hospital, "item_code": item, "monitored": monitored})
            await self.pool.execute(
                "INSERT INTO udi.catalogue VALUES ($1, $2, $3, $4, NULL, $5)", hospital, item, version, body, AT
            )

    async def scan(self, month: str, hospital: str = "H1", device: str = "gun") -> None:
        """Any scan of that month: the hospital has records of it."""
        self._batches += 1
        scanned_at = datetime.combine(first_day(parse_month(month)), datetime.min.time(), ZONE_DEFAULT)
        await self.pool.execute(
            "INSERT INTO udi.scan (position_id, record_offset, lane, recorded_at, hospital, device_id, scanned_at, "
            "verdict, reasons) VALUES (1, $1, 0, $2, $3, $4, $5, 'billed', '{}')",
            self._batches, AT, hospital, device, scanned_at + timedelta(hours=1),
        )  # fmt: skip

    async def use(
        self, *lines: Line, department: str = "", hospital: str = "H1", at: datetime = AT, evaluate: bool = True
    ) -> int:
        """A batch whose uses, in a department or in none, are these; gives the number of alert versions that follow."""
        self._batches += 1
        await self.pool.execute(
            "INSERT INTO udi.usage_delta VALUES (0, $1, $2, $3, $4, $5, $6, $7, $8)",
            self._batches, [hospital] * len(lines), [department] * len(lines), [item for item, *_ in lines],
            [parse_month(month) for _, month, *_ in lines], [units for *_, units, _ in lines],
            [fen for *_, fen in lines], at,
        )  # fmt: skip
        return await self.evaluator.until_idle() if evaluate else 0

    async def close(self, *months: str, hospital: str = "H1", evaluate: bool = True) -> None:
        """Close months, and judge each."""
        for month in months:
            first = {each.hospital: each.first for each in await self.periods.hospitals()}
            await self.periods.close(parse_month(month), {hospital: first[hospital]})
            if evaluate:
                await self.evaluator.until_idle()

    async def alerts(self, rule: str, *columns: str, measure: str = "amount", where: str = "true") -> list[Any]:
        """Columns of the versions of a rule's alerts, in the order they were written within each alert."""
        rows = await self.pool.fetch(
            f"SELECT {', '.join(columns)} FROM report.alerts WHERE rule = $1 AND measure = $2 AND {where} "
            "ORDER BY scope_type DESC, scope, item_code, month, version",
            rule, measure,
        )  # fmt: skip
        return [tuple(row) for row in rows]

    async def usage(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Units and fen by scope, item and month, as the report says."""
        rows = await self.pool.fetch("SELECT scope, item_code, month, quantity, amount FROM report.usage_months")
        return {tuple(row)[:3]: (row["quantity"], int(row["amount"] * 100)) for row in rows}

    async def bodies(self) -> list[dict[str, Any]]:
        """What is to be published on the topic of alerts, by sequence number."""
        rows = await self.pool.fetch(
            "SELECT body FROM report.outbox WHERE topic = 'udi.alerts' ORDER BY partition, seq"
        )
        return [orjson.loads(row["body"]) for row in rows]


@asynccontextmanager
async def ward(database: str, first_month: str = "2022-01") -> AsyncIterator[Ward]:
    """A fresh hospital that watches `ITEMS` and has records from that month on."""
    await prepare(database, 4)
    pool = await open_pool(database, 4)
    try:
        made = Ward(pool)
        await made.watch(ITEMS)
        await made.scan(first_month)
        yield made
    finally:
        await pool.close()
