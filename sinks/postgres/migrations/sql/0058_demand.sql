-- What stores will use: weeks of real use, the forecast that is kept of them, and what nobody uses any more.

CREATE OR REPLACE VIEW udi.store_level AS
SELECT s.hospital, s.store, s.body ->> 'department' AS department, l.level ->> 'item_code' AS item_code, (l.level ->> 'minimum')::bigint AS minimum,
       (l.level ->> 'maximum')::bigint AS maximum, (l.level ->> 'days')::integer AS days, (l.level ->> 'lead_days')::integer AS lead_days
FROM udi.store_now s CROSS JOIN LATERAL jsonb_array_elements(coalesce(s.body -> 'levels', '[]')) l (level);

CREATE TABLE udi.demand (
    hospital      text NOT NULL,
    store         text NOT NULL,
    item_code     text NOT NULL,
    as_of         date NOT NULL,
    first_came_on date,
    last_used_on  date,
    weeks         smallint NOT NULL CHECK (weeks >= 0),
    weeks_used    smallint NOT NULL CHECK (weeks_used BETWEEN 0 AND weeks),
    weekly        numeric NOT NULL CHECK (weekly >= 0),
    days          integer NOT NULL CHECK (days > 0),
    forecast      numeric,
    low           bigint,
    high          bigint,
    PRIMARY KEY (hospital, store, item_code),
    CONSTRAINT bounds_in_order CHECK (0 <= low AND low <= high),
    CONSTRAINT forecast_with_bounds CHECK (num_nulls(forecast, low, high) IN (0, 3))
);
COMMENT ON TABLE udi.demand IS 'Of each item in a store: when it first came and was last used as far as was read, and the forecast of its whole weeks before a day. Reckoned anew each day of the books.';
COMMENT ON COLUMN udi.demand.days IS 'The days ahead that are forecast: lead time, and the days to the next order.';

-- Whole weeks of use before a day, newest 0, of every item that moved in a store within them, is kept by a level or was reckoned before. An item's weeks
-- begin with the hospital's first scan, or with the item's first version or first use when that was later.
CREATE FUNCTION udi.weeks_of_use(p_day date, p_weeks integer)
RETURNS TABLE (
    hospital text, store text, item_code text, lead_days integer, first_came_on date, last_used_on date, weeks integer, week integer[], units bigint[]
) LANGUAGE sql STABLE AS $$
    WITH house AS MATERIALIZED (
        SELECT h.hospital, least(p_weeks, greatest((p_day - udi.local_day(udi.first_scanned_at(h.hospital))) / 7, 0)) AS weeks
        FROM udi.hospitals_with_records() h (hospital)
    ), moved AS (
        SELECT h.hospital, CASE WHEN one.came THEN coalesce(CASE WHEN s.action IN ('transfer', 'give-back') THEN s.to_store END, s.store) ELSE s.store END AS store,
               m.item_code, (s.scanned_at AT TIME ZONE i.zone)::date AS day, one.came, one.units
        FROM house h CROSS JOIN udi.installation i
        CROSS JOIN LATERAL udi.scans_between(
            h.hospital, (p_day - 7 * p_weeks)::timestamp AT TIME ZONE i.zone, (p_day + 1)::timestamp AT TIME ZONE i.zone
        ) k
        JOIN udi.scan s USING (position_id, record_offset)
        JOIN udi.stock_move m USING (position_id, record_offset)
        CROSS JOIN LATERAL (
            SELECT false AS came, m.units WHERE m.to_place IN ('patient', 'waste')
            UNION ALL
            SELECT false, -m.units WHERE m.from_place IN ('patient', 'waste')
            UNION ALL
            SELECT true, 0 WHERE NOT m.takes_back AND s.action IN ('receive', 'transfer', 'accept', 'give-back')
        ) one
        WHERE s.action IN ('use', 'return', 'opened', 'waste', 'receive', 'transfer', 'accept', 'give-back')
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
COMMENT ON FUNCTION udi.weeks_of_use IS 'Units used and wasted less returned, by store, item and whole week before a day; when the item first came there and was last used within these weeks.';

CREATE VIEW report.demand AS
SELECT hospital, store, item_code, as_of, first_came_on, last_used_on, weeks, weeks_used, weekly, days, forecast, low, high FROM udi.demand;

CREATE OR REPLACE VIEW report.replenishment AS
WITH today AS MATERIALIZED (
    SELECT udi.day_of_books() AS day
), stock AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.usable(today.day) u
), used AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.real_use(today.day, 90) u
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
        SELECT coalesce(sum(s.quantity), 0)::bigint AS units FROM stock s
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

-- The cost of a unit in yuan on a day, by the newest version of its item.
CREATE FUNCTION udi.cost_on(p_hospital text, p_item_code text, p_day date) RETURNS numeric LANGUAGE sql STABLE RETURN (
    SELECT (p ->> 'cost')::numeric
    FROM (
        SELECT convert_from(c.body, 'UTF8')::jsonb AS body FROM udi.catalogue c
        WHERE (c.hospital, c.item_code) = (p_hospital, p_item_code) ORDER BY c.version DESC LIMIT 1
    ) item CROSS JOIN LATERAL jsonb_array_elements(coalesce(item.body -> 'cost', '[]')) p
    WHERE coalesce((p ->> 'from')::date <= p_day, true) AND coalesce(p_day < (p ->> 'to')::date, true) LIMIT 1
);
COMMENT ON FUNCTION udi.cost_on IS 'Yuan a unit on a day, by the newest version of the item; null when none is in force.';

-- What lies on a store's shelves and in its rooms, and of which nothing was used there for so many days, nor came there for the first time.
CREATE FUNCTION udi.slow_movers(p_days integer)
RETURNS TABLE (
    hospital text, store text, item_code text, owner text, quantity bigint, expiry date, value numeric, last_used_on date, first_came_on date,
    idle_days integer, months_of_stock numeric, as_of date
) LANGUAGE sql STABLE AS $$
    WITH read AS MATERIALIZED (
        SELECT d.hospital, max(d.as_of) AS as_of FROM udi.demand d GROUP BY d.hospital
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
           round(sum(l.quantity) OVER (PARTITION BY l.hospital, l.store, l.item_code) / nullif(d.weekly * 52 / 12, 0), 1), r.as_of
    FROM lying l
    JOIN read r USING (hospital)
    LEFT JOIN udi.demand d USING (hospital, store, item_code)
    WHERE coalesce(r.as_of - coalesce(d.last_used_on, d.first_came_on) >= p_days, true)
$$;
COMMENT ON FUNCTION udi.slow_movers IS 'Goods of a store by item and owner, not used there for so many days (idle_days null: nor seen within the weeks that were read).';
CREATE VIEW report.slow_movers AS
SELECT hospital, store, item_code, owner, quantity, expiry, value, last_used_on, first_came_on, idle_days, months_of_stock, as_of FROM udi.slow_movers(90);
