"""Which uses have another price, or a cost that was missing, by newer versions of their items."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from models.catalogue.item import Item
from models.charging.books import Ref
from models.charging.decision import Decision
from models.charging.effects import SettlementStatus
from sinks.memory.rows import Change
from sinks.ports.batch import Again

Decided = Mapping[Ref, list[Decision]]


def repriced_of(decisions: Decided, items: Iterable[Item], newer: Sequence[Change], lane: int) -> list[Again]:
    """The uses of a lane, by item and age, each with the instant of the change.

    Args:
        decisions: Everything that was decided, by scan.
        items: Every version of every item.
        newer: The changes of facts to look at.
        lane: Number of the lane.
    """
    known = {(each.hospital, each.item_code): each for each in items}
    waiting, back = _waiting(decisions), _back(decisions)
    changes = [
        each for each in newer if each.kind == "item" and (each.repriced or (each.hospital, each.code) in waiting)
    ]
    by_item: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        by_item.setdefault((change.hospital, change.code), []).append(change)
    found = []
    for (hospital, code), of_item in by_item.items():
        newest = max(each.version for each in of_item)
        for ref, decided in decisions.items():
            subject = decided[0].subject
            if subject.lane == lane and subject.event.hospital == hospital:
                instants = _priced_at(decided, code, of_item) + _told_at(decided, known[hospital, code], of_item, back)
                found += [Again(ref, max(instants), newest)] if instants else []
    return sorted(found, key=lambda each: (each.version, each.ref))


def _waiting(decisions: Decided) -> set[tuple[str, str]]:
    """(hospital, item) of which some line waits, or has waited, for a cost."""
    return {
        (each.subject.event.hospital, line.item_code)
        for decided in decisions.values()
        for each in decided
        for line in each.settlement
        if line.status is SettlementStatus.COST_MISSING
    }


def _back(decisions: Decided) -> Counter[UUID]:
    """Units that were reversed of each line."""
    back = Counter[UUID]()
    for line in (line for decided in decisions.values() for each in decided for line in each.settlement):
        if line.reverses is not None:
            back[line.reverses] += line.quantity
    return back


def _priced_at(decided: Sequence[Decision], code: str, changes: Sequence[Change]) -> list[datetime]:
    """When a charge of the item was posted, and the changes of its day; nothing of a scan without either."""
    day = decided[0].subject.day
    charged = [
        each.decided_at
        for each in decided
        if any(charge.reverses is None and charge.item.item_code == code for charge in each.charging.entries)
    ]
    changed = [each.recorded_at for each in changes if each.repriced and each.repriced[0] <= day < each.repriced[1]]
    return [*charged, *changed] if charged and changed else []


def _told_at(
    decided: Sequence[Decision], item: Item, changes: Sequence[Change], back: Mapping[UUID, int]
) -> list[datetime]:
    """When the scan was decided last, and the newest change; nothing of a scan without a line that waits for a cost."""
    day = decided[0].subject.day
    waits = any(
        line.status is SettlementStatus.COST_MISSING
        and line.item_code == item.item_code
        and line.quantity > back.get(line.line_id, 0)
        for each in decided
        for line in each.settlement
    )
    if not waits or not any(each.from_on <= day < each.to_on for each in item.costs):
        return []
    return [decided[-1].decided_at, max(each.recorded_at for each in changes)]
