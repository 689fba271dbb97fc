-- Replenishment: what of a store's stock may be used, what it needs by its levels and real use, and the orders that follow.

-- The lines of recall notices by the item they mean, as lanes take them: by its code, or by an identifier it has now.
CREATE VIEW udi.recall_scope AS
SELECT r.hospital, r.recall, named.item_code, l.line ->> 'issuer' AS issuer, l.line ->> 'di' AS di,
       ARRAY(SELECT udi.plain_code(lot) FROM jsonb_array_elements_text(coalesce(l.line -> 'lots', '[]')) lot) AS lots,
       ARRAY(SELECT udi.plain_code(serial) FROM jsonb_array_elements_text(coalesce(l.line -> 'serials', '[]')) serial) AS serials,
       l.line ->> 'serial_from' AS serial_from, l.line ->> 'serial_to' AS serial_to,
       (l.line ->> 'produced_from')::date AS produced_from, (l.line ->> 'produced_to')::date AS produced_to,
       (l.line ->> 'expiry_from')::date AS expiry_from, (l.line ->> 'expiry_to')::date AS expiry_to, (r.body ->> 'ended_on')::date AS ended_on
FROM (SELECT hospital, recall, convert_from(body, 'UTF8')::jsonb AS body FROM udi.recall_now) r
CROSS JOIN LATERAL jsonb_array_elements(r.body -> 'lines') l (line)
CROSS JOIN LATERAL (
    SELECT l.line ->> 'item_code' AS item_code WHERE l.line ->> 'item_code' IS NOT NULL
    UNION
    SELECT i.item_code FROM udi.fact_change f JOIN udi.item_now i ON (i.hospital, i.item_code) = (f.hospital, f.code)
    WHERE f.kind = 'item' AND f.hospital = r.hospital AND f.dis @> ARRAY[l.line ->> 'di']
      AND i.body -> 'identifiers' @> jsonb_build_array(jsonb_build_object('issuer', l.line ->> 'issuer', 'di', l.line ->> 'di'))
) named;
COMMENT ON VIEW udi.recall_scope IS 'The lines of the notices that hold, by the items they mean; lots and serials without blanks, in capitals.';

-- Whether a line certainly means a unit: rules/stock/recall_matching.py in SQL; a test holds the two equal.
CREATE FUNCTION udi.recall_means(l udi.recall_scope, p_lot text, p_serial text, p_expiry date, p_production date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (
        (cardinality(l.lots) = 0 AND cardinality(l.serials) = 0 AND l.serial_from IS NULL AND l.serial_to IS NULL)
        OR coalesce(udi.plain_code(p_lot) = ANY (l.lots), false)
        OR coalesce(udi.plain_code(p_serial) = ANY (l.serials), false)
        OR (coalesce(l.serial_from, l.serial_to) IS NOT NULL AND p_serial IS NOT NULL
            AND (l.serial_from IS NULL OR (length(l.serial_from) = length(p_serial) AND l.serial_from COLLATE "C" <= p_serial))
            AND (l.serial_to IS NULL OR (length(l.serial_to) = length(p_serial) AND p_serial COLLATE "C" <= l.serial_to)))
    )
    AND (coalesce(l.expiry_from, l.expiry_to) IS NULL
         OR coalesce(p_expiry BETWEEN coalesce(l.expiry_from, '-infinity') AND coalesce(l.expiry_to, 'infinity'), false))
    AND (coalesce(l.produced_from, l.produced_to) IS NULL
         OR coalesce(p_production BETWEEN coalesce(l.produced_from, '-infinity') AND coalesce(l.produced_to, 'infinity'), false))
$$;
COMMENT ON FUNCTION udi.recall_means IS 'A line of a notice certainly means the unit; what is not known of it (null) can''t make it certain.';

-- Every balance with why it may not be used on a day: it is elsewhere than on a shelf, recalled or expired. The one place where that is decided for stock.
CREATE FUNCTION udi.usable(p_day date)
RETURNS TABLE (hospital text, place text, owner text, item_code text, lot text, serial text, expiry date, quantity bigint, unusable text)
LANGUAGE sql STABLE AS $$
    WITH scope AS MATERIALIZED (
        SELECT s AS line, s.* FROM udi.recall_scope s WHERE coalesce(p_day <= s.ended_on, true)
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
    FROM report.stock b WHERE b.quantity <> 0
$$;
COMMENT ON FUNCTION udi.usable IS 'Balances that are not zero, with why they may not be used on a day: their place, recalled or expired; null: they may.';

CREATE VIEW udi.store_level AS
SELECT s.hospital, s.store, s.body ->> 'department' AS department, l.level ->> 'item_code' AS item_code, (l.level ->> 'minimum')::bigint AS minimum,
       (l.level ->> 'maximum')::bigint AS maximum, (l.level ->> 'days')::integer AS days
FROM udi.store_now s CROSS JOIN LATERAL jsonb_array_elements(coalesce(s.body -> 'levels', '[]')) l (level);
COMMENT ON VIEW udi.store_level IS 'How much of an item each store keeps, by the newest version of the store.';

-- Whether a place is the shelf of a store, or a room, cabinet or cart of it.
CREATE FUNCTION udi.is_of_store(place text, store text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    place = store OR starts_with(place, store || '/');

-- Real use: what left a place for patients or waste, less what came back, on the days up to and with the last; and over how many days that was.
CREATE FUNCTION udi.real_use(p_last date, p_days integer)
RETURNS TABLE (hospital text, place text, item_code text, units bigint, days integer) LANGUAGE sql STABLE AS $$
    SELECT h.hospital, one.place, m.item_code, sum(one.units)::bigint, least(p_days, p_last - udi.local_day(h.first_at) + 1)
    FROM (SELECT l.hospital, udi.first_scanned_at(l.hospital) AS first_at FROM (SELECT DISTINCT hospital FROM udi.store_level) l) h
    CROSS JOIN udi.installation i
    CROSS JOIN LATERAL udi.scans_between(
        h.hospital, (p_last - p_days + 1)::timestamp AT TIME ZONE i.zone, (p_last + 1)::timestamp AT TIME ZONE i.zone
    ) s
    JOIN udi.stock_move m USING (position_id, record_offset)
    CROSS JOIN LATERAL (
        SELECT m.from_place AS place, m.units WHERE m.to_place IN ('patient', 'waste')
        UNION ALL
        SELECT m.to_place, -m.units WHERE m.from_place IN ('patient', 'waste')
    ) one
    GROUP BY h.hospital, one.place, m.item_code, h.first_at
$$;
COMMENT ON FUNCTION udi.real_use IS 'Units used and wasted less returned, by place and item, in the days up to and with a day, or since the first scan if that is later.';

CREATE TABLE udi.purchase (
    hospital text NOT NULL,
    supplier text NOT NULL,
    number   integer NOT NULL CHECK (number > 0),
    made_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by  text NOT NULL CHECK (made_by <> ''),
    PRIMARY KEY (hospital, supplier, number)
);
COMMENT ON TABLE udi.purchase IS 'A proposal of an order to a supplier; a later number stands in place of an earlier one that was not released. Append-only.';
CREATE TABLE udi.purchase_line (
    hospital  text NOT NULL,
    supplier  text NOT NULL,
    number    integer NOT NULL,
    line      integer NOT NULL CHECK (line > 0),
    store     text NOT NULL,
    item_code text NOT NULL,
    issuer    text,
    di        text,
    packages  integer NOT NULL CHECK (packages > 0),
    units     bigint NOT NULL,
    on_hand   bigint NOT NULL,
    on_order  bigint NOT NULL,
    PRIMARY KEY (hospital, supplier, number, line),
    FOREIGN KEY (hospital, supplier, number) REFERENCES udi.purchase,
    CONSTRAINT whole_packages CHECK (units > 0 AND units % packages = 0),
    CONSTRAINT item_once UNIQUE (hospital, supplier, number, store, item_code)
);
COMMENT ON TABLE udi.purchase_line IS 'An item for a store: packages of an identifier (null: units of use), units of use, and what lay there and was on order when it was proposed.';
CREATE TABLE udi.purchase_mark (
    hospital text NOT NULL,
    supplier text NOT NULL,
    number   integer NOT NULL,
    status   text NOT NULL CHECK (status IN ('released', 'closed')),
    received bigint[] NOT NULL,
    reason   text,
    by       text NOT NULL CHECK (by <> ''),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, supplier, number, status),
    FOREIGN KEY (hospital, supplier, number) REFERENCES udi.purchase,
    CONSTRAINT closed_says_why CHECK (status = 'released' OR reason <> '')
);
COMMENT ON TABLE udi.purchase_mark IS 'A person released an order, or closed it: no more of it comes. received: by line, what its store had ever got of its item by then. Append-only.';
DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['purchase', 'purchase_line', 'purchase_mark'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

-- What suppliers ever brought to a store of an item. Counted by the books alone: the clocks of orders and of scans are not compared.
CREATE INDEX scan_received ON udi.scan (hospital, store) WHERE action = 'receive';
CREATE FUNCTION udi.received_units(p_hospital text, p_store text, p_item_code text) RETURNS bigint LANGUAGE sql STABLE RETURN (
    SELECT coalesce(sum(CASE WHEN m.from_place = 'supplier' THEN m.units ELSE -m.units END), 0)::bigint
    FROM udi.scan s JOIN udi.stock_move m USING (position_id, record_offset)
    WHERE s.hospital = p_hospital AND s.store = p_store AND s.action = 'receive' AND m.item_code = p_item_code
      AND 'supplier' IN (m.from_place, m.to_place)
);
COMMENT ON FUNCTION udi.received_units IS 'Units a store has received of an item, less receipts that were taken back.';

CREATE FUNCTION udi.release_purchase(p_hospital text, p_supplier text, p_number integer, p_by text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO udi.purchase_mark (hospital, supplier, number, status, received, by)
    SELECT p_hospital, p_supplier, p_number, 'released', array_agg(udi.received_units(hospital, store, item_code) ORDER BY line), p_by
    FROM udi.purchase_line WHERE (hospital, supplier, number) = (p_hospital, p_supplier, p_number)
$$;
COMMENT ON FUNCTION udi.release_purchase IS 'A person releases an order; a second release violates the key of udi.purchase_mark.';

CREATE FUNCTION udi.publish_order(p_hospital text, p_supplier text, p_id uuid, p_body bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seq bigint;
BEGIN
    UPDATE udi.topic_counter SET last_seq = last_seq + 1 WHERE (topic, partition) = ('orders', 0) RETURNING last_seq INTO STRICT seq;
    INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies)
    VALUES ('orders', 0, seq, seq, ARRAY[p_id], ARRAY[convert_to(p_hospital || '/' || p_supplier, 'UTF8')], ARRAY[p_body]);
END $$;
COMMENT ON FUNCTION udi.publish_order IS 'One record for the topic of orders, in the caller''s transaction.';

CREATE VIEW report.orders AS
SELECT l.hospital, l.supplier || '-' || l.number AS order_id, l.supplier, l.number, l.line, l.store, l.item_code, l.issuer, l.di, l.packages, l.units,
       l.on_hand, l.on_order,
       CASE WHEN closed.by IS NOT NULL THEN 'closed' WHEN released.by IS NOT NULL THEN 'released'
            WHEN EXISTS (
                SELECT FROM udi.purchase later WHERE (later.hospital, later.supplier) = (l.hospital, l.supplier) AND later.number > l.number
            ) THEN 'replaced' ELSE 'proposed' END AS status,
       p.made_at, p.made_by, released.at AS released_at, released.by AS released_by, closed.at AS closed_at, closed.by AS closed_by, closed.reason,
       released.received[l.line] AS received_before
FROM udi.purchase_line l
JOIN udi.purchase p USING (hospital, supplier, number)
LEFT JOIN udi.purchase_mark released ON (released.hospital, released.supplier, released.number, released.status) = (l.hospital, l.supplier, l.number, 'released')
LEFT JOIN udi.purchase_mark closed ON (closed.hospital, closed.supplier, closed.number, closed.status) = (l.hospital, l.supplier, l.number, 'closed');

-- What is still to come of released orders: what was ordered from one of them on, less what came since its release, at the order where that is most.
CREATE VIEW udi.order_due AS
SELECT o.hospital, o.store, o.item_code, greatest(max(o.since - (now_received.units - o.received_before)), 0)::bigint AS units
FROM (
    SELECT r.*, sum(r.units) OVER (
        PARTITION BY r.hospital, r.store, r.item_code ORDER BY r.released_at, r.supplier, r.number ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS since FROM report.orders r WHERE r.status = 'released'
) o
CROSS JOIN LATERAL udi.received_units(o.hospital, o.store, o.item_code) now_received (units)
GROUP BY o.hospital, o.store, o.item_code;
COMMENT ON VIEW udi.order_due IS 'Units ordered and not yet received, by store and item.';

CREATE VIEW report.replenishment AS
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
           coalesce(ceil(l.days * use.units::numeric / nullif(use.days, 0)), 0)::bigint AS units_of_days, other.units AS elsewhere, other.stores AS elsewhere_stores
    FROM udi.store_level l
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
           CASE WHEN f.minimum IS NOT NULL THEN f.minimum WHEN f.days IS NOT NULL THEN least(f.units_of_days, f.maximum) ELSE f.maximum END AS at_least,
           CASE WHEN f.maximum IS NOT NULL THEN f.maximum WHEN f.days IS NOT NULL THEN greatest(f.units_of_days, f.minimum) ELSE f.minimum END AS at_most,
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
       l.units_per_package
FROM levelled l
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.stopped IS NULL AND l.on_hand + l.on_order < l.at_least
                THEN ceil((l.at_most - l.on_hand - l.on_order)::numeric / l.units_per_package)::bigint ELSE 0 END AS packages
) needed;
