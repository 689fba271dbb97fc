-- Sets that suppliers bring for one operation; and moves of units that the books had elsewhere.
CREATE FUNCTION udi.flag_reasons_2() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    ARRAY['lot-uncertain', 'after-discharge', 'late', 'serial-elsewhere', 'serial-missing', 'lot-missing', 'label-incomplete', 'stock-negative', 'period-closed',
          'licence-expired', 'insurance-code-ended', 'released', 'overridden', 'breaker-trial', 're-rated'];
COMMENT ON FUNCTION udi.flag_reasons_2 IS 'Reasons that decide nothing (models.reasons.REASONS, without a verdict).';
CREATE OR REPLACE FUNCTION udi.deciding_reason(reasons text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    coalesce((SELECT reason FROM unnest(reasons) WITH ORDINALITY r (reason, place) WHERE reason <> ALL (udi.flag_reasons_2()) ORDER BY place LIMIT 1), reasons[1]);

CREATE INDEX scan_of_set ON udi.scan (hospital, document) WHERE place = 'set' AND document IS NOT NULL;
COMMENT ON INDEX udi.scan_of_set IS 'report.loan_sets: the scans of the sets that suppliers brought.';

CREATE VIEW report.loan_sets AS
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
FROM line l JOIN of_set o USING (hospital, document);
COMMENT ON VIEW report.loan_sets IS 'Goods of a set that a supplier brought for one operation: brought, used, wasted, sent back, and what lacks. Units of use.';

CREATE INDEX scan_elsewhere ON udi.scan (position_id, record_offset) WHERE reasons && ARRAY['serial-elsewhere'];
COMMENT ON INDEX udi.scan_elsewhere IS 'report.moves_elsewhere: the scans to look at.';

-- By the times of the scans, as known now: what only came late to the books is not listed.
CREATE VIEW report.moves_elsewhere AS
SELECT m.hospital, m.scan_id, m.action::text AS action, m.moved_at, m.item_code, m.issuer, m.di, m.lot, m.serial, m.owner, m.from_place, m.to_place,
       before.to_place AS place, before.moved_at AS since, before.scan_id AS brought_by
FROM udi.scan s
JOIN LATERAL (
    SELECT one.* FROM udi.stock_move one
    WHERE (one.position_id, one.record_offset) = (s.position_id, s.record_offset) AND NOT one.takes_back ORDER BY one.n DESC LIMIT 1
) m ON m.serial IS NOT NULL
CROSS JOIN LATERAL (
    SELECT b.to_place, b.moved_at, b.scan_id
    FROM udi.scans_of(m.hospital, ARRAY[m.issuer], ARRAY[m.di], NULL, m.serial) k
    CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (k.position_id, k.record_offset) OFFSET 0
    ) b
    WHERE b.moved_at <= m.moved_at AND (b.position_id, b.record_offset) <> (m.position_id, m.record_offset) AND b.serial = m.serial
    ORDER BY b.moved_at DESC, b.decided_at DESC, b.n DESC LIMIT 1
) before
WHERE s.reasons && ARRAY['serial-elsewhere'] AND before.to_place <> m.from_place;
COMMENT ON VIEW report.moves_elsewhere IS 'Moves of a unit with a serial from where the books did not have it (place): a work list. The scan that is missing between both, when it comes, takes it off.';
