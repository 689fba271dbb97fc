-- Figures by day, month and period, as true for a date and as known on a date. Everything here reads; nothing is stored twice.

CREATE FUNCTION udi.local_day(at timestamptz) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE RETURN
    (at AT TIME ZONE (SELECT zone FROM udi.installation))::date;
COMMENT ON FUNCTION udi.local_day IS 'The hospital''s calendar day of an instant.';
CREATE FUNCTION udi.month_of(day date) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    (extract(year FROM day) * 100 + extract(month FROM day))::integer;

CREATE VIEW udi.dated_entry AS
SELECT l.*, own.scanned_at AS happened_at, used.scanned_at AS service_at
FROM udi.ledger l
JOIN udi.scan own USING (position_id, record_offset)
JOIN udi.scan used ON (used.position_id, used.record_offset)
    = (coalesce(l.charge_position, l.position_id), coalesce(l.charge_offset, l.record_offset));
COMMENT ON VIEW udi.dated_entry IS 'Ledger entries with their days: service_at is when it was used, of a credit too (its charge''s use); happened_at is when the entry''s own scan was made: the return, of a return''s credit.';

CREATE FUNCTION udi.scans_between(p_hospital text, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (position_id smallint, record_offset bigint) LANGUAGE sql STABLE ROWS 500 AS $$
    WITH RECURSIVE device (device_id) AS (
        (SELECT s.device_id FROM udi.scan s WHERE s.hospital = p_hospital AND s.device_id IS NOT NULL ORDER BY s.device_id LIMIT 1)
        UNION ALL
        SELECT (SELECT s.device_id FROM udi.scan s WHERE s.hospital = p_hospital AND s.device_id > d.device_id ORDER BY s.device_id LIMIT 1)
        FROM device d WHERE d.device_id IS NOT NULL
    )
    SELECT s.position_id, s.record_offset FROM device d
    CROSS JOIN LATERAL (
        SELECT s.position_id, s.record_offset FROM udi.scan s
        WHERE s.hospital = p_hospital AND s.device_id = d.device_id AND s.scanned_at >= p_from AND s.scanned_at < p_to
        OFFSET 0
    ) s
$$;
COMMENT ON FUNCTION udi.scans_between IS 'Scans made from one instant up to before another: one range of the index for each device, whatever the number of scans.';

CREATE VIEW udi.used AS
SELECT n.position_id, n.record_offset, n.hospital, n.scan_id, n.scanned_at, n.encounter, n.item_code, n.units, n.verdict::text AS verdict, n.reasons,
       coalesce(charged.department, n.department, home.department) AS department,
       n.verdict IN ('billed', 'recorded') AND NOT n.reasons && ARRAY['rejected', 'corrected', 'half-label'] AS stands,
       changed.parts, changed.returned_units, moved.units - back.units AS units_out,
       charged.price_version, coalesce(charged.units, 0) - credited.units AS charged_units, coalesce(charged.amount_fen, 0) - credited.amount_fen AS charged_fen,
       coalesce(charged.units, 0) AS charge_units, coalesce(charged.amount_fen, 0) AS charge_fen
FROM udi.scan_now n
LEFT JOIN LATERAL (
    SELECT e.department FROM udi.encounter e WHERE (e.hospital, e.encounter) = (n.hospital, n.encounter) ORDER BY e.version DESC LIMIT 1
) home ON true
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(c.units ORDER BY c.n), '{}') AS parts, coalesce(sum(c.units), 0)::bigint AS returned_units
    FROM udi.use_change c WHERE (c.use_position, c.use_offset) = (n.position_id, n.record_offset)
) changed
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.units), 0)::bigint AS units FROM (
        SELECT s.units FROM udi.scan s WHERE (s.position_id, s.record_offset) = (n.position_id, n.record_offset) AND s.owner IS NOT NULL
        UNION ALL
        SELECT CASE WHEN d.takes_back THEN -d.units ELSE d.units END FROM udi.decision d
        WHERE (d.position_id, d.record_offset) = (n.position_id, n.record_offset) AND d.owner IS NOT NULL
    ) m
) moved
CROSS JOIN LATERAL (
    -- The returns that took it back; a change of the use by itself (0 units) moved with the use.
    SELECT coalesce(sum(m.units), 0)::bigint AS units
    FROM udi.use_change c
    CROSS JOIN LATERAL (
        SELECT s.units FROM udi.scan s WHERE (s.position_id, s.record_offset) = (c.by_position, c.by_offset) AND s.owner IS NOT NULL
        UNION ALL
        SELECT CASE WHEN d.takes_back THEN -d.units ELSE d.units END FROM udi.decision d
        WHERE (d.position_id, d.record_offset) = (c.by_position, c.by_offset) AND d.owner IS NOT NULL
    ) m
    WHERE (c.use_position, c.use_offset) = (n.position_id, n.record_offset) AND c.units > 0
) back
LEFT JOIN LATERAL (
    SELECT (array_agg(l.department ORDER BY l.n DESC))[1] AS department, (array_agg(l.price_version ORDER BY l.n DESC))[1] AS price_version,
           sum(l.quantity)::bigint AS units, sum(l.amount_fen)::bigint AS amount_fen
    FROM udi.ledger l WHERE (l.position_id, l.record_offset) = (n.position_id, n.record_offset) AND l.kind = 'charge'
) charged ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.quantity), 0)::bigint AS units, coalesce(sum(c.amount_fen), 0)::bigint AS amount_fen
    FROM udi.ledger c WHERE c.kind = 'credit' AND (c.charge_position, c.charge_offset) = (n.position_id, n.record_offset)
) credited
WHERE n.action = 'use' AND n.verdict IN ('billed', 'recorded', 'waiting', 'parked', 'held');
COMMENT ON VIEW udi.used IS 'Every scan of a use that is readable, with what became of it, net of what was taken back: units out of stock, units and fen on the ledger. stands is false of one that waits, that a person took back, and of the second half of a label.';

CREATE FUNCTION udi.outbox_between(p_topic text, p_partition smallint, p_from timestamptz, p_to timestamptz) RETURNS SETOF udi.outbox_block
LANGUAGE plpgsql STABLE AS $$
DECLARE
    lo bigint := 1;
    hi bigint;
    middle record;
BEGIN
    SELECT coalesce(max(b.last_seq), 0) + 1 INTO hi FROM udi.outbox_block b WHERE (b.topic, b.partition) = (p_topic, p_partition);
    WHILE lo < hi LOOP
        SELECT b.first_seq, b.last_seq, b.written_at INTO middle FROM udi.outbox_block b
        WHERE (b.topic, b.partition) = (p_topic, p_partition) AND b.first_seq <= (lo + hi) / 2 ORDER BY b.first_seq DESC LIMIT 1;
        EXIT WHEN middle.first_seq IS NULL;
        IF middle.written_at < p_from THEN
            lo := middle.last_seq + 1;
        ELSE
            hi := middle.first_seq;
        END IF;
    END LOOP;
    FOR middle IN
        SELECT b.first_seq, b.written_at FROM udi.outbox_block b
        WHERE (b.topic, b.partition) = (p_topic, p_partition) AND b.first_seq >= hi ORDER BY b.first_seq
    LOOP
        RETURN QUERY SELECT * FROM udi.outbox_block b WHERE (b.topic, b.partition, b.first_seq) = (p_topic, p_partition, middle.first_seq);
        EXIT WHEN middle.written_at >= p_to;
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.outbox_between IS 'The blocks of a lane''s output that hold what was recorded from one instant to another (ledger.recorded_at), found by halving: a lane records one batch after the other, so what was recorded at t is in the first block written at t or later.';

-- For people and BI -----------------------------------------------------------------------------------------------

CREATE VIEW report.period_bridge AS
SELECT e.hospital, udi.month_text(e.service_month) AS service_month, udi.month_text(e.period) AS period, e.department, count(*) AS entries,
       udi.yuan(coalesce(sum(e.amount_fen) FILTER (WHERE e.kind = 'charge'), 0)::bigint) AS charges,
       udi.yuan(coalesce(sum(e.amount_fen) FILTER (WHERE e.kind = 'credit'), 0)::bigint) AS credits,
       udi.yuan(sum(CASE e.kind WHEN 'charge' THEN e.amount_fen ELSE -e.amount_fen END)::bigint) AS net
FROM (SELECT d.*, udi.month_of(udi.local_day(d.service_at)) AS service_month FROM udi.dated_entry d) e
GROUP BY e.hospital, e.service_month, e.period, e.department;
COMMENT ON VIEW report.period_bridge IS 'The ledger by month of use and month of posting, at once: summed over one of the two it is the report by the other.';

CREATE VIEW report.daily AS
SELECT u.hospital, udi.local_day(u.scanned_at) AS day, u.department,
       count(*) FILTER (WHERE u.stands AND u.units > u.returned_units) AS uses,
       count(*) FILTER (WHERE u.verdict IN ('waiting', 'parked', 'held')) AS waiting,
       coalesce(sum(u.units - u.returned_units) FILTER (WHERE u.stands), 0)::bigint AS units,
       sum(u.units_out)::bigint AS units_out, sum(u.charged_units)::bigint AS charged_units,
       udi.yuan(sum(u.charge_fen)::bigint) AS charges, udi.yuan(sum(u.charge_fen - u.charged_fen)::bigint) AS credits,
       udi.yuan(sum(u.charged_fen)::bigint) AS net
FROM udi.used u GROUP BY u.hospital, udi.local_day(u.scanned_at), u.department;
COMMENT ON VIEW report.daily IS 'What was used on a day and became of it, by department; what was taken back later is taken off the day of the use.';

CREATE VIEW report.scan_delay AS
SELECT l.hospital, s.scan_id, l.department, l.item_code, s.scanned_at, l.posted_at, l.posted_at - s.scanned_at AS delay, l.recorded_at,
       s.verdict = 'parked' OR EXISTS (
           SELECT FROM udi.decision d WHERE (d.position_id, d.record_offset) = (l.position_id, l.record_offset) AND d.verdict = 'parked'
       ) AS parked
FROM udi.ledger l JOIN udi.scan s USING (position_id, record_offset)
WHERE l.kind = 'charge' AND NOT EXISTS (
    SELECT FROM udi.ledger f WHERE (f.position_id, f.record_offset) = (l.position_id, l.record_offset) AND f.n < l.n AND f.kind = 'charge'
);
COMMENT ON VIEW report.scan_delay IS 'From the scan to its first charge. delay is by the broker''s time of what caused the charge; recorded_at is the database''s clock.';

CREATE VIEW report.waste AS
SELECT w.hospital, s.scan_id, s.scanned_at, w.department, w.item_code, w.action::text AS action, w.explanation AS reason, w.units AS quantity,
       udi.yuan_price(w.cost) AS cost, udi.yuan(w.amount_fen) AS amount, udi.month_text(udi.month_of(udi.local_day(s.scanned_at))) AS month,
       udi.month_text(w.period) AS period
FROM udi.waste_cost w JOIN udi.scan s USING (position_id, record_offset);
COMMENT ON VIEW report.waste IS 'What was opened and not used, or thrown away, with the reason scanned and its cost.';
