-- The HIS's own charge lines, and how they differ from the books.

CREATE TABLE udi.his_line (
    hospital       text NOT NULL,
    line_id        text NOT NULL,
    version        integer NOT NULL CHECK (version > 0),
    encounter      text NOT NULL,
    department     text,
    item_code      text NOT NULL,
    insurance_code text,
    quantity       integer NOT NULL CHECK (quantity > 0),
    unit_price     bigint NOT NULL CHECK (unit_price >= 0),
    amount_fen     bigint NOT NULL CHECK (amount_fen >= 0),
    service_at     timestamptz NOT NULL,
    cancelled      boolean NOT NULL,
    billing_id     uuid,
    lot            text,
    serial         text,
    fingerprint    bytea NOT NULL,
    origin         text NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (hospital, line_id, version)
);
COMMENT ON TABLE udi.his_line IS 'Every version of every charge line of the HIS, append-only; the newest holds, and counts when it is not cancelled. origin: topic/partition/offset of its record; recorded_at: the broker''s timestamp.';
CREATE INDEX his_line_of_encounter ON udi.his_line (hospital, encounter);
CREATE INDEX his_line_of_day ON udi.his_line (hospital, service_at);

CREATE VIEW udi.his_line_now AS
SELECT l.* FROM udi.his_line l
WHERE NOT EXISTS (SELECT FROM udi.his_line newer WHERE (newer.hospital, newer.line_id) = (l.hospital, l.line_id) AND newer.version > l.version);
COMMENT ON VIEW udi.his_line_now IS 'The newest version of each line, cancelled or not.';
CREATE VIEW report.his_charges AS
SELECT hospital, line_id, version, encounter, department, item_code, insurance_code, quantity, udi.yuan_price(unit_price) AS unit_price,
       udi.yuan(amount_fen) AS amount, 'CNY' AS currency, service_at, cancelled, billing_id, lot, serial, recorded_at
FROM udi.his_line_now;

CREATE FUNCTION udi.record_his_lines(
    p_position smallint, p_lo bigint, p_hi bigint, p_last_hash bytea, p_lines udi.his_line[], p_letters_lane smallint, p_letters udi.outbox_block[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_offset bigint;
    line udi.his_line;
    newest udi.his_line;
    letters udi.outbox_block;
    last bigint;
    hospitals text[] := '{}';
    encounters text[] := '{}';
    recorded bigint := 0;
BEGIN
    SELECT next_offset INTO at_offset FROM udi.position WHERE position_id = p_position FOR UPDATE;
    IF at_offset IS DISTINCT FROM p_lo THEN
        RAISE EXCEPTION 'Position % is at offset %, expected %.', p_position, at_offset, p_lo USING ERRCODE = 'UD001';
    END IF;
    UPDATE udi.position SET next_offset = p_hi, last_hash = coalesce(p_last_hash, last_hash) WHERE position_id = p_position;
    FOREACH line IN ARRAY p_lines LOOP
        SELECT * INTO newest FROM udi.his_line l WHERE (l.hospital, l.line_id) = (line.hospital, line.line_id) ORDER BY l.version DESC LIMIT 1;
        CONTINUE WHEN newest.fingerprint = line.fingerprint;
        IF newest.version IS NULL AND NOT EXISTS (SELECT FROM udi.his_line l WHERE l.hospital = line.hospital) THEN
            -- From its first line on a hospital is compared: all it has used so far, too. A reconciler that is at work sees no line yet and
            -- drops what it takes, so wait for it; the next begins when this line is there. Scans recorded meanwhile are read by the next statement.
            PERFORM pg_advisory_xact_lock(1971);
            INSERT INTO udi.case_delta (reader, hospitals, encounters, recorded_at)
            SELECT 'differences', array_agg(line.hospital), array_agg(encounter), line.recorded_at
            FROM (
                SELECT used.encounter, (row_number() OVER () - 1) / 200 AS part
                FROM (
                    SELECT DISTINCT s.encounter FROM udi.scan s
                    WHERE s.hospital = line.hospital AND s.encounter IS NOT NULL AND s.action IN ('use', 'return') AND s.action = 'use'
                ) used
            ) parts GROUP BY part;
        END IF;
        line.version := coalesce(newest.version, 0) + 1;
        INSERT INTO udi.his_line SELECT line.*;
        recorded := recorded + 1;
        hospitals := hospitals || line.hospital;
        encounters := encounters || line.encounter;
        IF newest.encounter <> line.encounter THEN
            hospitals := hospitals || line.hospital;
            encounters := encounters || newest.encounter;
        END IF;
    END LOOP;
    PERFORM udi.mark_cases(array_agg(hospital), array_agg(encounter), (SELECT max(recorded_at) FROM unnest(p_lines)))
    FROM (SELECT DISTINCT hospital, encounter FROM unnest(hospitals, encounters) every_one (hospital, encounter)) marked;
    FOREACH letters IN ARRAY p_letters LOOP
        UPDATE udi.lane SET dead_letters_seq = dead_letters_seq + cardinality(letters.ids) WHERE lane = p_letters_lane RETURNING dead_letters_seq INTO last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins)
        VALUES (letters.topic, p_letters_lane, last - cardinality(letters.ids) + 1, last, letters.ids, letters.keys, letters.bodies, letters.reasons, letters.origins);
    END LOOP;
    RETURN recorded;
END $$;
COMMENT ON FUNCTION udi.record_his_lines IS 'Records one batch of udi.his-charges in one transaction and returns how many lines were new or changed; a line that comes again as it was changes nothing.';

-- What is compared: the uses and the lines of encounters, each in one query ------------------------------------------------------

CREATE FUNCTION udi.case_uses(p_hospitals text[], p_encounters text[])
RETURNS TABLE (hospital text, encounter text, scan_id uuid, verdict text, reasons text[], scanned_at timestamptz, department text, item_code text,
    lot text, serial text, units integer, returned bigint, billing_id uuid, insurance_code text, unit_price bigint, left_fen bigint, earlier uuid[])
LANGUAGE sql STABLE ROWS 50 AS $$
    SELECT k.hospital, k.encounter, n.scan_id, n.verdict::text, n.reasons, n.scanned_at, coalesce(charge.department, n.department), n.item_code,
        n.lot, n.serial, n.units, back.units, charge.billing_id, charge.insurance_code, charge.unit_price, charge.amount_fen - credited.amount_fen,
        ARRAY(SELECT l.billing_id FROM udi.ledger l WHERE (l.position_id, l.record_offset) = (s.position_id, s.record_offset) AND l.kind = 'charge' AND l.n < charge.n)
    FROM unnest(p_hospitals, p_encounters) k (hospital, encounter)
    -- Each looked up by its key (OFFSET 0 keeps it so): without statistics, while the books are young, the planner would read whole tables.
    CROSS JOIN LATERAL (
        SELECT * FROM udi.scan u WHERE (u.hospital, u.encounter) = (k.hospital, k.encounter) AND u.action IN ('use', 'return') AND u.action = 'use' OFFSET 0
    ) s
    JOIN LATERAL (
        SELECT * FROM udi.scan_claim m WHERE (m.hospital, m.scan_id) = (s.hospital, s.scan_id) OFFSET 0
    ) c ON (c.position_id, c.record_offset) = (s.position_id, s.record_offset)
    JOIN udi.scan_now n ON (n.position_id, n.record_offset) = (s.position_id, s.record_offset)
    LEFT JOIN LATERAL (
        SELECT l.* FROM udi.ledger l WHERE (l.position_id, l.record_offset) = (s.position_id, s.record_offset) AND l.kind = 'charge' ORDER BY l.n DESC LIMIT 1
    ) charge ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.amount_fen), 0)::bigint AS amount_fen FROM udi.ledger l
        WHERE l.kind = 'credit' AND (l.charge_position, l.charge_offset, l.charge_n) = (charge.position_id, charge.record_offset, charge.n)
    ) credited
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(u.units), 0) AS units FROM udi.use_change u WHERE (u.use_position, u.use_offset) = (s.position_id, s.record_offset)
    ) back
    WHERE n.verdict IN ('billed', 'recorded', 'waiting', 'parked', 'held') AND NOT (n.verdict = 'recorded' AND 'half-label' = ANY (n.reasons))
$$;

CREATE FUNCTION udi.case_lines(p_hospitals text[], p_encounters text[]) RETURNS SETOF udi.his_line LANGUAGE sql STABLE ROWS 50 AS $$
    SELECT l.* FROM unnest(p_hospitals, p_encounters) k (hospital, encounter)
    CROSS JOIN LATERAL (
        SELECT * FROM udi.his_line_now n WHERE (n.hospital, n.encounter) = (k.hospital, k.encounter) OFFSET 0
    ) l
    WHERE NOT l.cancelled
$$;

-- Differences ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE udi.finding (
    difference_id uuid PRIMARY KEY,
    hospital      text NOT NULL,
    encounter     text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('missed', 'wrong', 'extra')),
    aspects       text[] NOT NULL,
    cause         text NOT NULL,
    fix           text NOT NULL,
    at            timestamptz NOT NULL,
    item_code     text,
    scan_id       uuid,
    line_id       text,
    billing_id    uuid,
    department    text,
    quantity      integer,
    expected_fen  bigint NOT NULL CHECK (expected_fen >= 0),
    found_fen     bigint NOT NULL CHECK (found_fen >= 0)
);
COMMENT ON TABLE udi.finding IS 'What comparing each encounter by itself has found, as of its newest comparison. What is missed in one encounter and extra in another may be one charge on the wrong patient: udi.difference says so.';
CREATE INDEX finding_of_encounter ON udi.finding (hospital, encounter);
CREATE INDEX finding_of_item ON udi.finding (hospital, item_code, kind, quantity, at) WHERE kind IN ('missed', 'extra');
CREATE INDEX finding_of_billing ON udi.finding (billing_id) WHERE kind IN ('missed', 'extra') AND billing_id IS NOT NULL;

CREATE TABLE udi.reconciled (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    facts_version bigint NOT NULL
);
COMMENT ON TABLE udi.reconciled IS 'The version of the catalogue up to which uses that wait were estimated: later items make the reconciler look at them again.';

CREATE TABLE udi.difference (
    LIKE udi.finding,
    version     integer NOT NULL CHECK (version > 0),
    status      text NOT NULL CHECK (status IN ('open', 'asked', 'accepted', 'mended', 'vanished')),
    changed_at  timestamptz NOT NULL,
    by          text CHECK (by <> ''),
    reason      text CHECK (reason <> ''),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (difference_id, version),
    CONSTRAINT person_gives_a_reason CHECK ((status IN ('asked', 'accepted')) = (by IS NOT NULL AND reason IS NOT NULL))
);
COMMENT ON TABLE udi.difference IS 'Every version of every difference between the books and the HIS, append-only. changed_at: the broker''s timestamp of what changed it, or when a person did.';
CREATE INDEX difference_of_encounter ON udi.difference (hospital, encounter);
CREATE TABLE udi.difference_standing (
    difference_id uuid PRIMARY KEY,
    hospital      text NOT NULL,
    encounter     text NOT NULL,
    kind          text NOT NULL,
    across        boolean NOT NULL,
    item_code     text,
    version       integer NOT NULL,
    status        text NOT NULL
);
COMMENT ON TABLE udi.difference_standing IS 'Differences that are there: open, asked or accepted, with their newest version. Derived from udi.difference. across: between two encounters.';
CREATE INDEX difference_standing_of_encounter ON udi.difference_standing (hospital, encounter);
CREATE INDEX difference_standing_of_item ON udi.difference_standing (hospital, item_code) WHERE across;

DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['his_line', 'difference'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

CREATE VIEW report.difference_history AS
SELECT d.hospital, d.difference_id, d.version, d.encounter, d.kind, d.aspects, d.cause, d.fix, d.item_code, d.scan_id, d.line_id, d.billing_id, d.department,
       d.quantity, d.at, udi.yuan(d.expected_fen) AS expected, udi.yuan(d.found_fen) AS found, udi.yuan(d.found_fen - d.expected_fen) AS amount, d.status,
       d.changed_at, d.by, d.reason
FROM udi.difference d;
CREATE VIEW report.differences AS
SELECT h.*, first.changed_at AS found_at
FROM report.difference_history h
JOIN udi.difference first ON first.difference_id = h.difference_id AND first.version = 1
WHERE NOT EXISTS (SELECT FROM udi.difference newer WHERE newer.difference_id = h.difference_id AND newer.version > h.version);

-- Pairs that may be one charge on the wrong patient: missed here, extra there, of one item; by their billing record, or alike in units and money and
-- near in time. Never fewer than rules.reconciling.across would pair.
CREATE FUNCTION udi.across_encounters(p_hospitals text[], p_items text[], p_window interval) RETURNS SETOF udi.finding LANGUAGE sql STABLE AS $$
    WITH near AS MATERIALIZED (
        SELECT missed.difference_id AS missed, extra.difference_id AS extra
        FROM unnest(p_hospitals, p_items) k (hospital, item_code)
        JOIN udi.finding extra ON (extra.hospital, extra.item_code, extra.kind) = (k.hospital, k.item_code, 'extra')
        JOIN udi.finding missed ON (missed.hospital, missed.item_code, missed.kind) = (k.hospital, k.item_code, 'missed')
            AND (missed.quantity, missed.expected_fen) = (extra.quantity, extra.found_fen) AND extra.billing_id IS NULL
            AND missed.at BETWEEN extra.at - p_window AND extra.at + p_window AND missed.encounter <> extra.encounter
        UNION
        SELECT missed.difference_id, extra.difference_id
        FROM unnest(p_hospitals, p_items) k (hospital, item_code)
        JOIN udi.finding extra ON (extra.hospital, extra.item_code, extra.kind) = (k.hospital, k.item_code, 'extra') AND extra.billing_id IS NOT NULL
        JOIN udi.finding missed ON missed.billing_id = extra.billing_id AND missed.kind = 'missed' AND missed.hospital = extra.hospital
            AND missed.item_code = extra.item_code AND missed.encounter <> extra.encounter
    )
    SELECT f.* FROM udi.finding f
    WHERE f.difference_id IN (SELECT near.missed FROM near UNION SELECT near.extra FROM near)
$$;

CREATE FUNCTION udi.record_differences(p_versions udi.difference[], p_across uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO udi.difference
    SELECT difference_id, hospital, encounter, kind, aspects, cause, fix, at, item_code, scan_id, line_id, billing_id, department, quantity, expected_fen,
        found_fen, version, status, changed_at, by, reason, clock_timestamp()
    FROM unnest(p_versions);
    DELETE FROM udi.difference_standing s USING unnest(p_versions) v WHERE s.difference_id = v.difference_id AND v.status IN ('mended', 'vanished');
    INSERT INTO udi.difference_standing
    SELECT difference_id, hospital, encounter, kind, difference_id = ANY (p_across), item_code, version, status
    FROM unnest(p_versions) v WHERE v.status IN ('open', 'asked', 'accepted')
    ON CONFLICT (difference_id) DO UPDATE SET encounter = excluded.encounter, kind = excluded.kind, across = excluded.across,
        item_code = excluded.item_code, version = excluded.version, status = excluded.status;
END $$;
COMMENT ON FUNCTION udi.record_differences IS 'New versions of differences; p_across names those between two encounters.';
