"""What the database knows and no process counts: what waits, what is open, how far the books stand.

Each process observes for itself, every few seconds: none of it depends on another process being alive, and alert rules
take the `max` over instances. `observe` reads some hundreds of rows and what is open; `observe_stock` sums the balances
and `observe_scanners` looks at a week of suspected labels: both are called less often.

References:
    docs/metrics.md; docs/operations.md, "Observation".
"""

from datetime import UTC, datetime

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

POSITIONS = """
SELECT DISTINCT ON (topic, partition) topic, partition, next_offset FROM udi.position
ORDER BY topic, partition, position_id DESC
"""
OUTBOX = """
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
OPEN = """
SELECT verdict::text, count(*) AS scans, min(since) AS since,
    count(*) FILTER (WHERE since < now() - interval '1 day') AS old
FROM udi.open_scan GROUP BY verdict
"""
BACKLOG = """
SELECT 'evaluator' AS work, lane::text AS lane, min(version)::text AS head FROM udi.usage_delta GROUP BY lane
UNION ALL SELECT 'month-close', hospital, min(month)::text FROM udi.close_pending GROUP BY hospital
UNION ALL SELECT CASE reader WHEN 'proofs' THEN 'prover' ELSE 'reconciler' END, '', min(delta_id)::text
    FROM udi.case_delta GROUP BY reader
UNION ALL SELECT 'commands', l.lane::text, l.commands_done::text FROM udi.lane l
    WHERE EXISTS (SELECT FROM udi.command c WHERE c.lane = l.lane AND c.seq > l.commands_done)
UNION ALL SELECT 'sweep', l.lane::text, l.facts_seen::text FROM udi.lane l, udi.fact_counter f
    WHERE l.facts_seen < f.version
UNION ALL SELECT 'learner', l.position_id::text, l.next_offset::text
    FROM udi.learned l JOIN udi.position p USING (position_id) WHERE l.next_offset < p.next_offset
"""
"""What waits for a job or a lane, each with what it begins with: work that stands still begins with the same."""
BEHIND = "SELECT lane, greatest(0, f.version - l.facts_seen) AS facts FROM udi.lane l, udi.fact_counter f"
_VERIFIED = "SELECT at, failed FROM udi.verification ORDER BY verification_id DESC LIMIT 1"
_MONTHS_AHEAD = "SELECT count(*) FROM udi.raw_months WHERE month > udi.raw_month(clock_timestamp())"
_MONTH_RUN = """
SELECT min(udi.first_day(udi.shifted(ran.month, 2))::timestamp AT TIME ZONE i.zone) AS over_since
FROM (SELECT hospital, max(month) AS month FROM udi.month_step WHERE step = 'pack' GROUP BY hospital) ran
CROSS JOIN udi.installation i
"""
"""Of hospitals whose months are run: since when the next one could be."""
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
        positions = await connection.fetch(POSITIONS)
        outbox = await connection.fetch(OUTBOX, list(LANE_OUTPUTS))
        opened = await connection.fetch(OPEN)
        alerts = await connection.fetch(_ALERTS)
        cases = await connection.fetchval("SELECT count(*) FROM udi.open_case")
        differences = await connection.fetch(_DIFFERENCES, POLICY.his_line_time)
        lanes = await connection.fetchval("SELECT lanes FROM udi.installation")
        backlog, behind = await connection.fetch(BACKLOG), await connection.fetch(BEHIND)
        verified = await connection.fetchrow(_VERIFIED)
        over_since = await connection.fetchval(_MONTH_RUN)
        ahead = await connection.fetchval(_MONTHS_AHEAD)
    stand = {(row["topic"], row["partition"]): row["next_offset"] for row in positions}
    for (topic, partition), next_offset in stand.items():
        metrics.position(topic, partition, next_offset)
    where = [(row["topic"], str(row["partition"])) for row in outbox]
    metrics.gauges("udi_outbox_pending", dict(zip(where, (row["pending"] for row in outbox), strict=True)))
    metrics.oldest("udi_outbox_age_seconds", dict(zip(where, (row["written_at"] for row in outbox), strict=True)))
    scans = {row["verdict"]: (row["scans"], row["since"], row["old"]) for row in opened}
    for verdict in ("waiting", "parked", "held"):
        count, since, old = scans.get(verdict, (0, None, 0))
        metrics.gauge(f"udi_{verdict}_open", count)
        metrics.oldest(f"udi_{verdict}_age_seconds", {(): since})
        if verdict != "waiting":
            metrics.gauge(f"udi_{verdict}_old", old)
    metrics.backlog({(row["work"], row["lane"]): row["head"] for row in backlog})
    metrics.gauges("udi_facts_behind", {(str(row["lane"]),): row["facts"] for row in behind})
    late = over_since if over_since is not None and over_since <= datetime.now(UTC) else None
    metrics.oldest("udi_month_run_age_seconds", {(): late})
    if verified is not None:
        metrics.oldest("udi_verify_age_seconds", {(): verified["at"]})
        metrics.gauge("udi_verify_failed", verified["failed"])
    metrics.gauges("udi_alerts_open", {(row["rule"],): row["alerts"] for row in alerts})
    metrics.gauge("udi_cases_open", cases)
    metrics.gauge("udi_raw_months_ahead", ahead)
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
