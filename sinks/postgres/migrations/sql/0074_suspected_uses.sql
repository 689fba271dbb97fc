-- What left a cabinet is told in the time of what left, not of that times the reads.
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
    WHERE (r.hospital, r.store, r.place) = (c.hospital, c.store, c.place) ORDER BY r.read_at DESC, r.fingerprint DESC LIMIT 1
) newest;

-- A count that misses a unit says no more than its cabinet: where it went nobody knows. One that finds it says that it is there.
CREATE OR REPLACE VIEW report.suspected_uses AS
SELECT g.hospital, g.store, g.place, r.session, r.staff, g.seen_at, g.read_at AS missed_at, coalesce(known.item_code, udi.item_of_di(g.hospital, g.di)) AS item_code, g.issuer, g.di, g.serial,
       CASE WHEN told.scan_id IS NOT NULL THEN 'scanned' WHEN again.seen THEN 'came-back' ELSE 'suspected' END AS status, told.scan_id
FROM udi.cabinet_gone g
JOIN udi.cabinet_read r USING (hospital, store, place, read_at, fingerprint)
LEFT JOIN udi.unit_place known ON (known.hospital, known.issuer, known.di, known.serial) = (g.hospital, g.issuer, g.di, g.serial)
-- Joined as a whole: asked for one unit after the other, the newest reads would be gathered for each.
LEFT JOIN (
    SELECT c.hospital, u.issuer, u.di, u.serial, max(c.read_at) AS read_at
    FROM udi.cabinet_newest c CROSS JOIN LATERAL unnest(c.issuers, c.dis, c.serials) u (issuer, di, serial) GROUP BY 1, 2, 3, 4
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
CROSS JOIN LATERAL (
    SELECT told.found OR coalesce(held.read_at >= g.read_at, false) OR EXISTS (
        SELECT FROM udi.cabinet_gone later
        WHERE (later.hospital, later.issuer, later.di, later.serial) = (g.hospital, g.issuer, g.di, g.serial) AND later.seen_at >= g.read_at
    ) AS seen
) again;
