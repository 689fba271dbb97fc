-- A foreign tag that left a cabinet is no suspected use: no scan of it can clear that, and nothing is to be charged.
CREATE VIEW report.suspected_uses_3 AS
SELECT hospital, store, place, session, staff, seen_at, missed_at, item_code, issuer, di, serial,
       CASE WHEN status = 'suspected' AND item_code IS NULL THEN 'unknown-item' ELSE status END AS status, scan_id, seen_in, seen_in_at
FROM report.suspected_uses_2;
COMMENT ON VIEW report.suspected_uses_3 IS 'As report.suspected_uses_2; unknown-item: no item of the house has the identifier of what left. Suspected, once one has.';
