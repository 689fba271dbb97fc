"""The store at the end of the demo: receipts, statements and the recall, beside the truth."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from math import sqrt
from typing import Any, Final

import asyncpg

from models.calendar import Month, month_text
from models.stock.exposure import LineKind, RecallLineStatus, StandingLine
from rules.stock.invoicing import match_invoice
from rules.stock.recall_listing import LOST
from sinks.postgres.proofs.tie_out import receipt_rows as booked_receipts
from sinks.postgres.stock.recall_desk import RecallDesk
from sinks.postgres.stock.statements import StatementBooks
from streams.proofs.demo.supply import owed_line
from streams.proofs.demo.tie_out import Line, compare
from streams.services.recall_lister import list_notice
from streams.simulator.store.goods import SET_SUPPLIERS, SUPPLIERS
from streams.simulator.store.publishing import NOTICE
from streams.simulator.truth.books import Truth
from streams.simulator.truth.store import Lost, certainly_exposed, lost, receipt_rows

LISTED_PERCENT_MIN: Final = 95
"""Of what left the store unscanned and was recalled. Source: issue 12, "How it is shown"."""
DEVIATIONS_MAX: Final = 3
"""Standard deviations by which as many may be exposed as the chances come to, by draws that do not know of each other.
No source: ours; one run in 370 is further off by chance alone."""

Unit = tuple[str | None, str | None, str | None, str | None]
"""Encounter, item, lot, serial."""


async def store_lines(truth: Truth, pool: asyncpg.Pool) -> list[Line]:
    """What is compared: receipts under notes, statements, the recall's certain and possible lines."""
    return [await _receipts(truth, pool), *await _statements(truth, pool), *await _recall(truth, pool)]


async def _receipts(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = {}
    for row in receipt_rows(truth.keeper):
        key, figures = tuple(row.values())[:4], tuple(row.values())[4:8]
        expected[key] = (*figures, tuple(row["findings"]))
    found = {row[:4]: (*row[4:8], tuple(sorted(row.findings))) for row in await booked_receipts(pool)}
    return compare("receipts by delivery note, with findings", expected, found)


async def _statements(truth: Truth, pool: asyncpg.Pool) -> list[Line]:
    """Of the newest month, and every month of those who own what lies in the store or bring sets."""
    every = {*SUPPLIERS, *SET_SUPPLIERS}
    newest = truth.plan.month(truth.plan.months - 1)
    expected = {
        (supplier, item, month_text(period), cost): (used, returned, corrected, None if cost is None else fen)
        for (supplier, item, period, cost), (used, returned, corrected, fen) in truth.account.owing.statements.items()
        if period == newest or supplier in every
    }
    wanted = sorted({(key[0], key[2]) for key in truth.account.owing.statements if key[2] == newest or key[0] in every})
    found: dict[Any, Any] = {}
    for supplier, month in wanted:
        found |= await _stated(StatementBooks(pool), truth.plan.hospital, supplier, month)
    return [compare("statements of suppliers, by item", expected, found), owed_line(truth, found)]


async def _stated(books: StatementBooks, hospital: str, supplier: str, month: Month) -> dict[Any, Any]:
    made = await books.make(hospital, supplier, month, match_invoice, "demo")
    return {
        (supplier, line.item_code, month_text(month), None if line.cost is None else int(line.cost * 10_000)):
        (line.used, line.returned, line.corrected, None if line.amount is None else int(line.amount * 100))
        for line in (made.lines if made is not None else ())
    }  # fmt: skip


async def _recall(truth: Truth, pool: asyncpg.Pool) -> list[Line]:
    desk = RecallDesk(pool)
    accepted = await desk.notices(truth.plan.hospital, NOTICE)
    lines: Sequence[StandingLine] = []
    for each in accepted:
        await list_notice(desk, each.notice)
        lines = [line for line in await desk.lines(each.notice) if line.status is not RecallLineStatus.GONE]
    possible = [line for line in lines if line.kind is LineKind.POSSIBLE and line.reckoned == LOST]
    exposed = [each for each in lost(truth) if each.recalled]
    certain = {
        str(line.scan_id): (line.encounter, line.item_code, line.lot, line.serial, line.quantity)
        for line in lines if line.kind is LineKind.CERTAIN
    }  # fmt: skip
    return [
        compare("recall: certainly exposed", certainly_exposed(truth.account), certain),
        listed(exposed, possible),
        calibrated(exposed, possible),
    ]


def listed(exposed: Iterable[Lost], possible: Iterable[StandingLine]) -> Line:
    """How many of those who got a recalled unit unscanned are on the list; the rest differ when they are too many."""
    known = {_unit(line) for line in possible}
    every = sorted({(each.encounter, each.item_code, each.lot, each.serial) for each in exposed}, key=str)
    missed = [str(each) for each in every if each not in known]
    line = Line("recall: exposed without a scan, and listed", len(every), len(every) - len(missed))
    if 100 * line.found < LISTED_PERCENT_MIN * line.expected:
        line.differences = missed
    return line


def calibrated(exposed: Iterable[Lost], possible: Sequence[StandingLine]) -> Line:
    """What the chances come to, beside how many of those listed were exposed; apart for the lower and the higher half.

    Who got a unit stands for the line of the first count that missed it; several units of one lot count once there.
    """
    of_unit: dict[Unit, list[StandingLine]] = {}
    for line in sorted(possible, key=lambda line: str(line.happened_at)):
        of_unit.setdefault(_unit(line), []).append(line)
    true = set()
    for each in exposed:
        at = datetime.fromisoformat(each.at)
        lines = of_unit.get((each.encounter, each.item_code, each.lot, each.serial), [])
        true |= {line.line_id for line in [line for line in lines if line.happened_at and line.happened_at >= at][:1]}
    ordered = sorted(possible, key=lambda line: (line.chance or Decimal(), str(line.line_id)))
    half = len(ordered) // 2
    whole = Line("recall: exposed, and as many as the chances say", 0, 0)
    for name, part in (("lower", ordered[:half]), ("higher", ordered[half:])):
        chances = [float(line.chance or 0) for line in part]
        came_true = sum(line.line_id in true for line in part)
        bound = DEVIATIONS_MAX * sqrt(sum(each * (1 - each) for each in chances))
        whole.expected += came_true
        whole.found += round(sum(chances))
        if abs(came_true - sum(chances)) > bound:
            whole.differences.append(f"{name} half: {came_true} exposed, chances say {sum(chances):.1f} ± {bound:.1f}")
    return whole


def _unit(line: StandingLine) -> Unit:
    return line.encounter, line.item_code, line.lot, line.serial
