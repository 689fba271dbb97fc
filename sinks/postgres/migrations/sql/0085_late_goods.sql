-- An identify that came before its goods is decided again when they come, as a return is that came before its use. What somebody has said of them meanwhile
-- stands: then it stays with a person.
-- Scans of a lane that wait and may be free by now, each with the instant of what freed it. Only the lane's own: nobody looks for others' rows.
CREATE FUNCTION udi.freed_3(p_lane smallint, p_seen bigint, p_version bigint, p_after_position smallint, p_after_offset bigint, p_limit integer)
RETURNS TABLE (position_id smallint, record_offset bigint, freed_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT waiting.position_id, waiting.record_offset, max(waiting.freed_at) FROM (
        SELECT o.position_id, o.record_offset, greatest(o.since, c.recorded_at) AS freed_at
        FROM udi.fact_change c JOIN udi.open_scan o ON o.hospital = c.hospital AND o.encounter = c.code
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'encounter'
          AND o.lane = p_lane AND (o.verdict = 'parked' OR o.reason = 'half-label' AND o.verdict = 'held')
        UNION ALL
        SELECT o.position_id, o.record_offset, greatest(o.since, c.recorded_at)
        FROM udi.fact_change c CROSS JOIN LATERAL unnest(c.issuers, c.dis) i (issuer, di)
        JOIN udi.open_scan o ON o.hospital = c.hospital AND o.issuer = i.issuer AND o.di = i.di
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'item'
          AND o.lane = p_lane AND (o.verdict = 'parked' OR o.verdict = 'held' AND o.reason IN ('half-label', 'ambiguous-code'))
        UNION ALL
        SELECT o.position_id, o.record_offset, greatest(o.since, c.recorded_at)
        FROM udi.fact_change c CROSS JOIN LATERAL unnest(c.issuers, c.dis) i (issuer, di)
        JOIN udi.open_scan o ON o.lane = p_lane AND o.reason = 'ambiguous-code' AND o.issuer = i.issuer AND o.di = i.di
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'shape'
        UNION ALL
        SELECT n.position_id, n.record_offset, greatest(n.decided_at, c.recorded_at)
        FROM udi.fact_change c CROSS JOIN LATERAL unnest(c.issuers, c.dis) i (issuer, di)
        CROSS JOIN LATERAL (
            SELECT s.position_id, s.record_offset FROM udi.scan s
            WHERE s.issuer = i.issuer AND s.di = i.di AND 'lot-uncertain' = ANY (s.reasons)
            UNION
            SELECT d.position_id, d.record_offset FROM udi.decision d
            WHERE d.issuer = i.issuer AND d.di = i.di AND 'lot-uncertain' = ANY (d.reasons)
        ) doubtful
        JOIN udi.scan_now n USING (position_id, record_offset)
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'shape' AND n.lane = p_lane AND 'lot-uncertain' = ANY (n.reasons)
        UNION ALL
        SELECT o.position_id, o.record_offset, o.since FROM udi.open_scan o
        WHERE o.lane = p_lane AND o.reason = 'serial-used'
          AND NOT EXISTS (SELECT FROM udi.unit_claim u WHERE (u.hospital, u.issuer, u.di, u.serial) = (o.hospital, o.issuer, o.di, o.serial))
        UNION ALL
        SELECT o.position_id, o.record_offset, greatest(o.since, use.decided_at)
        FROM udi.open_scan o JOIN udi.scan_now r USING (position_id, record_offset)
        CROSS JOIN LATERAL (
            -- Two branches, each by its index: the use the return names, or the uses of its unit in its encounter.
            SELECT u.* FROM udi.scan_claim c JOIN udi.scan_now u USING (position_id, record_offset)
            WHERE (c.hospital, c.scan_id) = (r.hospital, r.corrects)
            UNION ALL
            SELECT u.* FROM udi.scan_now u
            WHERE r.corrects IS NULL AND (u.hospital, u.encounter) = (r.hospital, r.encounter) AND u.action IN ('use', 'return')
        ) u
        CROSS JOIN LATERAL (
            SELECT u.decided_at
            WHERE u.action = 'use' AND u.verdict IN ('billed', 'recorded') AND NOT u.reasons && ARRAY['rejected', 'corrected']
              -- The same unit or lot, or the same goods on another package level; such goods that went out without a lot; or what
              -- one of the readings of a return says whose label has lost separators.
              AND ((u.issuer, coalesce(u.di, '')) = (r.issuer, coalesce(r.di, '')) OR u.item_code = r.item_code)
              AND ((coalesce(u.lot, ''), coalesce(u.serial, '')) = (coalesce(r.lot, ''), coalesce(r.serial, ''))
                   OR u.lot IS NULL AND u.serial IS NULL AND 'lot-uncertain' = ANY (u.reasons)
                   OR EXISTS (
                       SELECT FROM udi.reading m
                       WHERE (m.position_id, m.record_offset, m.n) = (r.position_id, r.record_offset, r.decisions) AND m.possible
                         AND (m.issuer, m.di) = (u.issuer, u.di)
                         AND (coalesce(m.lot, ''), coalesce(m.serial, '')) = (coalesce(u.lot, ''), coalesce(u.serial, ''))
                   ))
              AND u.scanned_at <= r.scanned_at + udi.return_clock_at(r.hospital, r.scanned_at)
              AND u.units - (SELECT coalesce(sum(t.units), 0) FROM udi.use_change t WHERE (t.use_position, t.use_offset) = (u.position_id, u.record_offset)) >= coalesce(r.units, 1)
        ) use
        WHERE o.lane = p_lane AND o.action = 'return' AND o.verdict IN ('parked', 'held')
        UNION ALL
        SELECT o.position_id, o.record_offset, greatest(o.since, goods.decided_at)
        FROM udi.open_scan o JOIN udi.scan_now r USING (position_id, record_offset)
        CROSS JOIN LATERAL (
            -- What an identify may mean, as rules/charging/identifying.py takes it: so that what is found is decided otherwise, and once.
            SELECT max(g.decided_at) AS decided_at, count(*) AS several,
                   count(*) FILTER (WHERE g.units = r.units AND (g.issuer, g.di, g.lot, g.serial) IS DISTINCT FROM (r.issuer, r.di, r.lot, r.serial)) AS others,
                   bool_or(EXISTS (
                       SELECT FROM udi.command k WHERE (k.hospital, k.scan_id) = (g.hospital, g.scan_id) AND k.kind = 'identify'
                   )) AS said
            FROM (
                SELECT c.position_id, c.record_offset FROM udi.scan_claim c WHERE (c.hospital, c.scan_id) = (r.hospital, r.corrects)
                UNION ALL
                SELECT s.position_id, s.record_offset FROM udi.scan s WHERE r.corrects IS NULL AND (s.hospital, s.document) = (r.hospital, r.document)
            ) found
            JOIN udi.scan_now g USING (position_id, record_offset)
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(CASE WHEN m.takes_back THEN -1 ELSE 1 END), 0) AS times FROM udi.stock_move m
                WHERE (m.position_id, m.record_offset) = (g.position_id, g.record_offset)
            ) moved
            WHERE g.verdict NOT IN ('duplicate', 'conflict', 'refused') AND g.action NOT IN ('return', 'count', 'missing', 'found', 'identify')
              AND g.issuer <> 'internal' AND (moved.times > 0 OR g.verdict IN ('waiting', 'parked', 'held'))
              AND NOT g.reasons && ARRAY['rejected', 'corrected'] AND (r.corrects IS NOT NULL OR g.item_code = r.item_code)
              AND NOT EXISTS (
                  SELECT FROM udi.use_change c WHERE (c.use_position, c.use_offset) = (g.position_id, g.record_offset) AND c.units > 0
              )
        ) goods
        WHERE o.lane = p_lane AND o.action = 'identify' AND o.reason = 'no-such-goods' AND NOT 'label-incomplete' = ANY (r.reasons)
          AND (goods.several = 1 OR r.corrects IS NULL AND goods.several > 1 AND goods.others = 1) AND NOT goods.said
    ) waiting
    WHERE (waiting.position_id, waiting.record_offset) > (p_after_position, p_after_offset)
    GROUP BY waiting.position_id, waiting.record_offset ORDER BY waiting.position_id, waiting.record_offset LIMIT p_limit
$$;
COMMENT ON FUNCTION udi.freed_3 IS 'As udi.freed_2, and what identifies goods that have come since.';
