"""What a count of a shelf must say, and what has to be booked for it, by the scans alone.

A shelf is counted after all its goods have come and before any of them goes on, by the clocks of the devices; so what
lay there is what moved before the first scan of the count.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.oracle.model import Hospital, move_of
from tests.oracle.values import Facts, Intent, Record

Goods = tuple[str, str | None, str | None]
"""Item, lot and serial."""


@dataclass(frozen=True, slots=True)
class Line:
    """Goods of a count; `document`, `store` and when it was counted first and last are those of the count."""

    document: str
    store: str
    item: str
    lot: str | None
    serial: str | None
    expected: int
    counted: int
    counted_last: datetime

    @property
    def difference(self) -> Facts | None:
        """The scan that books it, but for its id; `None`: it fits."""
        units = self.counted - self.expected
        if not units:
            return None
        return Facts(
            "scan", action="found" if units > 0 else "missing", item=self.item, lot=self.lot, serial=self.serial,
            quantity=abs(units), store=self.store, document=self.document, scanned_at=self.counted_last.isoformat(),
        )  # fmt: skip


def lines_of(intents: Iterable[Intent], hospital: Hospital) -> tuple[Line, ...]:
    """The lines of every count that is posted."""
    scans = {intent.facts.scan_id: intent.facts for intent in intents if intent.facts.kind == "scan"}
    documents = sorted({facts.document for facts in scans.values() if facts.document})
    return tuple(line for document in documents for line in _lines(document, list(scans.values()), hospital))


def _lines(document: str, scans: Sequence[Facts], hospital: Hospital) -> list[Line]:
    its = [facts for facts in scans if facts.document == document]
    times, store = [_at(facts) for facts in its], its[0].store
    expected, counted = Counter[Goods](), Counter[Goods]()
    for facts in scans:
        if _at(facts) < min(times):
            expected.update(moved_at(store, facts, hospital))
    for facts in its:
        goods = (facts.item, facts.lot, facts.serial)
        counted[goods] = 1 if facts.serial else counted[goods] + facts.quantity
    return [
        Line(document, store, *goods, expected[goods], counted[goods], max(times))
        for goods in sorted(expected.keys() | counted.keys(), key=str)
    ]


def moved_at(store: str, facts: Facts, hospital: Hospital) -> dict[Goods, int]:
    """By how much the scan changes what lies on the store's shelf."""
    move = move_of(facts, hospital)
    if move is None or store not in (move.from_place, move.to_place):
        return {}
    units = move.quantity if move.to_place == store else -move.quantity
    return {(move.item, move.lot, move.serial): units}


def _at(facts: Facts) -> datetime:
    return datetime.fromisoformat(facts.scanned_at)


class Bookings:
    """Recognizes the scans that book differences; each difference is booked by one scan, however often it is sent.

    Attributes:
        due: differences that none has booked so far.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.due = [line.difference for line in lines if line.difference is not None]
        self._known: dict[str, Facts] = {}

    def of(self, record: Record) -> Facts | None:
        """What the record must book; `None`: nobody wants it booked."""
        event = _event(record)
        scan_id = str(event.get("scan_id"))
        said = [event.get(each) for each in ("action", "item_code", "quantity", "store", "document", "entry")]
        for facts in self.due if scan_id not in self._known else ():
            if said == [facts.action, facts.item, facts.quantity, facts.store, facts.document, "manual"]:
                self.due.remove(facts)
                self._known[scan_id] = replace(facts, scan_id=scan_id)
                break
        return self._known.get(scan_id)


def _event(record: Record) -> dict[str, Any]:
    try:
        event = json.loads(record.value or b"")
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
