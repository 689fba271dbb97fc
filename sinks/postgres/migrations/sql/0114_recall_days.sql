-- What labels say of a lot or a unit holds for those that do not say it, for stock as for the block and the list (rules/stock/recall_matching.py), and ranges of
-- serials are compared without blanks and without regard to capitals, as lists are.

CREATE FUNCTION udi.said_of(p_hospital text, p_issuers text[], p_dis text[], p_lot text, p_serial text)
RETURNS TABLE (lot text, expiry date, production date) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT udi.plain_code(n.lot), n.expiry, n.production
    FROM udi.scans_of_2(p_hospital, p_issuers, p_dis, p_lot, p_serial) JOIN udi.scan_now n USING (position_id, record_offset)
    WHERE EXISTS (SELECT FROM unnest(p_issuers, p_dis) k (issuer, di) WHERE (k.issuer, k.di) = (n.issuer, n.di))
      AND NOT n.reasons && ARRAY['rejected', 'corrected'] AND NOT (n.verdict = 'recorded' AND n.reasons && ARRAY['half-label'])
$$;
COMMENT ON FUNCTION udi.said_of IS 'What labels say of a unit (serial) or lot, each saying once: of the scans that a recall notice may list, which udi.scans_of_identifiers_2 gives.';

-- What may be true of goods of a balance: what is said of their serial, else of their lot.
CREATE FUNCTION udi.known_of(p_hospital text, p_issuers text[], p_dis text[], p_lot text, p_serial text, p_expiry date)
RETURNS TABLE (lots text[], expiries date[], productions date[]) LANGUAGE sql STABLE AS $$
    WITH of_unit AS MATERIALIZED (
        SELECT s.* FROM udi.said_of(p_hospital, p_issuers, p_dis, NULL, p_serial) s WHERE p_serial IS NOT NULL
    ), named AS MATERIALIZED (
        SELECT udi.plain_code(p_lot) AS lot WHERE p_lot IS NOT NULL
        UNION
        SELECT u.lot FROM of_unit u WHERE p_lot IS NULL AND u.lot IS NOT NULL
    ), of_lots AS MATERIALIZED (
        SELECT s.* FROM named CROSS JOIN LATERAL udi.said_of(p_hospital, p_issuers, p_dis, named.lot, NULL) s
    ), said AS (
        SELECT ARRAY(SELECT DISTINCT expiry FROM of_unit WHERE expiry IS NOT NULL) AS unit_expiries,
               ARRAY(SELECT DISTINCT production FROM of_unit WHERE production IS NOT NULL) AS unit_productions,
               ARRAY(SELECT DISTINCT expiry FROM of_lots WHERE expiry IS NOT NULL) AS lot_expiries,
               ARRAY(SELECT DISTINCT production FROM of_lots WHERE production IS NOT NULL) AS lot_productions
    )
    SELECT ARRAY(SELECT lot FROM named),
           CASE WHEN unit_expiries <> '{}' THEN unit_expiries WHEN lot_expiries <> '{}' THEN lot_expiries
                WHEN p_expiry IS NOT NULL THEN ARRAY[p_expiry] ELSE '{}' END,
           CASE WHEN unit_productions <> '{}' THEN unit_productions ELSE lot_productions END
    FROM said
$$;
COMMENT ON FUNCTION udi.known_of IS 'Lots, last usable days and days of production that goods may be of, by what labels say of their serial, else of their lot; empty: nothing is known.';

CREATE FUNCTION udi.recall_means_2(l udi.recall_scope, p_lots text[], p_serial text, p_expiries date[], p_productions date[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (
        (cardinality(l.lots) = 0 AND cardinality(l.serials) = 0 AND l.serial_from IS NULL AND l.serial_to IS NULL)
        OR (cardinality(p_lots) > 0 AND p_lots <@ l.lots)
        OR coalesce(udi.plain_code(p_serial) = ANY (l.serials), false)
        OR (coalesce(l.serial_from, l.serial_to) IS NOT NULL AND p_serial IS NOT NULL
            AND (l.serial_from IS NULL OR (length(udi.plain_code(l.serial_from)) = length(udi.plain_code(p_serial))
                 AND udi.plain_code(l.serial_from) COLLATE "C" <= udi.plain_code(p_serial)))
            AND (l.serial_to IS NULL OR (length(udi.plain_code(l.serial_to)) = length(udi.plain_code(p_serial))
                 AND udi.plain_code(p_serial) COLLATE "C" <= udi.plain_code(l.serial_to))))
    )
    AND (coalesce(l.expiry_from, l.expiry_to) IS NULL OR (cardinality(p_expiries) > 0 AND NOT EXISTS (
        SELECT FROM unnest(p_expiries) day WHERE NOT day BETWEEN coalesce(l.expiry_from, '-infinity') AND coalesce(l.expiry_to, 'infinity'))))
    AND (coalesce(l.produced_from, l.produced_to) IS NULL OR (cardinality(p_productions) > 0 AND NOT EXISTS (
        SELECT FROM unnest(p_productions) day WHERE NOT day BETWEEN coalesce(l.produced_from, '-infinity') AND coalesce(l.produced_to, 'infinity'))))
$$;
COMMENT ON FUNCTION udi.recall_means_2 IS 'A line of a notice certainly means the unit: each of what may be true of it is meant. What is not known of it (empty, null) can''t make it certain.';

CREATE FUNCTION udi.usable_5(p_hospital text, p_day date)
RETURNS TABLE (
    hospital text, place text, owner text, item_code text, lot text, serial text, expiry date, quantity bigint, unusable text, reasons text[]
) LANGUAGE sql STABLE AS $$
    WITH scope AS MATERIALIZED (
        SELECT s AS line, s.*, coalesce(s.expiry_from, s.expiry_to, s.produced_from, s.produced_to) IS NOT NULL AS by_day
        FROM udi.recall_scope s WHERE s.hospital = p_hospital AND coalesce(p_day <= s.ended_on, true)
    ), packages AS MATERIALIZED (
        SELECT i.item_code, array_agg(p ->> 'issuer') AS issuers, array_agg(p ->> 'di') AS dis
        FROM udi.item_now i CROSS JOIN LATERAL jsonb_array_elements(i.body -> 'identifiers') p
        WHERE i.hospital = p_hospital AND i.item_code IN (SELECT scope.item_code FROM scope) GROUP BY i.item_code
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
                LEFT JOIN packages p ON p.item_code = b.item_code
                CROSS JOIN LATERAL (
                    SELECT l.by_day OR (b.lot IS NULL AND b.serial IS NOT NULL AND cardinality(l.lots) > 0) AS by_others
                ) asks
                CROSS JOIN LATERAL (
                    SELECT known.* FROM udi.known_of(b.hospital, p.issuers || b.issuer, p.dis || b.di, b.lot, b.serial, b.expiry) known WHERE asks.by_others
                    UNION ALL
                    SELECT array_remove(ARRAY[udi.plain_code(b.lot)], NULL), '{}', '{}' WHERE NOT asks.by_others
                ) known
                WHERE (l.item_code = b.item_code OR (l.issuer, l.di) = (b.issuer, b.di))
                  AND udi.recall_means_2(l.line, known.lots, b.serial, known.expiries, known.productions)
            ) THEN 'recalled' END,
            CASE WHEN b.expiry < p_day THEN 'expired' END,
            CASE WHEN i.suspended THEN 'suspended-item' END,
            CASE WHEN i.licence_valid_to < p_day THEN 'licence-expired' END
        ], NULL) ELSE '{}' END AS reasons OFFSET 0
    ) why
    WHERE b.hospital = p_hospital
$$;
COMMENT ON FUNCTION udi.usable_5 IS 'Balances that are not zero, of units where they are, with why they may not be used on a day: their place, else the first reason; null: they may. reasons are those of rules/stock/usable.py, where a test holds both equal. Recalled is what all labels say of a serial or lot.';

CREATE OR REPLACE VIEW report.replenishment AS
WITH today AS MATERIALIZED (
    SELECT l.hospital, udi.day_of_books_2(l.hospital) AS day FROM (SELECT DISTINCT hospital FROM udi.store_level) l
), stock AS MATERIALIZED (
    SELECT u.* FROM today CROSS JOIN LATERAL udi.usable_5(today.hospital, today.day) u
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
