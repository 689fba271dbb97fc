-- One meaning of what may be used: what a scan is flagged for (rules/stock/usable.py), lists and proposals leave out, too. And what lies in a whole hospital is
-- read in one pass.

CREATE VIEW udi.stock_in_place_2 AS
SELECT s.* FROM report.stock s
LEFT JOIN (
    SELECT DISTINCT hospital, item_code, serial, place FROM udi.unit_place WHERE place NOT IN ('supplier', 'patient', 'waste', 'adjustment')
) here ON (here.hospital, here.item_code, here.serial, here.place) = (s.hospital, s.item_code, s.serial, s.store)
WHERE s.quantity <> 0 AND (
    s.serial IS NULL OR here.serial IS NOT NULL OR NOT EXISTS (
        SELECT FROM udi.unit_place u
        WHERE (u.hospital, u.item_code, u.serial) = (s.hospital, s.item_code, s.serial) AND (
            udi.in_the_house(u.place) = 0 OR EXISTS (
                SELECT FROM udi.balance there
                WHERE (there.hospital, there.store, there.item_code, there.serial) = (u.hospital, u.place, u.item_code, u.serial)
                GROUP BY there.owner, there.lot HAVING sum(there.quantity) > 0
            )
        )
    )
);
COMMENT ON VIEW udi.stock_in_place_2 IS 'As udi.stock_in_place, of balances that are not zero, for questions of a whole hospital: the places of units are read once and joined. Of some items udi.stock_in_place reads less.';
COMMENT ON INDEX udi.unit_place_of_item IS 'report.units_elsewhere, udi.stock_in_place, udi.stock_in_place_2: the place of a unit of which a balance tells.';

CREATE FUNCTION udi.usable_4(p_hospital text, p_day date)
RETURNS TABLE (
    hospital text, place text, owner text, item_code text, lot text, serial text, expiry date, quantity bigint, unusable text, reasons text[]
) LANGUAGE sql STABLE AS $$
    WITH scope AS MATERIALIZED (
        SELECT s AS line, s.* FROM udi.recall_scope s WHERE s.hospital = p_hospital AND coalesce(p_day <= s.ended_on, true)
    ), item AS MATERIALIZED (
        SELECT i.item_code, (i.body ->> 'suspended')::boolean AS suspended, (i.body ->> 'licence_valid_to')::date AS licence_valid_to
        FROM udi.item_now i WHERE i.hospital = p_hospital
    )
    SELECT b.hospital, b.store, b.owner, b.item_code, b.lot, b.serial, b.expiry, b.quantity, coalesce(away.place, why.reasons[1]), why.reasons
    FROM udi.stock_in_place_2 b
    LEFT JOIN item i ON i.item_code = b.item_code
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.store ~ '^(in-transit|lent|set|quarantine)/' THEN split_part(b.store, '/', 1) END AS place OFFSET 0
    ) away
    CROSS JOIN LATERAL (
        -- Goods in quarantine are not to be used, so nothing more is said of them.
        SELECT CASE WHEN away.place IS DISTINCT FROM 'quarantine' THEN array_remove(ARRAY[
            CASE WHEN EXISTS (
                SELECT FROM scope l
                LEFT JOIN LATERAL (
                    SELECT max(c.production) AS production FROM udi.scan c
                    WHERE coalesce(l.produced_from, l.produced_to) IS NOT NULL AND c.hospital = b.hospital AND c.di = b.di AND c.lot = b.lot
                ) made ON true
                WHERE (l.item_code = b.item_code OR (l.issuer, l.di) = (b.issuer, b.di))
                  AND udi.recall_means(l.line, b.lot, b.serial, b.expiry, made.production)
            ) THEN 'recalled' END,
            CASE WHEN b.expiry < p_day THEN 'expired' END,
            CASE WHEN i.suspended THEN 'suspended-item' END,
            CASE WHEN i.licence_valid_to < p_day THEN 'licence-expired' END
        ], NULL) ELSE '{}' END AS reasons OFFSET 0
    ) why
    WHERE b.hospital = p_hospital
$$;
COMMENT ON FUNCTION udi.usable_4 IS 'Balances that are not zero, of units where they are, with why they may not be used on a day: their place, else the first reason; null: they may. reasons are those of rules/stock/usable.py, where a test holds both equal.';

CREATE OR REPLACE VIEW report.replenishment AS
WITH today AS MATERIALIZED (
    SELECT l.hospital, udi.day_of_books_2(l.hospital) AS day FROM (SELECT DISTINCT hospital FROM udi.store_level) l
), stock AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.usable_4(today.hospital, today.day) u
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

CREATE FUNCTION udi.slow_movers_6(p_days integer)
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
    ), priced AS MATERIALIZED (
        SELECT i.hospital, i.item_code, udi.cost_on(i.hospital, i.item_code, r.as_of) AS cost
        FROM (SELECT DISTINCT b.hospital, b.item_code FROM udi.balance b) i JOIN read r ON r.hospital = i.hospital
    ), lying AS (
        SELECT s.hospital, p.store, s.item_code, s.owner, sum(s.quantity)::bigint AS quantity, min(s.expiry) AS expiry,
               round(sum(s.quantity * CASE WHEN told.lots THEN udi.goods_cost_on(s.hospital, s.item_code, s.owner, s.lot, s.serial, r.as_of) ELSE list.cost END), 2) AS value
        FROM udi.stock_in_place_2 s JOIN place p ON (p.hospital, p.place) = (s.hospital, s.store)
        JOIN read r ON r.hospital = s.hospital
        JOIN priced list ON (list.hospital, list.item_code) = (s.hospital, s.item_code)
        CROSS JOIN LATERAL (SELECT EXISTS (
            SELECT FROM udi.brought b WHERE (b.hospital, b.item_code, b.owner) = (s.hospital, s.item_code, s.owner)
        ) AS lots) told
        WHERE s.quantity > 0 GROUP BY 1, 2, 3, 4
    )
    SELECT l.hospital, l.store, l.item_code, l.owner, l.quantity, l.expiry, l.value,
           d.last_used_on, d.first_came_on, r.as_of - coalesce(d.last_used_on, d.first_came_on),
           round(sum(l.quantity) OVER (PARTITION BY l.hospital, l.store, l.item_code) / nullif(CASE WHEN d.forecast IS NOT NULL THEN d.weekly * 52 / 12 END, 0), 1), r.as_of
    FROM lying l
    JOIN read r USING (hospital)
    LEFT JOIN udi.demand d USING (hospital, store, item_code)
    WHERE coalesce(r.as_of - coalesce(d.last_used_on, d.first_came_on) >= p_days, true)
$$;
COMMENT ON FUNCTION udi.slow_movers_6 IS 'As udi.slow_movers_5, from udi.stock_in_place_2.';

CREATE OR REPLACE VIEW report.slow_movers AS
SELECT hospital, store, item_code, owner, quantity, expiry, value, last_used_on, first_came_on, idle_days, months_of_stock, as_of FROM udi.slow_movers_6(90);
