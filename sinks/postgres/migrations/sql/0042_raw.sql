-- Raw bytes of scans lie apart from what was decided of them, by the month in which they were stored: a hospital may let them go by the month.
-- docs/adr/0014-raw-bytes-by-month.md.

CREATE SCHEMA udi_raw;
COMMENT ON SCHEMA udi_raw IS 'The months of udi.scan_raw. Nobody has rights here: they are read and written through udi.scan_raw.';

CREATE TABLE udi.scan_raw (
    stored_at     timestamptz NOT NULL,
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    raw           bytea NOT NULL,
    PRIMARY KEY (position_id, record_offset, stored_at)
) PARTITION BY RANGE (stored_at);
ALTER TABLE udi.scan_raw ALTER COLUMN raw SET STORAGE EXTERNAL;
COMMENT ON TABLE udi.scan_raw IS 'The bytes of each record of the scan topic as they came, by the month (UTC) in which they were stored. Append-only; a month goes as a whole, by udi.purge_raw.';
COMMENT ON COLUMN udi.scan_raw.stored_at IS 'The instant of its batch (udi.chain.recorded_at): the clock of the database, never that of a broker or a device.';

CREATE TABLE udi.scan_override (
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    badge         text NOT NULL,
    reason        text NOT NULL,
    PRIMARY KEY (position_id, record_offset)
);
COMMENT ON TABLE udi.scan_override IS 'Badge and reason that came with a scan: they are evidence and stay when its raw bytes go. Append-only.';

CREATE TABLE udi.raw_purge (
    purge_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month       integer NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    by          text NOT NULL DEFAULT session_user,
    kept_months integer NOT NULL,
    records     bigint NOT NULL CHECK (records >= 0),
    bytes       bigint NOT NULL CHECK (bytes >= 0),
    kept        bigint NOT NULL CHECK (kept >= 0)
);
COMMENT ON TABLE udi.raw_purge IS 'Months (yyyymm, UTC) whose raw bytes were let go: when, by which login, by which setting, how many records and bytes, and how many records kept theirs because something of their batch waits still. Append-only.';
CREATE INDEX raw_purge_of_month ON udi.raw_purge (month);

DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['scan_raw', 'scan_override', 'raw_purge'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

CREATE FUNCTION udi.raw_month(p_at timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    (extract(year FROM p_at AT TIME ZONE 'UTC') * 100 + extract(month FROM p_at AT TIME ZONE 'UTC'))::integer;
COMMENT ON FUNCTION udi.raw_month IS 'The month, yyyymm, in which bytes that were stored at an instant lie.';

-- Months -------------------------------------------------------------------------------------------------------------

-- A lane makes a month that nobody has made: with the rights of the owner, and by ATTACH, for which no other lane stops.
CREATE FUNCTION udi.make_raw_month(p_at timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, udi AS $$
DECLARE
    first constant timestamp := date_trunc('month', p_at AT TIME ZONE 'UTC');
    part  constant text := 'scan_raw_' || to_char(first, 'YYYYMM');
BEGIN
    IF to_regclass('udi_raw.' || part) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(1982);
    IF to_regclass('udi_raw.' || part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE udi_raw.%I (LIKE udi.scan_raw INCLUDING STORAGE)', part);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON udi_raw.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', part);
    EXECUTE format(
        'ALTER TABLE udi.scan_raw ATTACH PARTITION udi_raw.%I FOR VALUES FROM (%L) TO (%L)',
        part, to_char(first, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(first + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00'
    );
    RETURN true;
END $$;
COMMENT ON FUNCTION udi.make_raw_month IS 'Makes the month in which bytes of an instant are stored; gives whether it was missing.';

CREATE FUNCTION udi.make_raw_months(p_ahead integer) RETURNS integer LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE udi.make_raw_month(date_trunc('month', clock_timestamp(), 'UTC') + make_interval(months => ahead)))::integer
    FROM generate_series(0, least(p_ahead, 12)) ahead
$$;
COMMENT ON FUNCTION udi.make_raw_months IS 'Makes this month and so many after it, 12 at most; gives how many were missing.';
SELECT udi.make_raw_months(3);

CREATE VIEW udi.raw_months AS
SELECT right(c.relname, 6)::integer AS month FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'udi.scan_raw'::regclass;
COMMENT ON VIEW udi.raw_months IS 'The months, yyyymm, in which raw bytes can be stored or were.';

-- Reading ------------------------------------------------------------------------------------------------------------

CREATE INDEX chain_of_offset ON udi.chain (position_id, lo) WHERE hi > lo;
COMMENT ON INDEX udi.chain_of_offset IS 'The batch of an offset, and so the month of its raw bytes.';

CREATE VIEW udi.raw_bytes AS
SELECT s.position_id, s.record_offset, coalesce(s.raw, apart.raw) AS raw, CASE WHEN coalesce(s.raw, apart.raw) IS NULL THEN gone.at END AS let_go_at
FROM udi.scan s
LEFT JOIN LATERAL (
    SELECT c.recorded_at FROM udi.chain c WHERE c.position_id = s.position_id AND c.lo <= s.record_offset AND c.hi > c.lo ORDER BY c.lo DESC LIMIT 1
) batch ON s.raw IS NULL
LEFT JOIN udi.scan_raw apart ON (apart.position_id, apart.record_offset, apart.stored_at) = (s.position_id, s.record_offset, batch.recorded_at)
LEFT JOIN (SELECT month, min(at) AS at FROM udi.raw_purge GROUP BY month) gone ON gone.month = udi.raw_month(batch.recorded_at);
COMMENT ON VIEW udi.raw_bytes IS 'The one place that finds the raw bytes of a recorded scan: apart, or in its row where a service before 0042 recorded it. let_go_at: since when they are gone by retention; null when they are there.';

-- Recorded scans as they are decided again: udi.subjects, for which the bytes may be gone. The scan's row and its override then say the event.
CREATE FUNCTION udi.subjects_2(p_positions smallint[], p_offsets bigint[])
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
        -- What moved and went back counts as not moved.
        SELECT CASE WHEN (s.owner IS NOT NULL)::integer + coalesce(sum(CASE WHEN d.takes_back THEN -1 ELSE 1 END), 0) > 0
                    THEN coalesce(s.owner, max(d.owner)) END AS owner
        FROM udi.decision d WHERE (d.position_id, d.record_offset) = (s.position_id, s.record_offset) AND d.owner IS NOT NULL
    ) moved
    ORDER BY n.position_id, n.record_offset
$$;

CREATE OR REPLACE VIEW report.overrides AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.department, n.store, n.encounter, n.staff, n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       udi.masked_2(coalesce(apart.badge, within.body ->> 'badge', later.badge)) AS badge,
       udi.masked_2(coalesce(apart.reason, within.body ->> 'reason', later.reason)) AS reason
FROM udi.scan_now n
JOIN udi.scan s USING (position_id, record_offset)
LEFT JOIN udi.scan_override apart USING (position_id, record_offset)
CROSS JOIN LATERAL (SELECT convert_from(s.raw, 'UTF8')::jsonb -> 'override' AS body) within
LEFT JOIN LATERAL (
    SELECT c.body ->> 'badge' AS badge, c.reason FROM udi.command c JOIN udi.command_outcome o USING (lane, seq)
    WHERE (c.hospital, c.scan_id, c.kind) = (n.hospital, n.scan_id, 'override') AND o.done ORDER BY c.seq LIMIT 1
) later ON true
WHERE n.reasons && ARRAY['overridden', 'breaker-trial'];

-- Letting go -----------------------------------------------------------------------------------------------------------

CREATE VIEW udi.raw_needed AS
SELECT position_id, record_offset FROM udi.open_scan
UNION
SELECT position_id, record_offset FROM udi.set_aside
UNION
-- What a person has commanded and is not done yet: by a lane, or, a correction, by the scan that takes the place.
SELECT half.position_id, half.record_offset
FROM udi.command k LEFT JOIN udi.command_outcome o USING (lane, seq) JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (k.hospital, k.scan_id)
CROSS JOIN LATERAL (
    SELECT c.position_id, c.record_offset
    UNION ALL
    SELECT p.position_id, p.record_offset FROM udi.pair p WHERE (p.rest_position, p.rest_offset) = (c.position_id, c.record_offset)
    UNION ALL
    SELECT p.rest_position, p.rest_offset FROM udi.pair p WHERE (p.position_id, p.record_offset) = (c.position_id, c.record_offset)
) half
WHERE o.seq IS NULL OR k.kind = 'correct' AND o.done AND NOT EXISTS (SELECT FROM udi.correction done WHERE (done.lane, done.seq) = (k.lane, k.seq));
COMMENT ON VIEW udi.raw_needed IS 'Scans whose raw bytes somebody will still read: they wait for a fact, a partner, a person, a later version or another scan.';

-- A month is emptied by TRUNCATE, which no lane waits for: it locks that month alone. Who reads it makes the purge come another time.
CREATE FUNCTION udi.purge_raw(p_kept_months integer, OUT month integer, OUT records bigint, OUT bytes bigint, OUT kept bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, udi SET lock_timeout = '250ms' AS $$
DECLARE
    due     record;
    first   timestamptz;
    after   timestamptz;
    staying udi.scan_raw[];
BEGIN
    IF p_kept_months < 3 THEN
        RAISE EXCEPTION 'Expected at least 3 months of raw bytes to be kept, got %.', p_kept_months USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(1983);
    FOR due IN
        SELECT m.month AS name, last.kept FROM udi.raw_months m
        LEFT JOIN LATERAL (SELECT p.kept FROM udi.raw_purge p WHERE p.month = m.month ORDER BY p.purge_id DESC LIMIT 1) last ON true
        WHERE m.month < udi.raw_month(clock_timestamp() - make_interval(months => p_kept_months)) AND coalesce(last.kept, 1) > 0
        ORDER BY m.month
    LOOP
        first := to_timestamp(due.name::text || '01 +00', 'YYYYMMDD TZH');
        after := first + interval '1 month';
        staying := ARRAY(
            SELECT r FROM udi.scan_raw r
            WHERE r.stored_at >= first AND r.stored_at < after AND (r.position_id, r.stored_at) IN (
                SELECT b.position_id, b.stored_at FROM udi.raw_needed n JOIN udi.scan_raw b USING (position_id, record_offset)
                WHERE b.stored_at >= first AND b.stored_at < after
            )
        );
        CONTINUE WHEN due.kept = cardinality(staying);
        SELECT count(*) - cardinality(staying), coalesce(sum(octet_length(r.raw)), 0) - coalesce((SELECT sum(octet_length(s.raw)) FROM unnest(staying) s), 0)
        INTO records, bytes FROM udi.scan_raw r WHERE r.stored_at >= first AND r.stored_at < after;
        EXECUTE format('TRUNCATE udi_raw.%I', 'scan_raw_' || due.name);
        INSERT INTO udi.scan_raw SELECT * FROM unnest(staying);
        INSERT INTO udi.raw_purge (month, kept_months, records, bytes, kept) VALUES (due.name, p_kept_months, records, bytes, cardinality(staying));
        month := due.name;
        kept := cardinality(staying);
        RETURN;
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.purge_raw IS 'Lets the raw bytes of the oldest month go that ended so many whole months ago, but for the batches of which something is still needed; gives what it did, nulls when nothing was due.';

-- The chain ----------------------------------------------------------------------------------------------------------------

CREATE FUNCTION udi.scan_raw_bytes(r udi.scan_raw) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN record_send(ROW(
    (r).position_id, (r).record_offset, (r).raw
));
CREATE FUNCTION udi.scan_override_bytes(o udi.scan_override) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN record_send(ROW(
    (o).position_id, (o).record_offset, (o).badge, (o).reason
));

CREATE FUNCTION udi.chain_batch_2(
    p_lane smallint, p_batch bigint, p_position smallint, p_lo bigint, p_hi bigint, p_recorded_at timestamptz, p_scans udi.scan[],
    p_decisions udi.decision[], p_ledger udi.ledger[], p_settlement udi.settlement[], p_waste udi.waste_cost[], p_raw udi.scan_raw[],
    p_overrides udi.scan_override[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before bytea;
    digests bytea[] := array_fill(''::bytea, ARRAY[7]);
    counts integer[] := ARRAY[cardinality(p_scans), cardinality(p_decisions), cardinality(p_ledger), cardinality(p_settlement), cardinality(p_waste),
        cardinality(p_raw), cardinality(p_overrides)];
BEGIN
    SELECT c.head INTO before FROM udi.chain c WHERE c.lane = p_lane ORDER BY c.batch DESC LIMIT 1;
    IF counts[1] > 0 THEN
        digests[1] := (SELECT sha256(string_agg(udi.scan_bytes(s), ''::bytea ORDER BY s.record_offset)) FROM unnest(p_scans) s);
    END IF;
    IF counts[2] > 0 THEN
        digests[2] := (SELECT sha256(string_agg(udi.decision_bytes(d), ''::bytea ORDER BY d.position_id, d.record_offset, d.n)) FROM unnest(p_decisions) d);
    END IF;
    IF counts[3] > 0 THEN
        digests[3] := (SELECT sha256(string_agg(udi.ledger_bytes(l), ''::bytea ORDER BY l.position_id, l.record_offset, l.n)) FROM unnest(p_ledger) l);
    END IF;
    IF counts[4] > 0 THEN
        digests[4] := (SELECT sha256(string_agg(udi.settlement_bytes(t), ''::bytea ORDER BY t.position_id, t.record_offset, t.n)) FROM unnest(p_settlement) t);
    END IF;
    IF counts[5] > 0 THEN
        digests[5] := (SELECT sha256(string_agg(udi.waste_bytes(w), ''::bytea ORDER BY w.position_id, w.record_offset, w.n)) FROM unnest(p_waste) w);
    END IF;
    IF counts[6] > 0 THEN
        digests[6] := (SELECT sha256(string_agg(udi.scan_raw_bytes(r), ''::bytea ORDER BY r.record_offset)) FROM unnest(p_raw) r);
    END IF;
    IF counts[7] > 0 THEN
        digests[7] := (SELECT sha256(string_agg(udi.scan_override_bytes(o), ''::bytea ORDER BY o.record_offset)) FROM unnest(p_overrides) o);
    END IF;
    INSERT INTO udi.chain
    SELECT p_lane, p_batch, p_position, p_lo, p_hi, p_recorded_at, ARRAY(SELECT d.position_id FROM unnest(p_decisions) d),
        ARRAY(SELECT d.record_offset FROM unnest(p_decisions) d), ARRAY(SELECT d.n FROM unnest(p_decisions) d), counts, digests,
        sha256(coalesce(before, ''::bytea) || record_send(ROW(
            p_lane, p_batch, p_position, p_lo, p_hi, p_recorded_at, ARRAY(SELECT d.position_id FROM unnest(p_decisions) d),
            ARRAY(SELECT d.record_offset FROM unnest(p_decisions) d), ARRAY(SELECT d.n FROM unnest(p_decisions) d), counts, digests
        )));
END $$;
COMMENT ON FUNCTION udi.chain_batch_2 IS 'As udi.chain_batch, with the digests of raw bytes and overrides apart: those of scans hold after their bytes are gone.';
COMMENT ON TABLE udi.chain IS 'One row per recorded batch of a lane (batch = the lane''s version after it), append-only. Its scans are those at the offsets lo up to before hi; its later decisions are named; its ledger, settlement and waste rows and its raw bytes are those recorded at its instant. counts and digests: scans, decisions, ledger, settlement, waste, and since 0042 raw bytes, overrides.';
COMMENT ON COLUMN udi.scan.raw IS 'The bytes of scans that services before 0042 recorded; they stay, for the digest of the scan holds them. Later ones are in udi.scan_raw.';
COMMENT ON TABLE udi.scan IS 'One row per input offset that is no tick: the event and its first decision; its raw bytes are in udi.scan_raw. Append-only.';
