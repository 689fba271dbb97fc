-- What is learned of labels and scanners, what an ambiguous label may say, which halves were joined, what persons command.

CREATE TABLE udi.lot_shape (
    issuer       text NOT NULL,
    di           text NOT NULL,
    version      bigint NOT NULL CHECK (version > 0),
    lots         text NOT NULL,
    serials      text NOT NULL,
    learned_from uuid NOT NULL,
    learned_at   timestamptz NOT NULL,
    PRIMARY KEY (issuer, di, version)
);
COMMENT ON TABLE udi.lot_shape IS 'What the lots and serials of a device look like (models.udi.lot_pattern), every version; the newest holds. Versions of a device have no gaps. Append-only.';
COMMENT ON COLUMN udi.lot_shape.learned_from IS 'The confirmed scan that changed the shape; learned_at is the broker''s timestamp of its record.';
CREATE TABLE udi.learned (
    position_id smallint PRIMARY KEY,
    next_offset bigint NOT NULL
);
COMMENT ON TABLE udi.learned IS 'How far the scans of each input position have been learned from; moved by compare-and-set.';

CREATE TABLE udi.reading (
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    n             smallint NOT NULL,
    number        smallint NOT NULL CHECK (number > 0),
    as_read       boolean NOT NULL,
    possible      boolean NOT NULL,
    issuer        text NOT NULL,
    di            text,
    lot           text,
    serial        text,
    expiry        date,
    production    date,
    PRIMARY KEY (position_id, record_offset, n, number)
);
COMMENT ON TABLE udi.reading IS 'What the label of decision n may say, when separators may be lost and it was held for that. Append-only.';
COMMENT ON COLUMN udi.reading.possible IS 'False: what was known of the maker''s labels at the decision ruled it out.';
COMMENT ON COLUMN udi.reading.as_read IS 'The reading without a lost separator.';
CREATE VIEW report.readings AS
SELECT s.hospital, s.scan_id, r.number AS reading, r.possible, r.issuer, r.di, r.lot, r.serial, r.expiry, r.production
FROM udi.reading r JOIN udi.scan s USING (position_id, record_offset)
WHERE r.n = (SELECT max(newest.n) FROM udi.reading newest WHERE (newest.position_id, newest.record_offset) = (r.position_id, r.record_offset));

CREATE TABLE udi.scanner (
    hospital    text NOT NULL,
    device_id   text NOT NULL,
    version     bigint NOT NULL,
    known_from  timestamptz NOT NULL,
    profile     jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    losing      boolean,
    PRIMARY KEY (hospital, device_id, version)
);
COMMENT ON TABLE udi.scanner IS 'How a scanner is set up, and what its labels have shown of it (models.scan.scanners), every version: in force for scans made from known_from on. Append-only.';
COMMENT ON COLUMN udi.scanner.losing IS 'Null: a profile that a person loaded. Else a record of the device''s own: its labels have shown that it loses separators, or sends them again.';
CREATE UNIQUE INDEX scanner_by_version ON udi.scanner (version);
CREATE INDEX scan_suspected ON udi.scan (hospital, device_id, scanned_at) WHERE 'suspect_missing_separator' = ANY (label_flags);

CREATE TABLE udi.pair (
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    n             smallint NOT NULL,
    rest_position smallint NOT NULL,
    rest_offset   bigint NOT NULL,
    PRIMARY KEY (position_id, record_offset, n)
);
COMMENT ON TABLE udi.pair IS 'Two halves of a label that were joined: decision n of the half with the identifier has the lot, serial or dates of the rest. Append-only.';
CREATE INDEX pair_of_rest ON udi.pair (rest_position, rest_offset);

CREATE TABLE udi.command (
    lane        smallint NOT NULL,
    seq         bigint NOT NULL CHECK (seq > 0),
    kind        text NOT NULL,
    hospital    text NOT NULL,
    scan_id     uuid NOT NULL,
    body        jsonb NOT NULL DEFAULT '{}',
    by          text NOT NULL CHECK (by <> ''),
    reason      text NOT NULL CHECK (reason <> ''),
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, seq)
);
COMMENT ON TABLE udi.command IS 'What persons command, numbered without gaps per lane: the lane of the scan carries it out, as it decides its own scans. Append-only.';
CREATE TABLE udi.command_outcome (
    lane   smallint NOT NULL,
    seq    bigint NOT NULL,
    done   boolean NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (lane, seq)
);
COMMENT ON TABLE udi.command_outcome IS 'What became of a command, recorded in the transaction of what followed from it; lane.commands_done is the newest. Append-only.';
CREATE VIEW report.commands AS
SELECT c.hospital, c.lane, c.seq, c.kind, c.scan_id, c.body, c.by, c.reason, c.accepted_at, o.done, o.detail
FROM udi.command c LEFT JOIN udi.command_outcome o USING (lane, seq);

CREATE FUNCTION udi.accept_command(p_kind text, p_hospital text, p_scan_id uuid, p_by text, p_reason text, p_body jsonb, OUT lane smallint, OUT seq bigint)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT s.lane INTO lane FROM udi.scan_claim c JOIN udi.scan s USING (position_id, record_offset)
    WHERE (c.hospital, c.scan_id) = (p_hospital, p_scan_id);
    IF lane IS NOT NULL THEN
        -- Whoever accepts for the lane does it alone: its numbers have no gaps. Lanes that record do not wait for it.
        PERFORM pg_advisory_xact_lock(1970, accept_command.lane);
        SELECT coalesce(max(c.seq), 0) + 1 INTO seq FROM udi.command c WHERE c.lane = accept_command.lane;
        INSERT INTO udi.command (lane, seq, kind, hospital, scan_id, body, by, reason)
        VALUES (accept_command.lane, accept_command.seq, p_kind, p_hospital, p_scan_id, p_body, p_by, p_reason);
    END IF;
END $$;
COMMENT ON FUNCTION udi.accept_command IS 'Stores a command for the lane of the scan and gives its place; null when there is no such scan.';

-- What a lane has still to carry out, each with the scan it is about; of a pair the half with the identifier, and its partner.
CREATE FUNCTION udi.commands(p_lane smallint, p_limit integer)
RETURNS TABLE (seq bigint, kind text, hospital text, scan_id uuid, body jsonb, by text, reason text, accepted_at timestamptz,
    position_id smallint, record_offset bigint, rest_position smallint, rest_offset bigint) LANGUAGE sql STABLE AS $$
    SELECT c.seq, c.kind, c.hospital, c.scan_id, c.body, c.by, c.reason, c.accepted_at,
        coalesce(p.position_id, k.position_id), coalesce(p.record_offset, k.record_offset), p.rest_position, p.rest_offset
    FROM udi.lane l
    JOIN udi.command c ON c.lane = l.lane AND c.seq > l.commands_done
    LEFT JOIN udi.scan_claim k ON (k.hospital, k.scan_id) = (c.hospital, c.scan_id)
    LEFT JOIN LATERAL (
        SELECT pair.* FROM udi.pair
        WHERE (pair.position_id, pair.record_offset) = (k.position_id, k.record_offset)
           OR (pair.rest_position, pair.rest_offset) = (k.position_id, k.record_offset)
        ORDER BY pair.n DESC LIMIT 1
    ) p ON true
    WHERE l.lane = p_lane ORDER BY c.seq LIMIT p_limit
$$;

DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['lot_shape', 'reading', 'scanner', 'pair', 'command', 'command_outcome'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

CREATE FUNCTION udi.learn(p_position smallint, p_from bigint, p_to bigint, p_shapes udi.lot_shape[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at_offset bigint;
    newest bigint;
BEGIN
    INSERT INTO udi.learned VALUES (p_position, 0) ON CONFLICT DO NOTHING;
    SELECT next_offset INTO at_offset FROM udi.learned WHERE position_id = p_position FOR UPDATE;
    IF at_offset IS DISTINCT FROM p_from THEN
        RAISE EXCEPTION 'Position % is learned up to %, expected %.', p_position, at_offset, p_from USING ERRCODE = 'UD001';
    END IF;
    UPDATE udi.learned SET next_offset = p_to WHERE position_id = p_position;
    IF cardinality(p_shapes) > 0 THEN
        INSERT INTO udi.lot_shape SELECT * FROM unnest(p_shapes);
        -- One change for all of them: lanes look once. The counter's lock comes last and is held for a moment.
        UPDATE udi.fact_counter SET version = version + 1 RETURNING version INTO newest;
        INSERT INTO udi.fact_change (version, kind, hospital, code, issuers, dis, recorded_at)
        SELECT newest, 'shape', '', '', array_agg(issuer), array_agg(di), max(learned_at)
        FROM (SELECT issuer, di, max(learned_at) AS learned_at FROM unnest(p_shapes) GROUP BY issuer, di) device;
    END IF;
END $$;
COMMENT ON FUNCTION udi.learn IS 'Versions of shapes and the watermark they were learned at, in one transaction. The change names no hospital: a maker prints alike for all.';

CREATE FUNCTION udi.record_scanners(p_scanners udi.scanner[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    SELECT version INTO before FROM udi.fact_counter FOR UPDATE;
    INSERT INTO udi.scanner SELECT hospital, device_id, before + version, known_from, profile, recorded_at FROM unnest(p_scanners);
    INSERT INTO udi.fact_change SELECT before + version, 'scanner', hospital, device_id, '{}', '{}', recorded_at FROM unnest(p_scanners);
    UPDATE udi.fact_counter SET version = before + cardinality(p_scanners);
    RETURN before + cardinality(p_scanners);
END $$;
COMMENT ON FUNCTION udi.record_scanners IS 'Versions of scanner profiles; they come as 1..n and get their place after the counter.';
