-- Goods of a set that another scan says are of another lot: what was recorded first is no goods of the set any more.
CREATE OR REPLACE VIEW report.loan_sets AS
WITH scanned AS (
    SELECT s.position_id, s.record_offset, s.hospital, s.document, s.store, s.action, s.scanned_at
    FROM udi.scan s
    WHERE s.place = 'set' AND s.document IS NOT NULL AND s.action NOT IN ('count', 'missing', 'found', 'identify')
      AND s.verdict NOT IN ('duplicate', 'conflict', 'refused')
), went AS (
    SELECT s.hospital, s.document, s.action, m.owner, m.item_code, m.lot, m.serial, CASE WHEN m.takes_back THEN -m.units ELSE m.units END AS units,
           CASE 'set/' || s.document WHEN m.to_place THEN m.units WHEN m.from_place THEN -m.units ELSE 0 END AS left_over
    FROM scanned s
    CROSS JOIN LATERAL (
        -- Inside, its place narrows the view; as a join every move in the books would be read.
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (s.position_id, s.record_offset) OFFSET 0
    ) m
    UNION ALL
    SELECT s.hospital, s.document, NULL, NULL, n.item_code, n.lot, n.serial, NULL, 0
    FROM scanned s JOIN udi.scan_now n USING (position_id, record_offset) WHERE n.verdict IN ('waiting', 'parked', 'held')
), of_set AS (
    SELECT s.hospital, s.document, min(s.store) AS store, min(n.encounter) AS encounter, min(n.operation) AS operation,
           count(DISTINCT n.encounter) AS encounters, bool_or(s.action = 'send-back') AS went_back, udi.local_day(max(s.scanned_at)) + 7 AS due_on
    FROM scanned s JOIN udi.scan_now n USING (position_id, record_offset)
    WHERE NOT n.reasons && ARRAY['rejected', 'corrected'] GROUP BY s.hospital, s.document
), line AS (
    SELECT hospital, document, item_code, lot, serial, max(owner) AS owner,
           coalesce(sum(units) FILTER (WHERE action = 'receive'), 0)::bigint AS brought,
           coalesce(sum(CASE action WHEN 'use' THEN units WHEN 'return' THEN -units END), 0)::bigint AS used,
           coalesce(sum(units) FILTER (WHERE action IN ('opened', 'waste')), 0)::bigint AS wasted,
           coalesce(sum(units) FILTER (WHERE action = 'send-back'), 0)::bigint AS returned, sum(left_over)::bigint AS lacking, bool_or(action IS NULL) AS waits
    FROM went GROUP BY hospital, document, item_code, lot, serial
)
SELECT l.hospital, l.document, nullif(l.owner, 'hospital') AS supplier, o.store, o.encounter, o.operation, l.item_code, l.lot, l.serial, l.brought, l.used,
       l.wasted, l.returned, l.lacking,
       CASE WHEN l.lacking < 0 THEN 'over' WHEN l.lacking = 0 THEN 'settled' WHEN o.went_back OR udi.day_of_books() > o.due_on THEN 'lacking' ELSE 'open' END
           AS status,
       array_remove(ARRAY[
           CASE WHEN l.used + l.wasted > l.brought THEN 'not-brought' END,
           CASE WHEN l.lacking > 0 AND (o.went_back OR udi.day_of_books() > o.due_on) THEN 'not-returned' END,
           CASE WHEN l.lacking < 0 AND l.returned > 0 THEN 'returned-more' END,
           CASE WHEN l.owner = 'hospital' THEN 'no-supplier' END,
           CASE WHEN o.encounters > 1 THEN 'several-encounters' END,
           CASE WHEN l.waits THEN 'waits' END
       ], NULL) AS findings
FROM line l JOIN of_set o USING (hospital, document)
WHERE (l.brought, l.used, l.wasted, l.returned, l.lacking) <> (0, 0, 0, 0, 0) OR l.waits;
