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
COMMENT ON TABLE udi.lot_shape IS 'What the lots and serials of a device look like (models.udi.lot_shape), every version; the newest holds. Versions of a device have no gaps. Append-only.';
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

DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['lot_shape', 'reading'] LOOP
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
