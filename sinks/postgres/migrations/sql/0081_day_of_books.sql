-- The day of the books is a hospital's own: what another scans, and when, says nothing of it; nor does when an old scan came to the books.
CREATE FUNCTION udi.day_of_books_2(p_hospital text) RETURNS date LANGUAGE sql STABLE AS $$
    -- No scan is made more than a day after the broker's time (models/scan/event.py), so one that counts stands within a day of the newest.
    WITH newest AS MATERIALIZED (
        SELECT max(s.scanned_at) AS at FROM udi.scan s WHERE s.hospital = p_hospital AND s.verdict NOT IN ('duplicate', 'conflict')
    ), past AS MATERIALIZED (
        SELECT (
            SELECT s.scanned_at FROM udi.scan s
            WHERE s.hospital = p_hospital AND s.verdict NOT IN ('duplicate', 'conflict') AND s.scanned_at <= s.recorded_at
              AND s.scanned_at >= n.at - interval '24 hours'
            ORDER BY s.scanned_at DESC LIMIT 1
        ) AS at, n.at - interval '24 hours' AS since FROM newest n
    )
    SELECT udi.local_day(greatest(p.at, (
        SELECT max(s.recorded_at) FROM udi.scan s
        WHERE s.hospital = p_hospital AND s.verdict NOT IN ('duplicate', 'conflict') AND s.scanned_at > coalesce(p.at, p.since) AND s.recorded_at < s.scanned_at
    ))) FROM past p
$$;
COMMENT ON FUNCTION udi.day_of_books_2 IS 'The local day of the newest scan of a hospital, of each its time or, when that is later, the broker''s: a clock that is ahead moves nothing. Null while it has none. By the index scan_made: a few rows, at most those of a day.';
COMMENT ON INDEX udi.scan_made IS '/list/scans and /list/charges of a month: the newest first. udi.day_of_books_2: the newest scan of a hospital.';

CREATE OR REPLACE VIEW report.expiring AS
WITH today AS MATERIALIZED (
    SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day FROM udi.hospitals_with_records() h (hospital)
)
SELECT s.hospital, s.store, s.item_code, s.lot, s.serial, s.owner, s.quantity, s.expiry, s.expiry - today.day AS days_left,
       CASE WHEN cost.cost IS NOT NULL THEN round(s.quantity * cost.cost, 2) END AS value
FROM report.stock s
JOIN today ON today.hospital = s.hospital
LEFT JOIN LATERAL (
    SELECT c.body FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (s.hospital, s.item_code) ORDER BY c.version DESC LIMIT 1
) item ON true
LEFT JOIN LATERAL (
    SELECT (p ->> 'cost')::numeric AS cost FROM jsonb_array_elements(coalesce(convert_from(item.body, 'UTF8')::jsonb -> 'cost', '[]')) p
    WHERE coalesce((p ->> 'from')::date <= today.day, true) AND coalesce(today.day < (p ->> 'to')::date, true) LIMIT 1
) cost ON true
WHERE s.quantity > 0 AND s.expiry IS NOT NULL;

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
           c.unknown_store, l.other_item IS NOT NULL AS other_item
    FROM udi.delivery_line l LEFT JOIN came c ON (c.hospital, c.note, c.line) = (l.hospital, l.note, l.line)
    UNION ALL
    SELECT c.hospital, c.note, NULL, n.body ->> 'supplier', n.body ->> 'store', c.item_code, c.lot, c.serial, 0, c.arrived, c.accepted, c.quarantined,
           c.rejected, c.expired, c.recalled, c.parked, c.present, c.used, c.several, c.spelled_otherwise, NULL, false, NULL,
           EXISTS (SELECT FROM udi.delivery_line l WHERE (l.hospital, l.note, l.item_code) = (c.hospital, c.note, c.item_code)), n.note IS NOT NULL,
           c.unknown_store, false
    FROM came c LEFT JOIN udi.delivery_now n USING (hospital, note) WHERE c.line IS NULL AND (n.note IS NOT NULL OR c.of_set IS NOT TRUE)
    UNION ALL
    -- What went back under a note's number and neither stands on it nor came.
    SELECT b.hospital, b.note, NULL, n.body ->> 'supplier', n.body ->> 'store', b.item_code, b.lot, b.serial, 0, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL,
           EXISTS (SELECT FROM udi.delivery_line l WHERE (l.hospital, l.note, l.item_code) = (b.hospital, b.note, b.item_code)), true, NULL, false
    FROM returned b JOIN udi.delivery_now n USING (hospital, note)
    WHERE b.line IS NULL AND b.units > 0 AND NOT EXISTS (
        SELECT FROM came c WHERE (c.hospital, c.note, c.item_code) = (b.hospital, b.note, b.item_code) AND c.line IS NULL
            AND c.lot IS NOT DISTINCT FROM b.lot AND c.serial IS NOT DISTINCT FROM b.serial
    )
), judged AS (
    SELECT r.*, coalesce(r.arrived, 0) - coalesce(r.rejected, 0) AS stands, back.units AS returned_units,
           r.line IS NOT NULL AND coalesce(r.arrived, 0) < r.expected AND (r.ended OR today.day > r.expected_on + 7) AS short,
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
           CASE WHEN NOT known_note THEN 'unknown-note' WHEN known IS NULL THEN 'unknown-item' WHEN line IS NULL AND ordered THEN 'other-lot'
                WHEN line IS NULL THEN 'not-ordered' END,
           CASE WHEN other_item THEN 'other-item' END,
           CASE WHEN unknown_store OR udi.is_unknown_store(hospital, store) THEN 'unknown-store' END,
           CASE WHEN short THEN 'short' END,
           CASE WHEN line IS NOT NULL AND stands > expected THEN 'more' END,
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
            WHEN stands > expected THEN 'more' WHEN expected IS NULL THEN 'arrived' ELSE 'complete' END AS status,
       expected_on
FROM judged;

CREATE OR REPLACE VIEW report.loan_sets AS
WITH today AS MATERIALIZED (
    SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day FROM udi.hospitals_with_records() h (hospital)
), scanned AS (
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
       CASE WHEN l.lacking < 0 THEN 'over' WHEN l.lacking = 0 THEN 'settled' WHEN o.went_back OR today.day > o.due_on THEN 'lacking' ELSE 'open' END
           AS status,
       array_remove(ARRAY[
           CASE WHEN l.used + l.wasted > l.brought THEN 'not-brought' END,
           CASE WHEN l.lacking > 0 AND (o.went_back OR today.day > o.due_on) THEN 'not-returned' END,
           CASE WHEN l.lacking < 0 AND l.returned > 0 THEN 'returned-more' END,
           CASE WHEN l.owner = 'hospital' THEN 'no-supplier' END,
           CASE WHEN o.encounters > 1 THEN 'several-encounters' END,
           CASE WHEN l.waits THEN 'waits' END
       ], NULL) AS findings
FROM line l JOIN of_set o USING (hospital, document) JOIN today USING (hospital)
WHERE (l.brought, l.used, l.wasted, l.returned, l.lacking) <> (0, 0, 0, 0, 0) OR l.waits;

CREATE FUNCTION udi.usable_2(p_hospital text, p_day date)
RETURNS TABLE (hospital text, place text, owner text, item_code text, lot text, serial text, expiry date, quantity bigint, unusable text)
LANGUAGE sql STABLE AS $$
    WITH scope AS MATERIALIZED (
        SELECT s AS line, s.* FROM udi.recall_scope s WHERE s.hospital = p_hospital AND coalesce(p_day <= s.ended_on, true)
    )
    SELECT b.hospital, b.store, b.owner, b.item_code, b.lot, b.serial, b.expiry, b.quantity,
           CASE WHEN b.store ~ '^(in-transit|lent|set|quarantine)/' THEN split_part(b.store, '/', 1)
                WHEN EXISTS (
                    SELECT FROM scope l
                    LEFT JOIN LATERAL (
                        SELECT max(c.production) AS production FROM udi.scan c
                        WHERE coalesce(l.produced_from, l.produced_to) IS NOT NULL AND c.hospital = b.hospital AND c.di = b.di AND c.lot = b.lot
                    ) made ON true
                    WHERE l.hospital = b.hospital AND (l.item_code = b.item_code OR (l.issuer, l.di) = (b.issuer, b.di))
                      AND udi.recall_means(l.line, b.lot, b.serial, b.expiry, made.production)
                ) THEN 'recalled'
                WHEN b.expiry < p_day THEN 'expired' END
    FROM report.stock b WHERE b.hospital = p_hospital AND b.quantity <> 0
$$;
COMMENT ON FUNCTION udi.usable_2 IS 'As udi.usable, of one hospital.';

CREATE FUNCTION udi.real_use_3(p_hospital text, p_last date, p_days integer)
RETURNS TABLE (hospital text, place text, item_code text, units bigint, days integer) LANGUAGE sql STABLE AS $$
    WITH house AS MATERIALIZED (
        SELECT p_hospital AS hospital, least(p_days, p_last - udi.local_day(udi.first_scanned_at(p_hospital)) + 1) AS days
    )
    SELECT h.hospital, one.place, m.item_code, sum(one.units)::bigint, h.days
    FROM house h CROSS JOIN udi.installation i
    CROSS JOIN LATERAL udi.moves_between(
        h.hospital, (p_last - p_days + 1)::timestamp AT TIME ZONE i.zone, (p_last + 1)::timestamp AT TIME ZONE i.zone
    ) m
    CROSS JOIN LATERAL (
        SELECT m.from_place AS place, m.units WHERE m.to_place IN ('patient', 'waste')
        UNION ALL
        SELECT m.to_place, -m.units WHERE m.from_place IN ('patient', 'waste')
    ) one
    GROUP BY h.hospital, one.place, m.item_code, h.days
$$;
COMMENT ON FUNCTION udi.real_use_3 IS 'As udi.real_use_2, of one hospital.';

CREATE FUNCTION udi.weeks_of_use_4(p_hospital text, p_day date, p_weeks integer)
RETURNS TABLE (
    hospital text, store text, item_code text, lead_days integer, first_came_on date, last_used_on date, weeks integer, week integer[], units bigint[]
) LANGUAGE sql STABLE AS $$
    WITH house AS MATERIALIZED (
        SELECT p_hospital AS hospital, least(p_weeks, greatest((p_day - udi.local_day(udi.first_scanned_at(p_hospital))) / 7, 0)) AS weeks
    ), moved AS (
        SELECT h.hospital, CASE WHEN one.came THEN coalesce(CASE WHEN m.action IN ('transfer', 'give-back') THEN m.to_store END, m.store) ELSE m.store END AS store,
               m.item_code, (m.moved_at AT TIME ZONE i.zone)::date AS day, one.came, one.units
        FROM house h CROSS JOIN udi.installation i
        CROSS JOIN LATERAL udi.moves_between(
            h.hospital, (p_day - 7 * p_weeks)::timestamp AT TIME ZONE i.zone, (p_day + 1)::timestamp AT TIME ZONE i.zone
        ) m
        CROSS JOIN LATERAL (
            SELECT false AS came, m.units WHERE m.to_place IN ('patient', 'waste') AND m.from_place NOT LIKE 'set/%'
            UNION ALL
            SELECT false, -m.units WHERE m.from_place IN ('patient', 'waste') AND m.to_place NOT LIKE 'set/%'
            UNION ALL
            SELECT true, 0 WHERE NOT m.takes_back AND m.to_place NOT LIKE 'set/%' AND m.action IN ('receive', 'transfer', 'accept', 'give-back')
        ) one
        WHERE m.action IN ('use', 'return', 'opened', 'waste', 'receive', 'transfer', 'accept', 'give-back')
    ), daily AS (
        SELECT m.hospital, m.store, m.item_code, m.day, sum(m.units)::bigint AS units, bool_or(m.came) AS came FROM moved m GROUP BY 1, 2, 3, 4
    ), weekly AS (
        SELECT d.hospital, d.store, d.item_code, CASE WHEN d.day < p_day THEN (p_day - 1 - d.day) / 7 END AS week, sum(d.units)::bigint AS units,
               min(d.day) FILTER (WHERE d.came) AS first_came_on, max(d.day) FILTER (WHERE d.units > 0) AS last_used_on
        FROM daily d GROUP BY 1, 2, 3, 4
    ), used AS (
        SELECT w.hospital, w.store, w.item_code, min(w.first_came_on) AS first_came_on, max(w.last_used_on) AS last_used_on,
               coalesce(array_agg(w.week ORDER BY w.week) FILTER (WHERE w.units <> 0 AND w.week IS NOT NULL), '{}') AS week,
               coalesce(array_agg(w.units ORDER BY w.week) FILTER (WHERE w.units <> 0 AND w.week IS NOT NULL), '{}') AS units
        FROM weekly w GROUP BY 1, 2, 3
    ), named AS (
        SELECT u.hospital, u.store, u.item_code FROM used u
        UNION SELECT l.hospital, l.store, l.item_code FROM udi.store_level l WHERE l.hospital = p_hospital
        UNION SELECT d.hospital, d.store, d.item_code FROM udi.demand d WHERE d.hospital = p_hospital
    )
    SELECT n.hospital, n.store, n.item_code, level.lead_days, u.first_came_on, u.last_used_on,
           greatest(least(h.weeks, (p_day - udi.local_day(known.since)) / 7), least(h.weeks, u.week[cardinality(u.week)] + 1), 0), coalesce(u.week, '{}'),
           coalesce(u.units, '{}')
    FROM named n
    JOIN house h USING (hospital)
    LEFT JOIN used u USING (hospital, store, item_code)
    LEFT JOIN LATERAL (
        SELECT min(l.lead_days) AS lead_days FROM udi.store_level l WHERE (l.hospital, l.store, l.item_code) = (n.hospital, n.store, n.item_code)
    ) level ON true
    LEFT JOIN LATERAL (
        SELECT c.recorded_at AS since FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (n.hospital, n.item_code) ORDER BY c.version LIMIT 1
    ) known ON true
$$;

COMMENT ON FUNCTION udi.weeks_of_use_4 IS 'As udi.weeks_of_use_3, of one hospital: each is forecast as of a day of its own.';

CREATE FUNCTION udi.supplied_days_3(p_hospital text, p_month integer)
RETURNS TABLE (owner text, item_code text, day date, units bigint) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT first.day AS first_day, least((first.day + interval '1 month')::date, udi.day_of_books_2(p_hospital) + 1) AS end_day, i.zone
        FROM udi.installation i CROSS JOIN LATERAL (SELECT udi.first_day(p_month) AS day) first
    ), moved AS MATERIALIZED (
        SELECT one.place, m.owner, m.item_code, coalesce(m.lot, '') AS lot, coalesce(m.serial, '') AS serial,
               (m.moved_at AT TIME ZONE s.zone)::date AS day, sum(one.units) AS units
        FROM span s
        CROSS JOIN LATERAL udi.moves_between(p_hospital, s.first_day::timestamp AT TIME ZONE s.zone, 'infinity') m
        CROSS JOIN LATERAL (VALUES (m.from_place, -m.units), (m.to_place, m.units)) one (place, units)
        WHERE m.owner <> 'hospital' AND one.place NOT IN ('supplier', 'patient', 'waste', 'adjustment')
        GROUP BY 1, 2, 3, 4, 5, 6
    ), changed AS (
        SELECT c.place, c.owner, c.item_code, c.lot, c.serial, c.day, sum(c.units) AS units
        FROM (
            SELECT b.store AS place, b.owner, b.item_code, b.lot, b.serial, s.first_day AS day, b.quantity::bigint AS units
            FROM udi.balance b CROSS JOIN span s WHERE b.hospital = p_hospital AND b.owner <> 'hospital' AND b.quantity <> 0
            UNION ALL
            SELECT m.place, m.owner, m.item_code, m.lot, m.serial, s.first_day, -m.units FROM moved m CROSS JOIN span s
            UNION ALL
            SELECT m.place, m.owner, m.item_code, m.lot, m.serial, m.day, m.units FROM moved m JOIN span s ON m.day < s.end_day
        ) c GROUP BY 1, 2, 3, 4, 5, 6
    ), lying AS (
        SELECT c.owner, c.item_code, c.day, greatest(sum(c.units) OVER lot_until, 0) AS units, lead(c.day) OVER lot_until AS next_day
        FROM changed c
        WINDOW lot_until AS (PARTITION BY c.place, c.owner, c.item_code, c.lot, c.serial ORDER BY c.day)
    )
    SELECT l.owner, l.item_code, d.day::date, sum(l.units)::bigint
    FROM lying l CROSS JOIN span s
    CROSS JOIN LATERAL generate_series(l.day::timestamp, coalesce(l.next_day, s.end_day)::timestamp - interval '1 day', interval '1 day') d (day)
    WHERE l.units > 0
    GROUP BY l.owner, l.item_code, d.day
$$;
COMMENT ON FUNCTION udi.supplied_days_3 IS 'As udi.supplied_days_2, up to the hospital''s own day of the books.';

CREATE FUNCTION udi.capital_of_3(p_hospital text, p_month integer)
RETURNS TABLE (supplier text, days integer, value numeric, units numeric, units_without_cost numeric, used numeric, days_lying numeric) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT greatest(least((f.day + interval '1 month')::date, udi.day_of_books_2(p_hospital) + 1) - f.day, 0) AS days FROM (SELECT udi.first_day(p_month) AS day) f
    ), lying AS (
        SELECT d.owner AS supplier, sum(d.units * c.cost) AS yuan_days, sum(d.units) AS unit_days,
               sum(d.units) FILTER (WHERE c.cost IS NULL) AS unit_days_without_cost
        FROM udi.supplied_days_3(p_hospital, p_month) d CROSS JOIN LATERAL (SELECT udi.cost_on(p_hospital, d.item_code, d.day) AS cost OFFSET 0) c
        GROUP BY d.owner
    ), used AS (
        SELECT t.supplier, sum(t.amount_fen) AS amount_fen FROM udi.statement_due t WHERE t.hospital = p_hospital AND t.period = p_month GROUP BY t.supplier
    )
    SELECT supplier, s.days, round(coalesce(l.yuan_days, 0) / s.days, 2), round(coalesce(l.unit_days, 0) / s.days, 1),
           round(coalesce(l.unit_days_without_cost, 0) / s.days, 1), udi.yuan(coalesce(u.amount_fen, 0)::bigint),
           CASE WHEN u.amount_fen > 0 AND l.yuan_days > 0 THEN round(coalesce(l.yuan_days, 0) / (u.amount_fen / 100.0), 1) END
    FROM lying l FULL JOIN used u USING (supplier) CROSS JOIN span s WHERE s.days > 0
$$;
COMMENT ON FUNCTION udi.capital_of_3 IS 'As udi.capital_of_2, by udi.supplied_days_3.';

CREATE OR REPLACE VIEW report.working_capital AS
SELECT m.hospital, udi.month_text(m.month) AS month, c.supplier, c.days, c.value, c.units, c.units_without_cost, c.used, c.days_lying
FROM (
    SELECT h.hospital, udi.month_of(day.day::date) AS month
    FROM udi.hospitals_with_records() h (hospital)
    CROSS JOIN LATERAL generate_series(
        date_trunc('month', udi.local_day(udi.first_scanned_at(h.hospital))::timestamp), udi.day_of_books_2(h.hospital)::timestamp, interval '1 month'
    ) day (day)
) m
CROSS JOIN LATERAL udi.capital_of_3(m.hospital, m.month) c;

CREATE OR REPLACE VIEW report.replenishment AS
WITH today AS MATERIALIZED (
    SELECT l.hospital, udi.day_of_books_2(l.hospital) AS day FROM (SELECT DISTINCT hospital FROM udi.store_level) l
), stock AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.usable_2(today.hospital, today.day) u
), used AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.real_use_3(today.hospital, today.day, 90) u
), noted AS MATERIALIZED (
    SELECT hospital, store, item_code, sum(greatest(expected - (arrived - rejected), 0))::bigint AS units
    FROM report.deliveries WHERE line IS NOT NULL AND status IN ('expected', 'partial') GROUP BY 1, 2, 3
), figures AS (
    SELECT l.hospital, l.store, l.department, l.item_code, l.minimum, l.maximum, l.days, here.units AS on_hand,
           way.units + greatest(coalesce(due.units, 0), coalesce(noted.units, 0)) AS on_order, use.units AS used, use.days AS used_days,
           coalesce(ceil(l.days * use.units::numeric / nullif(use.days, 0)), 0)::bigint AS units_of_days, other.units AS elsewhere, other.stores AS elsewhere_stores,
           l.lead_days, ahead.days AS forecast_days, ahead.forecast, ahead.low, ahead.high,
           l.minimum IS NULL AND l.days IS NULL AND l.lead_days IS NOT NULL AS by_forecast
    FROM udi.store_level l
    LEFT JOIN udi.demand ahead ON (ahead.hospital, ahead.store, ahead.item_code) = (l.hospital, l.store, l.item_code)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(s.quantity), 0)::bigint AS units FROM stock s
        WHERE (s.hospital, s.item_code) = (l.hospital, l.item_code) AND s.unusable IS NULL AND udi.is_of_store(s.place, l.store)
    ) here
    CROSS JOIN LATERAL (
        SELECT greatest(coalesce(sum(s.quantity), 0), 0)::bigint AS units FROM stock s
        WHERE (s.hospital, s.item_code, s.place) = (l.hospital, l.item_code, 'in-transit/' || l.store)
    ) way
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(one.units), 0)::bigint AS units, coalesce(array_agg(one.place || ': ' || one.units ORDER BY one.units DESC, one.place), '{}') AS stores
        FROM (
            SELECT s.place, sum(s.quantity) AS units FROM stock s
            WHERE (s.hospital, s.item_code) = (l.hospital, l.item_code) AND s.unusable IS NULL AND NOT udi.is_of_store(s.place, l.store)
            GROUP BY s.place HAVING sum(s.quantity) > 0
        ) one
    ) other
    CROSS JOIN LATERAL (
        SELECT greatest(coalesce(sum(u.units), 0), 0)::bigint AS units, max(u.days) AS days FROM used u
        WHERE (u.hospital, u.item_code) = (l.hospital, l.item_code) AND udi.is_of_store(u.place, l.store)
    ) use
    LEFT JOIN udi.order_due due ON (due.hospital, due.store, due.item_code) = (l.hospital, l.store, l.item_code)
    LEFT JOIN noted ON (noted.hospital, noted.store, noted.item_code) = (l.hospital, l.store, l.item_code)
), levelled AS (
    SELECT f.*,
           CASE WHEN f.minimum IS NOT NULL THEN f.minimum WHEN f.days IS NOT NULL THEN least(f.units_of_days, f.maximum)
                WHEN f.by_forecast THEN least(f.high, f.maximum) ELSE f.maximum END AS at_least,
           CASE WHEN f.by_forecast THEN least(f.high, f.maximum) WHEN f.maximum IS NOT NULL THEN f.maximum
                WHEN f.days IS NOT NULL THEN greatest(f.units_of_days, f.minimum) ELSE f.minimum END AS at_most,
           item.body ->> 'supplier' AS supplier, pack.issuer, pack.di, coalesce(pack.units, 1) AS units_per_package,
           CASE WHEN item.body IS NULL OR item.ended_at IS NOT NULL THEN 'not-listed'
                WHEN (item.body ->> 'suspended')::boolean THEN 'suspended-item'
                WHEN (item.body ->> 'licence_valid_to')::date < today.day THEN 'licence-expired'
                WHEN EXISTS (
                    SELECT FROM report.breakers b
                    WHERE (b.hospital, b.item_code, b.state) = (f.hospital, f.item_code, 'open') AND coalesce(today.day < udi.local_day(b.until), true)
                      AND (b.scope_type = 'hospital' OR (b.scope_type, b.scope) IN (('store', f.store), ('department', f.department)))
                ) THEN 'breaker-open' END AS stopped
    FROM figures f JOIN today ON today.hospital = f.hospital
    LEFT JOIN udi.item_now item ON (item.hospital, item.item_code) = (f.hospital, f.item_code)
    LEFT JOIN LATERAL (
        SELECT p ->> 'issuer' AS issuer, p ->> 'di' AS di, (p ->> 'units_per_package')::bigint AS units
        FROM jsonb_array_elements(item.body -> 'identifiers') p WHERE p ->> 'units_per_package' IS NOT NULL
        ORDER BY (p ->> 'units_per_package')::bigint DESC, 1, 2 LIMIT 1
    ) pack ON true
)
SELECT l.hospital, l.store, l.item_code, l.on_hand, l.on_order, l.at_least AS minimum, l.at_most AS maximum,
       coalesce(round(l.used::numeric / nullif(l.used_days, 0), 3), 0) AS daily_use,
       CASE WHEN l.used > 0 THEN greatest(floor(l.on_hand * l.used_days::numeric / l.used), 0)::bigint END AS days_left,
       needed.packages * l.units_per_package AS proposed, needed.packages, l.elsewhere, l.elsewhere_stores, l.stopped, l.supplier, l.issuer, l.di,
       l.units_per_package, l.lead_days, l.forecast_days, l.forecast, l.low AS forecast_low, l.high AS forecast_high
FROM levelled l
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.stopped IS NULL AND l.on_hand + l.on_order < l.at_least
                THEN ceil((l.at_most - l.on_hand - l.on_order)::numeric / l.units_per_package)::bigint ELSE 0 END AS packages
) needed;

CREATE FUNCTION udi.slow_movers_3(p_days integer)
RETURNS TABLE (
    hospital text, store text, item_code text, owner text, quantity bigint, expiry date, value numeric, last_used_on date, first_came_on date,
    idle_days integer, months_of_stock numeric, as_of date
) LANGUAGE sql STABLE AS $$
    WITH today AS MATERIALIZED (
        SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day, i.zone FROM udi.installation i CROSS JOIN udi.hospitals_with_records() h (hospital)
    ), read AS MATERIALIZED (
        SELECT d.hospital, max(d.as_of) AS as_of FROM udi.demand d GROUP BY d.hospital
        UNION ALL
        SELECT t.hospital, t.day FROM today t
        WHERE NOT EXISTS (SELECT FROM udi.demand d WHERE d.hospital = t.hospital) AND NOT EXISTS (
            SELECT FROM udi.moves_between(t.hospital, (t.day - 364)::timestamp AT TIME ZONE t.zone, (t.day + 1)::timestamp AT TIME ZONE t.zone) m
            WHERE m.action IN ('use', 'return', 'opened', 'waste', 'receive', 'transfer', 'accept', 'give-back')
                AND m.from_place NOT LIKE 'set/%' AND m.to_place NOT LIKE 'set/%'
        )
    ), place AS MATERIALIZED (
        SELECT p.hospital, p.place, coalesce((
            SELECT d.store FROM (
                SELECT hospital, store FROM udi.demand UNION SELECT hospital, store FROM udi.store_now
            ) d WHERE d.hospital = p.hospital AND udi.is_of_store(p.place, d.store) ORDER BY length(d.store) DESC LIMIT 1
        ), p.place) AS store
        FROM (SELECT DISTINCT b.hospital, b.store AS place FROM udi.balance b WHERE b.store !~ '^(in-transit|lent|set|quarantine)/') p
    ), lying AS (
        SELECT s.hospital, p.store, s.item_code, s.owner, sum(s.quantity)::bigint AS quantity, min(s.expiry) AS expiry
        FROM report.stock s JOIN place p ON (p.hospital, p.place) = (s.hospital, s.store)
        WHERE s.quantity > 0 GROUP BY 1, 2, 3, 4
    )
    SELECT l.hospital, l.store, l.item_code, l.owner, l.quantity, l.expiry, round(l.quantity * udi.cost_on(l.hospital, l.item_code, r.as_of), 2),
           d.last_used_on, d.first_came_on, r.as_of - coalesce(d.last_used_on, d.first_came_on),
           round(sum(l.quantity) OVER (PARTITION BY l.hospital, l.store, l.item_code) / nullif(CASE WHEN d.forecast IS NOT NULL THEN d.weekly * 52 / 12 END, 0), 1), r.as_of
    FROM lying l
    JOIN read r USING (hospital)
    LEFT JOIN udi.demand d USING (hospital, store, item_code)
    WHERE coalesce(r.as_of - coalesce(d.last_used_on, d.first_came_on) >= p_days, true)
$$;
COMMENT ON FUNCTION udi.slow_movers_3 IS 'As udi.slow_movers_2, by each hospital''s own day of the books; months_of_stock is null where nothing is forecast.';

CREATE OR REPLACE VIEW report.slow_movers AS
SELECT hospital, store, item_code, owner, quantity, expiry, value, last_used_on, first_came_on, idle_days, months_of_stock, as_of FROM udi.slow_movers_3(90);
