"""What stores need, and orders in PostgreSQL: proposed, released once by a person and published with it, closed.

References:
    docs/store.md, "Replenishment and orders".
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, fields
from itertools import groupby
from typing import Any, Final

import asyncpg
import orjson

from models.ids import made_id
from models.stock.order import SCHEMA, Draft, Need, Order, OrderLine, OrderStatus
from sinks.postgres.locks import AdvisoryLock
from sinks.postgres.named import Asked, Connection, fetch

_NEEDS: Final = """
SELECT hospital, store, item_code, on_hand, on_order, minimum, maximum, daily_use, days_left, proposed, packages,
       elsewhere, elsewhere_stores, stopped, supplier, issuer, di, units_per_package, lead_days, forecast_days,
       forecast, forecast_low, forecast_high
FROM report.replenishment
WHERE ($1::text IS NULL OR hospital = $1) AND ($2::text IS NULL OR store = $2) AND ($3::text IS NULL OR item_code = $3)
ORDER BY hospital, store, item_code
"""
_ORDERS: Final = """
SELECT hospital, order_id, supplier, number, status, made_at, made_by, released_at, released_by, closed_at, closed_by,
       reason, store, item_code, issuer, di, packages, units, on_hand, on_order
FROM report.orders
WHERE ($1::text IS NULL OR hospital = $1) AND ($2::text IS NULL OR order_id = $2)
  AND ($3::text[] IS NULL OR status = ANY ($3))
ORDER BY hospital, supplier, number, line
"""
_PURCHASE: Final = """
INSERT INTO udi.purchase (hospital, supplier, number, made_by)
SELECT $1, $2, coalesce(max(number), 0) + 1, $3 FROM udi.purchase WHERE (hospital, supplier) = ($1, $2)
RETURNING number
"""
_LINE: Final = """
INSERT INTO udi.purchase_line (hospital, supplier, number, line, store, item_code, issuer, di, packages, units, on_hand,
    on_order)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_CLOSE: Final = """
INSERT INTO udi.purchase_mark (hospital, supplier, number, status, received, reason, by)
VALUES ($1, $2, $3, 'closed', '{}', $4, $5)
"""
_HOSPITALS: Final = "SELECT DISTINCT hospital FROM udi.store_level WHERE $1::text IS NULL OR hospital = $1 ORDER BY 1"
NOT_NEEDED: Final = "not needed any more"
_OF_ORDER: Final = tuple(each.name for each in fields(Order) if each.name not in {"status", "lines"})
_OF_LINE: Final = tuple(each.name for each in fields(OrderLine))


class OrderStandsError(Exception):
    """The order is not in the state that was expected: another person was faster, or a later proposal stands."""

    def __init__(self, order: Order) -> None:
        super().__init__(f"Expected an order that may be changed so, got {order.order_id}: {order.status}.")
        self.order = order


async def needs(
    asked: Asked, hospital: str | None = None, store: str | None = None, item_code: str | None = None
) -> list[Need]:
    """Every item that a store keeps by a level, as the books stand."""
    return await fetch(asked, Need, _NEEDS, hospital, store, item_code)


async def orders(
    asked: Asked, hospital: str | None = None, order_id: str | None = None, statuses: Sequence[str] | None = None
) -> list[Order]:
    """Orders by supplier and number."""
    rows = await asked.fetch(_ORDERS, hospital, order_id, statuses)
    found = []
    for _, lines in groupby(rows, key=lambda row: (row["hospital"], row["supplier"], row["number"])):
        of_order = list(lines)
        values: dict[str, Any] = {name: of_order[0][name] for name in _OF_ORDER}
        parts = tuple(OrderLine(**{name: row[name] for name in _OF_LINE}) for row in of_order)
        found.append(Order(**values, status=OrderStatus(of_order[0]["status"]), lines=parts))
    return found


class OrderDesk:
    """A hospital's orders, while nobody else proposes or releases any."""

    def __init__(self, connection: Connection, hospital: str) -> None:
        self._connection = connection
        self._hospital = hospital

    async def needs(self) -> list[Need]:
        """As `needs`, of the hospital."""
        return await needs(self._connection, self._hospital)

    async def propose(self, drafts: Sequence[Draft], by: str) -> list[Order]:
        """A proposal for each draft, in the place of what waits for its supplier; one that says the same stays.

        What waits for a supplier of whom nothing is needed any more is closed.
        """
        waiting = await orders(self._connection, self._hospital, None, [OrderStatus.PROPOSED])
        kept = {order.supplier: order for order in waiting}
        wanted = {draft.supplier for draft in drafts}
        for order in waiting:
            if order.supplier not in wanted:
                await self.close(order.order_id, NOT_NEEDED, by)
        return [await self._proposed(draft, kept.get(draft.supplier), by) for draft in drafts]

    async def _proposed(self, draft: Draft, waits: Order | None, by: str) -> Order:
        if waits is not None and _asks(waits.lines) == _asks(draft.lines):
            return waits
        key = (draft.hospital, draft.supplier)
        number = await self._connection.fetchval(_PURCHASE, *key, by)
        lines = [(*key, number, place, *astuple(line)) for place, line in enumerate(draft.lines, 1)]
        await self._connection.executemany(_LINE, lines)
        return await self._order(f"{draft.supplier}-{number}")

    async def release(self, order_id: str, by: str) -> Order:
        """Release a proposal, and publish it in the same transaction.

        Raises:
            LookupError: there is none of that name.
            OrderStandsError: it is released already, closed, or a later one stands in its place.
        """
        order = await self._order(order_id)
        if order.status is not OrderStatus.PROPOSED:
            raise OrderStandsError(order)
        key = (order.hospital, order.supplier, order.number)
        await self._connection.execute("SELECT udi.release_purchase_2($1, $2, $3, $4)", *key, by)
        released = await self._order(order_id)
        await self._connection.execute(
            "SELECT udi.publish_order($1, $2, $3, $4)", *key[:2], made_id("order", *key), body_of(released)
        )
        return released

    async def close(self, order_id: str, reason: str, by: str) -> Order:
        """No more of an order comes, or a proposal is not wanted.

        Raises:
            LookupError: there is none of that name.
            OrderStandsError: it is closed already, or a later one stands in its place.
        """
        order = await self._order(order_id)
        if order.status not in {OrderStatus.PROPOSED, OrderStatus.RELEASED}:
            raise OrderStandsError(order)
        await self._connection.execute(_CLOSE, order.hospital, order.supplier, order.number, reason, by)
        return await self._order(order_id)

    async def _order(self, order_id: str) -> Order:
        found = await orders(self._connection, self._hospital, order_id)
        if not found:
            raise LookupError(order_id)
        return found[0]


@asynccontextmanager
async def order_desk(pool: asyncpg.Pool, hospital: str) -> AsyncIterator[OrderDesk]:
    """The orders of a hospital in one transaction, one desk at a time: no need is ordered twice."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", AdvisoryLock.ORDERS, hospital)
        yield OrderDesk(connection, hospital)


async def hospitals_with_levels(asked: Asked, hospital: str | None = None) -> list[str]:
    """Hospitals of which a store keeps levels."""
    return [row["hospital"] for row in await asked.fetch(_HOSPITALS, hospital)]


def body_of(order: Order) -> bytes:
    """An order as it is published: docs/contract.md, section "Order"."""
    lines = [
        {
            "line": place, "store": line.store, "item_code": line.item_code, "issuer": line.issuer, "di": line.di,
            "packages": line.packages, "units": line.units,
        }
        for place, line in enumerate(order.lines, 1)
    ]  # fmt: skip
    return orjson.dumps({
        "schema": SCHEMA, "hospital": order.hospital, "supplier": order.supplier, "order": order.order_id,
        "released_at": order.released_at, "lines": lines,
    })  # fmt: skip


def _asks(lines: Sequence[OrderLine]) -> list[tuple[Any, ...]]:
    return [(line.store, line.item_code, line.issuer, line.di, line.packages, line.units) for line in lines]
