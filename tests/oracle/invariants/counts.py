"""Invariants of counts: their lines, their differences, and what lies on the shelf afterwards."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.oracle.case import Case
from tests.oracle.counting import Goods, Line, moved_at


def a_posted_count_says_what_was_counted(case: Case) -> Iterator[str]:
    columns = ("document", "store", "item_code", "lot", "serial", "expected", "counted")
    shown = Counter[tuple[Any, ...]](tuple(row[column] for column in columns) for row in case.rows("counts"))
    due = Counter[tuple[Any, ...]](
        (line.document, line.store, line.item, line.lot, line.serial, line.expected, line.counted)
        for line in case.lines
    )
    for line in shown.keys() | due.keys():
        if shown[line] != due[line]:
            yield f"line {dict(zip(columns, line, strict=True))} stands {shown[line]} times, expected {due[line]}"


def every_difference_of_a_count_is_booked(case: Case) -> Iterator[str]:
    for facts in case.unbooked:
        goods = (facts.item, facts.lot, facts.serial)
        yield f"no scan books that {facts.quantity} of {goods} are {facts.action} in {facts.store}, {facts.document}"


def a_counted_shelf_holds_what_was_counted_and_moved_since(case: Case) -> Iterator[str]:
    for document in sorted({line.document for line in case.lines}):
        lines = [line for line in case.lines if line.document == document]
        due, found = _lying(case, lines), Counter[Goods]()
        for row in case.rows("stock"):
            if row["store"] == lines[0].store:
                found[row["item_code"], row["lot"], row["serial"]] += row["quantity"]
        for goods in due.keys() | found.keys():
            if due[goods] != found[goods]:
                yield f"{found[goods]} of {goods} lie in {lines[0].store}, counted and moved since were {due[goods]}"


def _lying(case: Case, lines: list[Line]) -> Counter[Goods]:
    """What was counted, and what the scans after the count moved; what books differences is in what was counted."""
    due = Counter[Goods]({(line.item, line.lot, line.serial): line.counted for line in lines})
    store, last = lines[0].store, lines[0].counted_last
    for account in case.accounts.values():
        facts = account.facts
        if account.move is not None and not facts.document and datetime.fromisoformat(facts.scanned_at) > last:
            for goods, units in moved_at(store, facts, case.hospital).items():
                due[goods] += units
    return due
