-- What a supplier brings for one operation is not kept by the store: its use asks for no order.
CREATE FUNCTION udi.weeks_of_use_2(p_day date, p_weeks integer)
RETURNS TABLE (
    hospital text, store text, item_code text, lead_days integer, first_came_on date, last_used_on date, weeks integer, week integer[], units bigint[]
) LANGUAGE sql STABLE AS $$
    WITH house AS MATERIALIZED (
        SELECT h.hospital, least(p_weeks, greatest((p_day - udi.local_day(udi.first_scanned_at(h.hospital))) / 7, 0)) AS weeks
        FROM udi.hospitals_with_records() h (hospital)
    ), moved AS (
        SELECT h.hospital, CASE WHEN one.came THEN coalesce(CASE WHEN s.action IN ('transfer', 'give-back') THEN s.to_store END, s.store) ELSE s.store END AS store,
               m.item_code, (s.scanned_at AT TIME ZONE i.zone)::date AS day, one.came, one.units
        FROM house h CROSS JOIN udi.installation i
        CROSS JOIN LATERAL udi.scans_between(
            h.hospital, (p_day - 7 * p_weeks)::timestamp AT TIME ZONE i.zone, (p_day + 1)::timestamp AT TIME ZONE i.zone
        ) k
        JOIN udi.scan s USING (position_id, record_offset)
        JOIN udi.stock_move m USING (position_id, record_offset)
        CROSS JOIN LATERAL (
            SELECT false AS came, m.units WHERE m.to_place IN ('patient', 'waste') AND m.from_place NOT LIKE 'set/%'
            UNION ALL
            SELECT false, -m.units WHERE m.from_place IN ('patient', 'waste') AND m.to_place NOT LIKE 'set/%'
            UNION ALL
            SELECT true, 0 WHERE NOT m.takes_back AND m.to_place NOT LIKE 'set/%' AND s.action IN ('receive', 'transfer', 'accept', 'give-back')
        ) one
        WHERE s.action IN ('use', 'return', 'opened', 'waste', 'receive', 'transfer', 'accept', 'give-back')
    ), daily AS (
        SELECT m.hospital, m.store, m.item_code, m.day, sum(m.units)::bigint AS units, bool_or(m.came) AS came FROM moved m GROUP BY 1, 2, 3, 4
    ), weekly AS (
        SELECT d.hospital, d.store, d.item_code, CASE WHEN d.day < p_day THEN (p_day - 1 - d.day) / 7 END AS week, sum(d.units)::bigint AS units,
               min(d.day) FILTER (WHERE d.came) AS first_came_on, max(d.day) FILTER (WHERE d.units > 0) AS last_used_on
        FROM daily d GROUP BY 1, 2, 3, 4
    ), used AS (
        SELECT w.hospital, w.store, w.item_code, min(w.first_came_on) AS first_came_on, max(w.last_used_on) AS last_used_on,
               coalesce(array_agg(w.week ORDER BY w.week) FILTER (WHERE w.units <> 0 AND w.week IS NOT NULL), '{}') AS week,
               coalesce(array_agg(w.units ORDER BY w.week) FILTER (WHERE w.units <> 0 AND w.week IS NOT NULL), '{}') AS units
        FROM weekly w GROUP BY 1, 2, 3
    ), named AS (
        SELECT u.hospital, u.store, u.item_code FROM used u
        UNION SELECT l.hospital, l.store, l.item_code FROM udi.store_level l
        UNION SELECT d.hospital, d.store, d.item_code FROM udi.demand d
    )
    SELECT n.hospital, n.store, n.item_code, level.lead_days, u.first_came_on, u.last_used_on,
           greatest(least(h.weeks, (p_day - udi.local_day(known.since)) / 7), least(h.weeks, u.week[cardinality(u.week)] + 1), 0), coalesce(u.week, '{}'),
           coalesce(u.units, '{}')
    FROM named n
    JOIN house h USING (hospital)
    LEFT JOIN used u USING (hospital, store, item_code)
    LEFT JOIN LATERAL (
        SELECT min(l.lead_days) AS lead_days FROM udi.store_level l WHERE (l.hospital, l.store, l.item_code) = (n.hospital, n.store, n.item_code)
    ) level ON true
    LEFT JOIN LATERAL (
        SELECT c.recorded_at AS since FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (n.hospital, n.item_code) ORDER BY c.version LIMIT 1
    ) known ON true
$$;
COMMENT ON FUNCTION udi.weeks_of_use_2 IS 'Units used and wasted less returned, by store, item and whole week before a day; when the item first came there and was last used within these weeks. What a supplier brought for one operation is left out.';
