-- What a store received of an item is found by the item: each line of an order that is on its way read every move of the books.
CREATE INDEX scan_received_item ON udi.scan (hospital, store, item_code) WHERE action = 'receive';
COMMENT ON INDEX udi.scan_received_item IS 'udi.received_units_2: what suppliers ever brought to a store of an item (orders that are on their way).';
DROP INDEX udi.scan_received;
CREATE INDEX decision_moved_item ON udi.decision (item_code) WHERE owner IS NOT NULL;
COMMENT ON INDEX udi.decision_moved_item IS 'udi.received_units_2: receipts whose item a later decision told or took back.';

CREATE FUNCTION udi.received_units_2(p_hospital text, p_store text, p_item_code text) RETURNS bigint LANGUAGE sql STABLE RETURN (
    SELECT coalesce(sum(CASE WHEN m.from_place = 'supplier' THEN m.units ELSE -m.units END), 0)::bigint
    FROM (
        SELECT s.position_id, s.record_offset FROM udi.scan s
        WHERE s.hospital = p_hospital AND s.store = p_store AND s.item_code = p_item_code AND s.action = 'receive'
        UNION
        SELECT d.position_id, d.record_offset FROM udi.decision d JOIN udi.scan s USING (position_id, record_offset)
        WHERE d.item_code = p_item_code AND d.owner IS NOT NULL AND s.hospital = p_hospital AND s.store = p_store AND s.action = 'receive'
    ) k
    CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (k.position_id, k.record_offset) OFFSET 0
    ) m
    WHERE m.item_code = p_item_code AND 'supplier' IN (m.from_place, m.to_place)
);
COMMENT ON FUNCTION udi.received_units_2 IS 'As udi.received_units: units a store has received of an item, less receipts that were taken back; found by the item.';

CREATE FUNCTION udi.release_purchase_2(p_hospital text, p_supplier text, p_number integer, p_by text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO udi.purchase_mark (hospital, supplier, number, status, received, by)
    SELECT p_hospital, p_supplier, p_number, 'released', array_agg(udi.received_units_2(hospital, store, item_code) ORDER BY line), p_by
    FROM udi.purchase_line WHERE (hospital, supplier, number) = (p_hospital, p_supplier, p_number)
$$;
COMMENT ON FUNCTION udi.release_purchase_2 IS 'As udi.release_purchase: a person releases an order; a second release violates the key of udi.purchase_mark.';

CREATE OR REPLACE VIEW udi.order_due AS
SELECT o.hospital, o.store, o.item_code, greatest(max(o.since - (now_received.units - o.received_before)), 0)::bigint AS units
FROM (
    SELECT r.*, sum(r.units) OVER (
        PARTITION BY r.hospital, r.store, r.item_code ORDER BY r.released_at, r.supplier, r.number ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS since FROM report.orders r WHERE r.status = 'released'
) o
CROSS JOIN LATERAL udi.received_units_2(o.hospital, o.store, o.item_code) now_received (units)
GROUP BY o.hospital, o.store, o.item_code;
