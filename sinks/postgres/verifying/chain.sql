-- Where the stored rows differ from what was chained when they were recorded. Each query gives the rows that break it, and none when it holds.

-- check: batches-numbered: batches are numbered without a gap, and the newest is the lane's
SELECT l.lane, l.version AS recorded, count(c.batch) AS chained, max(c.batch) AS newest
FROM udi.lane l LEFT JOIN udi.chain c USING (lane)
GROUP BY l.lane, l.version HAVING count(c.batch) <> l.version OR coalesce(max(c.batch), 0) <> l.version
UNION ALL
SELECT c.lane, NULL, count(*), max(c.batch) FROM udi.chain c WHERE NOT EXISTS (SELECT FROM udi.lane l WHERE l.lane = c.lane) GROUP BY c.lane;

-- check: heads-follow: every head follows from the head before it and what its batch holds
SELECT linked.lane, linked.batch, 'batch, its order or its head was changed' AS what
FROM (
    SELECT c.lane, c.batch, c.head, udi.head_of(lag(c.head) OVER (PARTITION BY c.lane ORDER BY c.batch), c) AS expected FROM udi.chain c
) linked WHERE linked.head <> linked.expected;

-- check: offsets-chained: the offsets of a position are chained without a gap
SELECT ranges.lane, ranges.batch, ranges.position_id, ranges.lo, ranges.before FROM (
    SELECT c.lane, c.batch, c.position_id, c.lo, lag(c.hi) OVER (PARTITION BY c.position_id ORDER BY c.batch) AS before FROM udi.chain c
) ranges WHERE ranges.lo <> ranges.before
UNION ALL
SELECT p.partition, NULL, p.position_id, p.next_offset, max(c.hi) FROM udi.position p JOIN udi.chain c USING (position_id)
GROUP BY p.position_id HAVING max(c.hi) <> p.next_offset;

-- check: scans-unchanged: scans are as they were recorded
SELECT c.lane, c.batch, c.lo AS from_offset, c.hi AS to_offset, c.counts[1] AS recorded, found.n AS found, 'scan' AS book
FROM udi.chain c
CROSS JOIN LATERAL (
    SELECT count(*) AS n, sha256(string_agg(udi.scan_bytes(s), ''::bytea ORDER BY s.record_offset)) AS digest
    FROM udi.scan s WHERE s.position_id = c.position_id AND s.record_offset >= c.lo AND s.record_offset < c.hi
) found
WHERE found.n <> c.counts[1] OR coalesce(found.digest, '') <> c.digests[1];

-- check: raw-bytes-unchanged: raw bytes are as they came, but those of months that were let go or are away
SELECT coalesce(c.lane, p.partition) AS lane, c.batch, c.counts[6] AS recorded, coalesce(found.n, 0) AS found, found.first_offset,
       coalesce(c.recorded_at, found.stored_at) AS recorded_at, 'scan_raw' AS book
FROM (SELECT * FROM udi.chain WHERE counts[6] > 0) c
FULL JOIN (
    SELECT r.position_id, r.stored_at, count(*) AS n, min(r.record_offset) AS first_offset,
           sha256(string_agg(udi.scan_raw_bytes(r), ''::bytea ORDER BY r.record_offset)) AS digest
    FROM udi.scan_raw r GROUP BY r.position_id, r.stored_at
) found ON (found.position_id, found.stored_at) = (c.position_id, c.recorded_at)
LEFT JOIN udi.position p ON p.position_id = found.position_id
WHERE (coalesce(found.n, 0) <> coalesce(c.counts[6], 0) OR found.digest IS DISTINCT FROM c.digests[6])
  -- A batch goes as a whole, with its month.
  AND NOT (found.n IS NULL AND EXISTS (SELECT FROM udi.raw_purge g WHERE g.month = udi.raw_month(c.recorded_at)))
  AND NOT (found.n IS NULL AND EXISTS (SELECT FROM udi.raw_away a WHERE a.month = udi.raw_month(c.recorded_at)));

-- check: overrides-unchanged: overrides are as they came
SELECT coalesce(c.lane, found.lane) AS lane, c.batch, c.counts[7] AS recorded, coalesce(found.n, 0) AS found, found.first_offset, 'scan_override' AS book
FROM (SELECT * FROM udi.chain WHERE counts[7] > 0) c
FULL JOIN (
    SELECT s.lane, s.batch, count(*) AS n, min(o.record_offset) AS first_offset,
           sha256(string_agg(udi.scan_override_bytes(o), ''::bytea ORDER BY o.record_offset)) AS digest
    FROM udi.scan_override o LEFT JOIN LATERAL (
        SELECT b.lane, b.batch FROM udi.chain b WHERE b.position_id = o.position_id AND b.lo <= o.record_offset AND b.hi > o.record_offset
    ) s ON true GROUP BY s.lane, s.batch
) found ON (found.lane, found.batch) = (c.lane, c.batch)
WHERE coalesce(found.n, 0) <> coalesce(c.counts[7], 0) OR found.digest IS DISTINCT FROM c.digests[7];

-- check: no-scan-put-in: no scan lies where nothing was recorded
SELECT s.lane, s.position_id, s.record_offset, s.scan_id FROM udi.scan s
LEFT JOIN (SELECT position_id, min(lo) AS lo, max(hi) AS hi FROM udi.chain GROUP BY position_id) c USING (position_id)
WHERE c.position_id IS NULL OR s.record_offset < c.lo OR s.record_offset >= c.hi;

-- check: decisions-unchanged: later decisions are as they were recorded
SELECT c.lane, c.batch, c.counts[2] AS recorded, found.n AS found, c.decided_offsets[1] AS first_offset, 'decision' AS book
FROM udi.chain c
CROSS JOIN LATERAL (
    SELECT count(*) AS n, sha256(string_agg(udi.decision_bytes(d), ''::bytea ORDER BY d.position_id, d.record_offset, d.n)) AS digest
    FROM unnest(c.decided_positions, c.decided_offsets, c.decided_numbers) k (position_id, record_offset, n)
    JOIN udi.decision d USING (position_id, record_offset, n)
) found
WHERE c.counts[2] > 0 AND (found.n <> c.counts[2] OR found.digest IS DISTINCT FROM c.digests[2]);

-- check: no-decision-put-in: no decision is there that was never recorded
SELECT d.lane, d.position_id, d.record_offset, d.n FROM udi.decision d
WHERE NOT EXISTS (
    SELECT FROM (
        SELECT k.position_id, k.record_offset, k.n FROM udi.chain c
        CROSS JOIN LATERAL unnest(c.decided_positions, c.decided_offsets, c.decided_numbers) k (position_id, record_offset, n) WHERE c.counts[2] > 0
    ) k WHERE (k.position_id, k.record_offset, k.n) = (d.position_id, d.record_offset, d.n)
);

-- check: ledger-unchanged: the ledger is as it was recorded
SELECT coalesce(c.lane, found.lane) AS lane, c.batch, c.counts[3] AS recorded, coalesce(found.n, 0) AS found, found.first_offset, found.recorded_at, 'ledger' AS book
FROM (SELECT * FROM udi.chain WHERE counts[3] > 0) c
FULL JOIN (
    SELECT p.partition::smallint AS lane, l.recorded_at, count(*) AS n, min(l.record_offset) AS first_offset,
           sha256(string_agg(udi.ledger_bytes(l), ''::bytea ORDER BY l.position_id, l.record_offset, l.n)) AS digest
    FROM udi.ledger l JOIN udi.position p USING (position_id) GROUP BY p.partition, l.recorded_at
) found ON (found.lane, found.recorded_at) = (c.lane, c.recorded_at)
WHERE coalesce(found.n, 0) <> coalesce(c.counts[3], 0) OR found.digest IS DISTINCT FROM c.digests[3];

-- check: settlement-unchanged: settlement lines are as they were recorded
SELECT coalesce(c.lane, found.lane) AS lane, c.batch, c.counts[4] AS recorded, coalesce(found.n, 0) AS found, found.first_offset, found.recorded_at, 'settlement' AS book
FROM (SELECT * FROM udi.chain WHERE counts[4] > 0) c
FULL JOIN (
    SELECT p.partition::smallint AS lane, t.recorded_at, count(*) AS n, min(t.record_offset) AS first_offset,
           sha256(string_agg(udi.settlement_bytes(t), ''::bytea ORDER BY t.position_id, t.record_offset, t.n)) AS digest
    FROM udi.settlement t JOIN udi.position p USING (position_id) GROUP BY p.partition, t.recorded_at
) found ON (found.lane, found.recorded_at) = (c.lane, c.recorded_at)
WHERE coalesce(found.n, 0) <> coalesce(c.counts[4], 0) OR found.digest IS DISTINCT FROM c.digests[4];

-- check: waste-unchanged: what was wasted is as it was recorded
SELECT coalesce(c.lane, found.lane) AS lane, c.batch, c.counts[5] AS recorded, coalesce(found.n, 0) AS found, found.first_offset, found.recorded_at, 'waste_cost' AS book
FROM (SELECT * FROM udi.chain WHERE counts[5] > 0) c
FULL JOIN (
    SELECT p.partition::smallint AS lane, w.recorded_at, count(*) AS n, min(w.record_offset) AS first_offset,
           sha256(string_agg(udi.waste_bytes(w), ''::bytea ORDER BY w.position_id, w.record_offset, w.n)) AS digest
    FROM udi.waste_cost w JOIN udi.position p USING (position_id) GROUP BY p.partition, w.recorded_at
) found ON (found.lane, found.recorded_at) = (c.lane, c.recorded_at)
WHERE coalesce(found.n, 0) <> coalesce(c.counts[5], 0) OR found.digest IS DISTINCT FROM c.digests[5];

-- check: seals-of-the-chain: every seal holds heads of the chain, numbered without a gap
SELECT s.n, one.lane, one.batch, 'seal and chain differ' AS what
FROM udi.seal s CROSS JOIN LATERAL unnest(s.lanes, s.batches, s.heads) one (lane, batch, head)
LEFT JOIN udi.chain c ON (c.lane, c.batch) = (one.lane, one.batch) WHERE c.head IS DISTINCT FROM one.head
UNION ALL
SELECT max(n), NULL, count(*), 'a seal is missing' FROM udi.seal HAVING coalesce(max(n), 0) <> count(*);
