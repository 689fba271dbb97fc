-- Reads of a cabinet that say one instant follow each other as they came, and a unit comes back only by a read that follows the one that missed it.
CREATE FUNCTION udi.offset_of(p_origin text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN substring(p_origin FROM '[0-9]+$')::bigint;
COMMENT ON FUNCTION udi.offset_of IS 'The offset of a record by its origin, topic/partition/offset.';

CREATE OR REPLACE VIEW udi.cabinet_newest AS
WITH RECURSIVE cabinet AS (
    (SELECT hospital, store, place FROM udi.cabinet_read ORDER BY hospital, store, place LIMIT 1)
    UNION ALL
    SELECT following.* FROM cabinet c CROSS JOIN LATERAL (
        SELECT r.hospital, r.store, r.place FROM udi.cabinet_read r
        WHERE (r.hospital, r.store, r.place) > (c.hospital, c.store, c.place) ORDER BY r.hospital, r.store, r.place LIMIT 1
    ) following
)
SELECT newest.* FROM cabinet c CROSS JOIN LATERAL (
    SELECT r.* FROM udi.cabinet_read r
    WHERE (r.hospital, r.store, r.place) = (c.hospital, c.store, c.place)
    ORDER BY r.read_at DESC, r.recorded_at DESC, udi.offset_of(r.origin) DESC, r.fingerprint DESC LIMIT 1
) newest;
COMMENT ON VIEW udi.cabinet_newest IS 'The newest read of each cabinet; of one instant the one that came last.';

CREATE FUNCTION udi.find_gone_2(r udi.cabinet_read) RETURNS void LANGUAGE sql AS $$
    DELETE FROM udi.cabinet_gone g WHERE (g.hospital, g.store, g.place, g.read_at, g.fingerprint) = (r.hospital, r.store, r.place, r.read_at, r.fingerprint);
    INSERT INTO udi.cabinet_gone
    SELECT r.hospital, r.store, r.place, r.read_at, r.fingerprint, gone.issuer, gone.di, gone.serial, before.read_at
    FROM (
        SELECT b.* FROM udi.cabinet_read b
        WHERE (b.hospital, b.store, b.place) = (r.hospital, r.store, r.place) AND b.read_at <= r.read_at
          AND (b.read_at, b.recorded_at, udi.offset_of(b.origin), b.fingerprint) < (r.read_at, r.recorded_at, udi.offset_of(r.origin), r.fingerprint)
        ORDER BY b.read_at DESC, b.recorded_at DESC, udi.offset_of(b.origin) DESC, b.fingerprint DESC LIMIT 1
    ) before
    CROSS JOIN LATERAL (
        SELECT u.issuer, u.di, u.serial FROM unnest(before.issuers, before.dis, before.serials) u (issuer, di, serial)
        EXCEPT
        SELECT u.issuer, u.di, u.serial FROM unnest(r.issuers, r.dis, r.serials) u (issuer, di, serial)
    ) gone
$$;
COMMENT ON FUNCTION udi.find_gone_2 IS 'What a read lacks of the read before it, found again; of one instant they follow each other as they came.';

CREATE FUNCTION udi.record_cabinet_reads_2(
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
        PERFORM udi.find_gone_2(came);
        SELECT a.* INTO after FROM udi.cabinet_read a
        WHERE (a.hospital, a.store, a.place) = (came.hospital, came.store, came.place) AND a.read_at >= came.read_at
          AND (a.read_at, a.recorded_at, udi.offset_of(a.origin), a.fingerprint) > (came.read_at, came.recorded_at, udi.offset_of(came.origin), came.fingerprint)
        ORDER BY a.read_at, a.recorded_at, udi.offset_of(a.origin), a.fingerprint LIMIT 1;
        IF FOUND THEN
            PERFORM udi.find_gone_2(after);
        END IF;
    END LOOP;
    FOREACH letters IN ARRAY p_letters LOOP
        UPDATE udi.lane SET dead_letters_seq = dead_letters_seq + cardinality(letters.ids) WHERE lane = p_letters_lane RETURNING dead_letters_seq INTO last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins)
        VALUES (letters.topic, p_letters_lane, last - cardinality(letters.ids) + 1, last, letters.ids, letters.keys, letters.bodies, letters.reasons, letters.origins);
    END LOOP;
    RETURN new;
END $$;
COMMENT ON FUNCTION udi.record_cabinet_reads_2 IS 'Records one batch of udi.cabinet-reads in one transaction and returns how many were new; they follow each other as udi.find_gone_2 says.';

-- What has gone is found again for reads of an instant that several share, and for the read that follows them.
SELECT udi.find_gone_2(c)
FROM udi.cabinet_read c
WHERE EXISTS (
    SELECT FROM (
        SELECT n.read_at FROM udi.cabinet_read n
        WHERE (n.hospital, n.store, n.place) = (c.hospital, c.store, c.place) AND n.read_at <= c.read_at ORDER BY n.read_at DESC LIMIT 3
    ) near GROUP BY near.read_at HAVING count(*) > 1
);

CREATE OR REPLACE VIEW report.suspected_uses_2 AS
SELECT g.hospital, g.store, g.place, r.session, r.staff, g.seen_at, g.read_at AS missed_at, coalesce(known.item_code, udi.item_of_di(g.hospital, g.di)) AS item_code, g.issuer, g.di, g.serial,
       CASE WHEN told.scan_id IS NOT NULL THEN 'scanned' WHEN again.here THEN 'came-back' WHEN again.elsewhere THEN 'seen-elsewhere' ELSE 'suspected' END AS status, told.scan_id,
       CASE WHEN told.scan_id IS NULL AND NOT again.here THEN again.seen_in END AS seen_in, CASE WHEN told.scan_id IS NULL AND NOT again.here THEN again.seen_in_at END AS seen_in_at
FROM udi.cabinet_gone g
JOIN udi.cabinet_read r USING (hospital, store, place, read_at, fingerprint)
LEFT JOIN udi.unit_place known ON (known.hospital, known.issuer, known.di, known.serial) = (g.hospital, g.issuer, g.di, g.serial)
-- Joined as a whole: asked for one unit after the other, the newest reads would be gathered for each.
LEFT JOIN (
    SELECT DISTINCT ON (c.hospital, u.issuer, u.di, u.serial) c.hospital, u.issuer, u.di, u.serial, c.store, c.place, c.read_at
    FROM udi.cabinet_newest c CROSS JOIN LATERAL unnest(c.issuers, c.dis, c.serials) u (issuer, di, serial)
    ORDER BY c.hospital, u.issuer, u.di, u.serial, c.read_at DESC, c.store, c.place
) held ON (held.hospital, held.issuer, held.di, held.serial) = (g.hospital, g.issuer, g.di, g.serial)
CROSS JOIN LATERAL (
    SELECT (array_agg(n.scan_id ORDER BY n.scanned_at, n.scan_id) FILTER (
               WHERE n.action NOT IN ('receive', 'accept', 'count', 'return', 'clear', 'missing', 'found', 'identify')
           ))[1] AS scan_id,
           coalesce(bool_or(n.action = 'found' AND n.scanned_at >= g.read_at), false) AS found
    FROM udi.scans_of(g.hospital, ARRAY[g.issuer], ARRAY[g.di], NULL, g.serial) k
    CROSS JOIN LATERAL (
        SELECT * FROM udi.scan_now one WHERE (one.position_id, one.record_offset) = (k.position_id, k.record_offset) OFFSET 0
    ) n
    WHERE n.scanned_at >= g.seen_at - interval '5 minutes' AND NOT n.reasons && ARRAY['rejected', 'corrected']
) told
-- A run of reads that have the unit ends in what a cabinet still holds, or in what has gone from it: these are all of its last sights.
-- What goes from this cabinet by a later read than this one had come back in between.
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(s.is_here), false) AS here, coalesce(bool_or(s.is_elsewhere), false) AS elsewhere,
           (array_agg(s.store || '/' || s.place ORDER BY s.at DESC, s.store, s.place) FILTER (WHERE s.is_elsewhere))[1] AS seen_in,
           max(s.at) FILTER (WHERE s.is_elsewhere) AS seen_in_at
    FROM (
        SELECT held.store, held.place, held.read_at AS at, (held.store, held.place) = (g.store, g.place) AND held.read_at >= g.read_at AS is_here,
               (held.store, held.place) <> (g.store, g.place) AND held.read_at >= g.seen_at AS is_elsewhere
        UNION ALL
        SELECT later.store, later.place, later.seen_at,
               (later.store, later.place) = (g.store, g.place) AND (later.read_at, missed.recorded_at, udi.offset_of(missed.origin), later.fingerprint)
                   > (g.read_at, r.recorded_at, udi.offset_of(r.origin), g.fingerprint),
               (later.store, later.place) <> (g.store, g.place) AND (later.seen_at, later.read_at, later.store, later.place) > (g.seen_at, g.read_at, g.store, g.place)
        FROM udi.cabinet_gone later JOIN udi.cabinet_read missed USING (hospital, store, place, read_at, fingerprint)
        WHERE (later.hospital, later.issuer, later.di, later.serial) = (g.hospital, g.issuer, g.di, g.serial) AND later.seen_at >= g.seen_at
    ) s
) sight
CROSS JOIN LATERAL (SELECT sight.here OR told.found AS here, sight.elsewhere, sight.seen_in, sight.seen_in_at) again;
