"""The tie-out of a simulated hospital: what the truth says against what stands in the books, to the cent."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from models.calendar import month_text
from models.ids import made_id
from sinks.postgres.proofs import tie_out as books
from streams.simulator.truth.books import (
    Truth,
    alert_row,
    entry_row,
    settlement_rows,
    stock_rows,
    usage_rows,
    waste_rows,
)

DIFFERENCES_SHOWN: Final = 5
_IDENTITY: Final = ("rule", "measure", "scope_type", "scope", "item_code", "month")
_FIGURES: Final = ("value", "base_month", "base_value", "change_percent", "rank", "months_in_a_row")


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
    expected = {each["scan_id"]: each["verdict"] for each in entries if each["verdict"] != "refused"}
    found = {str(row.scan_id): row.verdict for row in await books.scan_rows(pool)}
    return compare("scans by final verdict", expected, found)


async def _charges(truth: Truth, entries: list[dict[str, Any]], pool: asyncpg.Pool) -> Line:
    expected = {
        str(made_id("billing", truth.plan.hospital, each["scan_id"], posting["n"], posting["kind"])): (
            each["scan_id"], posting["kind"], each["item_code"], each["encounter"], posting["quantity"],
            posting["price"], posting["amount"], posting["period"],
        )
        for each in entries
        for posting in each["postings"]
    }  # fmt: skip
    found = {str(row.billing_id): (str(row.scan_id), *row[2:]) for row in await books.charge_rows(pool)}
    return compare("charges and credits", expected, found)


async def _stock(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = {tuple(each.values())[:5]: each["quantity"] for each in stock_rows(truth.account)}
    return compare("stock balances", expected, {row[:5]: row.quantity for row in await books.stock_rows(pool)})


async def _usage(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = _keyed(tuple(each.values()) for each in usage_rows(truth.usage()))
    return compare("usage by item, scope and month", expected, _keyed(await books.usage_rows(pool)))


async def _settlement(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = _keyed(tuple(each.values()) for each in settlement_rows(truth.account))
    return compare("settlement with suppliers", expected, _keyed(await books.settlement_rows(pool)))


async def _alerts(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = {}
    for each in (alert_row(alert) for alert in truth.alerts()):
        expected[tuple(each[name] for name in _IDENTITY)] = tuple(each[name] for name in _FIGURES)
    found = {}
    for row in await books.alert_rows(pool):
        shown = row._asdict() | {
            "month": month_text(row.month),
            "base_month": month_text(row.base_month) if row.base_month else None,
            "change_percent": None if row.change_percent is None else f"{row.change_percent:.2f}",
        }
        found[tuple(shown[name] for name in _IDENTITY)] = tuple(shown[name] for name in _FIGURES)
    return compare("alerts with their figures", expected, found)


async def _refused(truth: Truth, entries: list[dict[str, Any]], pool: asyncpg.Pool) -> Line:
    expected = Counter({name.removeprefix("refused:"): n for name, n in truth.records.items() if name != "scans"})
    expected.update(each["reasons"][0] for each in entries if each["verdict"] == "refused")
    found = {row.name: row.many for row in await books.refused_by_reason(pool)}
    return compare("repeats and dead letters by reason", expected, found)


async def _waste(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = _keyed(tuple(each.values()) for each in waste_rows(truth.account))
    return compare("opened and thrown away, with cost", expected, _keyed(await books.waste_rows(pool)))


async def _his_lines(truth: Truth, pool: asyncpg.Pool) -> Line:
    found = {f"refused:{row.name}": row.many for row in await books.his_letters_by_reason(pool)}
    found["lines"] = await books.his_lines(pool)
    return compare("the HIS's lines and dead letters", truth.his.records, found)


async def _differences(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = Counter(each.content for each in truth.differences())
    found = Counter((row.kind, tuple(row.aspects), *row[2:]) for row in await books.difference_rows(pool))
    line = compare("differences with the HIS", expected, found)
    line.expected, line.found = expected.total(), found.total()
    return line


def _keyed(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Rows by their first four columns."""
    return {tuple(row[:4]): tuple(row[4:]) for row in rows}
