"""The tie-out of a simulated hospital: what the truth says against what stands in the books, to the cent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from models.calendar import month_text
from models.ids import made_id
from streams.simulator.truth.books import (
    Truth,
    alert_row,
    entry_row,
    settlement_rows,
    stock_rows,
    usage_rows,
    waste_rows,
)

DIFFERENCES_SHOWN = 5


@dataclass(slots=True)
class Line:
    """One thing compared, row by row."""

    name: str
    """What was compared."""
    expected: int
    """Rows the truth has."""
    found: int
    """Rows the books have."""
    differences: list[str] = field(default_factory=list)
    """Rows that differ, in words."""


def compare(name: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> Line:
    """Every key that is missing, extra, or has another value."""
    line = Line(name, len(expected), len(found))
    for key in expected.keys() | found.keys():
        if expected.get(key) != found.get(key):
            line.differences.append(f"{key}: expected {expected.get(key)}, found {found.get(key)}")
    line.differences.sort()
    return line


async def tie_out(truth: Truth, pool: asyncpg.Pool) -> list[Line]:
    """Compare every book with the truth."""
    entries = [entry_row(entry) for entry in truth.account.entries.values()]
    return [
        await _verdicts(entries, pool),
        await _charges(truth, entries, pool),
        await _stock(truth, pool),
        await _usage(truth, pool),
        await _settlement(truth, pool),
        await _alerts(truth, pool),
        await _refused(truth, entries, pool),
        await _waste(truth, pool),
        await _his_lines(truth, pool),
        await _differences(truth, pool),
    ]


async def _verdicts(entries: list[dict[str, Any]], pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch("SELECT scan_id, verdict FROM report.scans")
    expected = {each["scan_id"]: each["verdict"] for each in entries if each["verdict"] != "refused"}
    return compare("scans by final verdict", expected, {str(row["scan_id"]): row["verdict"] for row in rows})


async def _charges(truth: Truth, entries: list[dict[str, Any]], pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch(
        "SELECT billing_id, scan_id, kind, item_code, encounter, quantity, (unit_price * 10000)::bigint, "
        "(amount * 100)::bigint, period FROM report.charges"
    )
    expected = {
        str(made_id("billing", truth.plan.hospital, each["scan_id"], posting["n"], posting["kind"])): (
            each["scan_id"], posting["kind"], each["item_code"], each["encounter"], posting["quantity"],
            posting["price"], posting["amount"], posting["period"],
        )
        for each in entries
        for posting in each["postings"]
    }  # fmt: skip
    found = {str(row["billing_id"]): (str(row["scan_id"]), *tuple(row)[2:]) for row in rows}
    return compare("charges and credits", expected, found)


async def _stock(truth: Truth, pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch(
        "SELECT store, owner, item_code, lot, serial, quantity FROM report.stock WHERE quantity <> 0"
    )
    expected = {tuple(each.values())[:5]: each["quantity"] for each in stock_rows(truth.account)}
    return compare("stock balances", expected, {tuple(row)[:5]: row["quantity"] for row in rows})


async def _usage(truth: Truth, pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch(
        "SELECT scope_type, scope, item_code, month, quantity, (amount * 100)::bigint FROM report.usage_months"
    )
    expected = {tuple(each.values())[:4]: tuple(each.values())[4:] for each in usage_rows(truth.usage())}
    return compare("usage by item, scope and month", expected, {tuple(row)[:4]: tuple(row)[4:] for row in rows})


async def _settlement(truth: Truth, pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch(
        "SELECT supplier, item_code, period, status, sum(quantity)::bigint, "
        "CASE WHEN status <> 'cost-missing' THEN coalesce(sum((amount * 100)::bigint), 0)::bigint END "
        "FROM report.settlement GROUP BY supplier, item_code, period, status"
    )
    expected = {tuple(each.values())[:4]: tuple(each.values())[4:] for each in settlement_rows(truth.account)}
    return compare("settlement with suppliers", expected, {tuple(row)[:4]: tuple(row)[4:] for row in rows})


async def _alerts(truth: Truth, pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch("SELECT DISTINCT ON (alert_id) * FROM udi.alert ORDER BY alert_id, version DESC")
    columns = ("value", "base_month", "base_value", "change_percent", "rank", "months_in_a_row")
    identity = ("rule", "measure", "scope_type", "scope", "item_code", "month")
    expected = {}
    for each in (alert_row(alert) for alert in truth.alerts()):
        expected[tuple(each[name] for name in identity)] = tuple(each[name] for name in columns)
    found = {}
    for row in rows:
        # What caseload explains is filed and stands like the rest.
        if row["status"] in {"fired", "explained"}:
            shown = dict(row) | {
                "month": month_text(row["month"]),
                "base_month": month_text(row["base_month"]) if row["base_month"] else None,
                "change_percent": None if row["change_percent"] is None else f"{row['change_percent']:.2f}",
            }
            found[tuple(shown[name] for name in identity)] = tuple(shown[name] for name in columns)
    return compare("alerts with their figures", expected, found)


async def _refused(truth: Truth, entries: list[dict[str, Any]], pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch(
        "SELECT reasons[1] AS reason, count(*) FROM report.verdicts "
        "WHERE verdict IN ('refused', 'duplicate', 'conflict') GROUP BY 1"
    )
    expected = Counter({name.removeprefix("refused:"): n for name, n in truth.records.items() if name != "scans"})
    expected.update(each["reasons"][0] for each in entries if each["verdict"] == "refused")
    return compare("repeats and dead letters by reason", expected, {row["reason"]: row["count"] for row in rows})


async def _waste(truth: Truth, pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch(
        "SELECT coalesce(department, ''), item_code, action, period, count(*), sum(quantity)::bigint, "
        "coalesce(sum((amount * 100)::bigint), 0)::bigint, "
        "coalesce(sum(quantity) FILTER (WHERE amount IS NULL), 0)::bigint FROM report.waste GROUP BY 1, 2, 3, 4"
    )
    expected = {tuple(each.values())[:4]: tuple(each.values())[4:] for each in waste_rows(truth.account)}
    found = {tuple(row)[:4]: tuple(row)[4:] for row in rows}
    return compare("opened and thrown away, with cost", expected, found)


async def _his_lines(truth: Truth, pool: asyncpg.Pool) -> Line:
    letters = await pool.fetch(
        "SELECT one.reason, count(*) FROM udi.outbox_block b "
        "CROSS JOIN LATERAL unnest(b.reasons, b.origins) one (reason, origin) "
        "WHERE split_part(one.origin, '/', 1) LIKE '%his-charges' GROUP BY 1"
    )
    found = {f"refused:{row['reason']}": row["count"] for row in letters}
    found["lines"] = await pool.fetchval("SELECT count(*) FROM udi.his_line")
    return compare("the HIS's lines and dead letters", truth.his.records, found)


async def _differences(truth: Truth, pool: asyncpg.Pool) -> Line:
    rows = await pool.fetch(
        "SELECT kind, aspects, cause, encounter, item_code, (expected * 100)::bigint, (found * 100)::bigint "
        "FROM report.differences WHERE status IN ('open', 'asked', 'accepted')"
    )
    expected = Counter(each.content for each in truth.differences())
    found = Counter((row["kind"], tuple(row["aspects"]), *tuple(row)[2:]) for row in rows)
    line = compare("differences with the HIS", expected, found)
    line.expected, line.found = expected.total(), found.total()
    return line
