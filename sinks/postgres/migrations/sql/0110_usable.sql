-- One meaning of what may be used: what a scan is flagged for (rules/stock/usable.py), lists and proposals leave out, too. And what lies in a whole hospital is
-- read in one pass.

CREATE VIEW udi.stock_in_place_2 AS
SELECT s.* FROM report.stock s
LEFT JOIN (
    SELECT DISTINCT hospital, item_code, serial, place FROM udi.unit_place WHERE place NOT IN ('supplier', 'patient', 'waste', 'adjustment')
) here ON (here.hospital, here.item_code, here.serial, here.place) = (s.hospital, s.item_code, s.serial, s.store)
WHERE s.quantity <> 0 AND (
    s.serial IS NULL OR here.serial IS NOT NULL OR NOT EXISTS (
        SELECT FROM udi.unit_place u
        WHERE (u.hospital, u.item_code, u.serial) = (s.hospital, s.item_code, s.serial) AND (
            udi.in_the_house(u.place) = 0 OR EXISTS (
                SELECT FROM udi.balance there
                WHERE (there.hospital, there.store, there.item_code, there.serial) = (u.hospital, u.place, u.item_code, u.serial)
                GROUP BY there.owner, there.lot HAVING sum(there.quantity) > 0
            )
        )
    )
);
COMMENT ON VIEW udi.stock_in_place_2 IS 'As udi.stock_in_place, of balances that are not zero, for questions of a whole hospital: the places of units are read once and joined. Of some items udi.stock_in_place reads less.';
COMMENT ON INDEX udi.unit_place_of_item IS 'report.units_elsewhere, udi.stock_in_place, udi.stock_in_place_2: the place of a unit of which a balance tells.';

CREATE FUNCTION udi.slow_movers_6(p_days integer)
RETURNS TABLE (
    hospital text, store text, item_code text, owner text, quantity bigint, expiry date, value numeric, last_used_on date, first_came_on date,
    idle_days integer, months_of_stock numeric, as_of date
) LANGUAGE sql STABLE AS $$
    WITH today AS MATERIALIZED (
        SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day, i.zone FROM udi.installation i CROSS JOIN udi.hospitals_with_records() h (hospital)
    ), read AS MATERIALIZED (
        SELECT d.hospital, max(d.as_of) AS as_of FROM udi.demand d GROUP BY d.hospital
        UNION ALL
        SELECT t.hospital, t.day FROM today t
        WHERE NOT EXISTS (SELECT FROM udi.demand d WHERE d.hospital = t.hospital) AND NOT EXISTS (
            SELECT FROM udi.moves_between(t.hospital, (t.day - 364)::timestamp AT TIME ZONE t.zone, (t.day + 1)::timestamp AT TIME ZONE t.zone) m
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
    ), priced AS MATERIALIZED (
        SELECT i.hospital, i.item_code, udi.cost_on(i.hospital, i.item_code, r.as_of) AS cost
        FROM (SELECT DISTINCT b.hospital, b.item_code FROM udi.balance b) i JOIN read r ON r.hospital = i.hospital
    ), lying AS (
        SELECT s.hospital, p.store, s.item_code, s.owner, sum(s.quantity)::bigint AS quantity, min(s.expiry) AS expiry,
               round(sum(s.quantity * CASE WHEN told.lots THEN udi.goods_cost_on(s.hospital, s.item_code, s.owner, s.lot, s.serial, r.as_of) ELSE list.cost END), 2) AS value
        FROM udi.stock_in_place_2 s JOIN place p ON (p.hospital, p.place) = (s.hospital, s.store)
        JOIN read r ON r.hospital = s.hospital
        JOIN priced list ON (list.hospital, list.item_code) = (s.hospital, s.item_code)
        CROSS JOIN LATERAL (SELECT EXISTS (
            SELECT FROM udi.brought b WHERE (b.hospital, b.item_code, b.owner) = (s.hospital, s.item_code, s.owner)
        ) AS lots) told
        WHERE s.quantity > 0 GROUP BY 1, 2, 3, 4
    )
    SELECT l.hospital, l.store, l.item_code, l.owner, l.quantity, l.expiry, l.value,
           d.last_used_on, d.first_came_on, r.as_of - coalesce(d.last_used_on, d.first_came_on),
           round(sum(l.quantity) OVER (PARTITION BY l.hospital, l.store, l.item_code) / nullif(CASE WHEN d.forecast IS NOT NULL THEN d.weekly * 52 / 12 END, 0), 1), r.as_of
    FROM lying l
    JOIN read r USING (hospital)
    LEFT JOIN udi.demand d USING (hospital, store, item_code)
    WHERE coalesce(r.as_of - coalesce(d.last_used_on, d.first_came_on) >= p_days, true)
$$;
COMMENT ON FUNCTION udi.slow_movers_6 IS 'As udi.slow_movers_4, at the cost of the goods, from udi.stock_in_place_2.';

CREATE OR REPLACE VIEW report.slow_movers AS
SELECT hospital, store, item_code, owner, quantity, expiry, value, last_used_on, first_came_on, idle_days, months_of_stock, as_of FROM udi.slow_movers_6(90);
