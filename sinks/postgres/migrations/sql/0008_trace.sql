-- The life of a unit or lot, both ways: what happened to it, and what an encounter got.

-- A lot or serial is found by the identifier on its label: the first label of the scan, or the label as a later decision completed it.
CREATE INDEX scan_of_lot ON udi.scan (hospital, di, lot) WHERE di IS NOT NULL;
CREATE INDEX scan_of_serial ON udi.scan (hospital, di, serial) WHERE serial IS NOT NULL AND di IS NOT NULL;
CREATE INDEX decision_of_lot ON udi.decision (di, lot) WHERE di IS NOT NULL;
CREATE INDEX decision_of_serial ON udi.decision (di, serial) WHERE serial IS NOT NULL AND di IS NOT NULL;
-- Which items have, or had, an identifier.
CREATE INDEX fact_change_of_identifier ON udi.fact_change USING gin (dis) WHERE kind = 'item';

CREATE VIEW udi.stock_move AS
SELECT s.position_id, s.record_offset, 0::smallint AS n, s.hospital, s.scan_id, coalesce(s.from_place, udi.place_from(s.action, s.store)) AS from_place,
       coalesce(s.to_place, udi.place_to(s.action, s.store, s.to_store)) AS to_place, s.owner, s.item_code, s.issuer, s.di, s.lot, s.serial, s.units,
       s.scanned_at AS moved_at, s.recorded_at AS decided_at, false AS takes_back, s.cost, s.document, s.action
FROM udi.scan s WHERE s.owner IS NOT NULL
UNION ALL
SELECT s.position_id, s.record_offset, d.n, s.hospital, s.scan_id,
       coalesce(d.from_place, CASE WHEN d.takes_back THEN udi.place_to(s.action, s.store, s.to_store) ELSE udi.place_from(s.action, s.store) END),
       coalesce(d.to_place, CASE WHEN d.takes_back THEN udi.place_from(s.action, s.store) ELSE udi.place_to(s.action, s.store, s.to_store) END),
       d.owner, d.item_code, coalesce(d.issuer, s.issuer), CASE WHEN d.issuer IS NULL THEN s.di ELSE d.di END,
       CASE WHEN d.issuer IS NULL THEN s.lot ELSE d.lot END, CASE WHEN d.issuer IS NULL THEN s.serial ELSE d.serial END, d.units, s.scanned_at,
       d.decided_at, d.takes_back, d.cost, s.document, s.action
FROM udi.decision d JOIN udi.scan s USING (position_id, record_offset) WHERE d.owner IS NOT NULL;
COMMENT ON VIEW udi.stock_move IS 'Every move of goods, by the scan that moved them and the number of its decision.';

CREATE OR REPLACE VIEW report.stock_moves AS
SELECT hospital, md5(concat_ws('/', hospital, scan_id, n, 'move'))::uuid AS move_id, scan_id, from_place, to_place, owner, item_code, issuer, di, lot,
       serial, units::bigint AS quantity, moved_at, udi.yuan_price(cost) AS cost, CASE WHEN cost IS NULL THEN 'no-cost' END AS cost_reason,
       action::text AS cause, document
FROM udi.stock_move;

-- Scans of units with one of the identifiers, by serial or, when no serial is asked for, by lot. Repeated and refused records are left out.
CREATE FUNCTION udi.scans_of(p_hospital text, p_issuers text[], p_dis text[], p_lot text, p_serial text)
RETURNS TABLE (position_id smallint, record_offset bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_serial IS NOT NULL THEN
        RETURN QUERY SELECT n.position_id, n.record_offset FROM (
            SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND s.serial = p_serial AND s.issuer = k.issuer
            UNION
            SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.decision d ON d.di = k.di AND d.serial = p_serial AND d.issuer = k.issuer
        ) found JOIN udi.scan_now n USING (position_id, record_offset)
        WHERE n.hospital = p_hospital AND n.serial = p_serial AND n.verdict NOT IN ('duplicate', 'conflict', 'refused');
    ELSE
        RETURN QUERY SELECT n.position_id, n.record_offset FROM (
            SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND s.lot = p_lot AND s.issuer = k.issuer
            UNION
            SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.decision d ON d.di = k.di AND d.lot = p_lot AND d.issuer = k.issuer
        ) found JOIN udi.scan_now n USING (position_id, record_offset)
        WHERE n.hospital = p_hospital AND n.lot = p_lot AND n.verdict NOT IN ('duplicate', 'conflict', 'refused');
    END IF;
END $$;
COMMENT ON FUNCTION udi.scans_of IS 'The recorded scans of a unit (serial) or lot; every identifier of its item may be asked for at once.';

-- What happened to a unit or lot: its scans with where it went, what took them back, later entries of ledger and settlement.
-- A scanner's clock may run ahead of the broker's: what follows from a scan is never shown before it.
CREATE FUNCTION udi.trace(p_hospital text, p_issuers text[], p_dis text[], p_lot text, p_serial text)
RETURNS TABLE (
    at timestamptz, kind text, from_place text, to_place text, quantity bigint, encounter text, department text, document text, scan_id uuid,
    billing_id uuid, line_id uuid, recall text, by text, verdict text, reasons text[], lot text, serial text, item_code text, place bigint
) LANGUAGE sql STABLE AS $$
    WITH found AS MATERIALIZED (
        SELECT n.* FROM udi.scans_of(p_hospital, p_issuers, p_dis, p_lot, p_serial) JOIN udi.scan_now n USING (position_id, record_offset)
    )
    SELECT f.scanned_at, f.action::text, moved.from_place, moved.to_place, coalesce(moved.units, f.units)::bigint, f.encounter, f.department,
           f.document, f.scan_id, entry.billing_id, line.line_id, NULL::text, f.staff, f.verdict::text, f.reasons, f.lot, f.serial, f.item_code, 0::bigint
    FROM found f
    LEFT JOIN LATERAL (
        SELECT m.* FROM udi.stock_move m
        WHERE (m.position_id, m.record_offset) = (f.position_id, f.record_offset) AND NOT m.takes_back ORDER BY m.n LIMIT 1
    ) moved ON true
    LEFT JOIN LATERAL (
        SELECT l.billing_id FROM udi.ledger l WHERE (l.position_id, l.record_offset) = (f.position_id, f.record_offset) ORDER BY l.n LIMIT 1
    ) entry ON true
    LEFT JOIN LATERAL (
        SELECT t.line_id FROM udi.settlement t WHERE (t.position_id, t.record_offset) = (f.position_id, f.record_offset) ORDER BY t.n LIMIT 1
    ) line ON true
    UNION ALL
    SELECT greatest(m.decided_at, f.scanned_at), 'taken-back', m.from_place, m.to_place, m.units::bigint, f.encounter, f.department, f.document, f.scan_id, NULL, NULL, NULL,
           command.by, f.verdict::text, f.reasons, m.lot, m.serial, m.item_code, 1
    FROM found f JOIN udi.stock_move m ON (m.position_id, m.record_offset) = (f.position_id, f.record_offset) AND m.takes_back
    LEFT JOIN LATERAL (
        SELECT c.by FROM udi.command c WHERE c.hospital = f.hospital AND c.scan_id = f.scan_id AND c.accepted_at = m.decided_at LIMIT 1
    ) command ON true
    UNION ALL
    SELECT greatest(l.posted_at, f.scanned_at), l.kind::text, NULL, NULL, l.quantity::bigint, l.encounter, l.department, NULL, f.scan_id, l.billing_id, NULL, NULL, NULL,
           f.verdict::text, l.flags, f.lot, f.serial, l.item_code, 2 + l.n
    FROM found f JOIN udi.ledger l ON (l.position_id, l.record_offset) = (f.position_id, f.record_offset)
    WHERE l.n > (SELECT min(first.n) FROM udi.ledger first WHERE (first.position_id, first.record_offset) = (f.position_id, f.record_offset))
    UNION ALL
    SELECT greatest(t.recorded_at, f.scanned_at), t.status, NULL, NULL, t.quantity::bigint, f.encounter, f.department, NULL, f.scan_id, NULL, t.line_id, NULL, NULL,
           f.verdict::text, '{}', f.lot, f.serial, t.item_code, 2 + t.n
    FROM found f JOIN udi.settlement t ON (t.position_id, t.record_offset) = (f.position_id, f.record_offset)
    WHERE t.n > (SELECT min(first.n) FROM udi.settlement first WHERE (first.position_id, first.record_offset) = (f.position_id, f.record_offset))
    ORDER BY 1, 19, 9
$$;
COMMENT ON FUNCTION udi.trace IS 'The events of a unit or lot in order of time. kind: the action of a scan, taken-back, or that of a later entry (charge, credit, payable, reversal).';

-- What an encounter got and kept: its uses less what came back. A unit scanned twice for one encounter is one device.
CREATE FUNCTION udi.devices_of_encounter(p_hospital text, p_encounter text)
RETURNS TABLE (
    used_at timestamptz, scan_id uuid, item_code text, issuer text, di text, lot text, serial text, expiry date, production date, quantity bigint,
    department text, store text, operation text, verdict text, reasons text[], body bytea
) LANGUAGE sql STABLE AS $$
    SELECT n.scanned_at, n.scan_id, n.item_code, n.issuer, n.di, n.lot, n.serial, n.expiry, n.production,
           coalesce(n.units, n.quantity)::bigint - back.units, n.department, n.store, n.operation, n.verdict::text, n.reasons, item.body
    FROM udi.scan_now n
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.units), 0) AS units FROM udi.use_change r WHERE (r.use_position, r.use_offset) = (n.position_id, n.record_offset)
    ) back
    LEFT JOIN LATERAL (
        SELECT c.body FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (n.hospital, n.item_code) ORDER BY c.version DESC LIMIT 1
    ) item ON true
    WHERE n.hospital = p_hospital AND n.encounter = p_encounter AND n.action = 'use'
      AND n.verdict IN ('billed', 'recorded', 'held', 'parked', 'waiting') AND NOT n.reasons && ARRAY['rejected', 'corrected']
      AND NOT ('serial-used' = ANY (n.reasons) AND EXISTS (
          SELECT FROM udi.unit_claim c JOIN udi.scan holder USING (position_id, record_offset)
          WHERE (c.hospital, c.issuer, c.di, c.serial) = (n.hospital, n.issuer, n.di, n.serial) AND holder.encounter = n.encounter
      ))
      AND NOT (n.verdict = 'recorded' AND n.reasons[1] = 'half-label') AND coalesce(n.units, n.quantity) > back.units
    ORDER BY n.scanned_at, n.scan_id
$$;
COMMENT ON FUNCTION udi.devices_of_encounter IS 'The devices used for an encounter and not returned, oldest first, with the newest version of their item.';
