"""Suppliers' sets, cabinets with RFID and identified scans at the end of the demo, beside the truth."""

from collections import Counter
from datetime import datetime
from typing import Any

import asyncpg

from models.calendar import month_text
from sinks.postgres.proofs.supply import identified_rows as booked_identified
from sinks.postgres.stock.cabinets import suspected_uses, tag_findings
from sinks.postgres.stock.sets import SetLine, loan_sets
from streams.proofs.demo.tie_out import Line, compare
from streams.simulator.store.goods import SET_SUPPLIERS
from streams.simulator.truth.books import Truth, identified_rows
from streams.simulator.truth.cabinets import gone_rows, tag_rows
from streams.simulator.truth.sets import lost_pieces, owed_for_sets, set_rows

Cells = dict[Any, Any]


async def supply_lines(truth: Truth, pool: asyncpg.Pool) -> list[Line]:
    """What is compared: suppliers' sets, what left the cabinets, scans that others identified."""
    return [*await _sets(truth, pool), *await _cabinets(truth, pool), await _identified(truth, pool)]


async def _sets(truth: Truth, pool: asyncpg.Pool) -> list[Line]:
    lines = await loan_sets(pool)
    expected = {tuple(row.values())[:4]: tuple(row.values())[4:] for row in set_rows(truth.sets)}
    found = {
        (each.document, each.item_code, each.lot, each.serial): (
            each.supplier, each.store, each.encounter, each.operation, each.brought, each.used, each.wasted,
            each.returned, each.lacking, each.status, sorted(each.findings),
        )
        for each in lines
    }  # fmt: skip
    return [
        compare("suppliers' sets: brought, used, given back", expected, found),
        compare("suppliers' sets: pieces that lack, by name", lost_pieces(truth.sets), _lacking(lines)),
    ]


def _lacking(lines: list[SetLine]) -> Cells:
    return {
        (each.document, each.item_code, each.lot, each.serial): each.lacking
        for each in lines if "not-returned" in each.findings
    }  # fmt: skip


def owed_line(truth: Truth, stated: Cells) -> Line:
    """What the statements of those who bring sets come to, beside what was used of each set; by month, to the cent."""
    expected: Counter[tuple[str, str, str]] = Counter()
    found: Counter[tuple[str, str, str]] = Counter()
    for (supplier, item, month), (_, amount) in owed_for_sets(truth.sets).items():
        expected[supplier, item, month_text(month)] += amount
    for (supplier, item, month, _), (_, _, _, amount) in stated.items():
        if supplier in SET_SUPPLIERS and amount:
            found[supplier, item, month] += amount
    return compare("suppliers' sets: owed by statement", expected, found)


async def _cabinets(truth: Truth, pool: asyncpg.Pool) -> list[Line]:
    left = {
        (row["store"], row["place"], row["serial"], row["item_code"], _instant(row["missed_at"])):
        (row["session"], row["staff"], _instant(row["seen_at"]), row["status"], row["scan_id"])
        for row in gone_rows(truth.cabinets)
    }  # fmt: skip
    found = {
        (each.store, each.place, each.serial, each.item_code, each.missed_at):
        (each.session, each.staff, each.seen_at, each.status, each.scan_id)
        for each in await suspected_uses(pool, every=True)
    }  # fmt: skip
    tags = Counter((row["store"], row["place"], row["finding"], row["tag"] or row["serial"], row["item_code"])
                   for row in tag_rows(truth.cabinets))  # fmt: skip
    seen = Counter((each.store, each.place, each.finding, each.tag or each.serial, each.item_code)
                   for each in await tag_findings(pool))  # fmt: skip
    return [
        compare("cabinets: taken out, and where it went", left, found),
        compare("cabinets: unscanned, suspected by session", _suspected(left), _suspected(found)),
        compare("cabinets: tags nobody scanned in", tags, seen),
    ]


def _suspected(rows: Cells) -> Cells:
    return {key: (session, staff) for key, (session, staff, _, status, _) in rows.items() if status == "suspected"}


async def _identified(truth: Truth, pool: asyncpg.Pool) -> Line:
    expected = {tuple(row.values())[:4]: tuple(row.values())[4:] for row in identified_rows(truth.account)}
    found = {(str(row.scan_id), *row[1:4]): row[4:] for row in await booked_identified(pool)}
    return compare("identified scans: lot and serial since", expected, found)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
