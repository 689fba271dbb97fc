"""Waiting halves, so arranged that the few that may belong to a half are found without looking at all of them.

Two halves are of one label only if their device scanned nothing between them. By its count that is the number before or
after; by its clock it is the nearest in time, for any other half stands between.

References:
    docs/semantics/labels.md, "Half labels".
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from datetime import datetime

from models.charging.books import RecordedScan, Ref

Group = tuple[object, ...]
Count = tuple[Group, str | None, int]
Entry = tuple[datetime, Ref, RecordedScan]


class Halves:
    """Half labels of any devices."""

    def __init__(self) -> None:
        self._by_time: dict[Group, list[Entry]] = {}
        self._by_count: dict[Count, list[RecordedScan]] = {}
        self._of_device: dict[tuple[str, str], list[Entry]] = {}

    def add(self, half: RecordedScan) -> None:
        """A half that waits."""
        event, group = half.event, _group(half, half.label.di is not None)
        entry = (event.scanned_at, half.ref, half)
        insort(self._by_time.setdefault(group, []), entry)
        insort(self._of_device.setdefault((event.hospital, event.device_id), []), entry)
        if event.sequence is not None:
            self._by_count.setdefault((group, event.boot, event.sequence), []).append(half)

    def remove(self, half: RecordedScan) -> None:
        """It waits no more."""
        event, group = half.event, _group(half, half.label.di is not None)
        place = (event.scanned_at, half.ref)
        for entries in (self._by_time[group], self._of_device[event.hospital, event.device_id]):
            del entries[bisect_left(entries, place)]  # A shorter tuple comes before.
        if event.sequence is not None:
            counted = self._by_count[group, event.boot, event.sequence]
            counted[:] = [each for each in counted if each.ref != half.ref]

    def near(self, half: RecordedScan) -> Iterator[RecordedScan]:
        """Halves that may complete this one: of the other kind, next to it by count or by time; each once."""
        event, group = half.event, _group(half, half.label.di is None)
        found: dict[Ref, RecordedScan] = {}
        if event.sequence is not None:
            for number in (event.sequence - 1, event.sequence + 1):
                found.update((each.ref, each) for each in self._by_count.get((group, event.boot, number), ()))
        entries = self._by_time.get(group, [])
        first = bisect_left(entries, event.scanned_at, key=_time)
        last = bisect_right(entries, event.scanned_at, key=_time)
        if first > 0:
            first = bisect_left(entries, entries[first - 1][0], key=_time)
        if last < len(entries):
            last = bisect_right(entries, entries[last][0], key=_time)
        found.update((ref, each) for _, ref, each in entries[first:last])
        yield from found.values()

    def before(self, hospital: str, device_id: str, instant: datetime) -> list[RecordedScan]:
        """Halves of a device that were scanned before the instant, oldest first."""
        entries = self._of_device.get((hospital, device_id), [])
        return [half for _, _, half in entries[: bisect_left(entries, instant, key=_time)]]


def _time(entry: Entry) -> datetime:
    return entry[0]


def _group(half: RecordedScan, has_identifier: bool) -> Group:
    """What halves of one label have in common; and of which kind they are."""
    event = half.event
    return (
        event.hospital, event.device_id, event.key_rest, event.action, event.quantity, event.store, event.encounter,
        event.corrects, half.label.issuer, has_identifier,
    )  # fmt: skip
