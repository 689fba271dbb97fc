-- Trace finds a lot or serial as people mean it, as recalls do: without blanks, in capitals (udi.plain_code).
-- Almost every code of a label is plain already and is found by the indexes there are; those that are not have indexes of their own.
CREATE INDEX scan_of_spelled_lot ON udi.scan (hospital, di, udi.plain_code(lot)) WHERE di IS NOT NULL AND lot <> udi.plain_code(lot);
CREATE INDEX scan_of_spelled_serial ON udi.scan (hospital, di, udi.plain_code(serial)) WHERE di IS NOT NULL AND serial <> udi.plain_code(serial);
CREATE INDEX decision_of_spelled_lot ON udi.decision (di, udi.plain_code(lot)) WHERE di IS NOT NULL AND lot <> udi.plain_code(lot);
CREATE INDEX decision_of_spelled_serial ON udi.decision (di, udi.plain_code(serial)) WHERE di IS NOT NULL AND serial <> udi.plain_code(serial);
COMMENT ON INDEX udi.scan_of_spelled_lot IS 'udi.scans_of_2: lots with small letters or blanks.';
COMMENT ON INDEX udi.scan_of_spelled_serial IS 'udi.scans_of_2: serial numbers with small letters or blanks.';
COMMENT ON INDEX udi.decision_of_spelled_lot IS 'udi.scans_of_2: as scan_of_spelled_lot, of labels that a later decision told.';
COMMENT ON INDEX udi.decision_of_spelled_serial IS 'udi.scans_of_2: as scan_of_spelled_serial, of labels that a later decision told.';

CREATE FUNCTION udi.scans_of_2(p_hospital text, p_issuers text[], p_dis text[], p_lot text, p_serial text)
RETURNS TABLE (position_id smallint, record_offset bigint) LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted constant text := udi.plain_code(coalesce(p_serial, p_lot));
BEGIN
    IF p_serial IS NOT NULL THEN
        RETURN QUERY SELECT n.position_id, n.record_offset FROM (
            SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND s.serial = wanted AND s.issuer = k.issuer
            UNION
            SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND udi.plain_code(s.serial) = wanted AND s.serial <> udi.plain_code(s.serial) AND s.issuer = k.issuer
            UNION
            SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.decision d ON d.di = k.di AND d.serial = wanted AND d.issuer = k.issuer
            UNION
            SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.decision d ON d.di = k.di AND udi.plain_code(d.serial) = wanted AND d.serial <> udi.plain_code(d.serial) AND d.issuer = k.issuer
        ) found JOIN udi.scan_now n USING (position_id, record_offset)
        WHERE n.hospital = p_hospital AND udi.plain_code(n.serial) = wanted AND n.verdict NOT IN ('duplicate', 'conflict', 'refused');
    ELSE
        RETURN QUERY SELECT n.position_id, n.record_offset FROM (
            SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND s.lot = wanted AND s.issuer = k.issuer
            UNION
            SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND udi.plain_code(s.lot) = wanted AND s.lot <> udi.plain_code(s.lot) AND s.issuer = k.issuer
            UNION
            SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.decision d ON d.di = k.di AND d.lot = wanted AND d.issuer = k.issuer
            UNION
            SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
            JOIN udi.decision d ON d.di = k.di AND udi.plain_code(d.lot) = wanted AND d.lot <> udi.plain_code(d.lot) AND d.issuer = k.issuer
        ) found JOIN udi.scan_now n USING (position_id, record_offset)
        WHERE n.hospital = p_hospital AND udi.plain_code(n.lot) = wanted AND n.verdict NOT IN ('duplicate', 'conflict', 'refused');
    END IF;
END $$;
COMMENT ON FUNCTION udi.scans_of_2 IS 'As udi.scans_of: the recorded scans of a unit (serial) or lot, however its case and blanks are written.';

CREATE FUNCTION udi.trace_2(p_hospital text, p_issuers text[], p_dis text[], p_lot text, p_serial text)
RETURNS TABLE (
    at timestamptz, kind text, from_place text, to_place text, quantity bigint, encounter text, department text, document text, scan_id uuid,
    billing_id uuid, line_id uuid, recall text, by text, verdict text, reasons text[], lot text, serial text, item_code text, place bigint
) LANGUAGE sql STABLE AS $$
    WITH found AS MATERIALIZED (
        SELECT n.* FROM udi.scans_of_2(p_hospital, p_issuers, p_dis, p_lot, p_serial) JOIN udi.scan_now n USING (position_id, record_offset)
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
COMMENT ON FUNCTION udi.trace_2 IS 'The events of a unit or lot in order of time. kind: the action of a scan, taken-back, or that of a later entry (charge, credit, payable, reversal).';
