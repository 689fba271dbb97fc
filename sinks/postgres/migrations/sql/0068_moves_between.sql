-- What moved within a time is read by the scans of that time. As a join with udi.stock_move every move in the books was read, and sorted, for each question.

-- The columns are those of udi.stock_move. Scans of a time lie together, so that their index by time reads each page once; by device it read one for each scan.
CREATE FUNCTION udi.moves_between(p_hospital text, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (
    position_id smallint, record_offset bigint, n smallint, action udi.action, store text, to_store text, from_place text, to_place text, owner text,
    item_code text, lot text, serial text, units integer, moved_at timestamptz, takes_back boolean
) LANGUAGE sql STABLE ROWS 10000 AS $$
    SELECT s.position_id, s.record_offset, m.n, s.action, s.store, s.to_store, m.from_place, m.to_place, m.owner, m.item_code, m.lot, m.serial, m.units,
           s.scanned_at, m.takes_back
    FROM (
        -- Inside, time and hospital narrow the index; as a join on the hospital every scan may be read.
        SELECT * FROM udi.scan one WHERE one.hospital = p_hospital AND one.scanned_at >= p_from AND one.scanned_at < p_to OFFSET 0
    ) s
    CROSS JOIN LATERAL (
        SELECT 0::smallint AS n, coalesce(s.from_place, udi.place_from(s.action, s.store)) AS from_place,
               coalesce(s.to_place, udi.place_to(s.action, s.store, s.to_store)) AS to_place, s.owner, s.item_code, s.lot, s.serial, s.units, false AS takes_back
        WHERE s.owner IS NOT NULL
        UNION ALL
        SELECT d.n,
               coalesce(d.from_place, CASE WHEN d.takes_back THEN udi.place_to(s.action, s.store, s.to_store) ELSE udi.place_from(s.action, s.store) END),
               coalesce(d.to_place, CASE WHEN d.takes_back THEN udi.place_from(s.action, s.store) ELSE udi.place_to(s.action, s.store, s.to_store) END),
               d.owner, d.item_code, CASE WHEN d.issuer IS NULL THEN s.lot ELSE d.lot END, CASE WHEN d.issuer IS NULL THEN s.serial ELSE d.serial END, d.units,
               d.takes_back
        FROM udi.decision d WHERE (d.position_id, d.record_offset) = (s.position_id, s.record_offset) AND d.owner IS NOT NULL
    ) m
$$;
COMMENT ON FUNCTION udi.moves_between IS 'Moves of goods by scans made from one instant up to before another, as udi.stock_move has them.';

-- Real use: what left a place for patients or waste, less what came back, on the days up to and with the last; and over how many days that was.
CREATE FUNCTION udi.real_use_2(p_last date, p_days integer)
RETURNS TABLE (hospital text, place text, item_code text, units bigint, days integer) LANGUAGE sql STABLE AS $$
    WITH house AS MATERIALIZED (
        -- Once for each hospital: as a column of the query below the first scan was looked for again for every move.
        SELECT l.hospital, least(p_days, p_last - udi.local_day(udi.first_scanned_at(l.hospital)) + 1) AS days
        FROM (SELECT DISTINCT hospital FROM udi.store_level) l
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
COMMENT ON FUNCTION udi.real_use_2 IS 'As udi.real_use, by the scans of the days alone: units used and wasted less returned, by place and item.';

CREATE FUNCTION udi.weeks_of_use_3(p_day date, p_weeks integer)
RETURNS TABLE (
    hospital text, store text, item_code text, lead_days integer, first_came_on date, last_used_on date, weeks integer, week integer[], units bigint[]
) LANGUAGE sql STABLE AS $$
    WITH house AS MATERIALIZED (
        SELECT h.hospital, least(p_weeks, greatest((p_day - udi.local_day(udi.first_scanned_at(h.hospital))) / 7, 0)) AS weeks
        FROM udi.hospitals_with_records() h (hospital)
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
        UNION SELECT l.hospital, l.store, l.item_code FROM udi.store_level l
        UNION SELECT d.hospital, d.store, d.item_code FROM udi.demand d
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
COMMENT ON FUNCTION udi.weeks_of_use_3 IS 'As udi.weeks_of_use_2, by the scans of the time alone. Units used and wasted less returned, by store, item and whole week before a day; when the item first came there and was last used within these weeks. What a supplier brought for one operation is left out.';

CREATE FUNCTION udi.supplied_days_2(p_hospital text, p_month integer)
RETURNS TABLE (owner text, item_code text, day date, units bigint) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT first.day AS first_day, least((first.day + interval '1 month')::date, udi.day_of_books() + 1) AS end_day, i.zone
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
COMMENT ON FUNCTION udi.supplied_days_2 IS 'As udi.supplied_days, by the scans since the month began alone. Units of suppliers'' own goods in the house at the end of each day of a month, up to the day of the books.';

CREATE FUNCTION udi.capital_of_2(p_hospital text, p_month integer)
RETURNS TABLE (supplier text, days integer, value numeric, units numeric, units_without_cost numeric, used numeric, days_lying numeric) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT greatest(least((f.day + interval '1 month')::date, udi.day_of_books() + 1) - f.day, 0) AS days FROM (SELECT udi.first_day(p_month) AS day) f
    ), lying AS (
        SELECT d.owner AS supplier, sum(d.units * c.cost) AS yuan_days, sum(d.units) AS unit_days,
               sum(d.units) FILTER (WHERE c.cost IS NULL) AS unit_days_without_cost
        FROM udi.supplied_days_2(p_hospital, p_month) d CROSS JOIN LATERAL (SELECT udi.cost_on(p_hospital, d.item_code, d.day) AS cost OFFSET 0) c
        GROUP BY d.owner
    ), used AS (
        SELECT t.supplier, sum(t.amount_fen) AS amount_fen FROM udi.statement_due t WHERE t.hospital = p_hospital AND t.period = p_month GROUP BY t.supplier
    )
    SELECT supplier, s.days, round(coalesce(l.yuan_days, 0) / s.days, 2), round(coalesce(l.unit_days, 0) / s.days, 1),
           round(coalesce(l.unit_days_without_cost, 0) / s.days, 1), udi.yuan(coalesce(u.amount_fen, 0)::bigint),
           CASE WHEN u.amount_fen > 0 AND l.yuan_days > 0 THEN round(coalesce(l.yuan_days, 0) / (u.amount_fen / 100.0), 1) END
    FROM lying l FULL JOIN used u USING (supplier) CROSS JOIN span s WHERE s.days > 0
$$;
COMMENT ON FUNCTION udi.capital_of_2 IS 'As udi.capital_of, by udi.supplied_days_2. By supplier: the mean value in yuan of his own goods in the house over the days of a month, what of them was used, and how many days they lie (Little''s law).';

CREATE OR REPLACE VIEW report.working_capital AS
SELECT m.hospital, udi.month_text(m.month) AS month, c.supplier, c.days, c.value, c.units, c.units_without_cost, c.used, c.days_lying
FROM (
    SELECT h.hospital, udi.month_of(day.day::date) AS month
    FROM udi.hospitals_with_records() h (hospital)
    CROSS JOIN LATERAL generate_series(
        date_trunc('month', udi.local_day(udi.first_scanned_at(h.hospital))::timestamp), udi.day_of_books()::timestamp, interval '1 month'
    ) day (day)
) m
CROSS JOIN LATERAL udi.capital_of_2(m.hospital, m.month) c;

-- Also: where more was accepted than sent, nothing is on the way.
CREATE OR REPLACE VIEW report.replenishment AS
WITH today AS MATERIALIZED (
    SELECT udi.day_of_books() AS day
), stock AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.usable(today.day) u
), used AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.real_use_2(today.day, 90) u
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
    FROM figures f CROSS JOIN today
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

CREATE INDEX scan_negative ON udi.scan (position_id, record_offset) WHERE reasons && ARRAY['stock-negative'];
COMMENT ON INDEX udi.scan_negative IS 'udi stock --uses: scans that found nothing on the shelf.';
CREATE INDEX decision_negative ON udi.decision (position_id, record_offset) WHERE reasons && ARRAY['stock-negative'];
COMMENT ON INDEX udi.decision_negative IS 'udi stock --uses: later decisions that found nothing on the shelf.';
