"""Statements of suppliers in PostgreSQL: made in versions, published, marked.

References:
    docs/store.md, "Statements".
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import asyncpg
import orjson

from models.calendar import Month, month_text
from models.ids import made_id
from models.money import CURRENCY
from models.stock.statement import (
    InvoiceLine,
    KeptInvoice,
    LineStatus,
    Statement,
    StatementLine,
    Verdict,
    WorkingCapital,
)
from sinks.postgres.named import Connection, fetch

_HOSPITALS: Final = "SELECT DISTINCT hospital FROM udi.settlement WHERE supplier = $1 AND period = $2 ORDER BY 1"
_NEWEST: Final = """
SELECT max(version) FROM udi.statement WHERE (hospital, supplier, period) = ($1, $2, $3)
"""
_LINES: Final = """
SELECT item_code, used, returned, corrected, quantity, cost, amount, status, invoice, reason, stated
FROM report.statements
WHERE (hospital, supplier, period, version) = ($1, $2, udi.month_text($3), $4) ORDER BY item_code, cost
"""
_INVOICE_LINES: Final = """
SELECT item_code, quantity, cost, amount, invoice, (
    SELECT string_agg(a.other_invoice || ' (' || udi.month_text(a.other_period) || ')', ', ' ORDER BY a.other_period)
    FROM udi.invoice_again a
    WHERE (a.hospital, a.supplier, a.period, a.invoice) = (k.hospital, k.supplier, k.period, k.invoice)
) AS again
FROM udi.invoice_now k WHERE (hospital, supplier, period) = ($1, $2, $3) ORDER BY invoice, n
"""
_KEPT: Final = """
SELECT period, item_code, quantity, cost, amount, invoice FROM udi.invoice_now
WHERE (hospital, supplier) = ($1, $2) AND udi.invoice_number(invoice) = udi.invoice_number($3)
ORDER BY period, invoice, n
"""
_KEEP: Final = """
INSERT INTO udi.invoice (hospital, supplier, period, invoice, version, revision, by)
SELECT $1, $2, $3, $4, coalesce(max(version) FILTER (WHERE (period, invoice) = ($3, $4)), 0) + 1,
       coalesce(max(revision), 0) + 1, $5
FROM udi.invoice WHERE (hospital, supplier) = ($1, $2) AND udi.invoice_number(invoice) = udi.invoice_number($4)
RETURNING version
"""
_KEEP_LINE: Final = """
INSERT INTO udi.invoice_line (hospital, supplier, period, invoice, version, n, item_code, quantity, cost, amount)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_CAPITAL: Final = """
SELECT $1::text AS hospital, udi.month_text($2) AS month, supplier, days, value, units, units_without_cost, used,
       days_lying
FROM udi.capital_of_5($1, $2) ORDER BY value DESC, supplier
"""
_MARK: Final = """
INSERT INTO udi.statement_mark (hospital, supplier, period, version, n, item_code, status, invoice, reason, by)
SELECT $1, $2, $3, $4, coalesce(max(n), 0) + 1, $5, $6, $7, $8, $9 FROM udi.statement_mark
WHERE (hospital, supplier, period, version) = ($1, $2, $3, $4)
"""
_MATCHED: Final = """
SELECT DISTINCT ON (item_code) item_code, status, invoice, reason FROM udi.statement_mark
WHERE (hospital, supplier, period, version) = ($1, $2, $3, $4) AND status IN ('matched', 'mismatched')
ORDER BY item_code, n DESC
"""
Matching: TypeAlias = Callable[[Statement, Sequence[InvoiceLine]], Sequence[Verdict]]
"""A verdict on every item of a statement and of the invoices of its month."""


class StatementBooks:
    """The statements of an installation. Months are `yyyymm`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def hospitals(self, supplier: str, month: int) -> list[str]:
        """Hospitals that owe the supplier something for the month, or have taken it back."""
        return [row["hospital"] for row in await self._pool.fetch(_HOSPITALS, supplier, month)]

    async def make(self, hospital: str, supplier: str, month: int, match: Matching, by: str) -> Statement | None:
        """The statement as the books stand: a new version, published, when it changed; `None` when nothing was owed.

        The invoices that are kept of the month are matched with it in the same transaction.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            made = await self._made(connection, hospital, supplier, month, by)
            return None if made is None else await self._matched(connection, made, month, match, by)

    async def mark(  # noqa: PLR0917 -- the columns of a mark
        self, statement: Statement, month: int, item_code: str | None, status: LineStatus, reason: str | None, by: str
    ) -> Statement:
        """The supplier has confirmed or disputed the statement, or one item of it."""
        key = (statement.hospital, statement.supplier, month, statement.version)
        await self._pool.execute(_MARK, *key, item_code, status, None, reason, by)
        return await self._read(self._pool, *key)

    async def invoiced(  # noqa: PLR0917 -- whose month, what came, and how it is judged
        self,
        hospital: str,
        supplier: str,
        month: int,
        invoices: Mapping[str, Sequence[InvoiceLine]],
        match: Matching,
        by: str,
        *,
        replace: bool = False,
    ) -> tuple[list[Statement], dict[str, KeptInvoice | None]]:
        """Keep invoices of a supplier's month, by number, and match all that are kept with the statement.

        One that is kept with other lines or for another month is refused, unless it comes to replace that. Gives the
        statements, that of a month it was moved from, too, and what is kept of each number that was refused; `None`
        of those when nothing was ever owed for the month: nothing is kept.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            # Making takes the supplier's lock: nobody keeps or marks beside us until the transaction ends.
            made = await self._made(connection, hospital, supplier, month, by)
            whose = (hospital, supplier, month)
            refused: dict[str, KeptInvoice | None] = {}
            left: set[int] = set()
            for number, lines in invoices.items():
                kept = await self._kept(connection, hospital, supplier, number)
                here = [each for (period, _), each in kept.items() if period == month]
                if any(_same(each, lines) for each in here) and not (replace and len(kept) > 1):
                    continue
                if kept and not replace:
                    refused[number] = _standing(kept, month)
                elif made is None:
                    refused[number] = None
                else:
                    await self._keep(connection, whose, number, lines, by)
                    left |= {period for period, _ in kept}
            months = [(made, month)] if made else []
            for period in sorted(left - {month}):
                before = await self._made(connection, hospital, supplier, period, by)
                months += [(before, period)] if before else []
            found = [
                await self._matched(connection, each, period, match, by, emptied=period != month)
                for each, period in months
            ]
            return found, refused

    @staticmethod
    async def _kept(
        connection: Connection, hospital: str, supplier: str, number: str
    ) -> dict[tuple[int, str], list[InvoiceLine]]:
        """What is kept under a number, by month and spelling: one, save in books from before 0095."""
        kept: dict[tuple[int, str], list[InvoiceLine]] = defaultdict(list)
        for row in await connection.fetch(_KEPT, hospital, supplier, number):
            month, *line = row
            kept[month, row["invoice"]].append(InvoiceLine(*line))
        return kept

    @staticmethod
    async def _keep(
        connection: Connection, whose: tuple[str, str, int], number: str, lines: Sequence[InvoiceLine], by: str
    ) -> None:
        version = await connection.fetchval(_KEEP, *whose, number, by)
        rows = [(*whose, number, version, n, *line.content) for n, line in enumerate(lines, 1)]
        await connection.executemany(_KEEP_LINE, rows)

    async def _matched(
        self, connection: Connection, made: Statement, month: int, match: Matching, by: str, *, emptied: bool = False
    ) -> Statement:
        """The newest version, matched with all invoices that are kept of its month.

        With none it stands as it is, unless it was `emptied`: one that it was matched with has moved to another month.
        """
        whose = (made.hospital, made.supplier, month)
        kept = await fetch(connection, InvoiceLine, _INVOICE_LINES, *whose)
        if not kept and not emptied:
            return made
        key = (*whose, made.version)
        await self._judged(connection, key, match(made, kept), by)
        return await self._read(connection, *key)

    @staticmethod
    async def _judged(asked: Connection, key: tuple[str, str, int, int], verdicts: Sequence[Verdict], by: str) -> None:
        """Mark what a match came to, where that is not what the match before it came to: a dispute in between stays."""
        before = {each.item_code: each for each in await fetch(asked, Verdict, _MATCHED, *key)}
        for each in verdicts:
            if before.get(each.item_code) != each:
                await asked.execute(_MARK, *key, each.item_code, each.status.value, each.invoice, each.reason, by)

    async def capital(self, hospital: str, month: int) -> list[WorkingCapital]:
        """What each supplier's own goods in the house were worth, in the mean of a month's days; most first."""
        return await fetch(self._pool, WorkingCapital, _CAPITAL, hospital, month)

    async def _made(
        self, connection: Connection, hospital: str, supplier: str, month: int, by: str
    ) -> Statement | None:
        before = await connection.fetchval(_NEWEST, hospital, supplier, month)
        version = await connection.fetchval("SELECT udi.make_statement($1, $2, $3, $4)", hospital, supplier, month, by)
        if version is None:
            return None
        statement = await self._read(connection, hospital, supplier, month, version)
        if version != before:
            id_ = made_id("statement", hospital, supplier, month, version)
            body = body_of(statement)
            await connection.execute("SELECT udi.publish_statement($1, $2, $3, $4)", hospital, supplier, id_, body)
        return statement

    @staticmethod
    async def _read(asked: Any, hospital: str, supplier: str, month: int, version: int) -> Statement:
        lines = await fetch(asked, StatementLine, _LINES, hospital, supplier, month, version)
        made = await asked.fetchrow(
            "SELECT made_at, udi.month_text(period) AS period FROM udi.statement "
            "WHERE (hospital, supplier, period, version) = ($1, $2, $3, $4)",
            hospital, supplier, month, version,
        )  # fmt: skip
        return Statement(hospital, supplier, made["period"], version, made["made_at"], tuple(lines))


def _standing(kept: Mapping[tuple[int, str], Sequence[InvoiceLine]], month: int) -> KeptInvoice:
    """What a number that came is refused for: what is kept of this month, else of another."""
    (period, _), lines = min(kept.items(), key=lambda each: each[0][0] != month)
    return KeptInvoice(month_text(Month(period)), tuple(lines))


def _same(kept: Sequence[InvoiceLine], came: Sequence[InvoiceLine]) -> bool:
    return sorted(line.content for line in kept) == sorted(line.content for line in came)


def body_of(statement: Statement) -> bytes:
    """A statement as it is published: docs/contract.md, section "Statement"."""
    lines = [
        {
            "item_code": line.item_code, "used": line.used, "returned": line.returned, "corrected": line.corrected,
            "quantity": line.quantity, "cost": None if line.cost is None else f"{line.cost:.4f}",
            "amount": None if line.amount is None else f"{line.amount:.2f}",
        }
        for line in statement.lines if line.stated
    ]  # fmt: skip
    return orjson.dumps({
        "schema": "udi.statement/1", "hospital": statement.hospital, "supplier": statement.supplier,
        "period": statement.period, "version": statement.version, "made_at": statement.made_at, "lines": lines,
        "amount": f"{statement.amount:.2f}", "currency": CURRENCY,
    })  # fmt: skip
