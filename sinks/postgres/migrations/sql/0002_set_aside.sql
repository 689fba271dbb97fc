-- Scans that fail when they are decided again: they hold up no other, and a later worker tries them again.
CREATE TABLE udi.set_aside (
    lane          smallint NOT NULL,
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('freed', 'repriced')),
    since         timestamptz NOT NULL,
    error         text NOT NULL,
    set_aside_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (position_id, record_offset, kind)
);
COMMENT ON TABLE udi.set_aside IS 'Scans whose next decision failed by its own fault (a bug of ours): freed, its fact has come; repriced, its charge may have another price. since is the instant of that. Tried again by each new worker, and then deleted.';
COMMENT ON COLUMN udi.set_aside.error IS 'The class of the error; its text may hold what is in the scan.';
CREATE INDEX set_aside_of_lane ON udi.set_aside (lane);

CREATE VIEW report.set_aside AS
SELECT n.hospital, n.scan_id, a.lane, a.kind, a.error, n.verdict::text AS verdict, n.reasons, a.since, a.set_aside_at
FROM udi.set_aside a JOIN udi.scan_now n USING (position_id, record_offset);
COMMENT ON VIEW report.set_aside IS 'Scans that could not be decided again because of an error of ours. What they had before stands.';
