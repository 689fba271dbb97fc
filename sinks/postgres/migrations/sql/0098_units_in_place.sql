-- A unit with a serial is in one place. What is read of goods that lie somewhere leaves out balances that say otherwise: the unit was used, sent or moved from
-- where the books did not have it. The balances themselves stay what the moves add up to.

CREATE VIEW udi.stock_in_place AS
SELECT s.* FROM report.stock s
WHERE s.serial IS NULL OR s.quantity = 0
   OR EXISTS (SELECT FROM udi.unit_place u WHERE (u.hospital, u.item_code, u.serial, u.place) = (s.hospital, s.item_code, s.serial, s.store))
   OR NOT EXISTS (
       SELECT FROM udi.unit_place u
       WHERE (u.hospital, u.item_code, u.serial) = (s.hospital, s.item_code, s.serial) AND (
           udi.in_the_house(u.place) = 0 OR EXISTS (
               SELECT FROM report.stock there
               WHERE (there.hospital, there.store, there.item_code, there.serial) = (u.hospital, u.place, u.item_code, u.serial) AND there.quantity > 0
           )
       )
   );
COMMENT ON VIEW udi.stock_in_place IS 'As report.stock, without balances of units with a serial that are elsewhere: outside the house, or in a place whose balance has them. A unit that no other place has stays in the list.';
COMMENT ON INDEX udi.unit_place_of_item IS 'report.units_elsewhere, udi.stock_in_place: the place of a unit of which a balance tells.';

CREATE FUNCTION udi.usable_3(p_hospital text, p_day date)
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
    FROM udi.stock_in_place b WHERE b.hospital = p_hospital AND b.quantity <> 0
$$;
COMMENT ON FUNCTION udi.usable_3 IS 'As udi.usable_2, of units where they are.';

CREATE OR REPLACE VIEW report.expiring AS
WITH today AS MATERIALIZED (
    SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day FROM udi.hospitals_with_records() h (hospital)
)
SELECT s.hospital, s.store, s.item_code, s.lot, s.serial, s.owner, s.quantity, s.expiry, s.expiry - today.day AS days_left,
       CASE WHEN cost.cost IS NOT NULL THEN round(s.quantity * cost.cost, 2) END AS value
FROM udi.stock_in_place s
JOIN today ON today.hospital = s.hospital
LEFT JOIN LATERAL (
    SELECT c.body FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (s.hospital, s.item_code) ORDER BY c.version DESC LIMIT 1
) item ON true
LEFT JOIN LATERAL (
    SELECT (p ->> 'cost')::numeric AS cost FROM jsonb_array_elements(coalesce(convert_from(item.body, 'UTF8')::jsonb -> 'cost', '[]')) p
    WHERE coalesce((p ->> 'from')::date <= today.day, true) AND coalesce(today.day < (p ->> 'to')::date, true) LIMIT 1
) cost ON true
WHERE s.quantity > 0 AND s.expiry IS NOT NULL;

CREATE FUNCTION udi.supplied_days_4(p_hospital text, p_month integer)
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
        -- A unit with a serial is one, whichever places say that they have it, or lack it.
        SELECT CASE WHEN c.serial = '' THEN c.place END AS place, c.owner, c.item_code, CASE WHEN c.serial = '' THEN c.lot END AS lot, c.serial, c.day,
               sum(c.units) AS units
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
COMMENT ON FUNCTION udi.supplied_days_4 IS 'As udi.supplied_days_3; a unit with a serial counts by what all places add up to.';

CREATE FUNCTION udi.capital_of_4(p_hospital text, p_month integer)
RETURNS TABLE (supplier text, days integer, value numeric, units numeric, units_without_cost numeric, used numeric, days_lying numeric) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT greatest(least((f.day + interval '1 month')::date, udi.day_of_books_2(p_hospital) + 1) - f.day, 0) AS days FROM (SELECT udi.first_day(p_month) AS day) f
    ), lying AS (
        SELECT d.owner AS supplier, sum(d.units * c.cost) AS yuan_days, sum(d.units) AS unit_days,
               sum(d.units) FILTER (WHERE c.cost IS NULL) AS unit_days_without_cost
        FROM udi.supplied_days_4(p_hospital, p_month) d CROSS JOIN LATERAL (SELECT udi.cost_on(p_hospital, d.item_code, d.day) AS cost OFFSET 0) c
        GROUP BY d.owner
    ), used AS (
        SELECT t.supplier, sum(t.amount_fen) AS amount_fen FROM udi.statement_due t WHERE t.hospital = p_hospital AND t.period = p_month GROUP BY t.supplier
    )
    SELECT supplier, s.days, round(coalesce(l.yuan_days, 0) / s.days, 2), round(coalesce(l.unit_days, 0) / s.days, 1),
           round(coalesce(l.unit_days_without_cost, 0) / s.days, 1), udi.yuan(coalesce(u.amount_fen, 0)::bigint),
           CASE WHEN u.amount_fen > 0 AND l.yuan_days > 0 THEN round(coalesce(l.yuan_days, 0) / (u.amount_fen / 100.0), 1) END
    FROM lying l FULL JOIN used u USING (supplier) CROSS JOIN span s WHERE s.days > 0
$$;
COMMENT ON FUNCTION udi.capital_of_4 IS 'As udi.capital_of_3, by udi.supplied_days_4.';

CREATE OR REPLACE VIEW report.working_capital AS
SELECT m.hospital, udi.month_text(m.month) AS month, c.supplier, c.days, c.value, c.units, c.units_without_cost, c.used, c.days_lying
FROM (
    SELECT h.hospital, udi.month_of(day.day::date) AS month
    FROM udi.hospitals_with_records() h (hospital)
    CROSS JOIN LATERAL generate_series(
        date_trunc('month', udi.local_day(udi.first_scanned_at(h.hospital))::timestamp), udi.day_of_books_2(h.hospital)::timestamp, interval '1 month'
    ) day (day)
) m
CROSS JOIN LATERAL udi.capital_of_4(m.hospital, m.month) c;

CREATE OR REPLACE VIEW report.replenishment AS
WITH today AS MATERIALIZED (
    SELECT l.hospital, udi.day_of_books_2(l.hospital) AS day FROM (SELECT DISTINCT hospital FROM udi.store_level) l
), stock AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.usable_3(today.hospital, today.day) u
), used AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.real_use_4(today.hospital, today.day, 90) u
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
                WHEN sold.none THEN 'not-sold'
                WHEN EXISTS (
                    SELECT FROM report.breakers b
                    WHERE (b.hospital, b.item_code, b.state) = (f.hospital, f.item_code, 'open') AND coalesce(today.day < udi.local_day(b.until), true)
                      AND (b.scope_type = 'hospital' OR (b.scope_type, b.scope) IN (('store', f.store), ('department', f.department)))
                ) THEN 'breaker-open' END AS stopped
    FROM figures f JOIN today ON today.hospital = f.hospital
    LEFT JOIN udi.item_now item ON (item.hospital, item.item_code) = (f.hospital, f.item_code)
    CROSS JOIN LATERAL (
        -- Null without identifiers: nobody has said that it is not sold.
        SELECT bool_and(coalesce((p ->> 'withdrawn_on')::date <= today.day, false)) AS none FROM jsonb_array_elements(item.body -> 'identifiers') p
    ) sold
    LEFT JOIN LATERAL (
        SELECT p ->> 'issuer' AS issuer, p ->> 'di' AS di, (p ->> 'units_per_package')::bigint AS units
        FROM jsonb_array_elements(item.body -> 'identifiers') p
        WHERE p ->> 'units_per_package' IS NOT NULL AND coalesce(today.day < (p ->> 'withdrawn_on')::date, true)
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

CREATE FUNCTION udi.slow_movers_4(p_days integer)
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
        FROM udi.stock_in_place s JOIN place p ON (p.hospital, p.place) = (s.hospital, s.store)
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
COMMENT ON FUNCTION udi.slow_movers_4 IS 'As udi.slow_movers_2, by each hospital''s own day of the books and of units where they are; months_of_stock is null where nothing is forecast.';

CREATE OR REPLACE VIEW report.slow_movers AS
SELECT hospital, store, item_code, owner, quantity, expiry, value, last_used_on, first_came_on, idle_days, months_of_stock, as_of FROM udi.slow_movers_4(90);
