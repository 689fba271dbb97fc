-- Cabinets that read RFID tags: what each read saw, and what has gone from one read to the next. Nothing is charged and nothing moves by it.

CREATE TABLE udi.cabinet_read (
    hospital    text NOT NULL,
    store       text NOT NULL,
    place       text NOT NULL,
    read_at     timestamptz NOT NULL,
    session     text,
    staff       text,
    issuers     text[] NOT NULL,
    dis         text[] NOT NULL,
    serials     text[] NOT NULL,
    unread      text[] NOT NULL,
    fingerprint bytea NOT NULL,
    origin      text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT cabinet_read_once PRIMARY KEY (hospital, store, place, read_at, fingerprint),
    CONSTRAINT units_are_whole CHECK (cardinality(issuers) = cardinality(dis) AND cardinality(dis) = cardinality(serials))
);
COMMENT ON TABLE udi.cabinet_read IS 'The tags of a cabinet at an instant: units by issuer, identifier and serial (three lists side by side), and texts that name no unit. Append-only.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.cabinet_read FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change();

CREATE TABLE udi.cabinet_gone (
    hospital    text NOT NULL,
    store       text NOT NULL,
    place       text NOT NULL,
    read_at     timestamptz NOT NULL,
    fingerprint bytea NOT NULL,
    issuer      text NOT NULL,
    di          text NOT NULL,
    serial      text NOT NULL,
    seen_at     timestamptz NOT NULL,
    PRIMARY KEY (hospital, store, place, read_at, fingerprint, issuer, di, serial),
    FOREIGN KEY (hospital, store, place, read_at, fingerprint) REFERENCES udi.cabinet_read
);
COMMENT ON TABLE udi.cabinet_gone IS 'Units that a read of a cabinet lacks and the read before it (seen_at) had. Follows from udi.cabinet_read, also when a read comes late.';
CREATE INDEX cabinet_gone_unit ON udi.cabinet_gone (hospital, di, serial);
COMMENT ON INDEX udi.cabinet_gone_unit IS 'report.suspected_uses: whether a unit was seen again before it went another time.';

CREATE FUNCTION udi.find_gone(r udi.cabinet_read) RETURNS void LANGUAGE sql AS $$
    DELETE FROM udi.cabinet_gone g WHERE (g.hospital, g.store, g.place, g.read_at, g.fingerprint) = (r.hospital, r.store, r.place, r.read_at, r.fingerprint);
    INSERT INTO udi.cabinet_gone
    SELECT r.hospital, r.store, r.place, r.read_at, r.fingerprint, gone.issuer, gone.di, gone.serial, before.read_at
    FROM (
        SELECT b.* FROM udi.cabinet_read b
        WHERE (b.hospital, b.store, b.place) = (r.hospital, r.store, r.place) AND (b.read_at, b.fingerprint) < (r.read_at, r.fingerprint)
        ORDER BY b.read_at DESC, b.fingerprint DESC LIMIT 1
    ) before
    CROSS JOIN LATERAL (
        SELECT u.issuer, u.di, u.serial FROM unnest(before.issuers, before.dis, before.serials) u (issuer, di, serial)
        EXCEPT
        SELECT u.issuer, u.di, u.serial FROM unnest(r.issuers, r.dis, r.serials) u (issuer, di, serial)
    ) gone
$$;
COMMENT ON FUNCTION udi.find_gone IS 'What a read lacks of the read before it, found again.';

CREATE FUNCTION udi.record_cabinet_reads(
    p_position smallint, p_lo bigint, p_hi bigint, p_last_hash bytea, p_reads udi.cabinet_read[], p_letters_lane smallint, p_letters udi.outbox_block[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_offset bigint;
    came udi.cabinet_read;
    after udi.cabinet_read;
    letters udi.outbox_block;
    last bigint;
    new bigint := 0;
BEGIN
    SELECT next_offset INTO at_offset FROM udi.position WHERE position_id = p_position FOR UPDATE;
    IF at_offset IS DISTINCT FROM p_lo THEN
        RAISE EXCEPTION 'Position % is at offset %, expected %.', p_position, at_offset, p_lo USING ERRCODE = 'UD001';
    END IF;
    UPDATE udi.position SET next_offset = p_hi, last_hash = coalesce(p_last_hash, last_hash) WHERE position_id = p_position;
    FOREACH came IN ARRAY p_reads LOOP
        -- Reads of a cabinet come one by one: what is gone is told from the read before, which another partition may be recording.
        PERFORM pg_advisory_xact_lock(1990, hashtext(concat_ws('/', came.hospital, came.store, came.place)));
        INSERT INTO udi.cabinet_read SELECT came.* ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        new := new + 1;
        PERFORM udi.find_gone(came);
        SELECT a.* INTO after FROM udi.cabinet_read a
        WHERE (a.hospital, a.store, a.place) = (came.hospital, came.store, came.place) AND (a.read_at, a.fingerprint) > (came.read_at, came.fingerprint)
        ORDER BY a.read_at, a.fingerprint LIMIT 1;
        IF FOUND THEN
            PERFORM udi.find_gone(after);
        END IF;
    END LOOP;
    FOREACH letters IN ARRAY p_letters LOOP
        UPDATE udi.lane SET dead_letters_seq = dead_letters_seq + cardinality(letters.ids) WHERE lane = p_letters_lane RETURNING dead_letters_seq INTO last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins)
        VALUES (letters.topic, p_letters_lane, last - cardinality(letters.ids) + 1, last, letters.ids, letters.keys, letters.bodies, letters.reasons, letters.origins);
    END LOOP;
    RETURN new;
END $$;
COMMENT ON FUNCTION udi.record_cabinet_reads IS 'Records one batch of udi.cabinet-reads in one transaction and returns how many were new.';

CREATE FUNCTION udi.item_of_di(p_hospital text, p_di text) RETURNS text LANGUAGE sql STABLE RETURN (
    SELECT f.code FROM udi.fact_change f WHERE f.kind = 'item' AND f.hospital = p_hospital AND f.dis @> ARRAY[p_di] ORDER BY f.version DESC LIMIT 1
);
COMMENT ON FUNCTION udi.item_of_di IS 'The item that had an identifier last; null: none of the house ever had it.';

CREATE VIEW udi.cabinet_newest AS
SELECT DISTINCT ON (hospital, store, place) * FROM udi.cabinet_read ORDER BY hospital, store, place, read_at DESC, fingerprint DESC;
COMMENT ON VIEW udi.cabinet_newest IS 'The newest read of each cabinet.';

-- A scan clears a suspicion that says where the unit went, made up to five minutes before it was last seen: two clocks. A receipt and a count say nothing of it.
CREATE VIEW report.suspected_uses AS
SELECT g.hospital, g.store, g.place, r.session, r.staff, g.seen_at, g.read_at AS missed_at, coalesce(known.item_code, udi.item_of_di(g.hospital, g.di)) AS item_code, g.issuer, g.di, g.serial,
       CASE WHEN told.scan_id IS NOT NULL THEN 'scanned' WHEN again.seen THEN 'came-back' ELSE 'suspected' END AS status, told.scan_id
FROM udi.cabinet_gone g
JOIN udi.cabinet_read r USING (hospital, store, place, read_at, fingerprint)
LEFT JOIN udi.unit_place known ON (known.hospital, known.issuer, known.di, known.serial) = (g.hospital, g.issuer, g.di, g.serial)
LEFT JOIN LATERAL (
    SELECT n.scan_id FROM udi.scans_of(g.hospital, ARRAY[g.issuer], ARRAY[g.di], NULL, g.serial) k
    JOIN udi.scan_now n USING (position_id, record_offset)
    WHERE n.action NOT IN ('receive', 'accept', 'count', 'return', 'clear', 'found', 'identify') AND n.scanned_at >= g.seen_at - interval '5 minutes'
      AND NOT n.reasons && ARRAY['rejected', 'corrected']
    ORDER BY n.scanned_at, n.scan_id LIMIT 1
) told ON true
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM udi.cabinet_gone later
        WHERE (later.hospital, later.issuer, later.di, later.serial) = (g.hospital, g.issuer, g.di, g.serial) AND later.seen_at >= g.read_at
    ) OR EXISTS (
        SELECT FROM udi.cabinet_newest c CROSS JOIN LATERAL unnest(c.issuers, c.dis, c.serials) u (issuer, di, serial)
        WHERE c.hospital = g.hospital AND c.read_at >= g.read_at AND (u.issuer, u.di, u.serial) = (g.issuer, g.di, g.serial)
    ) AS seen
) again;

CREATE VIEW report.cabinet_tags AS
SELECT f.hospital, f.store, f.place, f.read_at, f.tag, f.issuer, f.di, f.serial, f.item_code, f.finding, f.is_at
FROM (
    SELECT c.hospital, c.store, c.place, c.read_at, NULL::text AS tag, u.issuer, u.di, u.serial, known.item_code,
           CASE WHEN known.item_code IS NULL THEN 'unknown-item' WHEN at.place IS NULL THEN 'not-received'
                WHEN at.place <> c.store || '/' || c.place THEN 'elsewhere' END AS finding, at.place AS is_at
    FROM udi.cabinet_newest c CROSS JOIN LATERAL unnest(c.issuers, c.dis, c.serials) u (issuer, di, serial)
    LEFT JOIN udi.unit_place at ON (at.hospital, at.issuer, at.di, at.serial) = (c.hospital, u.issuer, u.di, u.serial)
    CROSS JOIN LATERAL (SELECT coalesce(at.item_code, udi.item_of_di(c.hospital, u.di)) AS item_code OFFSET 0) known
    UNION ALL
    SELECT c.hospital, c.store, c.place, c.read_at, tag, NULL, NULL, NULL, NULL, 'unread', NULL FROM udi.cabinet_newest c CROSS JOIN LATERAL unnest(c.unread) tag
) f WHERE f.finding IS NOT NULL;
