-- Recall notices: every version as a fact that lanes decide by, what each lists, how each line ended.

CREATE TABLE udi.recall (
    hospital    text NOT NULL,
    recall      text NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    fact        bigint NOT NULL UNIQUE,
    body        bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, recall, version)
);
COMMENT ON TABLE udi.recall IS 'Every version of every recall notice as it came (body), append-only; the highest version holds. fact is its number among all facts: a scan recorded after it was decided by it.';
COMMENT ON COLUMN udi.recall.recorded_at IS 'The broker''s timestamp of the record; accepted_at is the database''s clock when the books took it.';

CREATE TABLE udi.recall_line (
    hospital   text NOT NULL,
    recall     text NOT NULL,
    version    integer NOT NULL,
    line_id    uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('certain', 'possible', 'shelf', 'in-transit', 'lent', 'quarantine', 'waste', 'supplier')),
    encounter  text,
    store      text,
    department text,
    item_code  text,
    issuer     text,
    di         text,
    lot        text,
    serial     text,
    expiry     date,
    quantity   bigint NOT NULL CHECK (quantity >= 0),
    chance     numeric CHECK (chance BETWEEN 0 AND 1),
    reckoned   text,
    scan_id    uuid,
    happened_at timestamptz,
    listed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    gone_at    timestamptz,
    PRIMARY KEY (hospital, recall, version, line_id),
    FOREIGN KEY (hospital, recall, version) REFERENCES udi.recall
);
COMMENT ON TABLE udi.recall_line IS 'What a version of a notice lists: who was exposed, what lies where. A line keeps its id in every version. gone_at: it no longer stands, its goods have moved or its use was taken back.';
COMMENT ON COLUMN udi.recall_line.chance IS 'How likely the line is meant, 0 to 1; null when that is certain. reckoned says how.';

CREATE TABLE udi.recall_closing (
    hospital  text NOT NULL,
    recall    text NOT NULL,
    line_id   uuid NOT NULL,
    n         integer NOT NULL CHECK (n > 0),
    quantity  bigint NOT NULL,
    reason    text NOT NULL CHECK (reason <> ''),
    closed_by text NOT NULL CHECK (closed_by <> ''),
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (hospital, recall, line_id, n)
);
COMMENT ON TABLE udi.recall_closing IS 'How a person ended a line, and for how many units: when more units come to the same line it is open again. Append-only.';

DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['recall', 'recall_closing'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

-- Notices with the position of their partition. Versions come as 1..n and get their place after the counter.
CREATE FUNCTION udi.record_recalls(
    p_position smallint, p_lo bigint, p_hi bigint, p_last_hash bytea,
    p_recalls udi.recall[], p_changes udi.fact_change[], p_letters_lane smallint, p_letters udi.outbox_block[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_offset bigint;
    before bigint;
    letters udi.outbox_block;
    last bigint;
BEGIN
    SELECT next_offset INTO at_offset FROM udi.position WHERE position_id = p_position FOR UPDATE;
    IF at_offset IS DISTINCT FROM p_lo THEN
        RAISE EXCEPTION 'Position % is at offset %, expected %.', p_position, at_offset, p_lo USING ERRCODE = 'UD001';
    END IF;
    UPDATE udi.position SET next_offset = p_hi, last_hash = coalesce(p_last_hash, last_hash) WHERE position_id = p_position;
    -- Alone: whatever was decided without the notice is recorded before it, whatever is recorded after it was decided by it.
    PERFORM pg_advisory_xact_lock(1969, hashtext(h)) FROM (SELECT DISTINCT hospital AS h FROM unnest(p_recalls) ORDER BY 1) locked;
    SELECT version INTO before FROM udi.fact_counter FOR UPDATE;
    IF cardinality(p_changes) > 0 THEN
        INSERT INTO udi.recall (hospital, recall, version, fact, body, recorded_at)
        SELECT hospital, recall, version, before + fact, body, recorded_at FROM unnest(p_recalls);
        INSERT INTO udi.fact_change SELECT before + version, kind, hospital, code, issuers, dis, recorded_at, repriced_from, repriced_to FROM unnest(p_changes);
        UPDATE udi.fact_counter SET version = before + cardinality(p_changes);
    END IF;
    FOREACH letters IN ARRAY p_letters LOOP
        UPDATE udi.lane SET dead_letters_seq = dead_letters_seq + cardinality(letters.ids) WHERE lane = p_letters_lane RETURNING dead_letters_seq INTO last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins)
        VALUES (letters.topic, p_letters_lane, last - cardinality(letters.ids) + 1, last, letters.ids, letters.keys, letters.bodies, letters.reasons, letters.origins);
    END LOOP;
    RETURN before + cardinality(p_changes);
END $$;
COMMENT ON FUNCTION udi.record_recalls IS 'Records one batch of udi.recalls in one transaction and returns the newest fact version.';

-- Every scan of units with one of the identifiers: what a notice may list. Repeated and refused records are left out, and the second half of a label.
CREATE FUNCTION udi.scans_of_identifiers(p_hospital text, p_issuers text[], p_dis text[])
RETURNS TABLE (
    scan_id uuid, scanned_at timestamptz, action text, store text, to_store text, department text, encounter text, issuer text, di text, lot text, serial text,
    expiry date, production date, item_code text, units bigint, verdict text, reasons text[], moved boolean, returned bigint
) LANGUAGE sql STABLE AS $$
    SELECT n.scan_id, n.scanned_at, n.action::text, n.store, n.to_store, coalesce(n.department, home.department), n.encounter, n.issuer, n.di, n.lot, n.serial,
           n.expiry, n.production, n.item_code, coalesce(n.units, n.quantity)::bigint, n.verdict::text, n.reasons, ways.times > 0, back.units
    FROM (
        SELECT s.position_id, s.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di)
        JOIN udi.scan s ON s.hospital = p_hospital AND s.di = k.di AND s.issuer = k.issuer
        UNION
        SELECT d.position_id, d.record_offset FROM unnest(p_issuers, p_dis) k (issuer, di) JOIN udi.decision d ON d.di = k.di AND d.issuer = k.issuer
    ) found
    JOIN udi.scan_now n USING (position_id, record_offset)
    LEFT JOIN LATERAL (
        SELECT e.department FROM udi.encounter e
        WHERE n.department IS NULL AND (e.hospital, e.encounter) = (n.hospital, n.encounter) ORDER BY e.version DESC LIMIT 1
    ) home ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE WHEN m.takes_back THEN -1 ELSE 1 END), 0) AS times FROM udi.stock_move m
        WHERE (m.position_id, m.record_offset) = (n.position_id, n.record_offset)
    ) ways
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.units), 0)::bigint AS units FROM udi.use_change r WHERE (r.use_position, r.use_offset) = (n.position_id, n.record_offset)
    ) back
    WHERE n.hospital = p_hospital AND n.verdict NOT IN ('duplicate', 'conflict', 'refused')
      AND EXISTS (SELECT FROM unnest(p_issuers, p_dis) k (issuer, di) WHERE (k.issuer, k.di) = (n.issuer, n.di))
      AND NOT n.reasons && ARRAY['rejected', 'corrected'] AND NOT (n.verdict = 'recorded' AND n.reasons && ARRAY['half-label'])
    ORDER BY n.scanned_at, n.scan_id
$$;

CREATE VIEW udi.recall_now AS
SELECT DISTINCT ON (hospital, recall) hospital, recall, version, fact, body, recorded_at, accepted_at
FROM udi.recall ORDER BY hospital, recall, version DESC;
COMMENT ON VIEW udi.recall_now IS 'The version of each notice that holds.';

CREATE VIEW report.recalls AS
SELECT r.hospital, r.recall, r.version, r.version = max(r.version) OVER (PARTITION BY r.hospital, r.recall) AS holds, body ->> 'class' AS class,
       (body ->> 'issued_on')::date AS issued_on,
       (body ->> 'issued_on')::date + CASE body ->> 'class' WHEN '1' THEN 1 WHEN '2' THEN 3 ELSE 7 END AS due_on, (body ->> 'ended_on')::date AS ended_on,
       body ->> 'reason' AS reason, r.recorded_at, r.accepted_at
FROM (SELECT hospital, recall, version, convert_from(body, 'UTF8')::jsonb AS body, recorded_at, accepted_at FROM udi.recall) r;

CREATE VIEW report.recall_lines AS
SELECT l.hospital, l.recall, l.version, l.line_id, l.kind, l.encounter, l.store, l.department, l.item_code, l.issuer, l.di, l.lot, l.serial, l.expiry, l.quantity,
       l.chance, l.reckoned, l.scan_id, l.happened_at,
       CASE WHEN l.gone_at IS NOT NULL THEN 'gone' WHEN c.quantity >= l.quantity THEN 'closed' WHEN l.kind IN ('waste', 'supplier') THEN 'ended'
            ELSE 'open' END AS status,
       CASE WHEN c.quantity >= l.quantity THEN c.closed_at ELSE l.gone_at END AS closed_at,
       CASE WHEN c.quantity >= l.quantity THEN c.closed_by END AS closed_by, CASE WHEN c.quantity >= l.quantity THEN c.reason END AS closing_reason, l.listed_at
FROM udi.recall_line l
LEFT JOIN LATERAL (
    SELECT * FROM udi.recall_closing c WHERE (c.hospital, c.recall, c.line_id) = (l.hospital, l.recall, l.line_id) ORDER BY c.n DESC LIMIT 1
) c ON true;
