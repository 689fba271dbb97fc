-- Where a hospital has used and received nothing for a year there is nothing to forecast from, and all that lies in its stores is slow.
CREATE FUNCTION udi.slow_movers_2(p_days integer)
RETURNS TABLE (
    hospital text, store text, item_code text, owner text, quantity bigint, expiry date, value numeric, last_used_on date, first_came_on date,
    idle_days integer, months_of_stock numeric, as_of date
) LANGUAGE sql STABLE AS $$
    WITH today AS MATERIALIZED (
        SELECT udi.day_of_books() AS day, i.zone FROM udi.installation i
    ), read AS MATERIALIZED (
        SELECT d.hospital, max(d.as_of) AS as_of FROM udi.demand d GROUP BY d.hospital
        UNION ALL
        SELECT h.hospital, t.day FROM udi.hospitals_with_records() h (hospital) CROSS JOIN today t
        WHERE NOT EXISTS (SELECT FROM udi.demand d WHERE d.hospital = h.hospital) AND NOT EXISTS (
            SELECT FROM udi.moves_between(h.hospital, (t.day - 364)::timestamp AT TIME ZONE t.zone, (t.day + 1)::timestamp AT TIME ZONE t.zone) m
            WHERE m.action IN ('use', 'return', 'opened', 'waste', 'receive', 'transfer', 'accept', 'give-back')
                AND m.from_place NOT LIKE 'set/%' AND m.to_place NOT LIKE 'set/%'
        )
    ), place AS MATERIALIZED (
        SELECT p.hospital, p.place, coalesce((
            SELECT d.store FROM (
                SELECT hospital, store FROM udi.demand UNION SELECT hospital, store FROM udi.store_now
            ) d WHERE d.hospital = p.hospital AND udi.is_of_store(p.place, d.store) ORDER BY length(d.store) DESC LIMIT 1
        ), p.place) AS store
        FROM (SELECT DISTINCT b.hospital, b.store AS place FROM udi.balance b WHERE b.store !~ '^(in-transit|lent|set|quarantine)/') p
    ), lying AS (
        SELECT s.hospital, p.store, s.item_code, s.owner, sum(s.quantity)::bigint AS quantity, min(s.expiry) AS expiry
        FROM report.stock s JOIN place p ON (p.hospital, p.place) = (s.hospital, s.store)
        WHERE s.quantity > 0 GROUP BY 1, 2, 3, 4
    )
    SELECT l.hospital, l.store, l.item_code, l.owner, l.quantity, l.expiry, round(l.quantity * udi.cost_on(l.hospital, l.item_code, r.as_of), 2),
           d.last_used_on, d.first_came_on, r.as_of - coalesce(d.last_used_on, d.first_came_on),
           round(sum(l.quantity) OVER (PARTITION BY l.hospital, l.store, l.item_code) / nullif(d.weekly * 52 / 12, 0), 1), r.as_of
    FROM lying l
    JOIN read r USING (hospital)
    LEFT JOIN udi.demand d USING (hospital, store, item_code)
    WHERE coalesce(r.as_of - coalesce(d.last_used_on, d.first_came_on) >= p_days, true)
$$;
COMMENT ON FUNCTION udi.slow_movers_2 IS 'Goods of a store by item and owner, not used there for so many days (idle_days null: nor seen within the weeks that were read); all that lies there where nothing was used or came within a year.';
CREATE OR REPLACE VIEW report.slow_movers AS
SELECT hospital, store, item_code, owner, quantity, expiry, value, last_used_on, first_came_on, idle_days, months_of_stock, as_of FROM udi.slow_movers_2(90);
