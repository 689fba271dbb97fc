-- Pages of a month, differences and uses for review, over large books.

-- "/list/scans?month=" and "/list/charges?month=" (sinks/postgres/web/lists.py): the month's scans, the newest first.
CREATE INDEX scan_made ON udi.scan (hospital, scanned_at);

-- "/list/differences" (sinks/postgres/web/lists.py): the largest first.
CREATE INDEX difference_by_amount ON udi.difference (hospital, abs(found_fen - expected_fen) DESC, difference_id);

-- Uses for review begin with the few that were let pass (scan_let_pass, decision_let_pass), never with every scan.
CREATE OR REPLACE VIEW report.overrides AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.department, n.store, n.encounter, n.staff, n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       udi.masked_2(coalesce(apart.badge, within.body ->> 'badge', later.badge)) AS badge,
       udi.masked_2(coalesce(apart.reason, within.body ->> 'reason', later.reason)) AS reason
FROM (
    SELECT position_id, record_offset FROM udi.scan WHERE reasons && ARRAY['overridden', 'breaker-trial']
    UNION SELECT position_id, record_offset FROM udi.decision WHERE reasons && ARRAY['overridden', 'breaker-trial']
) let_pass
JOIN udi.scan_now n USING (position_id, record_offset)
JOIN udi.scan s USING (position_id, record_offset)
LEFT JOIN udi.scan_override apart USING (position_id, record_offset)
CROSS JOIN LATERAL (SELECT convert_from(s.raw, 'UTF8')::jsonb -> 'override' AS body) within
LEFT JOIN LATERAL (
    SELECT c.body ->> 'badge' AS badge, c.reason FROM udi.command c JOIN udi.command_outcome o USING (lane, seq)
    WHERE (c.hospital, c.scan_id, c.kind) = (n.hospital, n.scan_id, 'override') AND o.done ORDER BY c.seq LIMIT 1
) later ON true
WHERE n.reasons && ARRAY['overridden', 'breaker-trial'];
