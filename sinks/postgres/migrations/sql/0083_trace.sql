-- A trace says of each line which lot and serial the goods were recorded under then, and which they turned out to be; goods that moved again are a line.
CREATE FUNCTION udi.trace_3(p_hospital text, p_issuers text[], p_dis text[], p_lot text, p_serial text)
RETURNS TABLE (
    at timestamptz, kind text, from_place text, to_place text, quantity bigint, encounter text, department text, document text, scan_id uuid,
    billing_id uuid, line_id uuid, recall text, by text, verdict text, reasons text[], lot text, serial text, item_code text, became_lot text,
    became_serial text, place bigint
) LANGUAGE sql STABLE AS $$
    WITH found AS MATERIALIZED (
        SELECT n.* FROM udi.scans_of_2(p_hospital, p_issuers, p_dis, p_lot, p_serial) JOIN udi.scan_now n USING (position_id, record_offset)
    ), move AS MATERIALIZED (
        SELECT m.*, row_number() OVER one AS number, lag(m.takes_back) OVER one AS after_taking_back,
               CASE WHEN m.takes_back THEN lead(m.lot) OVER one ELSE f.lot END AS then_lot,
               CASE WHEN m.takes_back THEN lead(m.serial) OVER one ELSE f.serial END AS then_serial,
               NOT m.takes_back OR coalesce(NOT lead(m.takes_back) OVER one, false) AS goes_on
        FROM found f
        CROSS JOIN LATERAL (
            SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (f.position_id, f.record_offset) OFFSET 0
        ) m
        WINDOW one AS (PARTITION BY m.position_id, m.record_offset ORDER BY m.n)
    ), told AS (
        SELECT m.*, m.goes_on AND (m.lot, m.serial) IS DISTINCT FROM (m.then_lot, m.then_serial) AS differs FROM move m
    )
    SELECT f.scanned_at, f.action::text, moved.from_place, moved.to_place, coalesce(moved.units, f.units)::bigint, f.encounter, f.department,
           f.document, f.scan_id, entry.billing_id, line.line_id, NULL::text, f.staff, f.verdict::text, f.reasons,
           CASE WHEN moved.n IS NULL THEN f.lot ELSE moved.lot END, CASE WHEN moved.n IS NULL THEN f.serial ELSE moved.serial END, f.item_code,
           CASE WHEN moved.differs THEN moved.then_lot END, CASE WHEN moved.differs THEN moved.then_serial END, 0::bigint
    FROM found f
    LEFT JOIN told moved ON (moved.position_id, moved.record_offset) = (f.position_id, f.record_offset) AND moved.number = 1
    LEFT JOIN LATERAL (
        SELECT l.billing_id FROM udi.ledger l WHERE (l.position_id, l.record_offset) = (f.position_id, f.record_offset) ORDER BY l.n LIMIT 1
    ) entry ON true
    LEFT JOIN LATERAL (
        SELECT t.line_id FROM udi.settlement t WHERE (t.position_id, t.record_offset) = (f.position_id, f.record_offset) ORDER BY t.n LIMIT 1
    ) line ON true
    UNION ALL
    SELECT greatest(m.decided_at, f.scanned_at),
           CASE WHEN m.takes_back THEN 'taken-back' WHEN m.after_taking_back THEN 'moved-again' ELSE f.action::text END,
           m.from_place, m.to_place, m.units::bigint, f.encounter, f.department, f.document, f.scan_id, NULL, NULL, NULL,
           command.by, f.verdict::text, f.reasons, m.lot, m.serial, m.item_code,
           CASE WHEN m.differs THEN m.then_lot END, CASE WHEN m.differs THEN m.then_serial END, m.number
    FROM found f JOIN told m ON (m.position_id, m.record_offset) = (f.position_id, f.record_offset) AND m.number > 1
    LEFT JOIN LATERAL (
        SELECT c.by FROM udi.command c WHERE c.hospital = f.hospital AND c.scan_id = f.scan_id AND c.accepted_at = m.decided_at LIMIT 1
    ) command ON true
    UNION ALL
    SELECT greatest(l.posted_at, f.scanned_at), l.kind::text, NULL, NULL, l.quantity::bigint, l.encounter, l.department, NULL, f.scan_id, l.billing_id, NULL, NULL, NULL,
           f.verdict::text, l.flags, f.lot, f.serial, l.item_code, NULL, NULL, 100000 + l.n
    FROM found f JOIN udi.ledger l ON (l.position_id, l.record_offset) = (f.position_id, f.record_offset)
    WHERE l.n > (SELECT min(first.n) FROM udi.ledger first WHERE (first.position_id, first.record_offset) = (f.position_id, f.record_offset))
    UNION ALL
    SELECT greatest(t.recorded_at, f.scanned_at), t.status, NULL, NULL, t.quantity::bigint, f.encounter, f.department, NULL, f.scan_id, NULL, t.line_id, NULL, NULL,
           f.verdict::text, '{}', f.lot, f.serial, t.item_code, NULL, NULL, 100000 + t.n
    FROM found f JOIN udi.settlement t ON (t.position_id, t.record_offset) = (f.position_id, f.record_offset)
    WHERE t.n > (SELECT min(first.n) FROM udi.settlement first WHERE (first.position_id, first.record_offset) = (f.position_id, f.record_offset))
    ORDER BY 1, 21, 9
$$;
COMMENT ON FUNCTION udi.trace_3 IS 'As udi.trace_2; lot and serial are those of the line, became_lot and became_serial what its goods turned out to be (both null: no other). kind also moved-again: goods that had gone back move under another label.';
