"""Breakers, quotas, totals, mixes, ceilings and approvals into the books, and as people see them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg

from models.charging.controls import Control, kind_of
from sinks.postgres.named import Asked

_NEWEST_DAY = """
SELECT max(udi.local_day(s.scanned_at))
FROM udi.installation i CROSS JOIN LATERAL udi.devices($1) d
CROSS JOIN LATERAL (
    SELECT s.scanned_at FROM udi.scan s
    WHERE s.hospital = $1 AND s.device_id = d.device_id AND s.scanned_at >= $2::date::timestamp AT TIME ZONE i.zone
      AND s.scanned_at < $3::date::timestamp AT TIME ZONE i.zone
    ORDER BY s.scanned_at DESC LIMIT 1
) s
"""


def _quota(row: asyncpg.Record) -> dict[str, Any]:
    def as_measured(value: Decimal) -> int | Decimal:
        return int(value) if row["measure"] == "units" else value.quantize(Decimal("0.01"))

    return dict(row) | {name: as_measured(row[name]) for name in ("released", "used", "left")}


async def record_controls(asked: Asked, controls: Sequence[Control], at: datetime) -> int:
    """Record new versions, in the transaction of `asked` where it has one. Gives the fact version."""
    rows = [
        (each.hospital, kind_of(each), each.key, number, each.model_dump_json(), at)
        for number, each in enumerate(controls, 1)
    ]
    return int(await asked.fetchval("SELECT udi.record_controls($1::udi.control[])", rows))


class ControlBooks:
    """The side of the books that holds what a hospital has decided about charging."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def record(self, controls: Sequence[Control], at: datetime | None = None) -> int:
        """Record new versions, whole or not at all; from then on every lane decides by them. Gives the fact version."""
        return await record_controls(self._pool, controls, at or datetime.now(UTC))

    async def breakers(self) -> list[dict[str, Any]]:
        """The newest state of every breaker, open ones first."""
        rows = await self._pool.fetch(
            "SELECT b.*, (SELECT count(*) FROM udi.open_scan o "
            "WHERE (o.hospital, o.item_code, o.reason) = (b.hospital, b.item_code, 'breaker-open')) AS held "
            "FROM report.breakers b "
            "ORDER BY array_position(ARRAY['open', 'trial', 'warning', 'closed'], state), hospital, item_code, scope"
        )
        return [dict(row) for row in rows]

    async def overrides(self, item_code: str | None = None) -> list[dict[str, Any]]:
        """Uses that were let pass and wait for a look, newest first."""
        rows = await self._pool.fetch(
            "SELECT * FROM report.overrides WHERE $1::text IS NULL OR item_code = $1 ORDER BY scanned_at DESC",
            item_code,
        )
        return [dict(row) for row in rows]

    async def quotas(self, month: str | None = None) -> list[dict[str, Any]]:
        """Quotas with what is left: whole units as `int`; yuan and per cent as `Decimal` with two digits."""
        rows = await self._pool.fetch(
            "SELECT q.* FROM report.quotas q WHERE $1::text IS NULL OR q.month = $1 "
            "ORDER BY q.month DESC, q.hospital, q.category, q.department",
            month,
        )
        return [_quota(row) for row in rows]

    async def newest_day(self, hospital: str, first: date, after: date) -> date | None:
        """The last local day from `first` to before `after` on which the hospital scanned anything."""
        day: date | None = await self._pool.fetchval(_NEWEST_DAY, hospital, first, after)
        return day

    async def hospitals_of(self, item_code: str) -> list[str]:
        """The hospitals whose catalogue has the item."""
        rows = await self._pool.fetch(
            "SELECT DISTINCT hospital FROM udi.catalogue WHERE item_code = $1 ORDER BY 1", item_code
        )
        return [row["hospital"] for row in rows]

    async def listed(self, what: str) -> list[dict[str, Any]]:
        """The rows of `report.ceilings` or `report.approvals`."""
        assert what in {"ceilings", "approvals"}  # noqa: S101 -- a constant of the commands
        return [dict(row) for row in await self._pool.fetch(f"SELECT * FROM report.{what} ORDER BY hospital, 2, 3")]
