"""Recorded offsets decided once more, with today's rules and facts, in memory: what would differ. Nothing is written.

What a hospital sets is no fact of the goods: each is decided by the policy that was known when it was decided.

What a scan itself has done to the books since is taken away before it is decided: its own claim, its hold on the unit,
its own and later returns. Not looked at, because it depends on what was known at the moment: the flags of `TIMED`.
Left out: halves that were joined or wait, and scans of which a person has commanded something.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from msgspec import structs

from models.charging.arrival import Arrival
from models.charging.books import BadRecord, Prior, RecordedScan, Ref
from models.charging.decision import Decision
from models.charging.snapshot import Catalogue, Lookup, Snapshot
from models.policy import POLICY
from models.reasons import Reason, Verdict
from rules.charging.deciding import decide
from rules.charging.fold import fold
from rules.charging.lookup import wanted_by
from rules.labels.reading import read_arrival
from rules.labels.separator_recovery import settled
from rules.view import View
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.operating.recorded import RecordedRecord, newest_position, recorded_between
from streams.lanes.gathering import gather_for
from streams.settings import Settings

TIMED: Final = frozenset({
    Reason.LATE, Reason.PERIOD_CLOSED, Reason.STOCK_NEGATIVE, Reason.RE_RATED, Reason.COST_TOLD,
})  # fmt: skip
"""Flags that follow from the moment of the decision: what was closed, on the shelf, or priced otherwise,
or of which no cost was told yet."""
CHUNK: Final = 200


class Range(NamedTuple):
    """Offsets of a partition of the scan topic, both ends included."""

    topic: str
    """Topic, by its name in `models.wire.topics`."""
    partition: int
    """Partition of the topic."""
    first: int
    """First offset."""
    last: int
    """Last offset."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that would be decided otherwise today."""

    offset: int
    """Offset of the record."""
    scan_id: UUID | None
    """Id of the scan, made by its device; `None` without one."""
    verdict: str
    """First verdict, as recorded."""
    reasons: tuple[str, ...]
    """Of the first verdict, as recorded."""
    verdict_today: str
    """Verdict by today's rules and facts."""
    reasons_today: tuple[str, ...]
    """Of that verdict."""


@dataclass(slots=True)
class Comparison:
    """What deciding a range again came to."""

    same: int = 0
    """Records that would be decided alike."""
    differences: list[Difference] = field(default_factory=list)
    """Records that would not."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Records that can't be decided alone, counted by why."""


async def shadow(
    settings: Settings, pool: asyncpg.Pool, wanted: Range, told: Callable[[int], None] = lambda _: None
) -> Comparison:
    """Decide the range again; `told` hears how many records more are done.

    Raises:
        LookupError: nothing is recorded of that partition, or of that range.
    """
    position = await newest_position(pool, wanted.topic, wanted.partition)
    if position is None:
        raise LookupError(f"Expected a recorded partition, got {wanted.topic}/{wanted.partition}.")
    bench = _Bench(settings, pool, position)
    comparison, at = Comparison(), wanted.first
    while rows := await recorded_between(pool, position, at, wanted.last, CHUNK):
        await bench.compare(rows, comparison)
        told(len(rows))
        at = rows[-1].record_offset + 1
    if at == wanted.first:
        where = f"{wanted.topic}/{wanted.partition}/{wanted.first}..{wanted.last}"
        raise LookupError(f"Expected recorded offsets of the newest cluster, got {where}.")
    return comparison


class _Bench:
    """Today's rules over facts that are only read."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool, position: int) -> None:
        self._zone = settings.zone
        self._books = PostgresBooks(pool, settings.zone)
        self._pool = pool
        self._catalogue = Catalogue()
        self._position = position

    async def compare(self, rows: list[RecordedRecord], comparison: Comparison) -> None:
        """Add what deciding these rows again comes to."""
        kept = []
        for row in rows:
            why = _left_out(row)
            if why:
                comparison.left_out[why] += 1
            else:
                kept.append(row)
        if not kept:
            return
        lane = kept[0].lane
        await self._books.gather(lane, Lookup(), self._catalogue)
        arrivals = [self._read(row) for row in kept]
        subjects = [arrival for arrival in arrivals if isinstance(arrival, RecordedScan)]
        gathered = await gather_for(
            self._books, lane, self._catalogue, lambda: wanted_by(subjects, (), self._catalogue)
        )
        for row, arrival in zip(kept, arrivals, strict=True):
            self._add(row, arrival, _before(row, arrival, gathered), comparison)

    def _read(self, row: RecordedRecord) -> Arrival:
        ref = Ref(self._position, row.record_offset)
        scanners = self._catalogue.scanners
        return read_arrival(ref, row.lane, row.record_key, row.raw, row.recorded_at, self._zone, scanners)

    def _add(self, row: RecordedRecord, arrival: Arrival, gathered: Snapshot, comparison: Comparison) -> None:
        result = _decided(arrival, View(gathered, self._catalogue))
        verdict = str(Verdict.REFUSED if isinstance(result, BadRecord) else result.verdict)
        reasons = _without_timed((result.reason,) if isinstance(result, BadRecord) else result.reasons)
        was = (row.verdict, _without_timed(row.reasons))
        if (verdict, reasons) == was:
            comparison.same += 1
        else:
            comparison.differences.append(Difference(row.record_offset, row.scan_id, *was, verdict, reasons))


def _left_out(row: RecordedRecord) -> str | None:
    if row.joined:
        return "joined halves"
    if row.let_go:
        return "bytes let go by retention"
    if row.verdict == Verdict.WAITING:
        return "waiting halves"
    return "commanded by a person" if row.commanded else None


def _decided(arrival: Arrival, view: View) -> Decision | BadRecord:
    """A half that is alone is decided as when its window had closed; it was compared with what stands today."""
    if isinstance(arrival, RecordedScan) and view.fingerprint(arrival) is None:
        label = settled(arrival.label, arrival.event, view)
        if label.half:
            prior = Prior(0, Verdict.WAITING, (), moved=False, holds_unit=False)
            return decide(structs.replace(arrival, label=label), view, arrival.recorded_at, prior, released=True)
    results = fold([arrival], view, POLICY)
    assert results  # noqa: S101 -- ticks are not recorded as scans
    return results[-1]


def _before(row: RecordedRecord, arrival: Arrival, gathered: Snapshot) -> Snapshot:
    """What was gathered, without what this scan and later returns have done to it; no month counts as closed."""
    if not isinstance(arrival, RecordedScan):
        return gathered
    event, own = arrival.event, arrival.ref
    fingerprints, holders = dict(gathered.fingerprints), dict(gathered.holders)
    if row.counts:
        fingerprints.pop((event.hospital, event.scan_id), None)
        # A unit that this use has given back may be with another use by now.
        holders = {unit: ref for unit, ref in holders.items() if ref != own and not (row.returned and ref > own)}
    uses = gathered.uses
    if row.return_number is not None and row.use_position is not None and row.use_offset is not None:
        used = Ref(row.use_position, row.use_offset)
        units, changes = row.returned_before, row.return_number - 1
        uses = [replace(use, returned_units=units, changes=changes) if use.ref == used else use for use in uses]
    return replace(gathered, fingerprints=fingerprints, holders=holders, uses=uses, closed={})


def _without_timed(reasons: Any) -> tuple[str, ...]:
    return tuple(str(reason) for reason in reasons if reason not in TIMED)
