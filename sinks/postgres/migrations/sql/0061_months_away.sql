-- Months of raw bytes can be taken out of the table, kept elsewhere, and put back. docs/adr/0017-months.md.

CREATE TABLE udi.raw_move (
    move_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    month   integer NOT NULL,
    away    boolean NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    by      text NOT NULL CHECK (by <> ''),
    records bigint NOT NULL CHECK (records >= 0),
    bytes   bigint NOT NULL CHECK (bytes >= 0)
);
COMMENT ON TABLE udi.raw_move IS 'Months (yyyymm, UTC) whose raw bytes were taken out of udi.scan_raw (away) or put back: when, by whom, how many records and bytes. The newest of a month holds. Append-only.';
CREATE INDEX raw_move_of_month ON udi.raw_move (month, move_id);
COMMENT ON INDEX udi.raw_move_of_month IS 'Whether a month''s raw bytes are away: udi.raw_bytes, udi verify --chain, udi raw.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.raw_move FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

CREATE VIEW udi.raw_away AS
SELECT n.month, n.at, n.by, n.records, n.bytes
FROM (SELECT DISTINCT ON (month) * FROM udi.raw_move ORDER BY month, move_id DESC) n WHERE n.away;
COMMENT ON VIEW udi.raw_away IS 'The months whose raw bytes are out of the table now.';

CREATE OR REPLACE VIEW udi.raw_bytes AS
SELECT s.position_id, s.record_offset, coalesce(s.raw, apart.raw) AS raw, CASE WHEN coalesce(s.raw, apart.raw) IS NULL THEN gone.at END AS let_go_at
FROM udi.scan s
LEFT JOIN LATERAL (
    SELECT c.recorded_at FROM udi.chain c WHERE c.position_id = s.position_id AND c.lo <= s.record_offset AND c.hi > c.lo ORDER BY c.lo DESC LIMIT 1
) batch ON s.raw IS NULL
LEFT JOIN udi.scan_raw apart ON (apart.position_id, apart.record_offset, apart.stored_at) = (s.position_id, s.record_offset, batch.recorded_at)
LEFT JOIN (
    SELECT month, min(at) AS at FROM (SELECT month, at FROM udi.raw_purge UNION ALL SELECT month, at FROM udi.raw_away) every_way GROUP BY month
) gone ON gone.month = udi.raw_month(batch.recorded_at);
COMMENT ON VIEW udi.raw_bytes IS 'The one place that finds the raw bytes of a recorded scan: apart, or in its row where a service before 0042 recorded it. let_go_at: since when they are gone, by retention or with a month that is away; null when they are there.';

CREATE FUNCTION udi.raw_month_waits(p_month integer) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM udi.raw_needed n
    JOIN udi.scan_raw r USING (position_id, record_offset)
    CROSS JOIN to_timestamp(p_month || '01 +00', 'YYYYMMDD TZH') first (at)
    WHERE r.stored_at >= first.at AND r.stored_at < first.at + interval '1 month'
$$;
COMMENT ON FUNCTION udi.raw_month_waits IS 'How many scans whose raw bytes lie in a month (yyyymm, UTC) somebody will still read: udi.raw_needed.';

-- DETACH locks the table, for which lanes wait: nothing that takes long comes after it, and it gives up after a quarter of a second.
CREATE FUNCTION udi.detach_raw(p_month integer, p_by text, OUT records bigint, OUT bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, udi SET lock_timeout = '250ms' AS $$
DECLARE
    first constant timestamptz := to_timestamp(p_month || '01 +00', 'YYYYMMDD TZH');
    waits bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1983);
    IF p_month NOT IN (SELECT month FROM udi.raw_months) OR p_month IN (SELECT month FROM udi.raw_purge) OR p_month IN (SELECT month FROM udi.raw_away) THEN
        RAISE EXCEPTION 'Expected a month with all its raw bytes, got %.', p_month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF p_month >= udi.raw_month(clock_timestamp() - interval '3 months') THEN
        RAISE EXCEPTION 'Expected a month that ended three whole months ago, got %.', p_month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    waits := udi.raw_month_waits(p_month);
    IF waits > 0 THEN
        RAISE EXCEPTION 'Expected a month of which nothing waits, % scans of % do.', waits, p_month USING ERRCODE = 'object_in_use';
    END IF;
    SELECT count(*), coalesce(sum(octet_length(r.raw)), 0) INTO records, bytes
    FROM udi.scan_raw r WHERE r.stored_at >= first AND r.stored_at < first + interval '1 month';
    INSERT INTO udi.raw_move (month, away, by, records, bytes) VALUES (p_month, true, p_by, records, bytes);
    EXECUTE format('ALTER TABLE udi.scan_raw DETACH PARTITION udi_raw.%I', 'scan_raw_' || p_month);
    -- Its name is free: should a clock that has gone back need the month, it is made again.
    EXECUTE format('ALTER TABLE udi_raw.%I RENAME TO %I', 'scan_raw_' || p_month, 'away_' || p_month);
END $$;
COMMENT ON FUNCTION udi.detach_raw IS 'Takes a month (yyyymm, UTC) of raw bytes out of udi.scan_raw, into the table udi_raw.away_<month>; gives how many records and bytes.';

CREATE FUNCTION udi.attach_raw(p_month integer, p_by text, OUT records bigint, OUT bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, udi SET lock_timeout = '250ms' AS $$
DECLARE
    first constant timestamptz := to_timestamp(p_month || '01 +00', 'YYYYMMDD TZH');
    after constant timestamptz := to_timestamp(p_month || '01 +00', 'YYYYMMDD TZH') + interval '1 month';
    part  constant text := 'scan_raw_' || p_month;
    wrong record;
BEGIN
    PERFORM pg_advisory_xact_lock(1983);
    IF p_month NOT IN (SELECT month FROM udi.raw_away) THEN
        RAISE EXCEPTION 'Expected a month that is away, got %.', p_month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF to_regclass('udi_raw.away_' || p_month) IS NULL THEN
        RAISE EXCEPTION 'Expected the table udi_raw.away_%, found none.', p_month USING ERRCODE = 'undefined_table';
    END IF;
    -- With what a clock that went back has stored in the month meanwhile.
    EXECUTE format($part$
        SELECT coalesce(c.lane, p.partition) AS lane, c.batch, coalesce(c.recorded_at, found.stored_at) AS at
        FROM (SELECT * FROM udi.chain WHERE counts[6] > 0 AND recorded_at >= $1 AND recorded_at < $2) c
        FULL JOIN (
            SELECT r.position_id, r.stored_at, count(*) AS n,
                   sha256(string_agg(record_send(ROW(r.position_id, r.record_offset, r.raw)), ''::bytea ORDER BY r.record_offset)) AS digest
            FROM (
                SELECT position_id, record_offset, stored_at, raw FROM udi_raw.%I
                UNION ALL
                SELECT position_id, record_offset, stored_at, raw FROM udi.scan_raw WHERE stored_at >= $1 AND stored_at < $2
            ) r GROUP BY r.position_id, r.stored_at
        ) found ON (found.position_id, found.stored_at) = (c.position_id, c.recorded_at)
        LEFT JOIN udi.position p ON p.position_id = found.position_id
        WHERE found.n IS DISTINCT FROM c.counts[6] OR found.digest IS DISTINCT FROM c.digests[6]
        ORDER BY 3 LIMIT 1 $part$, 'away_' || p_month) INTO wrong USING first, after;
    IF wrong.at IS NOT NULL THEN
        RAISE EXCEPTION 'Expected the raw bytes that were recorded, those of lane %, batch % of % are others.', wrong.lane, wrong.batch, wrong.at
            USING ERRCODE = 'check_violation', CONSTRAINT = 'raw_bytes_as_recorded';
    END IF;
    EXECUTE format('SELECT count(*), coalesce(sum(octet_length(raw)), 0) FROM udi_raw.%I', 'away_' || p_month) INTO records, bytes;
    IF to_regclass('udi_raw.' || part) IS NOT NULL THEN
        EXECUTE format('INSERT INTO udi_raw.%I (stored_at, position_id, record_offset, raw) SELECT stored_at, position_id, record_offset, raw FROM udi_raw.%I',
            'away_' || p_month, part);
        EXECUTE format('ALTER TABLE udi.scan_raw DETACH PARTITION udi_raw.%I', part);
        EXECUTE format('DROP TABLE udi_raw.%I', part);
    END IF;
    EXECUTE format('ALTER TABLE udi_raw.%I RENAME TO %I', 'away_' || p_month, part);
    -- Who brought it back from elsewhere may have brought it without.
    EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON udi_raw.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', part);
    EXECUTE format('ALTER TABLE udi.scan_raw ATTACH PARTITION udi_raw.%I FOR VALUES FROM (%L) TO (%L)', part, first, after);
    INSERT INTO udi.raw_move (month, away, by, records, bytes) VALUES (p_month, false, p_by, records, bytes);
END $$;
COMMENT ON FUNCTION udi.attach_raw IS 'Puts a month (yyyymm, UTC) of raw bytes back into udi.scan_raw, when they are those that were recorded; gives how many records and bytes.';
