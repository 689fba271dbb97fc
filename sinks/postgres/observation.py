"""What the database knows and no process counts: what waits, what is open, how far the books stand.

Each process observes for itself, every few seconds: none of it depends on another process being alive, and alert rules
take the `max` over instances. `observe` reads some hundreds of rows and what is open; `observe_stock` sums the balances
and `observe_scanners` looks at a week of suspected labels: both are called less often.

References:
    docs/metrics.md; docs/operations.md, "Observation".
"""

import asyncpg

from models.policy import POLICY
from models.reconciling.differences import DifferenceKind
from models.wire.topics import LANE_OUTPUTS
from sinks.metrics.counts import Metrics
from sinks.postgres.labels.scanners import ScannerBooks

OBSERVE_SECONDS = 5.0
"""Between two calls of `observe`. Own choice: shorter than Prometheus' interval of 15 s, longer than it takes."""
OBSERVE_STOCK_SECONDS = 60.0
"""Between two calls of `observe_stock`, which reads every balance."""

_POSITIONS = """
SELECT DISTINCT ON (topic, partition) topic, partition, next_offset FROM udi.position
ORDER BY topic, partition, position_id DESC
"""
_OUTBOX = """
SELECT newest.topic, newest.partition, newest.seq - coalesce(floor.seq, 0) AS pending, oldest.written_at
FROM (
    SELECT topic, lane AS partition, seq FROM udi.lane
    CROSS JOIN LATERAL unnest($1::text[], ARRAY[billing_seq, verdicts_seq, settlement_seq, dead_letters_seq])
        one (topic, seq)
    UNION ALL
    SELECT topic, partition, last_seq FROM udi.topic_counter
) newest
LEFT JOIN LATERAL (
    SELECT f.seq FROM udi.relay_floor f
    WHERE (f.topic, f.partition) = (newest.topic, newest.partition)
      AND f.cluster_id = (SELECT p.cluster_id FROM udi.position p ORDER BY p.position_id DESC LIMIT 1)
) floor ON true
LEFT JOIN LATERAL (
    SELECT b.written_at FROM udi.outbox_block b
    WHERE b.topic = newest.topic AND b.partition = newest.partition AND b.first_seq <= coalesce(floor.seq, 0) + 1
      AND newest.seq > coalesce(floor.seq, 0)
    ORDER BY b.first_seq DESC LIMIT 1
) oldest ON true
"""
_OPEN = "SELECT verdict::text, count(*) AS scans, min(since) AS since FROM udi.open_scan GROUP BY verdict"
_ALERTS = """
SELECT rule, count(*) AS alerts FROM udi.alert a
WHERE status IN ('fired', 'provisional')
  AND NOT EXISTS (SELECT FROM udi.alert newer WHERE newer.alert_id = a.alert_id AND newer.version > a.version)
GROUP BY rule
"""
_DIFFERENCES = """
SELECT s.kind, count(*) AS differences
FROM udi.difference_standing s LEFT JOIN udi.difference d USING (difference_id, version)
WHERE s.status <> 'accepted' AND (d.cause = 'not-posted' AND d.at > now() - $1::interval) IS NOT TRUE
GROUP BY s.kind
"""
_STOCK = """
SELECT count(*) FROM (
    SELECT FROM udi.balance GROUP BY hospital, store, item_code, owner, lot, serial HAVING sum(quantity) < 0
) below
"""


async def observe(pool: asyncpg.Pool, metrics: Metrics) -> dict[tuple[str, int], int]:
    """Read every gauge that lives in the database, but stock; gives how far each input partition is recorded.

    The outbox is counted from the relay's floor, which the relay moves some seconds late: a record is counted as
    pending a little longer than it is. Of several clusters the newest counts.

    Raises:
        asyncpg.PostgresError, OSError, TimeoutError: the database is away; the gauges stay as they were and ages go on.
    """
    async with pool.acquire() as connection:
        positions = await connection.fetch(_POSITIONS)
        outbox = await connection.fetch(_OUTBOX, list(LANE_OUTPUTS))
        opened = await connection.fetch(_OPEN)
        alerts = await connection.fetch(_ALERTS)
        cases = await connection.fetchval("SELECT count(*) FROM udi.open_case")
        differences = await connection.fetch(_DIFFERENCES, POLICY.his_line_time)
        lanes = await connection.fetchval("SELECT lanes FROM udi.installation")
    stand = {(row["topic"], row["partition"]): row["next_offset"] for row in positions}
    for (topic, partition), next_offset in stand.items():
        metrics.position(topic, partition, next_offset)
    where = [(row["topic"], str(row["partition"])) for row in outbox]
    metrics.gauges("udi_outbox_pending", dict(zip(where, (row["pending"] for row in outbox), strict=True)))
    metrics.oldest("udi_outbox_age_seconds", dict(zip(where, (row["written_at"] for row in outbox), strict=True)))
    scans = {row["verdict"]: (row["scans"], row["since"]) for row in opened}
    for verdict in ("waiting", "parked", "held"):
        metrics.gauge(f"udi_{verdict}_open", scans.get(verdict, (0, None))[0])
    for verdict in ("parked", "held"):
        metrics.oldest(f"udi_{verdict}_age_seconds", {(): scans.get(verdict, (0, None))[1]})
    metrics.gauges("udi_alerts_open", {(row["rule"],): row["alerts"] for row in alerts})
    metrics.gauge("udi_cases_open", cases)
    kinds = {(kind.value,): 0 for kind in DifferenceKind} | {(row["kind"],): row["differences"] for row in differences}
    metrics.gauges("udi_differences_open", kinds)
    metrics.gauge("udi_lanes", lanes or 0)
    metrics.observed()
    return stand


async def observe_stock(pool: asyncpg.Pool, metrics: Metrics) -> None:
    """Count the balances below zero, all lanes summed. Reads the whole table; raises as `observe` does."""
    metrics.gauge("udi_stock_negative", await pool.fetchval(_STOCK))


async def observe_scanners(pool: asyncpg.Pool, metrics: Metrics) -> None:
    """Count the scanners that seem faulty. Reads seven days of labels of those suspected; raises as `observe` does."""
    metrics.gauge("udi_scanner_faults", len(await ScannerBooks(pool).faults(POLICY)))
