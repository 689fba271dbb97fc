-- Pages over large books: each list begins with the rows it shows, never with every scan.

CREATE INDEX open_scan_waits ON udi.open_scan (hospital, verdict, since);

-- Uses for review: the few that were let pass, whatever the number of scans.
CREATE INDEX scan_let_pass ON udi.scan (position_id, record_offset) WHERE reasons && ARRAY['overridden', 'breaker-trial'];
CREATE INDEX decision_let_pass ON udi.decision (position_id, record_offset) WHERE reasons && ARRAY['overridden', 'breaker-trial'];
CREATE OR REPLACE VIEW report.overrides AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.department, n.store, n.encounter, n.staff, n.units AS quantity, n.verdict::text AS verdict,
       n.reasons, udi.masked_2(coalesce(raw.body -> 'override' ->> 'badge', later.badge)) AS badge,
       udi.masked_2(coalesce(raw.body -> 'override' ->> 'reason', later.reason)) AS reason
FROM (
    SELECT position_id, record_offset FROM udi.scan WHERE reasons && ARRAY['overridden', 'breaker-trial']
    UNION SELECT position_id, record_offset FROM udi.decision WHERE reasons && ARRAY['overridden', 'breaker-trial']
) let_pass
JOIN udi.scan_now n USING (position_id, record_offset)
JOIN udi.scan s USING (position_id, record_offset)
CROSS JOIN LATERAL (SELECT convert_from(s.raw, 'UTF8')::jsonb AS body) raw
LEFT JOIN LATERAL (
    SELECT c.body ->> 'badge' AS badge, c.reason FROM udi.command c JOIN udi.command_outcome o USING (lane, seq)
    WHERE c.hospital = n.hospital AND c.scan_id = n.scan_id AND c.kind = 'override' AND o.done ORDER BY c.seq LIMIT 1
) later ON true
WHERE n.reasons && ARRAY['overridden', 'breaker-trial'];

-- What is on its way between stores: the moves that went there or came from there.
CREATE INDEX scan_in_transit ON udi.scan (position_id, record_offset)
    WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%' OR to_store LIKE 'in-transit/%' OR store LIKE 'in-transit/%';
CREATE INDEX decision_in_transit ON udi.decision (position_id, record_offset)
    WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%';
CREATE OR REPLACE VIEW report.in_transit AS
SELECT hospital, nullif(document, '') AS document, min(from_place) FILTER (WHERE sent) AS from_store, to_store, item_code, lot, serial, owner,
       sum(units) AS quantity, min(moved_at) FILTER (WHERE sent) AS sent_at
FROM (
    SELECT m.hospital, coalesce(m.document, '') AS document, CASE WHEN way.sent THEN m.from_place END AS from_place,
           substr(CASE WHEN way.sent THEN m.to_place ELSE m.from_place END, length('in-transit/') + 1) AS to_store,
           m.item_code, m.lot, m.serial, m.owner, CASE WHEN way.sent THEN m.units ELSE -m.units END AS units, m.moved_at, way.sent
    FROM (
        SELECT position_id, record_offset FROM udi.scan
        WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%' OR to_store LIKE 'in-transit/%' OR store LIKE 'in-transit/%'
        UNION SELECT position_id, record_offset FROM udi.decision WHERE from_place LIKE 'in-transit/%' OR to_place LIKE 'in-transit/%'
    ) moved
    CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (moved.position_id, moved.record_offset) OFFSET 0
    ) m
    CROSS JOIN (VALUES (true), (false)) way (sent)
    WHERE CASE WHEN way.sent THEN m.to_place ELSE m.from_place END LIKE 'in-transit/%'
) m
GROUP BY hospital, document, to_store, item_code, lot, serial, owner
HAVING sum(units) <> 0;

-- A month is read from its own scans, a case from its own: the planner took the whole table for the cheaper side.
CREATE OR REPLACE FUNCTION udi.used_at_cost(p_hospital text, p_from date, p_to date)
RETURNS TABLE (encounter text, department text, item_code text, units bigint, income_fen bigint, cost_fen bigint, units_without_cost bigint)
LANGUAGE sql STABLE ROWS 20000 AS $$
    WITH zone AS (SELECT i.zone AS name FROM udi.installation i), used AS MATERIALIZED (
        SELECT u.encounter, u.department, u.item_code, udi.local_day(u.scanned_at) AS day,
               CASE WHEN u.stands THEN u.units - u.returned_units ELSE 0 END AS units, u.charged_fen
        FROM zone
        CROSS JOIN LATERAL udi.scans_between(p_hospital, p_from::timestamp AT TIME ZONE zone.name, p_to::timestamp AT TIME ZONE zone.name) s
        CROSS JOIN LATERAL (
            SELECT * FROM udi.used u WHERE (u.position_id, u.record_offset) = (s.position_id, s.record_offset) OFFSET 0
        ) u
    ), costs AS MATERIALIZED (SELECT * FROM udi.item_cost c WHERE c.hospital = p_hospital),
    priced AS MATERIALIZED (
        -- Two costs in force on one day are none, as for a charge.
        SELECT d.item_code, d.day, CASE count(c.cost) WHEN 1 THEN min(c.cost) END AS cost
        FROM (SELECT DISTINCT item_code, day FROM used WHERE item_code IS NOT NULL) d
        LEFT JOIN costs c ON c.item_code = d.item_code AND (c.from_on IS NULL OR c.from_on <= d.day) AND (c.to_on IS NULL OR c.to_on > d.day)
        GROUP BY d.item_code, d.day
    )
    SELECT u.encounter, u.department, u.item_code, sum(u.units)::bigint, sum(u.charged_fen)::bigint,
           coalesce(sum(div(u.units * p.cost * 2 + 100, 200)), 0)::bigint, coalesce(sum(u.units) FILTER (WHERE p.cost IS NULL), 0)::bigint
    FROM used u LEFT JOIN priced p USING (item_code, day)
    GROUP BY u.encounter, u.department, u.item_code
$$;
CREATE OR REPLACE FUNCTION udi.encounters_at_cost(p_hospital text, p_encounters text[])
RETURNS TABLE (encounter text, income_fen bigint, cost_fen bigint, units_without_cost bigint) LANGUAGE sql STABLE ROWS 10000 AS $$
    WITH used AS MATERIALIZED (
        SELECT u.encounter, u.item_code, udi.local_day(u.scanned_at) AS day, CASE WHEN u.stands THEN u.units - u.returned_units ELSE 0 END AS units,
               u.charged_fen
        FROM unnest(p_encounters) e (encounter)
        CROSS JOIN LATERAL (SELECT * FROM udi.used u WHERE u.hospital = p_hospital AND u.encounter = e.encounter OFFSET 0) u
    ), costs AS MATERIALIZED (SELECT * FROM udi.item_cost c WHERE c.hospital = p_hospital),
    priced AS MATERIALIZED (
        SELECT d.item_code, d.day, CASE count(c.cost) WHEN 1 THEN min(c.cost) END AS cost
        FROM (SELECT DISTINCT item_code, day FROM used WHERE item_code IS NOT NULL) d
        LEFT JOIN costs c ON c.item_code = d.item_code AND (c.from_on IS NULL OR c.from_on <= d.day) AND (c.to_on IS NULL OR c.to_on > d.day)
        GROUP BY d.item_code, d.day
    )
    SELECT u.encounter, sum(u.charged_fen)::bigint, coalesce(sum(div(u.units * p.cost * 2 + 100, 200)), 0)::bigint,
           coalesce(sum(u.units) FILTER (WHERE p.cost IS NULL), 0)::bigint
    FROM used u LEFT JOIN priced p USING (item_code, day) GROUP BY u.encounter
$$;
