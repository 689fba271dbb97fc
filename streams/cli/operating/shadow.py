"""Recorded offsets decided once more, with today's rules and facts, in memory: what would differ. Nothing is written.

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
from streams.settings import Settings

TIMED: Final = frozenset({Reason.LATE, Reason.PERIOD_CLOSED, Reason.STOCK_NEGATIVE, Reason.RE_RATED})
"""Flags that follow from the moment of the decision: what was closed, on the shelf, or priced otherwise."""
CHUNK: Final = 200
_ROWS = """
SELECT n.record_offset, n.lane, n.recorded_at, s.record_key, s.raw, n.scan_id, n.verdict::text AS verdict, n.reasons,
       c.record_offset IS NOT NULL AS counts,
       own.use_position, own.use_offset, own.n AS return_number, before.units AS returned_before,
       EXISTS (SELECT FROM udi.command k WHERE (k.hospital, k.scan_id) = (n.hospital, n.scan_id)) AS commanded,
       EXISTS (
           SELECT FROM udi.use_change r WHERE (r.use_position, r.use_offset) = (n.position_id, n.record_offset)
       ) AS returned,
       EXISTS (
           SELECT FROM udi.pair p WHERE (p.position_id, p.record_offset) = (n.position_id, n.record_offset)
           UNION ALL
           SELECT FROM udi.pair p WHERE (p.rest_position, p.rest_offset) = (n.position_id, n.record_offset)
       ) AS joined
FROM udi.scan_now n
JOIN udi.scan s USING (position_id, record_offset)
LEFT JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (n.hospital, n.scan_id)
    AND (c.position_id, c.record_offset) = (n.position_id, n.record_offset)
LEFT JOIN udi.use_change own ON (own.by_position, own.by_offset) = (n.position_id, n.record_offset) AND own.units > 0
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.units), 0) AS units FROM udi.use_change e
    WHERE (e.use_position, e.use_offset) = (own.use_position, own.use_offset) AND e.n < own.n
) before
WHERE n.position_id = $1 AND n.record_offset BETWEEN $2 AND $3 ORDER BY n.record_offset LIMIT $4
"""


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
        LookupError: nothing is recorded of that partition.
    """
    position = await pool.fetchval(
        "SELECT max(position_id) FROM udi.position WHERE (topic, partition) = ($1, $2)", wanted.topic, wanted.partition
    )
    if position is None:
        raise LookupError(f"Expected a recorded partition, got {wanted.topic}/{wanted.partition}.")
    bench = _Bench(settings, pool, position)
    comparison, at = Comparison(), wanted.first
    while rows := await pool.fetch(_ROWS, position, at, wanted.last, CHUNK):
        await bench.compare(rows, comparison)
        told(len(rows))
        at = rows[-1]["record_offset"] + 1
    return comparison


class _Bench:
    """Today's rules over facts that are only read."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool, position: int) -> None:
        self._zone = settings.zone
        self._books = PostgresBooks(pool, settings.zone)
        self._catalogue = Catalogue()
        self._position = position

    async def compare(self, rows: list[Any], comparison: Comparison) -> None:
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
        lane = kept[0]["lane"]
        await self._books.gather(lane, Lookup(), self._catalogue)
        arrivals = [self._read(row) for row in kept]
        subjects = [arrival for arrival in arrivals if isinstance(arrival, RecordedScan)]
        gathered = await self._books.gather(lane, wanted_by(subjects, (), self._catalogue), self._catalogue)
        for row, arrival in zip(kept, arrivals, strict=True):
            self._add(row, arrival, gathered, comparison)

    def _read(self, row: Any) -> Arrival:
        ref = Ref(self._position, row["record_offset"])
        scanners = self._catalogue.scanners
        return read_arrival(ref, row["lane"], row["record_key"], row["raw"], row["recorded_at"], self._zone, scanners)

    def _add(self, row: Any, arrival: Arrival, gathered: Snapshot, comparison: Comparison) -> None:
        result = _decided(arrival, View(_before(row, arrival, gathered), self._catalogue))
        verdict = str(Verdict.REFUSED if isinstance(result, BadRecord) else result.verdict)
        reasons = _without_timed((result.reason,) if isinstance(result, BadRecord) else result.reasons)
        was = (row["verdict"], _without_timed(row["reasons"]))
        if (verdict, reasons) == was:
            comparison.same += 1
        else:
            comparison.differences.append(Difference(row["record_offset"], row["scan_id"], *was, verdict, reasons))


def _left_out(row: Any) -> str | None:
    if row["joined"]:
        return "joined halves"
    if row["verdict"] == Verdict.WAITING:
        return "waiting halves"
    return "commanded by a person" if row["commanded"] else None


def _decided(arrival: Arrival, view: View) -> Decision | BadRecord:
    """A half that is alone is decided as when its window had closed; it was compared with what stands today."""
    if isinstance(arrival, RecordedScan) and view.fingerprint(arrival) is None:
        label = settled(arrival.label, arrival.event, view)
        if label.half:
            prior = Prior(0, Verdict.WAITING, (), moved=False, holds_unit=False)
            return decide(replace(arrival, label=label), view, arrival.recorded_at, prior, released=True)
    results = fold([arrival], view, POLICY)
    assert results  # noqa: S101 -- ticks are not recorded as scans
    return results[-1]


def _before(row: Any, arrival: Arrival, gathered: Snapshot) -> Snapshot:
    """What was gathered, without what this scan and later returns have done to it; no month counts as closed."""
    if not isinstance(arrival, RecordedScan):
        return gathered
    event, own = arrival.event, arrival.ref
    fingerprints, holders = dict(gathered.fingerprints), dict(gathered.holders)
    if row["counts"]:
        fingerprints.pop((event.hospital, event.scan_id), None)
        # A unit that this use has given back may be with another use by now.
        holders = {unit: ref for unit, ref in holders.items() if ref != own and not (row["returned"] and ref > own)}
    uses = gathered.uses
    if row["return_number"] is not None:
        used = Ref(row["use_position"], row["use_offset"])
        before = {"returned_units": int(row["returned_before"]), "changes": row["return_number"] - 1}
        uses = [replace(use, **before) if use.ref == used else use for use in uses]
    return replace(gathered, fingerprints=fingerprints, holders=holders, uses=uses, closed={})


def _without_timed(reasons: Any) -> tuple[str, ...]:
    return tuple(str(reason) for reason in reasons if reason not in TIMED)
