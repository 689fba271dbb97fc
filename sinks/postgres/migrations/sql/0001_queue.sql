-- The queue of held scans: who looks after which, what became of each; and the scans that take the place of corrected ones.

CREATE TABLE udi.assignment (
    hospital text NOT NULL,
    scan_id  uuid NOT NULL,
    n        integer NOT NULL CHECK (n > 0),
    owner    text NOT NULL CHECK (owner <> ''),
    by       text NOT NULL CHECK (by <> ''),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, scan_id, n)
);
COMMENT ON TABLE udi.assignment IS 'Who looks after a held scan: the newest holds. Append-only.';

CREATE TABLE udi.correction (
    lane        smallint NOT NULL,
    seq         bigint NOT NULL,
    hospital    text NOT NULL,
    scan_id     uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, seq),
    UNIQUE (hospital, scan_id)
);
COMMENT ON TABLE udi.correction IS 'The scan that took the place of the one a command corrected, once it is recorded. Until then it is published again. Append-only.';
DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['assignment', 'correction'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

CREATE FUNCTION udi.assign(p_hospital text, p_scan_ids uuid[], p_owner text, p_by text) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1972);
    RETURN QUERY
    INSERT INTO udi.assignment (hospital, scan_id, n, owner, by)
    SELECT c.hospital, c.scan_id, (SELECT coalesce(max(a.n), 0) + 1 FROM udi.assignment a WHERE (a.hospital, a.scan_id) = (c.hospital, c.scan_id)), p_owner, p_by
    FROM udi.scan_claim c JOIN udi.open_scan o USING (position_id, record_offset)
    WHERE c.hospital = p_hospital AND c.scan_id = ANY (p_scan_ids) AND o.verdict = 'held'
    RETURNING scan_id;
END $$;
COMMENT ON FUNCTION udi.assign IS 'Gives held scans to somebody; returns those that are held.';

CREATE VIEW udi.owner_now AS
SELECT DISTINCT ON (hospital, scan_id) hospital, scan_id, owner, at FROM udi.assignment ORDER BY hospital, scan_id, n DESC;

CREATE VIEW report.held AS
SELECT n.hospital, n.scan_id, udi.deciding_reason(held.reasons) AS reason, held.reasons, n.action::text AS action, n.item_code, n.issuer, n.di, n.lot, n.serial, n.encounter,
       n.department, n.store, n.units AS quantity, held.held_at, a.owner, freed.decided_at AS resolved_at,
       CASE WHEN freed.n IS NULL THEN NULL WHEN freed.reasons && ARRAY['rejected'] THEN 'rejected' WHEN freed.reasons && ARRAY['corrected'] THEN 'corrected'
            WHEN freed.reasons && ARRAY['released'] THEN 'released' ELSE 'freed' END AS outcome,
       command.by, command.reason AS explanation
FROM (
    SELECT DISTINCT ON (position_id, record_offset) position_id, record_offset, reasons, held_at, n
    FROM (
        SELECT position_id, record_offset, 0 AS n, reasons, recorded_at AS held_at FROM udi.scan WHERE verdict = 'held'
        UNION ALL
        SELECT position_id, record_offset, n, reasons, decided_at FROM udi.decision WHERE verdict = 'held'
    ) every_time ORDER BY position_id, record_offset, n
) held
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN udi.owner_now a ON (a.hospital, a.scan_id) = (n.hospital, n.scan_id)
LEFT JOIN LATERAL (
    SELECT d.n, d.decided_at, d.reasons FROM udi.decision d
    WHERE (d.position_id, d.record_offset) = (held.position_id, held.record_offset) AND d.n > held.n AND d.verdict <> 'held' ORDER BY d.n LIMIT 1
) freed ON true
LEFT JOIN LATERAL (
    SELECT c.by, c.reason FROM udi.command c JOIN udi.command_outcome o USING (lane, seq)
    WHERE (c.hospital, c.scan_id) = (n.hospital, n.scan_id) AND o.done AND c.kind IN ('release', 'reject', 'correct')
      AND freed.reasons && ARRAY['released', 'rejected', 'corrected']
    ORDER BY c.seq DESC LIMIT 1
) command ON true;

CREATE VIEW report.corrections AS
SELECT c.hospital, c.scan_id, k.scan_id AS corrected_by, c.body AS correction, c.by, c.reason, c.accepted_at, k.recorded_at
FROM udi.command c JOIN udi.command_outcome o USING (lane, seq) LEFT JOIN udi.correction k USING (lane, seq)
WHERE c.kind = 'correct' AND o.done;
