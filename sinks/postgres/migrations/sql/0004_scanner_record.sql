-- What the labels of each scanner have shown of it, and the scans of a faulty one that were taken as read before it was noticed.

CREATE TABLE udi.scanner_watch (
    hospital  text NOT NULL,
    device_id text NOT NULL,
    losing    boolean NOT NULL,
    sent_at   timestamptz,
    first_at  timestamptz,
    newest_at timestamptz,
    score     integer NOT NULL CHECK (score >= 0),
    devices   jsonb NOT NULL,
    PRIMARY KEY (hospital, device_id)
);
COMMENT ON TABLE udi.scanner_watch IS 'Where the record of each scanner stands (rules.labels.scanner_record): summed by the learner, in the transaction that moves its watermark.';

CREATE FUNCTION udi.watch_scanners(p_watches udi.scanner_watch[], p_records udi.scanner[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    INSERT INTO udi.scanner_watch SELECT * FROM unnest(p_watches)
    ON CONFLICT (hospital, device_id) DO UPDATE SET losing = excluded.losing, sent_at = excluded.sent_at, first_at = excluded.first_at,
        newest_at = excluded.newest_at, score = excluded.score, devices = excluded.devices;
    IF cardinality(p_records) > 0 THEN
        SELECT version INTO before FROM udi.fact_counter FOR UPDATE;
        INSERT INTO udi.scanner SELECT hospital, device_id, before + version, known_from, profile, recorded_at, losing FROM unnest(p_records);
        INSERT INTO udi.fact_change SELECT before + version, 'scanner', hospital, device_id, '{}', '{}', recorded_at FROM unnest(p_records);
        UPDATE udi.fact_counter SET version = before + cardinality(p_records);
    END IF;
END $$;
COMMENT ON FUNCTION udi.watch_scanners IS 'Where records of scanners stand, and new versions of those that were noticed or mended; they come as 1..n and get their place after the counter.';

CREATE VIEW report.scanner_records AS
SELECT hospital, device_id, version, losing, known_from, (profile ->> 'since')::timestamptz AS since, recorded_at FROM udi.scanner WHERE losing IS NOT NULL;

CREATE VIEW report.scanner_doubts AS
SELECT n.hospital, n.device_id, n.scan_id, n.scanned_at, n.action::text AS action, n.encounter, n.item_code, n.issuer, n.di, n.lot AS lot_as_read,
       n.serial AS serial_as_read, r.number AS reading, r.lot, r.serial, r.expiry
FROM udi.scanner w
JOIN udi.scan s ON (s.hospital, s.device_id) = (w.hospital, w.device_id) AND 'suspect_missing_separator' = ANY (s.label_flags)
    AND s.scanned_at > coalesce((w.profile ->> 'since')::timestamptz, '-infinity')
JOIN udi.scan_now n ON (n.position_id, n.record_offset) = (s.position_id, s.record_offset)
JOIN udi.reading r ON (r.position_id, r.record_offset, r.n) = (n.position_id, n.record_offset, n.decisions) AND NOT r.as_read
WHERE w.losing AND NOT n.label_flags && ARRAY['identifier_alone', 'separator_restored'] AND NOT n.reasons && ARRAY['rejected', 'corrected']
  AND n.verdict NOT IN ('duplicate', 'conflict', 'refused')
  AND NOT EXISTS (
      SELECT FROM udi.scanner mended
      WHERE (mended.hospital, mended.device_id) = (w.hospital, w.device_id) AND mended.version > w.version AND NOT mended.losing AND mended.known_from <= s.scanned_at
  );
COMMENT ON VIEW report.scanner_doubts IS 'Scans of a scanner that was found to lose separators, taken as read before that was known, each with every other reading: one row a reading.';
