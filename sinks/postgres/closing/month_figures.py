"""Figures of a month by which a hospital judges its scanning: shares, delays, differences, waste.

References:
    docs/semantics/closing.md, "Figures of a month".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from sinks.postgres.closing.figures import MonthOf

Connection = asyncpg.Connection | PoolConnectionProxy
_SHARE: Final = """
WITH extra AS MATERIALIZED (
    SELECT d.line_id FROM udi.difference_standing s JOIN udi.difference d USING (difference_id, version)
    WHERE s.hospital = $1 AND s.kind = 'extra'
), line AS (
    SELECT l.amount_fen, NOT EXISTS (SELECT FROM extra WHERE extra.line_id = l.line_id) AS scanned, EXISTS (
        SELECT FROM udi.item_now i CROSS JOIN LATERAL jsonb_array_elements(i.body -> 'identifiers') p
        WHERE (i.hospital, i.item_code) = (l.hospital, l.item_code) AND p ->> 'issuer' <> 'internal'
    ) AS udi
    FROM udi.his_line_now l
    WHERE l.hospital = $1 AND l.service_at >= $2 AND l.service_at < $3 AND NOT l.cancelled
)
SELECT count(*) AS lines, count(*) FILTER (WHERE scanned) AS lines_scanned,
       coalesce(sum(amount_fen), 0)::bigint AS fen,
       coalesce(sum(amount_fen) FILTER (WHERE scanned), 0)::bigint AS fen_scanned,
       count(*) FILTER (WHERE udi) AS udi_lines, count(*) FILTER (WHERE udi AND scanned) AS udi_lines_scanned
FROM line
"""
_DELAY: Final = """
SELECT delayed.parked, count(*) AS charges, max(delayed.delay) AS max,
       percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY delayed.delay) AS percentiles
FROM (
    SELECT l.posted_at - s.scanned_at AS delay, s.verdict = 'parked' OR EXISTS (
        SELECT FROM udi.decision d
        WHERE (d.position_id, d.record_offset) = (s.position_id, s.record_offset) AND d.verdict = 'parked'
    ) AS parked
    FROM udi.scans_between($1, $2, $3) k
    JOIN udi.scan s USING (position_id, record_offset)
    CROSS JOIN LATERAL (
        SELECT e.posted_at FROM udi.ledger e
        WHERE (e.position_id, e.record_offset) = (k.position_id, k.record_offset) AND e.kind = 'charge'
        ORDER BY e.n LIMIT 1
    ) l
) delayed GROUP BY delayed.parked ORDER BY delayed.parked
"""
_DIFFERENCES: Final = """
SELECT newest.kind, newest.status, count(*) AS differences,
       sum(greatest(coalesce(charged.fen, newest.expected_fen) - newest.found_fen, 0))::bigint AS too_little_fen,
       sum(greatest(newest.found_fen - newest.expected_fen, 0))::bigint AS too_much_fen
FROM udi.difference newest
LEFT JOIN LATERAL (
    SELECT sum(CASE e.kind WHEN 'charge' THEN e.amount_fen ELSE -e.amount_fen END)::bigint AS fen
    FROM udi.scan_claim c CROSS JOIN LATERAL (
        SELECT l.kind, l.amount_fen FROM udi.ledger l
        WHERE (l.position_id, l.record_offset) = (c.position_id, c.record_offset) AND l.kind = 'charge'
        UNION ALL
        SELECT l.kind, l.amount_fen FROM udi.ledger l
        WHERE l.kind = 'credit' AND (l.charge_position, l.charge_offset) = (c.position_id, c.record_offset)
    ) e
    WHERE (c.hospital, c.scan_id) = (newest.hospital, newest.scan_id)
      AND newest.status = 'mended' AND newest.kind = 'missed' AND newest.expected_fen = 0
) charged ON true
WHERE newest.hospital = $1 AND newest.at >= $2 AND newest.at < $3
  AND NOT EXISTS (
      SELECT FROM udi.difference newer
      WHERE newer.difference_id = newest.difference_id AND newer.version > newest.version
  )
GROUP BY newest.kind, newest.status ORDER BY newest.kind, newest.status
"""
"""What a scan that nobody could price yet was charged in the end is known by its charge alone."""
_WASTE: Final = """
SELECT w.department, w.action::text AS action, coalesce(w.explanation, '') AS reason, count(*) AS scans,
       sum(w.units)::bigint AS units, coalesce(sum(w.amount_fen), 0)::bigint AS amount_fen,
       count(*) FILTER (WHERE w.cost IS NULL) AS without_cost
FROM udi.waste_cost w JOIN udi.scan s USING (position_id, record_offset)
WHERE w.hospital = $1 AND s.scanned_at >= $2 AND s.scanned_at < $3
GROUP BY w.department, w.action, coalesce(w.explanation, '') ORDER BY amount_fen DESC, 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Share:
    """Of so much, so much was scanned. The denominator is what the HIS has charged."""

    denominator: str
    """`amount` (fen), `lines`, or `udi-lines`: lines of items with a maker's identifier."""
    whole: int
    """What the HIS has charged: fen, or lines."""
    scanned: int
    """Of it, what something was scanned for."""


@dataclass(frozen=True, slots=True)
class Delay:
    """From the scan to the posting of its charge, by the broker's clock."""

    parked: bool
    """It waited for a fact first."""
    charges: int
    """First charges of uses that were counted."""
    p50: timedelta
    """Half of them took no longer."""
    p90: timedelta
    """90 % of them took no longer."""
    p99: timedelta
    """99 % of them took no longer."""
    max: timedelta
    """The slowest."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences with the HIS of one kind and status, by the time of use."""

    kind: str
    """`missed`, `wrong` or `extra`."""
    status: str
    """Where they stand now (`DifferenceStatus`)."""
    count: int
    """How many there are."""
    too_little_fen: int
    """What was charged too little, ≥ 0."""
    too_much_fen: int
    """What was charged too much, ≥ 0."""


@dataclass(frozen=True, slots=True)
class Waste:
    """What was opened and not used, or thrown away."""

    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    action: str
    """`opened` or `waste`."""
    reason: str
    """What the person said on the scan; empty when nothing."""
    scans: int
    """Scans that were counted."""
    units: int
    """Units of use."""
    amount_fen: int
    """At the cost of the day."""
    without_cost: int
    """Scans of goods without a cost on the day."""


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """The figures of one hospital."""

    shares: Sequence[Share]
    """Empty when the HIS has sent no lines of the month."""
    delays: Sequence[Delay]
    """From the scan to its charge."""
    differences: Sequence[Differences]
    """With the HIS."""
    waste: Sequence[Waste]
    """Goods opened or thrown away."""

    @property
    def recovered_fen(self) -> int:
        """What had been charged too little and was mended."""
        return sum(each.too_little_fen for each in self.differences if each.status == "mended")

    @property
    def given_back_fen(self) -> int:
        """What had been charged too much and was mended."""
        return sum(each.too_much_fen for each in self.differences if each.status == "mended")


async def month_figures(connection: Connection, scope: MonthOf) -> MonthFigures:
    """The figures of a month by the time of use, as they stand."""
    span = (scope.hospital, scope.start, scope.end)
    share = await connection.fetchrow(_SHARE, *span)
    assert share is not None  # noqa: S101 -- sums have one row
    rows = await connection.fetch(_DELAY, *span)
    return MonthFigures(
        _shares(share) if share["lines"] else (),
        [_delay(row) for row in rows],
        [Differences(*row) for row in await connection.fetch(_DIFFERENCES, *span)],
        [Waste(*row) for row in await connection.fetch(_WASTE, *span)],
    )


def _delay(row: Any) -> Delay:
    p50, p90, p99 = row["percentiles"]
    return Delay(row["parked"], row["charges"], p50, p90, p99, row["max"])


def _shares(row: Any) -> list[Share]:
    return [
        Share("amount", row["fen"], row["fen_scanned"]),
        Share("lines", row["lines"], row["lines_scanned"]),
        Share("udi-lines", row["udi_lines"], row["udi_lines_scanned"]),
    ]
