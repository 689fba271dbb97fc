-- What lies in the house is worth what it came for: by the delivery note of its goods where that told a cost of its own, else by the catalogue.

CREATE OR REPLACE VIEW report.expiring AS
WITH today AS MATERIALIZED (
    SELECT h.hospital, udi.day_of_books_2(h.hospital) AS day FROM udi.hospitals_with_records() h (hospital)
)
SELECT s.hospital, s.store, s.item_code, s.lot, s.serial, s.owner, s.quantity, s.expiry, s.expiry - today.day AS days_left,
       round(s.quantity * udi.goods_cost_on(s.hospital, s.item_code, s.owner, s.lot, s.serial, today.day), 2) AS value
FROM udi.stock_in_place s
JOIN today ON today.hospital = s.hospital
WHERE s.quantity > 0 AND s.expiry IS NOT NULL;

CREATE FUNCTION udi.supplied_days_5(p_hospital text, p_month integer)
RETURNS TABLE (owner text, item_code text, day date, units bigint, cost numeric) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT first.day AS first_day, least((first.day + interval '1 month')::date, udi.day_of_books_2(p_hospital) + 1) AS end_day, i.zone
        FROM udi.installation i CROSS JOIN LATERAL (SELECT udi.first_day(p_month) AS day) first
    ), moved AS MATERIALIZED (
        SELECT one.place, m.owner, m.item_code, coalesce(m.lot, '') AS lot, coalesce(m.serial, '') AS serial,
               (m.moved_at AT TIME ZONE s.zone)::date AS day, sum(one.units) AS units
        FROM span s
        CROSS JOIN LATERAL udi.moves_between(p_hospital, s.first_day::timestamp AT TIME ZONE s.zone, 'infinity') m
        CROSS JOIN LATERAL (VALUES (m.from_place, -m.units), (m.to_place, m.units)) one (place, units)
        WHERE m.owner <> 'hospital' AND one.place NOT IN ('supplier', 'patient', 'waste', 'adjustment')
        GROUP BY 1, 2, 3, 4, 5, 6
    ), changed AS (
        -- A unit with a serial is one, whichever places say that they have it, or lack it.
        SELECT CASE WHEN c.serial = '' THEN c.place END AS place, c.owner, c.item_code, CASE WHEN c.serial = '' THEN c.lot END AS lot, c.serial, c.day,
               sum(c.units) AS units
        FROM (
            SELECT b.store AS place, b.owner, b.item_code, b.lot, b.serial, s.first_day AS day, b.quantity::bigint AS units
            FROM udi.balance b CROSS JOIN span s WHERE b.hospital = p_hospital AND b.owner <> 'hospital' AND b.quantity <> 0
            UNION ALL
            SELECT m.place, m.owner, m.item_code, m.lot, m.serial, s.first_day, -m.units FROM moved m CROSS JOIN span s
            UNION ALL
            SELECT m.place, m.owner, m.item_code, m.lot, m.serial, m.day, m.units FROM moved m JOIN span s ON m.day < s.end_day
        ) c GROUP BY 1, 2, 3, 4, 5, 6
    ), lying AS (
        SELECT c.owner, c.item_code, c.lot, c.serial, c.day, greatest(sum(c.units) OVER lot_until, 0) AS units, lead(c.day) OVER lot_until AS next_day
        FROM changed c
        WINDOW lot_until AS (PARTITION BY c.place, c.owner, c.item_code, c.lot, c.serial ORDER BY c.day)
    ), told AS MATERIALIZED (
        -- Of goods whose notes told a cost of their own, and of no others: their lots are kept apart.
        SELECT c.item_code, c.owner, CASE WHEN c.serial = '' THEN c.lot END AS lot, c.serial, min(c.lot) AS its_lot, min(c.received_on) AS since
        FROM udi.goods_cost c WHERE c.hospital = p_hospital GROUP BY 1, 2, 3, 4
    ), daily AS (
        SELECT l.owner, l.item_code, d.day::date AS day, t.its_lot, CASE WHEN t.item_code IS NOT NULL THEN l.serial END AS its_serial, sum(l.units)::bigint AS units
        FROM lying l CROSS JOIN span s
        CROSS JOIN LATERAL generate_series(l.day::timestamp, coalesce(l.next_day, s.end_day)::timestamp - interval '1 day', interval '1 day') d (day)
        LEFT JOIN told t ON (t.item_code, t.owner, t.serial) = (l.item_code, l.owner, l.serial) AND t.lot IS NOT DISTINCT FROM l.lot AND t.since <= d.day
        WHERE l.units > 0
        GROUP BY 1, 2, 3, 4, 5
    )
    SELECT d.owner, d.item_code, d.day, d.units,
           CASE WHEN d.its_lot IS NULL THEN by_list.cost ELSE udi.goods_cost_on(p_hospital, d.item_code, d.owner, d.its_lot, d.its_serial, d.day) END
    FROM daily d
    CROSS JOIN LATERAL (SELECT CASE WHEN d.its_lot IS NULL THEN udi.cost_on(p_hospital, d.item_code, d.day) END AS cost OFFSET 0) by_list
$$;
COMMENT ON FUNCTION udi.supplied_days_5 IS 'As udi.supplied_days_4, with what a unit of them cost on the day, in yuan; null when nobody says it.';

CREATE FUNCTION udi.capital_of_5(p_hospital text, p_month integer)
RETURNS TABLE (supplier text, days integer, value numeric, units numeric, units_without_cost numeric, used numeric, days_lying numeric) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT greatest(least((f.day + interval '1 month')::date, udi.day_of_books_2(p_hospital) + 1) - f.day, 0) AS days FROM (SELECT udi.first_day(p_month) AS day) f
    ), lying AS (
        SELECT d.owner AS supplier, sum(d.units * d.cost) AS yuan_days, sum(d.units) AS unit_days,
               sum(d.units) FILTER (WHERE d.cost IS NULL) AS unit_days_without_cost
        FROM udi.supplied_days_5(p_hospital, p_month) d
        GROUP BY d.owner
    ), used AS (
        SELECT t.supplier, sum(t.amount_fen) AS amount_fen FROM udi.statement_due t WHERE t.hospital = p_hospital AND t.period = p_month GROUP BY t.supplier
    )
    SELECT supplier, s.days, round(coalesce(l.yuan_days, 0) / s.days, 2), round(coalesce(l.unit_days, 0) / s.days, 1),
           round(coalesce(l.unit_days_without_cost, 0) / s.days, 1), udi.yuan(coalesce(u.amount_fen, 0)::bigint),
           CASE WHEN u.amount_fen > 0 AND l.yuan_days > 0 THEN round(coalesce(l.yuan_days, 0) / (u.amount_fen / 100.0), 1) END
    FROM lying l FULL JOIN used u USING (supplier) CROSS JOIN span s WHERE s.days > 0
$$;
COMMENT ON FUNCTION udi.capital_of_5 IS 'As udi.capital_of_4, at the cost of the goods.';

CREATE OR REPLACE VIEW report.working_capital AS
SELECT m.hospital, udi.month_text(m.month) AS month, c.supplier, c.days, c.value, c.units, c.units_without_cost, c.used, c.days_lying
FROM (
    SELECT h.hospital, udi.month_of(day.day::date) AS month
    FROM udi.hospitals_with_records() h (hospital)
    CROSS JOIN LATERAL generate_series(
        date_trunc('month', udi.local_day(udi.first_scanned_at(h.hospital))::timestamp), udi.day_of_books_2(h.hospital)::timestamp, interval '1 month'
    ) day (day)
) m
CROSS JOIN LATERAL udi.capital_of_5(m.hospital, m.month) c;
