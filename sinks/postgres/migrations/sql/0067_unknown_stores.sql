-- Stores that the house does not know, and lines of notes that contradict themselves, are named.
CREATE FUNCTION udi.is_unknown_store(p_hospital text, p_store text) RETURNS boolean LANGUAGE sql STABLE RETURN
    p_store IS NOT NULL
    AND EXISTS (SELECT FROM udi.store s WHERE s.hospital = p_hospital)
    AND NOT EXISTS (SELECT FROM udi.store s WHERE s.hospital = p_hospital AND s.store = p_store);
COMMENT ON FUNCTION udi.is_unknown_store IS 'The hospital has told its stores, and this is none of them. Of a hospital that told none nothing is said; of no store (null) neither.';

CREATE INDEX scan_sent_to ON udi.scan (hospital, to_store, item_code) WHERE to_store IS NOT NULL;
COMMENT ON INDEX udi.scan_sent_to IS 'report.unknown_stores: which scan has sent goods there.';

CREATE VIEW report.unknown_stores AS
SELECT b.hospital, named.store, b.store AS place, b.item_code, b.issuer, b.di, b.lot, b.serial, b.owner, b.quantity, newest.scan_id, newest.action,
       newest.scanned_at, newest.device_id
FROM (SELECT DISTINCT hospital FROM udi.store) h
JOIN report.stock b ON b.hospital = h.hospital AND b.quantity <> 0 AND b.store NOT LIKE 'set/%'
CROSS JOIN LATERAL (SELECT regexp_replace(b.store, '^(in-transit|lent|quarantine)/', '') AS store) named
LEFT JOIN LATERAL (
    SELECT one.* FROM (
        SELECT s.scan_id, s.action::text AS action, s.scanned_at, s.device_id, s.lot, s.serial FROM udi.scan s
        WHERE s.hospital = b.hospital AND s.to_store = named.store AND s.item_code = b.item_code
        UNION ALL
        SELECT s.scan_id, s.action::text, s.scanned_at, s.device_id, s.lot, s.serial FROM udi.scan s
        WHERE s.hospital = b.hospital AND s.store IN (named.store, split_part(named.store, '/', 1)) AND s.item_code = b.item_code AND s.action = 'receive'
    ) one
    WHERE one.lot IS NOT DISTINCT FROM b.lot AND one.serial IS NOT DISTINCT FROM b.serial ORDER BY one.scanned_at DESC, one.scan_id LIMIT 1
) newest ON true
WHERE NOT EXISTS (
    SELECT FROM udi.store s WHERE s.hospital = b.hospital AND (s.store = named.store OR starts_with(named.store, s.store || '/'))
);
COMMENT ON VIEW report.unknown_stores IS 'Goods in places of stores that the house does not know, with the newest scan that has sent or received them there: a work list. Empty where no stores were told.';

CREATE OR REPLACE VIEW udi.delivery_line AS
SELECT n.hospital, n.note, n.body ->> 'supplier' AS supplier, n.body ->> 'store' AS store, (n.body ->> 'expected_on')::date AS expected_on,
       coalesce((n.body ->> 'ended')::boolean, false) AS ended, l.line ->> 'line' AS line, coalesce(l.line ->> 'item_code', claimed.item_code) AS item_code,
       l.line ->> 'lot' AS lot, l.line ->> 'serial' AS serial, (l.line ->> 'expiry')::date AS expiry, (l.line ->> 'packages')::bigint AS packages,
       CASE WHEN l.line ->> 'di' IS NULL THEN 1 ELSE claimed.units END AS units_per_package, (l.line ->> 'cost')::numeric AS cost,
       CASE WHEN claimed.item_code <> l.line ->> 'item_code' THEN claimed.item_code END AS other_item
FROM udi.delivery_now n
CROSS JOIN LATERAL jsonb_array_elements(n.body -> 'lines') l (line)
LEFT JOIN LATERAL (
    -- The newest item version that has the identifier, by the index on identifiers; that of the line's own item first.
    SELECT f.code AS item_code, (p ->> 'units_per_package')::integer AS units
    FROM udi.fact_change f JOIN udi.catalogue c ON (c.hospital, c.item_code, c.version) = (f.hospital, f.code, f.version)
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(c.body, 'UTF8')::jsonb -> 'identifiers') p
    WHERE f.kind = 'item' AND f.hospital = n.hospital AND f.dis @> ARRAY[l.line ->> 'di'] AND c.ended_at IS NULL
      AND p ->> 'issuer' = l.line ->> 'issuer' AND p ->> 'di' = l.line ->> 'di'
    ORDER BY coalesce(f.code = l.line ->> 'item_code', false) DESC, f.version DESC LIMIT 1
) claimed ON true;

CREATE OR REPLACE VIEW udi.delivery_arrival AS
SELECT s.hospital, s.document AS note, n.scan_id, n.item_code, n.di, n.lot, n.serial, n.expiry, coalesce(n.units, n.quantity)::bigint AS units,
       n.verdict::text AS verdict, n.reasons, moved.to_place, matched.line, n.scanned_at,
       matched.lot <> n.lot OR matched.serial <> n.serial AS spelled_otherwise, s.store
FROM udi.scan s
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN LATERAL (
    SELECT m.to_place FROM udi.stock_move m WHERE (m.position_id, m.record_offset) = (s.position_id, s.record_offset) ORDER BY m.n DESC LIMIT 1
) moved ON true
LEFT JOIN LATERAL (
    SELECT l.line, l.lot, l.serial FROM udi.delivery_line l
    WHERE (l.hospital, l.note, l.item_code) = (s.hospital, s.document, n.item_code) AND (l.serial IS NULL OR udi.plain_code(l.serial) = udi.plain_code(n.serial))
      AND (l.lot IS NULL OR udi.plain_code(l.lot) = udi.plain_code(n.lot))
    ORDER BY l.serial IS NULL, l.lot IS NULL, l.line LIMIT 1
) matched ON true
WHERE s.document IS NOT NULL AND s.action = 'receive' AND n.verdict NOT IN ('duplicate', 'conflict', 'refused');

CREATE OR REPLACE VIEW report.deliveries AS
WITH today AS (SELECT udi.day_of_books() AS day), came AS (
    SELECT a.hospital, a.note, a.line, CASE WHEN a.line IS NULL THEN a.item_code END AS item_code, CASE WHEN a.line IS NULL THEN a.lot END AS lot,
           CASE WHEN a.line IS NULL THEN a.serial END AS serial,
           sum(a.units) AS arrived, sum(a.units) FILTER (WHERE a.to_place NOT LIKE 'quarantine/%' AND a.to_place <> 'supplier') AS accepted,
           sum(a.units) FILTER (WHERE a.to_place LIKE 'quarantine/%') AS quarantined,
           sum(a.units) FILTER (WHERE a.reasons && ARRAY['rejected', 'corrected']) AS rejected,
           bool_or('expired' = ANY (a.reasons)) AS expired, bool_or('recalled' = ANY (a.reasons)) AS recalled, bool_or(a.verdict = 'parked') AS parked,
           bool_or('serial-present' = ANY (a.reasons)) AS present, bool_or('serial-used' = ANY (a.reasons)) AS used,
           bool_or('serial-quantity' = ANY (a.reasons)) AS several, bool_or(a.spelled_otherwise) AS spelled_otherwise,
           bool_or(a.to_place LIKE 'set/%') AS of_set, bool_or(udi.is_unknown_store(a.hospital, a.store)) AS unknown_store
    FROM udi.delivery_arrival a GROUP BY 1, 2, 3, 4, 5, 6
), every_row AS (
    SELECT l.hospital, l.note, l.line, l.supplier, l.store, l.item_code, l.lot, l.serial, l.packages * l.units_per_package AS expected,
           c.arrived, c.accepted, c.quarantined, c.rejected, c.expired, c.recalled, c.parked, c.present, c.used, c.several, c.spelled_otherwise, l.expected_on, l.ended, l.cost, true AS ordered, true AS known_note,
           c.unknown_store, l.other_item IS NOT NULL AS other_item
    FROM udi.delivery_line l LEFT JOIN came c ON (c.hospital, c.note, c.line) = (l.hospital, l.note, l.line)
    UNION ALL
    SELECT c.hospital, c.note, NULL, n.body ->> 'supplier', n.body ->> 'store', c.item_code, c.lot, c.serial, 0, c.arrived, c.accepted, c.quarantined,
           c.rejected, c.expired, c.recalled, c.parked, c.present, c.used, c.several, c.spelled_otherwise, NULL, false, NULL,
           EXISTS (SELECT FROM udi.delivery_line l WHERE (l.hospital, l.note, l.item_code) = (c.hospital, c.note, c.item_code)), n.note IS NOT NULL,
           c.unknown_store, false
    FROM came c LEFT JOIN udi.delivery_now n USING (hospital, note) WHERE c.line IS NULL AND (n.note IS NOT NULL OR c.of_set IS NOT TRUE)
), returned AS (
    SELECT m.hospital, m.document, m.item_code, m.lot, m.serial, sum(m.units) AS units FROM udi.stock_move m
    WHERE m.to_place = 'supplier' AND m.document IS NOT NULL AND NOT m.takes_back GROUP BY 1, 2, 3, 4, 5
), judged AS (
    SELECT r.*, coalesce(r.arrived, 0) - coalesce(r.rejected, 0) AS stands, back.units AS returned_units,
           r.line IS NOT NULL AND coalesce(r.arrived, 0) < r.expected AND (r.ended OR today.day > r.expected_on + 7) AS short,
           item.supplier AS item_supplier, item.has_cost, item.known, item.licence_valid_to < today.day AS licence_lapsed
    FROM every_row r CROSS JOIN today
    LEFT JOIN returned back ON back.hospital = r.hospital AND back.document = r.note AND back.item_code = r.item_code
        AND back.lot IS NOT DISTINCT FROM r.lot AND back.serial IS NOT DISTINCT FROM r.serial
    LEFT JOIN LATERAL (
        SELECT true AS known, b.body ->> 'supplier' AS supplier, jsonb_array_length(coalesce(b.body -> 'cost', '[]')) > 0 AS has_cost,
               (b.body ->> 'licence_valid_to')::date AS licence_valid_to
        FROM (
            SELECT convert_from(c.body, 'UTF8')::jsonb AS body FROM udi.catalogue c
            WHERE (c.hospital, c.item_code) = (r.hospital, r.item_code) ORDER BY c.version DESC LIMIT 1
        ) b
    ) item ON true
)
SELECT hospital, note, line, supplier, store, item_code, lot, serial, expected::bigint AS expected, coalesce(arrived, 0)::bigint AS arrived,
       coalesce(accepted, 0)::bigint AS accepted, coalesce(quarantined, 0)::bigint AS quarantined, coalesce(rejected, 0)::bigint AS rejected,
       coalesce(returned_units, 0)::bigint AS returned,
       array_remove(ARRAY[
           CASE WHEN NOT known_note THEN 'unknown-note' WHEN known IS NULL THEN 'unknown-item' WHEN line IS NULL AND ordered THEN 'other-lot'
                WHEN line IS NULL THEN 'not-ordered' END,
           CASE WHEN other_item THEN 'other-item' END,
           CASE WHEN unknown_store OR udi.is_unknown_store(hospital, store) THEN 'unknown-store' END,
           CASE WHEN short THEN 'short' END,
           CASE WHEN line IS NOT NULL AND stands > expected THEN 'more' END,
           CASE WHEN expired THEN 'expired' END,
           CASE WHEN recalled THEN 'recalled' END,
           CASE WHEN licence_lapsed AND arrived > 0 THEN 'licence-expired' END,
           CASE WHEN item_supplier <> supplier THEN 'other-supplier' END,
           CASE WHEN cost IS NULL AND NOT has_cost THEN 'no-cost' END,
           CASE WHEN parked THEN 'parked' END,
           CASE WHEN present THEN 'serial-present' END,
           CASE WHEN used THEN 'serial-used' END,
           CASE WHEN several THEN 'serial-quantity' END,
           CASE WHEN spelled_otherwise THEN 'spelled-otherwise' END
       ], NULL) AS findings,
       CASE WHEN line IS NULL THEN 'arrived' WHEN short THEN 'short' WHEN stands = 0 THEN 'expected' WHEN stands < expected THEN 'partial'
            WHEN stands > expected THEN 'more' WHEN expected IS NULL THEN 'arrived' ELSE 'complete' END AS status,
       expected_on
FROM judged;
