-- What a hospital has decided about charging: the way in, and what people look at. The table itself stands beside the catalogue.

CREATE FUNCTION udi.record_controls(p_controls udi.control[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    -- The counter's row lock makes versions gapless and visible in their order: a lane that gathers after this has committed knows it.
    SELECT version INTO before FROM udi.fact_counter FOR UPDATE;
    INSERT INTO udi.control SELECT hospital, kind, key, before + version, body, recorded_at FROM unnest(p_controls);
    INSERT INTO udi.fact_change (version, kind, hospital, code, recorded_at)
    SELECT before + version, 'control', hospital, key, recorded_at FROM unnest(p_controls);
    UPDATE udi.fact_counter SET version = before + cardinality(p_controls);
    RETURN before + cardinality(p_controls);
END $$;
COMMENT ON FUNCTION udi.record_controls IS 'Versions of breakers, quotas, ceilings and approvals; they come as 1..n and get their place after the counter.';

CREATE VIEW udi.control_now AS
SELECT DISTINCT ON (hospital, kind, key) * FROM udi.control ORDER BY hospital, kind, key, version DESC;

CREATE VIEW report.breakers AS
SELECT hospital, body ->> 'item_code' AS item_code, body ->> 'scope_type' AS scope_type, body ->> 'scope' AS scope, body ->> 'state' AS state,
       (body ->> 'since')::timestamptz AS since, (body ->> 'until')::timestamptz AS until, body ->> 'by' AS by, body ->> 'reason' AS reason
FROM udi.control_now WHERE kind = 'breaker';

CREATE VIEW report.breaker_history AS
SELECT hospital, body ->> 'item_code' AS item_code, body ->> 'scope_type' AS scope_type, body ->> 'scope' AS scope, version, body ->> 'state' AS state,
       (body ->> 'since')::timestamptz AS since, (body ->> 'until')::timestamptz AS until, body ->> 'by' AS by, body ->> 'reason' AS reason
FROM udi.control WHERE kind = 'breaker';

CREATE VIEW report.quotas AS
SELECT q.hospital, q.category, q.department, q.month, q.released, used.units AS used, q.released - used.units AS left, q.by, q.reason
FROM (
    SELECT hospital, body ->> 'category' AS category, body ->> 'department' AS department, body ->> 'month' AS month,
           (body ->> 'released')::bigint AS released, body ->> 'by' AS by, body ->> 'reason' AS reason
    FROM udi.control_now WHERE kind = 'quota'
) q
CROSS JOIN LATERAL (
    SELECT coalesce(sum(u.quantity), 0)::bigint AS units
    FROM udi.item_now i
    JOIN udi.usage_now u ON u.hospital = q.hospital AND u.month = replace(q.month, '-', '')::integer AND u.scope_type = 'department' AND u.scope = q.department
        AND u.item_code = i.item_code
    WHERE i.hospital = q.hospital AND i.body ->> 'controlled_category' = q.category
) used;
COMMENT ON VIEW report.quotas IS 'What a department may use of a controlled category in a month, and what is left of it, in units of use.';

CREATE VIEW report.ceilings AS
SELECT hospital, body ->> 'item_code' AS item_code, body ->> 'category' AS category, (body ->> 'price')::numeric AS price, recorded_at AS since,
       body ->> 'by' AS by, body ->> 'reason' AS reason
FROM udi.control_now WHERE kind = 'ceiling' AND body ->> 'price' IS NOT NULL;

CREATE VIEW report.approvals AS
SELECT hospital, body ->> 'item_code' AS item_code, body ->> 'encounter' AS encounter, body ->> 'department' AS department,
       (body ->> 'until')::timestamptz AS until, recorded_at AS since, body ->> 'by' AS by, body ->> 'reason' AS reason
FROM udi.control_now WHERE kind = 'approval';

CREATE VIEW report.overrides AS
SELECT n.hospital, n.scan_id, n.scanned_at, n.item_code, n.department, n.store, n.encounter, n.staff, n.units AS quantity, n.verdict::text AS verdict, n.reasons,
       raw.body -> 'override' ->> 'badge' AS badge, raw.body -> 'override' ->> 'reason' AS reason
FROM udi.scan_now n
JOIN udi.scan s USING (position_id, record_offset)
CROSS JOIN LATERAL (SELECT convert_from(s.raw, 'UTF8')::jsonb AS body) raw
WHERE n.reasons && ARRAY['overridden', 'breaker-trial'];
COMMENT ON VIEW report.overrides IS 'Uses for review: let pass by a badge and a reason, or made while a breaker was on trial (badge null).';
