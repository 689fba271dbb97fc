-- A unit is suspected once, in the cabinet that saw it last: another cabinet that saw it after this one explains what is missed here.
CREATE VIEW report.suspected_uses_2 AS
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
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(s.is_here AND s.at >= g.read_at), false) AS here, coalesce(bool_or(s.is_elsewhere), false) AS elsewhere,
           (array_agg(s.store || '/' || s.place ORDER BY s.at DESC, s.store, s.place) FILTER (WHERE s.is_elsewhere))[1] AS seen_in,
           max(s.at) FILTER (WHERE s.is_elsewhere) AS seen_in_at
    FROM (
        SELECT held.store, held.place, held.read_at AS at, (held.store, held.place) = (g.store, g.place) AS is_here,
               (held.store, held.place) <> (g.store, g.place) AND held.read_at >= g.seen_at AS is_elsewhere
        UNION ALL
        SELECT later.store, later.place, later.seen_at, (later.store, later.place) = (g.store, g.place),
               (later.store, later.place) <> (g.store, g.place) AND (later.seen_at, later.read_at, later.store, later.place) > (g.seen_at, g.read_at, g.store, g.place)
        FROM udi.cabinet_gone later
        WHERE (later.hospital, later.issuer, later.di, later.serial) = (g.hospital, g.issuer, g.di, g.serial) AND later.seen_at >= g.seen_at
    ) s
) sight
CROSS JOIN LATERAL (SELECT sight.here OR told.found AS here, sight.elsewhere, sight.seen_in, sight.seen_in_at) again;
COMMENT ON VIEW report.suspected_uses_2 IS 'Units that left a cabinet between two reads; seen-elsewhere: another cabinet of the hospital (seen_in) saw it after this one had seen it last. Of one unit at most one is suspected.';

CREATE OR REPLACE VIEW report.suspected_uses AS
SELECT hospital, store, place, session, staff, seen_at, missed_at, item_code, issuer, di, serial,
       CASE status WHEN 'seen-elsewhere' THEN 'came-back' ELSE status END AS status, scan_id
FROM report.suspected_uses_2;
COMMENT ON VIEW report.suspected_uses IS 'As report.suspected_uses_2, for who knows three states: what another cabinet saw later has come back.';

-- Cabinets of stores that nobody has told are named beside the goods there.
CREATE VIEW report.unknown_stores_2 AS
SELECT hospital, store, place, item_code, issuer, di, lot, serial, owner, quantity, scan_id, action, scanned_at, device_id FROM report.unknown_stores
UNION ALL
SELECT c.hospital, c.store, c.store || '/' || c.place, NULL, NULL, NULL, NULL, NULL, NULL, (cardinality(c.dis) + cardinality(c.unread))::bigint, NULL, 'cabinet-read',
       c.read_at, NULL
FROM (SELECT DISTINCT hospital FROM udi.store) h
JOIN udi.cabinet_newest c USING (hospital)
WHERE NOT EXISTS (
    SELECT FROM udi.store s WHERE s.hospital = c.hospital AND (s.store = c.store OR starts_with(c.store, s.store || '/'))
);
COMMENT ON VIEW report.unknown_stores_2 IS 'As report.unknown_stores, and the newest read of each cabinet in such a store (action cabinet-read, quantity its tags): a work list.';
