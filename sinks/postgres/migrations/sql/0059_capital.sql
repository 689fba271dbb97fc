-- Working capital that use-then-settle frees: what suppliers' own goods in the house are worth, day by day.

-- The end of a day counts, by the time of the scans. What lay there before the month follows from the balances of now and every move since, so that
-- the newest months cost least. A balance below zero has no goods: it counts as none.
CREATE FUNCTION udi.supplied_days(p_hospital text, p_month integer)
RETURNS TABLE (owner text, item_code text, day date, units bigint) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT first.day AS first_day, least((first.day + interval '1 month')::date, udi.day_of_books() + 1) AS end_day, i.zone
        FROM udi.installation i CROSS JOIN LATERAL (SELECT udi.first_day(p_month) AS day) first
    ), moved AS MATERIALIZED (
        SELECT one.place, m.owner, m.item_code, coalesce(m.lot, '') AS lot, coalesce(m.serial, '') AS serial,
               (m.moved_at AT TIME ZONE s.zone)::date AS day, sum(one.units) AS units
        FROM span s
        CROSS JOIN LATERAL udi.scans_between(p_hospital, s.first_day::timestamp AT TIME ZONE s.zone, 'infinity') k
        JOIN udi.stock_move m USING (position_id, record_offset)
        CROSS JOIN LATERAL (VALUES (m.from_place, -m.units), (m.to_place, m.units)) one (place, units)
        WHERE m.owner <> 'hospital' AND one.place NOT IN ('supplier', 'patient', 'waste', 'adjustment')
        GROUP BY 1, 2, 3, 4, 5, 6
    ), changed AS (
        SELECT c.place, c.owner, c.item_code, c.lot, c.serial, c.day, sum(c.units) AS units
        FROM (
            SELECT b.store AS place, b.owner, b.item_code, b.lot, b.serial, s.first_day AS day, b.quantity::bigint AS units
            FROM udi.balance b CROSS JOIN span s WHERE b.hospital = p_hospital AND b.owner <> 'hospital'
            UNION ALL
            SELECT m.place, m.owner, m.item_code, m.lot, m.serial, s.first_day, -m.units FROM moved m CROSS JOIN span s
            UNION ALL
            SELECT m.place, m.owner, m.item_code, m.lot, m.serial, m.day, m.units FROM moved m JOIN span s ON m.day < s.end_day
        ) c GROUP BY 1, 2, 3, 4, 5, 6
    ), lying AS (
        SELECT c.owner, c.item_code, c.day, greatest(sum(c.units) OVER lot_until, 0) AS units, lead(c.day) OVER lot_until AS next_day
        FROM changed c
        WINDOW lot_until AS (PARTITION BY c.place, c.owner, c.item_code, c.lot, c.serial ORDER BY c.day)
    )
    SELECT l.owner, l.item_code, d.day::date, sum(l.units)::bigint
    FROM lying l CROSS JOIN span s
    CROSS JOIN LATERAL generate_series(l.day::timestamp, coalesce(l.next_day, s.end_day)::timestamp - interval '1 day', interval '1 day') d (day)
    WHERE l.units > 0
    GROUP BY l.owner, l.item_code, d.day
$$;
COMMENT ON FUNCTION udi.supplied_days IS 'Units of suppliers'' own goods in the house at the end of each day of a month, up to the day of the books.';

CREATE FUNCTION udi.capital_of(p_hospital text, p_month integer)
RETURNS TABLE (supplier text, days integer, value numeric, units numeric, units_without_cost numeric, used numeric, days_lying numeric) LANGUAGE sql STABLE AS $$
    WITH span AS MATERIALIZED (
        SELECT greatest(least((f.day + interval '1 month')::date, udi.day_of_books() + 1) - f.day, 0) AS days FROM (SELECT udi.first_day(p_month) AS day) f
    ), lying AS (
        SELECT d.owner AS supplier, sum(d.units * c.cost) AS yuan_days, sum(d.units) AS unit_days,
               sum(d.units) FILTER (WHERE c.cost IS NULL) AS unit_days_without_cost
        FROM udi.supplied_days(p_hospital, p_month) d CROSS JOIN LATERAL (SELECT udi.cost_on(p_hospital, d.item_code, d.day) AS cost OFFSET 0) c
        GROUP BY d.owner
    ), used AS (
        SELECT t.supplier, sum(t.amount_fen) AS amount_fen FROM udi.statement_due t WHERE t.hospital = p_hospital AND t.period = p_month GROUP BY t.supplier
    )
    SELECT supplier, s.days, round(coalesce(l.yuan_days, 0) / s.days, 2), round(coalesce(l.unit_days, 0) / s.days, 1),
           round(coalesce(l.unit_days_without_cost, 0) / s.days, 1), udi.yuan(coalesce(u.amount_fen, 0)::bigint),
           CASE WHEN u.amount_fen > 0 AND l.yuan_days > 0 THEN round(coalesce(l.yuan_days, 0) / (u.amount_fen / 100.0), 1) END
    FROM lying l FULL JOIN used u USING (supplier) CROSS JOIN span s WHERE s.days > 0
$$;
COMMENT ON FUNCTION udi.capital_of IS 'By supplier: the mean value in yuan of his own goods in the house over the days of a month, what of them was used, and how many days they lie (Little''s law).';

CREATE VIEW report.working_capital AS
SELECT m.hospital, udi.month_text(m.month) AS month, c.supplier, c.days, c.value, c.units, c.units_without_cost, c.used, c.days_lying
FROM (
    SELECT h.hospital, udi.month_of(day.day::date) AS month
    FROM udi.hospitals_with_records() h (hospital)
    CROSS JOIN LATERAL generate_series(
        date_trunc('month', udi.local_day(udi.first_scanned_at(h.hospital))::timestamp), udi.day_of_books()::timestamp, interval '1 month'
    ) day (day)
) m
CROSS JOIN LATERAL udi.capital_of(m.hospital, m.month) c;
