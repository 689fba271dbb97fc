-- A line whose identifier no item has says so, and is short when too little comes: at least a unit a package is expected.
CREATE OR REPLACE VIEW udi.delivery_line AS
SELECT n.hospital, n.note, n.body ->> 'supplier' AS supplier, n.body ->> 'store' AS store, (n.body ->> 'expected_on')::date AS expected_on,
       coalesce((n.body ->> 'ended')::boolean, false) AS ended, l.line ->> 'line' AS line, coalesce(l.line ->> 'item_code', claimed.item_code) AS item_code,
       l.line ->> 'lot' AS lot, l.line ->> 'serial' AS serial, (l.line ->> 'expiry')::date AS expiry, (l.line ->> 'packages')::bigint AS packages,
       CASE WHEN l.line ->> 'di' IS NULL THEN 1 ELSE claimed.units END AS units_per_package, (l.line ->> 'cost')::numeric AS cost,
       CASE WHEN claimed.item_code <> l.line ->> 'item_code' THEN claimed.item_code END AS other_item,
       l.line ->> 'di' IS NOT NULL AND claimed.item_code IS NULL AS unknown_identifier
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

-- What went back is no surplus, and no other lot: it is here no more. Columns as before.
CREATE OR REPLACE VIEW report.deliveries AS
WITH today AS MATERIALIZED (
    SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day FROM udi.hospitals_with_records() h (hospital)
), came AS (
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
), returned AS MATERIALIZED (
    SELECT m.hospital, m.document AS note, matched.line, CASE WHEN matched.line IS NULL THEN m.item_code END AS item_code,
           CASE WHEN matched.line IS NULL THEN m.lot END AS lot, CASE WHEN matched.line IS NULL THEN m.serial END AS serial,
           sum(CASE WHEN m.takes_back THEN -m.units ELSE m.units END) AS units
    FROM udi.stock_move m
    LEFT JOIN LATERAL (
        -- As udi.delivery_arrival finds the line of a receipt.
        SELECT l.line FROM udi.delivery_line l
        WHERE (l.hospital, l.note, l.item_code) = (m.hospital, m.document, m.item_code) AND (l.serial IS NULL OR udi.plain_code(l.serial) = udi.plain_code(m.serial))
          AND (l.lot IS NULL OR udi.plain_code(l.lot) = udi.plain_code(m.lot))
        ORDER BY l.serial IS NULL, l.lot IS NULL, l.line LIMIT 1
    ) matched ON true
    WHERE m.action = 'send-back' AND m.document IS NOT NULL AND 'supplier' IN (m.from_place, m.to_place) GROUP BY 1, 2, 3, 4, 5, 6
), every_row AS (
    SELECT l.hospital, l.note, l.line, l.supplier, l.store, l.item_code, l.lot, l.serial, l.packages * l.units_per_package AS expected,
           c.arrived, c.accepted, c.quarantined, c.rejected, c.expired, c.recalled, c.parked, c.present, c.used, c.several, c.spelled_otherwise, l.expected_on, l.ended, l.cost, true AS ordered, true AS known_note,
           c.unknown_store, l.other_item IS NOT NULL AS other_item, l.unknown_identifier,
           -- Of a package of unknown size at least one unit.
           l.packages * coalesce(l.units_per_package, 1) AS at_least
    FROM udi.delivery_line l LEFT JOIN came c ON (c.hospital, c.note, c.line) = (l.hospital, l.note, l.line)
    UNION ALL
    SELECT c.hospital, c.note, NULL, n.body ->> 'supplier', n.body ->> 'store', c.item_code, c.lot, c.serial, 0, c.arrived, c.accepted, c.quarantined,
           c.rejected, c.expired, c.recalled, c.parked, c.present, c.used, c.several, c.spelled_otherwise, NULL, false, NULL,
           EXISTS (SELECT FROM udi.delivery_line l WHERE (l.hospital, l.note, l.item_code) = (c.hospital, c.note, c.item_code)), n.note IS NOT NULL,
           c.unknown_store, false, false, 0
    FROM came c LEFT JOIN udi.delivery_now n USING (hospital, note) WHERE c.line IS NULL AND (n.note IS NOT NULL OR c.of_set IS NOT TRUE)
    UNION ALL
    -- What went back under a note's number and neither stands on it nor came.
    SELECT b.hospital, b.note, NULL, n.body ->> 'supplier', n.body ->> 'store', b.item_code, b.lot, b.serial, 0, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL,
           EXISTS (SELECT FROM udi.delivery_line l WHERE (l.hospital, l.note, l.item_code) = (b.hospital, b.note, b.item_code)), true, NULL, false, false, 0
    FROM returned b JOIN udi.delivery_now n USING (hospital, note)
    WHERE b.line IS NULL AND b.units > 0 AND NOT EXISTS (
        SELECT FROM came c WHERE (c.hospital, c.note, c.item_code) = (b.hospital, b.note, b.item_code) AND c.line IS NULL
            AND c.lot IS NOT DISTINCT FROM b.lot AND c.serial IS NOT DISTINCT FROM b.serial
    )
), judged AS (
    SELECT r.*, coalesce(r.arrived, 0) - coalesce(r.rejected, 0) AS stands, back.units AS returned_units,
           coalesce(r.arrived, 0) - coalesce(r.rejected, 0) - coalesce(back.units, 0) AS kept,
           r.line IS NOT NULL AND coalesce(r.arrived, 0) < r.at_least AND (r.ended OR today.day > r.expected_on + 7) AS short,
           item.supplier AS item_supplier, item.has_cost, item.known, item.licence_valid_to < today.day AS licence_lapsed
    FROM every_row r LEFT JOIN today ON today.hospital = r.hospital
    LEFT JOIN returned back ON back.hospital = r.hospital AND back.note = r.note AND back.line IS NOT DISTINCT FROM r.line
        AND (r.line IS NOT NULL OR (back.item_code, back.lot, back.serial) IS NOT DISTINCT FROM (r.item_code, r.lot, r.serial))
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
           CASE WHEN NOT known_note THEN 'unknown-note' WHEN known IS NULL OR unknown_identifier THEN 'unknown-item'
                WHEN line IS NULL AND kept <> 0 THEN CASE WHEN ordered THEN 'other-lot' ELSE 'not-ordered' END END,
           CASE WHEN other_item THEN 'other-item' END,
           CASE WHEN unknown_store OR udi.is_unknown_store(hospital, store) THEN 'unknown-store' END,
           CASE WHEN short THEN 'short' END,
           CASE WHEN line IS NOT NULL AND kept > expected THEN 'more' END,
           CASE WHEN returned_units > stands THEN 'returned-more' END,
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
            WHEN kept > expected THEN 'more' WHEN expected IS NULL THEN 'arrived' ELSE 'complete' END AS status,
       expected_on
FROM judged;
