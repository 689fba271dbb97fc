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
