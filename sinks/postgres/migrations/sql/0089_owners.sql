-- Whose goods a scan has moved: the owner of its newest move, for what moved again may be another's.

-- udi.uses with the owner of the newest move.
CREATE FUNCTION udi.uses_2(
    p_scan_hospitals text[], p_scan_ids uuid[], p_hospitals text[], p_encounters text[], p_issuers text[], p_dis text[], p_lots text[], p_serials text[]
) RETURNS TABLE (
    position_id smallint, record_offset bigint, hospital text, scan_id uuid, scanned_at timestamptz, encounter text, issuer text, di text, lot text,
    serial text, verdict text, reasons text[], department text, item_code text, units integer, owner text, holds_unit boolean,
    charge_n smallint, billing_id uuid, charge_encounter text, charge_department text, charge_team text, insurance_code text, charge_quantity integer,
    unit_price bigint, amount_fen bigint, price_version bigint, period integer, line_id uuid, supplier text, line_quantity integer, cost bigint, line_amount bigint,
    line_period integer, line_status text, returned_units bigint, changes bigint, credited_units bigint, credited_fen bigint, credits bigint
) LANGUAGE sql STABLE AS $$
    SELECT n.position_id, n.record_offset, n.hospital, n.scan_id, n.scanned_at, n.encounter, n.issuer, n.di, n.lot, n.serial, n.verdict::text, n.reasons,
        coalesce(charge.department, n.department, home.department), n.item_code, n.units, moved.owner,
        EXISTS (SELECT FROM udi.unit_claim u WHERE (u.hospital, u.issuer, u.di, u.serial) = (n.hospital, n.issuer, n.di, n.serial)
                AND (u.position_id, u.record_offset) = (n.position_id, n.record_offset)),
        charge.n, charge.billing_id, charge.encounter, charge.department, charge.team, charge.insurance_code, charge.quantity, charge.unit_price,
        charge.amount_fen, charge.price_version, charge.period, line.line_id, line.supplier, line.quantity, line.cost, line.amount_fen, line.period, line.status,
        back.units, back.changes, credit.units, credit.amount_fen, credit.entries
    FROM (
        SELECT c.position_id, c.record_offset FROM unnest(p_scan_hospitals, p_scan_ids) k (hospital, scan_id)
        JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (k.hospital, k.scan_id)
        UNION
        SELECT s.position_id, s.record_offset
        FROM unnest(p_hospitals, p_encounters, p_issuers, p_dis, p_lots, p_serials) k (hospital, encounter, issuer, di, lot, serial)
        JOIN udi.scan_now s ON (s.hospital, s.encounter) = (k.hospital, k.encounter) AND s.action IN ('use', 'return')
            AND s.issuer = k.issuer AND s.di IS NOT DISTINCT FROM k.di AND s.lot IS NOT DISTINCT FROM k.lot AND s.serial IS NOT DISTINCT FROM k.serial
        JOIN udi.scan_claim c ON (c.hospital, c.scan_id, c.position_id, c.record_offset) = (s.hospital, s.scan_id, s.position_id, s.record_offset)
    ) found
    JOIN udi.scan_now n USING (position_id, record_offset)
    LEFT JOIN LATERAL (
        SELECT e.department FROM udi.encounter e WHERE (e.hospital, e.encounter) = (n.hospital, n.encounter) ORDER BY e.version DESC LIMIT 1
    ) home ON true
    LEFT JOIN LATERAL (
        SELECT l.* FROM udi.ledger l WHERE (l.position_id, l.record_offset) = (n.position_id, n.record_offset) AND l.kind = 'charge' ORDER BY l.n DESC LIMIT 1
    ) charge ON true
    LEFT JOIN LATERAL (
        SELECT t.* FROM udi.settlement t WHERE (t.position_id, t.record_offset) = (n.position_id, n.record_offset) AND t.status <> 'reversal' ORDER BY t.n DESC LIMIT 1
    ) line ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN sum(CASE WHEN m.takes_back THEN -1 ELSE 1 END) > 0
                    THEN (array_agg(m.owner ORDER BY m.n DESC) FILTER (WHERE NOT m.takes_back))[1] END AS owner
        FROM (
            SELECT 0::smallint AS n, s.owner, false AS takes_back FROM udi.scan s
            WHERE (s.position_id, s.record_offset) = (n.position_id, n.record_offset)
            UNION ALL
            SELECT d.n, d.owner, d.takes_back FROM udi.decision d WHERE (d.position_id, d.record_offset) = (n.position_id, n.record_offset)
        ) m WHERE m.owner IS NOT NULL
    ) moved ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.units), 0) AS units, count(*) AS changes
        FROM udi.use_change r WHERE (r.use_position, r.use_offset) = (n.position_id, n.record_offset)
    ) back
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(c.quantity), 0) AS units, coalesce(sum(c.amount_fen), 0)::bigint AS amount_fen, count(*) AS entries
        FROM udi.ledger c
        WHERE c.kind = 'credit' AND (c.charge_position, c.charge_offset, c.charge_n) = (charge.position_id, charge.record_offset, charge.n)
    ) credit
    WHERE n.action = 'use'
$$;

-- udi.subjects_2 with the owner of the newest move.
CREATE FUNCTION udi.subjects_3(p_positions smallint[], p_offsets bigint[])
RETURNS TABLE (position_id smallint, record_offset bigint, lane smallint, recorded_at timestamptz, raw bytea, scan udi.scan, override udi.scan_override,
    fingerprint bytea, issuer text, di text, lot text, serial text, expiry date, production date, verdict text, reasons text[], decisions integer, moved boolean,
    holds_unit boolean, label_flags text[], readings udi.reading[], entries bigint, lines bigint, owner text, item_code text, units integer)
LANGUAGE sql STABLE AS $$
    SELECT n.position_id, n.record_offset, n.lane, n.recorded_at, b.raw, CASE WHEN b.raw IS NULL THEN s END,
        CASE WHEN b.raw IS NULL THEN (SELECT o FROM udi.scan_override o WHERE (o.position_id, o.record_offset) = (s.position_id, s.record_offset)) END,
        c.fingerprint, n.issuer, n.di, n.lot, n.serial, n.expiry, n.production, n.verdict::text, n.reasons, n.decisions + 1, moved.owner IS NOT NULL,
        EXISTS (SELECT FROM udi.unit_claim u WHERE (u.hospital, u.issuer, u.di, u.serial) = (n.hospital, n.issuer, n.di, n.serial)
                AND (u.position_id, u.record_offset) = (n.position_id, n.record_offset)),
        n.label_flags,
        ARRAY(SELECT r FROM udi.reading r WHERE (r.position_id, r.record_offset, r.n) = (n.position_id, n.record_offset, n.decisions) ORDER BY r.number),
        (SELECT count(*) FROM udi.ledger l WHERE (l.position_id, l.record_offset) = (n.position_id, n.record_offset)),
        (SELECT count(*) FROM udi.settlement t WHERE (t.position_id, t.record_offset) = (n.position_id, n.record_offset)),
        moved.owner, n.item_code, n.units
    FROM unnest(p_positions, p_offsets) k (position_id, record_offset)
    JOIN udi.scan_now n USING (position_id, record_offset)
    JOIN udi.scan s USING (position_id, record_offset)
    JOIN udi.raw_bytes b USING (position_id, record_offset)
    JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (n.hospital, n.scan_id)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN sum(CASE WHEN m.takes_back THEN -1 ELSE 1 END) > 0
                    THEN (array_agg(m.owner ORDER BY m.n DESC) FILTER (WHERE NOT m.takes_back))[1] END AS owner
        FROM (
            SELECT 0::smallint AS n, s.owner, false AS takes_back FROM udi.scan s
            WHERE (s.position_id, s.record_offset) = (n.position_id, n.record_offset)
            UNION ALL
            SELECT d.n, d.owner, d.takes_back FROM udi.decision d WHERE (d.position_id, d.record_offset) = (n.position_id, n.record_offset)
        ) m WHERE m.owner IS NOT NULL
    ) moved
    ORDER BY n.position_id, n.record_offset
$$;
