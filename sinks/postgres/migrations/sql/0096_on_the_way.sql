-- What is on the way empties as goods are accepted, under whatever document: the one that is named first, then the oldest. Columns as before.
CREATE OR REPLACE VIEW report.in_transit AS
WITH way AS (
    SELECT m.hospital, coalesce(m.document, '') AS document, substr(w.place, length('in-transit/') + 1) AS to_store, m.item_code, m.lot, m.serial, m.owner,
           -- Taken back is what was sent, or accepted, less: the move goes the other way.
           w.sent <> m.takes_back AS of_sending, CASE WHEN m.takes_back THEN -m.units ELSE m.units END AS units,
           CASE WHEN w.sent AND NOT m.takes_back THEN m.from_place END AS from_place, m.moved_at
    FROM (
        SELECT position_id, record_offset FROM udi.scan
        WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%' OR to_store LIKE 'in-transit/%' OR store LIKE 'in-transit/%'
        UNION SELECT position_id, record_offset FROM udi.decision WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%'
    ) moved
    CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (moved.position_id, moved.record_offset) OFFSET 0
    ) m
    CROSS JOIN LATERAL (VALUES (true, m.to_place), (false, m.from_place)) w (sent, place)
    WHERE w.place LIKE 'in-transit/%'
), paper AS (
    SELECT hospital, document, to_store, item_code, lot, serial, owner, min(from_place) AS from_store,
           coalesce(sum(units) FILTER (WHERE of_sending), 0) AS sent, coalesce(sum(units) FILTER (WHERE NOT of_sending), 0) AS accepted,
           min(moved_at) FILTER (WHERE of_sending AND units > 0) AS sent_at
    FROM way GROUP BY hospital, document, to_store, item_code, lot, serial, owner
), open AS (
    SELECT p.*, greatest(p.sent - p.accepted, 0) AS remains, sum(greatest(p.accepted - p.sent, 0)) OVER goods AS beyond,
           coalesce(sum(greatest(p.sent - p.accepted, 0)) OVER (goods ORDER BY p.sent_at, p.document ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS older
    FROM paper p WINDOW goods AS (PARTITION BY p.hospital, p.to_store, p.item_code, p.lot, p.serial, p.owner)
), shown AS (
    SELECT o.*, o.remains - least(o.remains, greatest(o.beyond - o.older, 0)) AS quantity FROM open o
)
SELECT hospital, nullif(document, '') AS document, from_store, to_store, item_code, lot, serial, owner, quantity::bigint AS quantity, sent_at FROM shown WHERE quantity > 0;
COMMENT ON VIEW report.in_transit IS 'Goods sent and not accepted, by document. What is accepted empties the document it names, then the oldest of the same goods on the same way; what is accepted beyond all that was sent is a balance of the way below zero.';

-- A package that is not sold any more is not proposed; nor is an item of which none is. Columns as before.
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
