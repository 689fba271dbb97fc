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
