-- Several lines of a note may be of one item, lot and serial (single units and a box, a lot that is split over two lines). What comes fills them
-- one after the other: all of it had counted for the first, which was "more", and the others "short" and "to come" for ever.
CREATE OR REPLACE VIEW udi.delivery_line AS
SELECT n.hospital, n.note, n.body ->> 'supplier' AS supplier, n.body ->> 'store' AS store, (n.body ->> 'expected_on')::date AS expected_on,
       coalesce((n.body ->> 'ended')::boolean, false) AS ended, l.line ->> 'line' AS line, coalesce(l.line ->> 'item_code', claimed.item_code) AS item_code,
       l.line ->> 'lot' AS lot, l.line ->> 'serial' AS serial, (l.line ->> 'expiry')::date AS expiry, (l.line ->> 'packages')::bigint AS packages,
       CASE WHEN l.line ->> 'di' IS NULL THEN 1 ELSE claimed.units END AS units_per_package, (l.line ->> 'cost')::numeric AS cost,
       CASE WHEN claimed.item_code <> l.line ->> 'item_code' THEN claimed.item_code END AS other_item,
       l.line ->> 'di' IS NOT NULL AND claimed.item_code IS NULL AS unknown_identifier,
       l.line ->> 'issuer' AS issuer, l.line ->> 'di' AS di
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

-- What of each receipt belongs to which line. Receipts that stand fill the lines; those that a person took back lie beside them, as if alone.
-- Keys are one value each: of several columns the planner takes every join for one row, and reads all lines again for each receipt.
CREATE VIEW udi.delivery_part AS
WITH line AS MATERIALIZED (
    SELECT l.line, l.lot, l.serial, udi.plain_code(l.lot) AS plain_lot, udi.plain_code(l.serial) AS plain_serial, ARRAY[l.hospital, l.note, l.line] AS name,
           ARRAY[l.hospital, l.note, l.item_code] AS item,
           ARRAY[l.hospital, l.note, l.item_code, coalesce(udi.plain_code(l.lot), ''), coalesce(udi.plain_code(l.serial), '')] AS goods,
           ARRAY[l.hospital, l.note, l.item_code, coalesce(udi.plain_code(l.lot), ''), coalesce(udi.plain_code(l.serial), ''), coalesce(l.issuer, ''), coalesce(l.di, '')] AS package,
           coalesce(l.packages * l.units_per_package, 0) AS expected, l.units_per_package IS NULL AS of_any_size
    FROM udi.delivery_line l WHERE l.item_code IS NOT NULL
), receipt AS MATERIALIZED (
    -- The goods of a note that a receipt is of: of its item, then of its serial, then of its lot.
    SELECT DISTINCT ON (s.position_id, s.record_offset) s.position_id, s.record_offset, s.hospital, s.document AS note, s.store, n.item_code, n.lot,
           n.serial, n.scanned_at, n.verdict::text AS verdict, n.reasons, coalesce(n.units, n.quantity)::bigint AS units, moved.to_place,
           n.reasons && ARRAY['rejected', 'corrected'] AS undone, g.goods, g.goods || ARRAY[coalesce(n.issuer, ''), coalesce(n.di, '')] AS package
    FROM udi.scan s
    JOIN udi.scan_now n USING (position_id, record_offset)
    LEFT JOIN LATERAL (
        SELECT m.to_place FROM udi.stock_move m WHERE (m.position_id, m.record_offset) = (s.position_id, s.record_offset) ORDER BY m.n DESC LIMIT 1
    ) moved ON true
    LEFT JOIN (SELECT DISTINCT item, goods, plain_lot, plain_serial FROM line) g ON g.item = ARRAY[s.hospital, s.document, n.item_code]
        AND (g.plain_serial IS NULL OR g.plain_serial = udi.plain_code(n.serial)) AND (g.plain_lot IS NULL OR g.plain_lot = udi.plain_code(n.lot))
    WHERE s.document IS NOT NULL AND s.action = 'receive' AND n.verdict NOT IN ('duplicate', 'conflict', 'refused')
    ORDER BY s.position_id, s.record_offset, g.plain_serial IS NULL, g.plain_lot IS NULL
), own_line AS (
    -- First a line takes what was scanned in the package it names. `begins` and `ends` count units of such goods.
    SELECT l.*, sum(l.expected) OVER same - l.expected AS begins, sum(l.expected) OVER same AS ends
    FROM line l WINDOW same AS (PARTITION BY package ORDER BY length(line), line)
), own_receipt AS (
    SELECT r.*, sum(r.units) OVER same - r.units AS begins, sum(r.units) OVER same AS ends
    FROM receipt r WHERE r.goods IS NOT NULL AND r.units > 0
    WINDOW same AS (PARTITION BY package, undone ORDER BY scanned_at, position_id, record_offset)
), own AS MATERIALIZED (
    SELECT l.name, r.position_id, r.record_offset, r.undone, least(l.ends, r.ends) - greatest(l.begins, r.begins) AS units
    FROM own_line l JOIN own_receipt r ON r.package = l.package AND r.begins < l.ends AND l.begins < r.ends
), rest_line AS (
    -- Then the lines take of all packages what they still lack. The last one, and one whose package has no known size, takes what is left over.
    SELECT l.*, sum(l.room) OVER same - l.room AS begins,
           CASE WHEN row_number() OVER same = count(*) OVER (PARTITION BY goods, undone) THEN 'Infinity' ELSE sum(l.room) OVER same END AS ends
    FROM (
        SELECT l.*, beside.undone, l.expected - coalesce(CASE WHEN beside.undone THEN taken.undone ELSE taken.stands END, 0) AS room
        FROM line l
        LEFT JOIN (
            SELECT name, sum(units) FILTER (WHERE undone) AS undone, sum(units) FILTER (WHERE NOT undone) AS stands FROM own GROUP BY name
        ) taken USING (name)
        CROSS JOIN (VALUES (false), (true)) beside (undone)
    ) l
    WINDOW same AS (PARTITION BY goods, undone ORDER BY of_any_size, length(line), line)
), rest_receipt AS (
    SELECT r.*, sum(r.over) OVER same - r.over AS begins, sum(r.over) OVER same AS ends
    FROM (
        SELECT r.*, r.units - coalesce(taken.units, 0) AS over
        FROM receipt r
        LEFT JOIN (SELECT position_id, record_offset, sum(units) AS units FROM own GROUP BY 1, 2) taken USING (position_id, record_offset)
        WHERE r.goods IS NOT NULL AND r.units > 0
    ) r WHERE r.over > 0
    WINDOW same AS (PARTITION BY goods, undone ORDER BY scanned_at, position_id, record_offset)
), part AS (
    SELECT name, position_id, record_offset, units FROM own
    UNION ALL
    SELECT l.name, r.position_id, r.record_offset, least(l.ends, r.ends) - greatest(l.begins, r.begins)
    FROM rest_line l JOIN rest_receipt r ON r.goods = l.goods AND r.undone = l.undone AND r.begins < l.ends AND l.begins < r.ends
    UNION ALL
    -- A receipt that says no number of units is of the first line.
    SELECT l.name, r.position_id, r.record_offset, r.units
    FROM receipt r
    JOIN (SELECT DISTINCT ON (goods) goods, name FROM line ORDER BY goods, length(line), line) l ON l.goods = r.goods
    WHERE coalesce(r.units, 0) <= 0
)
SELECT r.hospital, r.note, l.line, r.item_code, r.lot, r.serial, coalesce(p.units, r.units)::bigint AS units, r.verdict, r.reasons, r.to_place, r.store,
       l.lot <> r.lot OR l.serial <> r.serial AS spelled_otherwise
FROM receipt r
LEFT JOIN part p USING (position_id, record_offset)
LEFT JOIN line l ON l.name = p.name;
COMMENT ON VIEW udi.delivery_part IS 'Receipts by scan under the number of a delivery note, in parts: what of each belongs to which line. Without a line: goods that stand on none.';

-- A receipt that a person took back is none of the line: it is short as if it had not come. Nor are goods that all went back under the number of no
-- note. Columns as before.
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
    FROM udi.delivery_part a GROUP BY 1, 2, 3, 4, 5, 6
), sent_back AS MATERIALIZED (
    -- As udi.delivery_part finds the goods of a receipt.
    SELECT m.hospital, m.document AS note, m.item_code, m.lot, m.serial, g.note IS NOT NULL AS ordered, g.plain_lot, g.plain_serial,
           CASE WHEN m.takes_back THEN -m.units ELSE m.units END AS units
    FROM udi.stock_move m
    LEFT JOIN LATERAL (
        SELECT l.note, udi.plain_code(l.lot) AS plain_lot, udi.plain_code(l.serial) AS plain_serial FROM udi.delivery_line l
        WHERE (l.hospital, l.note, l.item_code) = (m.hospital, m.document, m.item_code) AND (l.serial IS NULL OR udi.plain_code(l.serial) = udi.plain_code(m.serial))
          AND (l.lot IS NULL OR udi.plain_code(l.lot) = udi.plain_code(m.lot))
        ORDER BY l.serial IS NULL, l.lot IS NULL LIMIT 1
    ) g ON true
    WHERE m.action = 'send-back' AND m.document IS NOT NULL AND 'supplier' IN (m.from_place, m.to_place)
), returned AS MATERIALIZED (
    -- Of several lines of the same goods the last one's are the first to be counted as sent back: so a surplus ends before a line lacks anything.
    SELECT l.hospital, l.note, l.line, NULL AS item_code, NULL AS lot, NULL AS serial, CASE WHEN l.first THEN greatest(b.units - l.begins, 0)
           ELSE least(greatest(b.units - l.begins, 0), l.stands) END AS units
    FROM (
        SELECT d.hospital, d.note, d.line, d.item_code, udi.plain_code(d.lot) AS plain_lot, udi.plain_code(d.serial) AS plain_serial, stood.units AS stands,
               sum(stood.units) OVER same - stood.units AS begins, row_number() OVER same = count(*) OVER (
                   PARTITION BY d.hospital, d.note, d.item_code, udi.plain_code(d.lot), udi.plain_code(d.serial)
               ) AS first
        FROM udi.delivery_line d
        LEFT JOIN came c ON (c.hospital, c.note, c.line) = (d.hospital, d.note, d.line)
        CROSS JOIN LATERAL (SELECT greatest(coalesce(c.arrived, 0) - coalesce(c.rejected, 0), 0) AS units) stood
        WINDOW same AS (
            PARTITION BY d.hospital, d.note, d.item_code, udi.plain_code(d.lot), udi.plain_code(d.serial)
            ORDER BY d.packages * d.units_per_package IS NULL DESC, length(d.line) DESC, d.line DESC
        )
    ) l
    JOIN (
        SELECT hospital, note, item_code, plain_lot, plain_serial, sum(units) AS units FROM sent_back WHERE ordered GROUP BY 1, 2, 3, 4, 5
    ) b ON (b.hospital, b.note, b.item_code) = (l.hospital, l.note, l.item_code) AND (b.plain_lot, b.plain_serial) IS NOT DISTINCT FROM (l.plain_lot, l.plain_serial)
    UNION ALL
    SELECT hospital, note, NULL, item_code, lot, serial, sum(units) FROM sent_back WHERE NOT ordered GROUP BY hospital, note, item_code, lot, serial
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
           r.line IS NOT NULL AND coalesce(r.arrived, 0) - coalesce(r.rejected, 0) < r.at_least AND (r.ended OR today.day > r.expected_on + 7) AS short,
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
           CASE WHEN NOT known_note AND kept <> 0 THEN 'unknown-note' WHEN known IS NULL OR unknown_identifier THEN 'unknown-item'
                WHEN line IS NULL AND kept <> 0 THEN CASE WHEN ordered THEN 'other-lot' ELSE 'not-ordered' END END,
           CASE WHEN other_item THEN 'other-item' END,
           CASE WHEN unknown_store OR udi.is_unknown_store(hospital, store) THEN 'unknown-store' END,
           CASE WHEN short THEN 'short' END,
           CASE WHEN line IS NOT NULL AND kept > expected THEN 'more' END,
           CASE WHEN returned_units > stands THEN 'returned-more' END,
           CASE WHEN expired THEN 'expired' END,
           CASE WHEN recalled THEN 'recalled' END,
           CASE WHEN licence_lapsed AND arrived > 0 THEN 'licence-expired' END,
           CASE WHEN udi.plain_code(item_supplier) <> udi.plain_code(supplier) THEN 'other-supplier' END,
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
