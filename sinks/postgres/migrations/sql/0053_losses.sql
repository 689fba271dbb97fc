-- What a recall lists of goods that were lost without a scan: where each scan's goods went, and who lay in a department meanwhile.

CREATE INDEX encounter_of_department ON udi.encounter (hospital, department, admitted_at);
COMMENT ON INDEX udi.encounter_of_department IS 'udi.patients_of_store: who lay in a department while goods were lost there.';

-- As udi.scans_of_identifiers of 0009, and where the goods went, which place of a store was scanned, and for which paper.
CREATE FUNCTION udi.scans_of_identifiers_2(p_hospital text, p_issuers text[], p_dis text[])
RETURNS TABLE (
    scan_id uuid, scanned_at timestamptz, action text, store text, to_store text, department text, encounter text, issuer text, di text, lot text, serial text,
    expiry date, production date, item_code text, units bigint, verdict text, reasons text[], moved boolean, returned bigint, from_place text, to_place text,
    place text, document text
) LANGUAGE sql STABLE AS $$
    SELECT n.scan_id, n.scanned_at, n.action::text, n.store, n.to_store, coalesce(n.department, home.department), n.encounter, n.issuer, n.di, n.lot, n.serial,
           n.expiry, n.production, n.item_code, coalesce(n.units, n.quantity)::bigint, n.verdict::text, n.reasons, ways.times > 0, back.units,
           ways.from_place, ways.to_place, n.place, n.document
    FROM (
        SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
        JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND s.issuer = k.issuer
        UNION
        SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di) JOIN udi.decision d ON d.di = k.di AND d.issuer = k.issuer
    ) found
    JOIN udi.scan_now n USING (position_id, record_offset)
    LEFT JOIN LATERAL (
        SELECT e.department FROM udi.encounter e
        WHERE n.department IS NULL AND (e.hospital, e.encounter) = (n.hospital, n.encounter) ORDER BY e.version DESC LIMIT 1
    ) home ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE WHEN m.takes_back THEN -1 ELSE 1 END), 0) AS times,
               (array_agg(m.from_place ORDER BY m.n DESC) FILTER (WHERE NOT m.takes_back))[1] AS from_place,
               (array_agg(m.to_place ORDER BY m.n DESC) FILTER (WHERE NOT m.takes_back))[1] AS to_place
        FROM udi.stock_move m WHERE (m.position_id, m.record_offset) = (n.position_id, n.record_offset)
    ) ways
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.units), 0)::bigint AS units FROM udi.use_change r WHERE (r.use_position, r.use_offset) = (n.position_id, n.record_offset)
    ) back
    WHERE n.hospital = p_hospital AND n.verdict NOT IN ('duplicate', 'conflict', 'refused')
      AND EXISTS (SELECT FROM unnest(p_issuers, p_dis) k (issuer, di) WHERE (k.issuer, k.di) = (n.issuer, n.di))
      AND NOT n.reasons && ARRAY['rejected', 'corrected'] AND NOT (n.verdict = 'recorded' AND n.reasons && ARRAY['half-label'])
    ORDER BY n.scanned_at, n.scan_id
$$;
COMMENT ON FUNCTION udi.scans_of_identifiers_2 IS 'Every scan of units with one of the identifiers, with where its goods went: what a recall notice may list.';

-- Who may have got goods of a store between two instants: the stays in its department; where none is known, who was scanned from it.
CREATE FUNCTION udi.patients_of_store(p_hospital text, p_store text, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (encounter text, department text, from_at timestamptz, to_at timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
    home text := (SELECT convert_from(s.body, 'UTF8')::jsonb ->> 'department' FROM udi.store s
                  WHERE (s.hospital, s.store) = (p_hospital, p_store) ORDER BY s.fact DESC LIMIT 1);
BEGIN
    RETURN QUERY SELECT lay.encounter, home, newest.admitted_at, newest.discharged_at
    FROM (SELECT DISTINCT e.encounter FROM udi.encounter e WHERE (e.hospital, e.department) = (p_hospital, home) AND e.admitted_at <= p_to) lay
    CROSS JOIN LATERAL (
        SELECT e.admitted_at, e.discharged_at FROM udi.encounter e
        WHERE (e.hospital, e.encounter) = (p_hospital, lay.encounter) ORDER BY e.version DESC LIMIT 1
    ) newest
    WHERE newest.admitted_at <= p_to AND coalesce(newest.discharged_at, 'infinity') >= p_from;
    IF NOT FOUND THEN
        RETURN QUERY SELECT s.encounter, min(s.department), min(s.scanned_at), max(s.scanned_at) FROM udi.scan s
        WHERE s.hospital = p_hospital AND s.scanned_at >= p_from AND s.scanned_at <= p_to AND s.store = p_store AND s.encounter IS NOT NULL
        GROUP BY s.encounter;
    END IF;
END $$;
COMMENT ON FUNCTION udi.patients_of_store IS 'Stays during which goods of the store may have been used, between two instants, with when each began and ended.';
