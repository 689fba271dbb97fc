-- What a batch is decided on, in one statement and so in one snapshot: facts and their version belong together.
CREATE FUNCTION udi.gather(
    p_lane smallint, p_since bigint, p_hospitals text[],
    p_scan_hospitals text[], p_scan_ids uuid[],
    p_units udi.unit_claim[], p_encounter_hospitals text[], p_encounters text[],
    p_balances udi.balance[], p_store_items udi.store_item[],
    OUT lane_version bigint, OUT facts_seen bigint, OUT facts_version bigint, OUT closed integer[], OUT return_clock_tolerances interval[],
    OUT claims udi.scan_claim[], OUT units udi.unit_claim[], OUT encounters udi.encounter[],
    OUT balances bigint[], OUT store_items bigint[], OUT changed bytea[], OUT changed_versions bigint[], OUT changed_ended timestamptz[],
    OUT scanners jsonb[], OUT scanner_versions bigint[], OUT controls text[], OUT control_kinds text[], OUT control_versions bigint[]
) LANGUAGE sql STABLE AS $$
    SELECT l.version, l.facts_seen, f.version,
        ARRAY(SELECT coalesce((SELECT p.closed_through FROM udi.period p WHERE p.hospital = h), 0)
              FROM unnest(p_hospitals) WITH ORDINALITY k (h, place) ORDER BY place),
        ARRAY(SELECT udi.return_clock_tolerance(h) FROM unnest(p_hospitals) WITH ORDINALITY k (h, place) ORDER BY place),
        ARRAY(SELECT c FROM unnest(p_scan_hospitals, p_scan_ids) k (hospital, scan_id)
              JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (k.hospital, k.scan_id)),
        ARRAY(SELECT u FROM unnest(p_units) k
              JOIN udi.unit_claim u ON (u.hospital, u.issuer, u.di, u.serial) = (k.hospital, k.issuer, k.di, k.serial)),
        ARRAY(SELECT newest FROM unnest(p_encounter_hospitals, p_encounters) k (hospital, encounter)
              CROSS JOIN LATERAL (
                  SELECT e FROM udi.encounter e WHERE (e.hospital, e.encounter) = (k.hospital, k.encounter) ORDER BY e.version DESC LIMIT 1
              ) latest (newest)),
        ARRAY(SELECT coalesce((
                  SELECT sum(b.quantity) FROM udi.balance b
                  WHERE (b.hospital, b.store, b.item_code, b.owner, b.lot, b.serial) = (k.hospital, k.store, k.item_code, k.owner, k.lot, k.serial)
              ), 0) FROM unnest(p_balances) WITH ORDINALITY k ORDER BY ordinality),
        ARRAY(SELECT coalesce((
                  SELECT sum(s.quantity) FROM udi.store_item s
                  WHERE (s.hospital, s.store, s.item_code) = (k.hospital, k.store, k.item_code)
              ), 0) FROM unnest(p_store_items) WITH ORDINALITY k ORDER BY ordinality),
        ARRAY(SELECT c.body FROM udi.catalogue c WHERE c.version > p_since ORDER BY c.version),
        ARRAY(SELECT c.version FROM udi.catalogue c WHERE c.version > p_since ORDER BY c.version),
        ARRAY(SELECT c.ended_at FROM udi.catalogue c WHERE c.version > p_since ORDER BY c.version),
        ARRAY(SELECT s.profile FROM udi.scanner s WHERE s.version > p_since ORDER BY s.version),
        ARRAY(SELECT s.version FROM udi.scanner s WHERE s.version > p_since ORDER BY s.version),
        ARRAY(SELECT c.body::text FROM udi.control c WHERE c.version > p_since ORDER BY c.version),
        ARRAY(SELECT c.kind FROM udi.control c WHERE c.version > p_since ORDER BY c.version),
        ARRAY(SELECT c.version FROM udi.control c WHERE c.version > p_since ORDER BY c.version)
    FROM udi.lane l CROSS JOIN udi.fact_counter f WHERE l.lane = p_lane
$$;

-- The uses a return may take back, with what was charged, owed and taken back so far.
CREATE FUNCTION udi.uses(
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
        SELECT CASE WHEN sum(m.times) FILTER (WHERE m.owner IS NOT NULL) > 0 THEN max(m.owner) END AS owner FROM (
            SELECT s.owner, 1 AS times FROM udi.scan s WHERE (s.position_id, s.record_offset) = (n.position_id, n.record_offset)
            UNION ALL
            SELECT d.owner, CASE WHEN d.takes_back THEN -1 ELSE 1 END FROM udi.decision d WHERE (d.position_id, d.record_offset) = (n.position_id, n.record_offset)
        ) m
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

-- Scans of a lane that wait and may be free by now, each with the instant of what freed it. Only the lane's own: nobody looks for others' rows.
CREATE FUNCTION udi.freed(p_lane smallint, p_seen bigint, p_version bigint, p_after_position smallint, p_after_offset bigint, p_limit integer)
RETURNS TABLE (position_id smallint, record_offset bigint, freed_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT waiting.position_id, waiting.record_offset, max(waiting.freed_at) FROM (
        SELECT o.position_id, o.record_offset, greatest(o.since, c.recorded_at) AS freed_at
        FROM udi.fact_change c JOIN udi.open_scan o ON o.hospital = c.hospital AND o.encounter = c.code
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'encounter'
          AND o.lane = p_lane AND (o.verdict = 'parked' OR o.reason = 'half-label' AND o.verdict = 'held')
        UNION ALL
        SELECT o.position_id, o.record_offset, greatest(o.since, c.recorded_at)
        FROM udi.fact_change c CROSS JOIN LATERAL unnest(c.issuers, c.dis) i (issuer, di)
        JOIN udi.open_scan o ON o.hospital = c.hospital AND o.issuer = i.issuer AND o.di = i.di
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'item'
          AND o.lane = p_lane AND (o.verdict = 'parked' OR o.verdict = 'held' AND o.reason IN ('half-label', 'ambiguous-code'))
        UNION ALL
        SELECT o.position_id, o.record_offset, greatest(o.since, c.recorded_at)
        FROM udi.fact_change c CROSS JOIN LATERAL unnest(c.issuers, c.dis) i (issuer, di)
        JOIN udi.open_scan o ON o.lane = p_lane AND o.reason = 'ambiguous-code' AND o.issuer = i.issuer AND o.di = i.di
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'shape'
        UNION ALL
        SELECT n.position_id, n.record_offset, greatest(n.decided_at, c.recorded_at)
        FROM udi.fact_change c CROSS JOIN LATERAL unnest(c.issuers, c.dis) i (issuer, di)
        CROSS JOIN LATERAL (
            SELECT s.position_id, s.record_offset FROM udi.scan s
            WHERE s.issuer = i.issuer AND s.di = i.di AND 'lot-uncertain' = ANY (s.reasons)
            UNION
            SELECT d.position_id, d.record_offset FROM udi.decision d
            WHERE d.issuer = i.issuer AND d.di = i.di AND 'lot-uncertain' = ANY (d.reasons)
        ) doubtful
        JOIN udi.scan_now n USING (position_id, record_offset)
        WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'shape' AND n.lane = p_lane AND 'lot-uncertain' = ANY (n.reasons)
        UNION ALL
        SELECT o.position_id, o.record_offset, o.since FROM udi.open_scan o
        WHERE o.lane = p_lane AND o.reason = 'serial-used'
          AND NOT EXISTS (SELECT FROM udi.unit_claim u WHERE (u.hospital, u.issuer, u.di, u.serial) = (o.hospital, o.issuer, o.di, o.serial))
        UNION ALL
        SELECT o.position_id, o.record_offset, greatest(o.since, use.decided_at)
        FROM udi.open_scan o JOIN udi.scan_now r USING (position_id, record_offset)
        CROSS JOIN LATERAL (
            -- Two branches, each by its index: the use the return names, or the uses of its unit in its encounter.
            SELECT u.* FROM udi.scan_claim c JOIN udi.scan_now u USING (position_id, record_offset)
            WHERE (c.hospital, c.scan_id) = (r.hospital, r.corrects)
            UNION ALL
            SELECT u.* FROM udi.scan_now u
            WHERE r.corrects IS NULL AND (u.hospital, u.encounter) = (r.hospital, r.encounter) AND u.action IN ('use', 'return')
        ) u
        CROSS JOIN LATERAL (
            SELECT u.decided_at
            WHERE u.action = 'use' AND u.verdict IN ('billed', 'recorded') AND NOT u.reasons && ARRAY['rejected', 'corrected']
              -- The same unit or lot, or the same goods on another package level.
              AND ((u.issuer, coalesce(u.di, '')) = (r.issuer, coalesce(r.di, '')) OR u.item_code = r.item_code)
              AND (coalesce(u.lot, ''), coalesce(u.serial, '')) = (coalesce(r.lot, ''), coalesce(r.serial, ''))
              AND u.scanned_at <= r.scanned_at + udi.return_clock_tolerance(r.hospital)
              AND u.units - (SELECT coalesce(sum(t.units), 0) FROM udi.use_change t WHERE (t.use_position, t.use_offset) = (u.position_id, u.record_offset)) >= coalesce(r.units, 1)
        ) use
        WHERE o.lane = p_lane AND o.action = 'return' AND o.verdict IN ('parked', 'held')
    ) waiting
    WHERE (waiting.position_id, waiting.record_offset) > (p_after_position, p_after_offset)
    GROUP BY waiting.position_id, waiting.record_offset ORDER BY waiting.position_id, waiting.record_offset LIMIT p_limit
$$;

-- Uses of a lane whose charge may have another price by now, each with the instant of the change. Only the lane's own.
CREATE FUNCTION udi.repriced(p_lane smallint, p_seen bigint, p_version bigint, p_after_position smallint, p_after_offset bigint, p_limit integer)
RETURNS TABLE (position_id smallint, record_offset bigint, repriced_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT l.position_id, l.record_offset, max(greatest(l.posted_at, c.recorded_at))
    FROM udi.fact_change c
    CROSS JOIN udi.installation i
    JOIN udi.ledger l ON (l.hospital, l.item_code) = (c.hospital, c.code) AND l.kind = 'charge'
    JOIN udi.scan s ON (s.position_id, s.record_offset) = (l.position_id, l.record_offset)
    WHERE c.version > p_seen AND c.version <= p_version AND c.repriced_from IS NOT NULL AND s.lane = p_lane
      AND (s.scanned_at AT TIME ZONE i.zone)::date >= c.repriced_from AND (s.scanned_at AT TIME ZONE i.zone)::date < c.repriced_to
      AND (l.position_id, l.record_offset) > (p_after_position, p_after_offset)
    GROUP BY l.position_id, l.record_offset ORDER BY l.position_id, l.record_offset LIMIT p_limit
$$;

-- Recorded scans as they are decided again: the newest decision, and what earlier ones already did.
CREATE FUNCTION udi.subjects(p_positions smallint[], p_offsets bigint[])
RETURNS TABLE (position_id smallint, record_offset bigint, lane smallint, recorded_at timestamptz, raw bytea, record_key bytea, fingerprint bytea,
    issuer text, di text, lot text, serial text, expiry date, production date, verdict text, reasons text[], decisions integer, moved boolean, holds_unit boolean,
    label_flags text[], readings udi.reading[], entries bigint, lines bigint, owner text, item_code text, units integer)
LANGUAGE sql STABLE AS $$
    SELECT n.position_id, n.record_offset, n.lane, n.recorded_at, s.raw, s.record_key, c.fingerprint, n.issuer, n.di, n.lot, n.serial, n.expiry, n.production,
        n.verdict::text, n.reasons, n.decisions + 1, moved.owner IS NOT NULL,
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
    JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (n.hospital, n.scan_id)
    CROSS JOIN LATERAL (
        -- What moved and went back counts as not moved.
        SELECT CASE WHEN (s.owner IS NOT NULL)::integer + coalesce(sum(CASE WHEN d.takes_back THEN -1 ELSE 1 END), 0) > 0
                    THEN coalesce(s.owner, max(d.owner)) END AS owner
        FROM udi.decision d WHERE (d.position_id, d.record_offset) = (s.position_id, s.record_offset) AND d.owner IS NOT NULL
    ) moved
    ORDER BY n.position_id, n.record_offset
$$;

-- Units of items charged in a stay, less credits.
CREATE FUNCTION udi.charged_units(p_hospitals text[], p_encounters text[], p_items text[])
RETURNS TABLE (hospital text, encounter text, item_code text, units bigint) LANGUAGE sql STABLE AS $$
    SELECT k.hospital, k.encounter, k.item_code, coalesce((
        SELECT sum(CASE l.kind WHEN 'charge' THEN l.quantity ELSE -l.quantity END)
        FROM udi.ledger l WHERE (l.hospital, l.encounter, l.item_code) = (k.hospital, k.encounter, k.item_code)
    ), 0)
    FROM unnest(p_hospitals, p_encounters, p_items) k (hospital, encounter, item_code)
$$;

-- The newest shape of each device asked for.
CREATE FUNCTION udi.shapes(p_issuers text[], p_dis text[]) RETURNS SETOF udi.lot_shape LANGUAGE sql STABLE AS $$
    SELECT newest.* FROM unnest(p_issuers, p_dis) k (issuer, di)
    CROSS JOIN LATERAL (
        SELECT s.* FROM udi.lot_shape s WHERE (s.issuer, s.di) = (k.issuer, k.di) ORDER BY s.version DESC LIMIT 1
    ) newest
$$;
